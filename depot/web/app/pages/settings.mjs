// SPDX-License-Identifier: Apache-2.0
// A product's settings: retention, its pipeline, groups, enrolment, and who has which role in it.
import { call, may, pathOf } from '../api.mjs';
import { Ask } from '../dialog.mjs';
import { html, useState } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Answer, Card, Copy, Empty, Field, Form, Note, Page, State, Table } from '../parts.mjs';
import { count, Time, words } from '../text.mjs';
import { ROLES } from './people.mjs';

function parsed(text, what) {
    try {
        return JSON.parse(text);
    } catch {
        throw new Error(`${what} isn’t JSON.`);
    }
}

function Retention({ product }) {
    const answer = useCall(pathOf(product), ['people'], product);
    const send = async ({ title, keep, log }) => {
        await call('PATCH', pathOf(product), { title, keep_days: Number(keep), log_days: Number(log) });
        answer.reload();
    };
    return html`<${Card} title="Product"><${Answer} of=${answer}>${(of) => (may('administer', product)
        ? html`<${Form} key=${JSON.stringify(of)} label="Product" submit="Save" send=${send}><div class="fields">
            <${Field} label="Title"><input name="title" maxlength="64" defaultValue=${of.title} /></${Field}>
            <${Field} label="Builds are kept (days)" hint="those that never got beyond internal"><input name="keep" type="number" min="1" defaultValue=${of.keep_days} required /></${Field}>
            <${Field} label="Devices’ logs are kept (days)"><input name="log" type="number" min="1" defaultValue=${of.log_days} required /></${Field}>
        </div></${Form}>`
        : html`<p>${of.title}. Builds are kept for ${of.keep_days} days, devices’ logs for ${of.log_days}.</p>`)}</${Answer}></${Card}>`;
}

function People({ product }) {
    const answer = useCall(pathOf(product, 'people'), ['people'], product);
    const save = async (name, roles) => {
        await call('PUT', pathOf(product, 'people', name), { roles });
        answer.reload();
    };
    const send = ({ name, role }) => {
        const has = (answer.data?.people ?? []).filter((row) => row.name === name && row.product === product).map((row) => row.role);
        return save(name, [...new Set([...has, role])]);
    };
    return html`<${Card} title="People" note="Whoever has a role in this product, or in everything."><${Answer} of=${answer}>${({ people }) => {
        const rolesOf = (name) => people.filter((row) => row.name === name && row.product === product).map((row) => row.role);
        return html`<${Table} label="People" rows=${people} keyOf=${(row) => `${row.name} ${row.product} ${row.role}`} columns=${[
            { name: 'Who', of: (row) => html`${row.name}${row.machine && html` <span class="tag">machine</span>`}${row.disabled && html` <span class="tag">disabled</span>`}` },
            { name: 'Role', of: (row) => words(row.role) },
            { name: 'Of', of: (row) => (row.product === '*' ? 'everything' : row.product) },
            { name: '', of: (row) => may('administer', product) && row.product === product && html`<${Ask} button="Take away" kind="quiet danger" title=${`Take the role of ${words(row.role)} from ${row.name}?`}
                question="At once, in this product." run=${() => save(row.name, rolesOf(row.name).filter((role) => role !== row.role))} />` },
        ]} />`;
    }}</${Answer}>
    ${may('administer', product) && html`<${Form} label="Give a role" submit="Give the role" send=${send}><div class="fields">
        <${Field} label="Who"><input name="name" required /></${Field}>
        <${Field} label="Role"><select name="role">${ROLES.map((role) => html`<option value=${role}>${words(role)}</option>`)}</select></${Field}>
    </div></${Form}>`}</${Card}>`;
}

