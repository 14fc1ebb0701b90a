// SPDX-License-Identifier: Apache-2.0
// People, machines and products of the whole depot, for administrators of everything.
import { call, may } from '../api.mjs';
import { Ask } from '../dialog.mjs';
import { html, useState } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Action, Answer, Card, Copy, Empty, Field, Form, Note, Page, State, Table } from '../parts.mjs';
import { link } from '../route.mjs';
import { Time, words } from '../text.mjs';

export const ROLES = ['viewer', 'developer', 'release-manager', 'approver', 'administrator'];

const personPath = (name, ...rest) => `/api/v1/people/${[name, ...rest].map(encodeURIComponent).join('/')}`;

function stateOf(person) {
    if (person.disabled) {
        return html`<${State} kind="over">disabled</${State}>`;
    }
    if (person.locked) {
        return html`<${State} kind="warn">locked</${State}>`;
    }
    if (!person.machine && !person.password) {
        return person.invited ? html`<${State} kind="waiting">invited</${State}>` : html`<${State} kind="warn">no password</${State}>`;
    }
    return html`<${State} kind="good">active</${State}>`;
}

function Roles({ person, products, save }) {
    const [grants, setGrants] = useState(person.roles);
    const has = (product, role) => grants.some((grant) => grant.product === product && grant.role === role);
    const toggle = (product, role) => setGrants(has(product, role)
        ? grants.filter((grant) => grant.product !== product || grant.role !== role)
        : [...grants, { product, role }]);
    return html`<div class="table" role="region" tabindex="0" aria-label=${`Roles of ${person.name}`}><table class="grid"><thead><tr><th scope="col">Product</th>${ROLES.map((role) => html`<th scope="col">${words(role)}</th>`)}</tr></thead>
        <tbody>${['*', ...products].map((product) => html`<tr><th scope="row">${product === '*' ? 'everything' : product}</th>${ROLES.map((role) => html`<td data-name=${words(role)}>
            <input type="checkbox" aria-label=${`${words(role)} of ${product === '*' ? 'everything' : product}`} checked=${has(product, role)} onChange=${() => toggle(product, role)} /></td>`)}</tr>`)}</tbody></table></div>
        <div class="form-end"><${Action} kind="primary" run=${() => save(grants)}>Save the roles</${Action}></div>`;
}

function Person({ person, products, reload, tell }) {
    const [open, setOpen] = useState(false);
    const act = (verb) => async () => {
        const made = await call('POST', personPath(person.name, verb));
        if (made?.link) {
            tell(made);
        }
        reload();
    };
    return html`<li class="person row">
        <div class="person-head">
            <div><strong>${person.name}</strong> ${person.machine && html`<span class="tag">machine</span>`} ${stateOf(person)}
                <div class="faint">${person.roles.map(({ product, role }) => `${words(role)} of ${product === '*' ? 'everything' : product}`).join(', ') || 'no role yet'}${person.machine ? '' : person.totp ? ', second factor' : ', no second factor'}</div></div>
            <div class="actions">
                <button type="button" class="quiet" aria-expanded=${open} onClick=${() => setOpen(!open)}>Roles</button>
                ${!person.machine && html`<${Ask} button="Invite again" kind="quiet" title=${`Invite ${person.name} again?`} question="A new link sets a new password. The one before doesn’t work any more." run=${act('invitation')} />`}
                ${person.locked && html`<${Action} kind="quiet" run=${act('unlock')}>Unlock</${Action}>`}
                ${person.totp && html`<${Ask} button="Remove second factor" kind="quiet danger" title=${`Remove ${person.name}’s second factor?`} question="For who lost their phone. Be sure that it is they who ask." run=${async () => {
                    await call('DELETE', personPath(person.name, 'totp'));
                    reload();
                }} />`}
                ${person.disabled
                    ? html`<${Action} kind="quiet" run=${act('enable')}>Enable</${Action}>`
                    : html`<${Ask} button="Disable" kind="quiet danger" title=${`Disable ${person.name}?`} question="Their sessions and tokens end at once." run=${act('disable')} />`}
            </div>
        </div>
        ${open && html`<${Roles} person=${person} products=${products} save=${async (roles) => {
            await call('PUT', personPath(person.name, 'roles'), { roles });
            reload();
            setOpen(false);
        }} />`}
    </li>`;
}

