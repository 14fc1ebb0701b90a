// SPDX-License-Identifier: Apache-2.0
// One's own account: password, second factor, API tokens.
import { call, resume, session } from '../api.mjs';
import { Ask } from '../dialog.mjs';
import { html, useState } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Answer, Card, Copy, Empty, Facts, Field, Form, Note, Page, State, Table } from '../parts.mjs';
import { Time, words } from '../text.mjs';

export function SecondFactor() {
    const [made, setMade] = useState(null);
    const { totp } = session();
    if (!made) {
        return html`<p>${totp ? 'You have one. Making another replaces it.' : 'A code from your phone, asked for with the password.'}</p>
            <${Form} label="Second factor" submit=${totp ? 'Replace it' : 'Set one up'} send=${async ({ password, code }) =>
                setMade(await call('POST', '/api/v1/account/totp', code ? { password, code } : { password }))}>
                <${Field} label="Your password"><input name="password" type="password" autocomplete="current-password" required /></${Field}>
                ${totp && html`<${Field} label="The code of now"><input name="code" inputmode="numeric" autocomplete="one-time-code" required /></${Field}>`}
            </${Form}>`;
    }
    return html`<p>Give your authenticator this key, or <a href=${made.uri}>open it there</a>. Then type the code that it shows.</p>
        <p><${Copy} text=${made.secret} /></p>
        <${Form} label="Confirm the second factor" submit="That's it" send=${async ({ code }) => {
            await call('POST', '/api/v1/account/totp/confirm', { code });
            setMade(null);
            await resume();
        }}>
            <${Field} label="Code"><input name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" required autofocus /></${Field}>
        </${Form}>`;
}

function Password() {
    const [done, setDone] = useState(false);
    return html`${done && html`<${Note} kind="good">Changed. Your other sessions have ended.</${Note}>`}
        <${Form} label="Password" submit="Change it" send=${async ({ password, fresh, again }) => {
            if (fresh !== again) {
                throw new Error('The new passwords are different.');
            }
            await call('POST', '/api/v1/account/password', { password, new: fresh });
            await resume();
            setDone(true);
        }}>
            <${Field} label="The one that you have"><input name="password" type="password" autocomplete="current-password" required /></${Field}>
            <${Field} label="A new one" hint="10 characters or more"><input name="fresh" type="password" autocomplete="new-password" minlength="10" required /></${Field}>
            <${Field} label="The new one again"><input name="again" type="password" autocomplete="new-password" required /></${Field}>
        </${Form}>`;
}

const grantText = ({ product, role }) => `${words(role)} of ${product === '*' ? 'everything' : product}`;

function Tokens() {
    const answer = useCall('/api/v1/tokens');
    const [made, setMade] = useState(null);
    const grants = session().roles;
    const send = async ({ title, days, grant }) => {
        const { product, role } = grants[Number(grant)];
        const expires = Math.round(Number(days) * 86400);
        setMade(await call('POST', '/api/v1/tokens', { title, expires_s: expires, roles: [{ product, role }] }));
        answer.reload();
    };
    const revoke = async (id) => {
        await call('DELETE', `/api/v1/tokens/${id}`);
        answer.reload();
    };
    return html`${made && html`<${Note} kind="good"><p>This is the only time that it is shown:</p><${Copy} text=${made.token} /></${Note}>`}
        <${Answer} of=${answer}>${({ tokens }) => html`<${Table} label="API tokens" rows=${tokens} keyOf=${(token) => token.id}
            empty=${html`<${Empty} title="No tokens">Build servers and scripts have one instead of a password.</${Empty}>`}
            columns=${[
                { name: 'Token', of: (token) => html`<strong>${token.title}</strong> <span class="faint">№ ${token.id}</span>` },
                { name: 'May', of: (token) => token.roles.map(grantText).join(', ') },
                { name: 'Expires', of: (token) => html`<${Time} at=${token.expires} />` },
                { name: '', of: (token) => (token.revoked
                    ? html`<${State} of="revoked" />`
                    : html`<${Ask} button="Revoke" kind="quiet danger" title=${`Revoke “${token.title}”?`} question="Whatever uses it is refused from now on." run=${() => revoke(token.id)} />`) },
            ]} />`}</${Answer}>
        ${!session().machine && html`<${Form} label="New token" submit="Make a token" send=${send}>
            <div class="fields">
                <${Field} label="What it is for"><input name="title" maxlength="64" required /></${Field}>
                <${Field} label="Days"><input name="days" type="number" min="1" max="366" value="90" required /></${Field}>
                <${Field} label="May do what a … may"><select name="grant">${grants.map((grant, at) => html`<option value=${at}>${grantText(grant)}</option>`)}</select></${Field}>
            </div>
        </${Form}>`}`;
}

function OtherSessions() {
    const [done, setDone] = useState(false);
    return html`${done && html`<${Note} kind="good">Your other sessions have ended.</${Note}>`}
        <div class="form-end"><${Ask} button="End my other sessions" title="End your other sessions?" question="Wherever else you are logged in, you have to log in again." run=${async () => {
            await call('DELETE', '/api/v1/account/sessions');
            setDone(true);
        }} /></div>`;
}

export function Account() {
    const who = session();
    return html`<${Page} title=${who.name} lead="Your account">
        <${Card} title="You"><${Facts} of=${[
            ['Roles', who.roles.map(grantText).join(', ') || 'none yet'],
            ['Second factor', who.totp ? html`<${State} kind="good">on</${State}>` : html`<${State} kind="warn">off</${State}>`],
            ['This session ends', html`<${Time} at=${who.expires} />`],
        ]} />${!who.machine && html`<${OtherSessions} />`}</${Card}>
        <div class="columns">
            <${Card} title="Second factor"><${SecondFactor} /></${Card}>
            <${Card} title="Password"><${Password} /></${Card}>
        </div>
        <${Card} title="API tokens"><${Tokens} /></${Card}>
    </${Page}>`;
}