function Groups({ product }) {
    const answer = useCall(pathOf(product, 'groups'), ['device'], product);
    const [edited, setEdited] = useState(null);
    const send = async ({ name, query, consent, windows }) => {
        await call('PUT', pathOf(product, 'groups', name), { query: parsed(query, 'The query'), consent, windows: parsed(windows || '[]', 'The list of windows') });
        setEdited(null);
        answer.reload();
    };
    const remove = async (name) => {
        await call('DELETE', pathOf(product, 'groups', name));
        answer.reload();
    };
    return html`<${Card} title="Groups" note="Whom a rollout goes to: a query over attributes and tags."><${Answer} of=${answer}>${({ groups }) => html`<${Table} label="Groups" rows=${groups} keyOf=${(row) => row.name}
        empty=${html`<${Empty} title="No group yet">A rollout goes to a group.</${Empty}>`}
        columns=${[
            { name: 'Group', of: (row) => html`<strong>${row.name}</strong>` },
            { name: 'Devices with', wide: true, of: (row) => html`<code>${JSON.stringify(row.query)}</code>` },
            { name: 'Consent', of: (row) => ({ ask: 'the consumer is asked', administrator: 'somebody here agrees', automatic: 'automatic, in the window' })[row.consent] },
            { name: 'Windows', of: (row) => (row.windows.length === 0 ? 'always' : row.windows.map(({ days, from, to }) => `${days ? `${days.join(' ')} ` : ''}${from}–${to}`).join('; ')) },
            { name: '', of: (row) => may('release', product) && html`<button type="button" class="quiet" onClick=${() => setEdited(row)}>Change</button>
                <${Ask} button="Remove" kind="quiet danger" title=${`Remove the group ${row.name}?`} question="Devices stay as they are." run=${() => remove(row.name)} />` },
        ]} />`}</${Answer}>
        ${may('release', product) && html`<${Form} key=${edited?.name ?? ''} label="Group" submit=${edited ? 'Change the group' : 'Make a group'} send=${send}><div class="fields">
            <${Field} label="Name"><input name="name" required maxlength="64" defaultValue=${edited?.name} readonly=${edited !== null} /></${Field}>
            <${Field} label="Query"><input name="query" required defaultValue=${edited ? JSON.stringify(edited.query) : '{"all": []}'} spellcheck=${false} /></${Field}>
            <${Field} label="Consent"><select name="consent">${[['automatic', 'automatic, in the window'], ['ask', 'ask the consumer'], ['administrator', 'somebody here agrees']].map(([value, text]) => html`<option value=${value} selected=${edited?.consent === value}>${text}</option>`)}</select></${Field}>
            <${Field} label="Maintenance windows" hint='[{"days": ["mon"], "from": "23:00", "to": "02:00"}], the device’s time; empty: always'><input name="windows" defaultValue=${edited ? JSON.stringify(edited.windows) : ''} spellcheck=${false} /></${Field}>
        </div></${Form}>`}
    </${Card}>`;
}

function Enrolment({ product }) {
    const answer = useCall(pathOf(product, 'enrolment-tokens'), ['device'], product);
    const [made, setMade] = useState(null);
    const send = async ({ title, kind, tags, channel, uses, days }) => {
        setMade(await call('POST', pathOf(product, 'enrolment-tokens'), {
            title, class: kind, channel, uses: Number(uses), expires_s: Math.round(Number(days) * 86400),
            tags: tags.split(/[\s,]+/).filter((tag) => tag !== ''),
        }));
        answer.reload();
    };
    const revoke = async (id) => {
        await call('DELETE', pathOf(product, 'enrolment-tokens', id));
        answer.reload();
    };
    return html`<${Card} title="Enrolment" note="A token lets so many devices in until it expires. Without one a device waits for somebody’s yes.">
        ${made && html`<${Note} kind="good"><p>This is the only time that it is shown:</p><${Copy} text=${made.token} /></${Note}>`}
        <${Answer} of=${answer}>${(data) => html`<${Table} label="Enrolment tokens" rows=${data.enrolment_tokens} keyOf=${(row) => row.id}
            empty=${html`<${Empty} title="No token">Devices with pre-registered keys or certificates need none.</${Empty}>`}
            columns=${[
                { name: 'Token', of: (row) => html`<strong>${row.title}</strong> <span class="faint">№ ${row.id}</span>` },
                { name: 'Gives', of: (row) => `${row.class}, ${row.channel}${row.tags.length > 0 ? `, ${row.tags.join(' ')}` : ''}` },
                { name: 'Left', number: true, of: (row) => count(row.uses_left) },
                { name: 'Expires', of: (row) => html`<${Time} at=${row.expires} />` },
                { name: '', of: (row) => (row.revoked ? html`<${State} of="revoked" />` : may('develop', product) && html`<${Ask} button="Revoke" kind="quiet danger" title=${`Revoke “${row.title}”?`} question="No more devices come in by it. Those that did stay." run=${() => revoke(row.id)} />`) },
            ]} />`}</${Answer}>
        ${may('develop', product) && html`<${Form} label="New enrolment token" submit="Make a token" send=${send}><div class="fields">
            <${Field} label="What it is for"><input name="title" required maxlength="64" /></${Field}>
            <${Field} label="Class"><select name="kind"><option>prod</option><option>test</option><option>dev</option></select></${Field}>
            <${Field} label="Channel"><input name="channel" defaultValue="stable" required /></${Field}>
            <${Field} label="Tags"><input name="tags" /></${Field}>
            <${Field} label="Devices"><input name="uses" type="number" min="1" defaultValue="100" required /></${Field}>
            <${Field} label="Days"><input name="days" type="number" min="0.01" step="any" defaultValue="7" required /></${Field}>
        </div></${Form}>`}
    </${Card}>`;
}