function NewPerson({ products, reload, tell }) {
    const send = async ({ name, kind, product, role }) => {
        tell(await call('POST', '/api/v1/people', { name, kind, roles: role ? [{ product, role }] : [] }));
        reload();
    };
    return html`<${Form} label="New person" submit="Add" send=${send}><div class="fields">
        <${Field} label="Name"><input name="name" required maxlength="64" pattern="[A-Za-z0-9][A-Za-z0-9_.@-]*" autocapitalize="none" /></${Field}>
        <${Field} label="Who"><select name="kind"><option value="person">a person, invited by a link</option><option value="machine">a machine, by its certificate</option></select></${Field}>
        <${Field} label="Role"><select name="role"><option value="">none yet</option>${ROLES.map((role) => html`<option value=${role}>${words(role)}</option>`)}</select></${Field}>
        <${Field} label="Of"><select name="product"><option value="*">everything</option>${products.map((name) => html`<option>${name}</option>`)}</select></${Field}>
    </div></${Form}>`;
}

function Products({ answer }) {
    const send = async ({ name, title }) => {
        await call('POST', '/api/v1/products', title ? { name, title } : { name });
        answer.reload();
    };
    return html`<${Answer} of=${answer}>${({ products }) => html`<${Table} label="Products" rows=${products} keyOf=${(row) => row.name}
        empty=${html`<${Empty} title="No product yet">A product is what has builds, devices and releases.</${Empty}>`}
        columns=${[
            { name: 'Product', of: (row) => html`<a href=${link('p', row.name)}>${row.name}</a>` },
            { name: 'Title', of: (row) => row.title },
            { name: 'Made', of: (row) => html`<${Time} at=${row.made} />` },
        ]} />`}</${Answer}>
        <${Form} label="New product" submit="Make a product" send=${send}><div class="fields">
            <${Field} label="Name" hint="letters, digits, _ . -; it can’t be changed later"><input name="name" required maxlength="64" pattern="[A-Za-z0-9][A-Za-z0-9_.\\-]*" autocapitalize="none" /></${Field}>
            <${Field} label="Title" hint="what people call it"><input name="title" maxlength="64" /></${Field}>
        </div></${Form}>`;
}

export function People() {
    const people = useCall('/api/v1/people', ['people']);
    const products = useCall('/api/v1/products', ['people']);
    const [made, setMade] = useState(null);
    const names = (products.data?.products ?? []).map(({ name }) => name);
    if (!may('administer', '*')) {
        return html`<${Page} title="People"><${Note} kind="warn">Only administrators of everything see this.</${Note}></${Page}>`;
    }
    return html`<${Page} title="People and products" lead="Who may do what here.">
        ${made?.link && html`<${Note} kind="good"><p>Give <strong>${made.name}</strong> this link. It works once, until <${Time} at=${made.expires} />.</p><${Copy} text=${made.link} /></${Note}>`}
        <${Card} title="People and machines"><${Answer} of=${people}>${({ people: rows }) => html`<ul class="people">${rows.map((person) => html`<${Person} key=${person.name} person=${person} products=${names} reload=${people.reload} tell=${setMade} />`)}</ul>`}</${Answer}></${Card}>
        <${Card} title="Add somebody"><${NewPerson} products=${names} reload=${people.reload} tell=${setMade} /></${Card}>
        <${Card} title="Products"><${Products} answer=${products} /></${Card}>
    </${Page}>`;
}