function Pipeline({ product }) {
    const answer = useCall(pathOf(product, 'pipeline'), ['stage'], product);
    const send = async ({ text }) => {
        await call('PUT', pathOf(product, 'pipeline'), parsed(text, 'The pipeline'));
        answer.reload();
    };
    const document = answer.data?.pipeline ?? answer.data?.document ?? answer.data;
    return html`<${Card} title="Pipeline" note="Triggers, jobs, stages and their gates. A build keeps the version that it began under.">
        ${answer.data || answer.refusal?.status === 404
            ? html`${answer.data?.version && html`<p class="faint">Version ${answer.data.version}</p>`}
                ${may('administer', product)
                    ? html`<${Form} key=${answer.data?.version ?? 0} label="Pipeline" submit="Save a new version" send=${send}><${Field} label="As JSON"><textarea name="text" spellcheck=${false} defaultValue=${document ? JSON.stringify(document, null, 2) : '{}'}></textarea></${Field}></${Form}>`
                    : html`<pre><code>${JSON.stringify(document ?? {}, null, 2)}</code></pre>`}`
            : html`<${Answer} of=${answer}>${() => null}</${Answer}>`}
    </${Card}>`;
}

const HOOKS = { push: 'a push: starts a job', result: 'a test’s result' };

function Webhooks({ product }) {
    const answer = useCall(pathOf(product, 'webhooks'), ['job'], product);
    const [made, setMade] = useState(null);
    const addressOf = (name) => `${location.origin}/hooks/v1/${encodeURIComponent(product)}/${encodeURIComponent(name)}`;
    const send = async ({ name, kind }) => {
        const { secret } = await call('POST', pathOf(product, 'webhooks'), { name, kind });
        setMade({ name, secret });
        answer.reload();
    };
    const remove = async (name) => {
        await call('DELETE', pathOf(product, 'webhooks', name));
        answer.reload();
    };
    return html`<${Card} title="Webhooks" note="What a source’s server, or whoever tests, calls when there is something new. Each body is signed with the webhook’s secret.">
        ${made && html`<${Note} kind="good"><p>The secret of <strong>${made.name}</strong>; this is the only time that it is shown:</p><${Copy} text=${made.secret} /><p>Its address:</p><${Copy} text=${addressOf(made.name)} /></${Note}>`}
        <${Answer} of=${answer}>${({ webhooks }) => html`<${Table} label="Webhooks" rows=${webhooks} keyOf=${(row) => row.name}
            empty=${html`<${Empty} title="No webhook">The pipeline’s triggers name the one that starts their job.</${Empty}>`}
            columns=${[
                { name: 'Webhook', of: (row) => html`<strong>${row.name}</strong>` },
                { name: 'Takes', of: (row) => HOOKS[row.kind] ?? row.kind },
                { name: 'Address', wide: true, of: (row) => html`<${Copy} text=${addressOf(row.name)} />` },
                { name: 'Called', of: (row) => html`<${Time} at=${row.called} />` },
                { name: '', of: (row) => html`<${Ask} button="Remove" kind="quiet danger" title=${`Remove the webhook ${row.name}?`} question="Whoever calls it is refused from now on." run=${() => remove(row.name)} />` },
            ]} />`}</${Answer}>
        <${Form} label="New webhook" submit="Make a webhook" send=${send}><div class="fields">
            <${Field} label="Name"><input name="name" required maxlength="64" pattern="[A-Za-z0-9][A-Za-z0-9_.@\\-]*" autocapitalize="none" /></${Field}>
            <${Field} label="What it takes"><select name="kind">${Object.entries(HOOKS).map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select></${Field}>
        </div></${Form}>
    </${Card}>`;
}

export const Settings = ({ product }) => html`<${Page} title="Settings" lead=${`Of ${product}.`}>
    <${Retention} product=${product} />
    <${People} product=${product} />
    <${Groups} product=${product} />
    <${Enrolment} product=${product} />
    <${Pipeline} product=${product} />
    ${may('administer', product) && html`<${Webhooks} product=${product} />`}
</${Page}>`;
