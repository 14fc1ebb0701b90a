// SPDX-License-Identifier: Apache-2.0
// Getting in: name, password and code; an invitation; and what has to be set up before anything else.
import { call, logIn, logOut, resume, session } from '../api.mjs';
import { html, useState } from '../html.mjs';
import { Field, Form, Note, Page } from '../parts.mjs';
import { go } from '../route.mjs';
import { SecondFactor } from './account.mjs';

const Frame = ({ title, children }) => html`<main class="door" id="main" tabindex="-1">
    <div class="door-brand"><img src="app/icon.svg" alt="" width="44" height="44" /><span>Slipway depot</span></div>
    <div class="card"><${Page} title=${title}>${children}</${Page}></div>
</main>`;

export function Login() {
    const [needsCode, setNeedsCode] = useState(false);
    return html`<${Frame} title="Log in">
        <${Form} label="Log in" submit="Log in" send=${({ name, password, code }) => logIn(name, password, code?.replace(/\s/g, ''))}>
            <${Field} label="Name"><input name="name" autocomplete="username" autocapitalize="none" spellcheck=${false} required autofocus /></${Field}>
            <${Field} label="Password"><input name="password" type="password" autocomplete="current-password" required /></${Field}>
            ${needsCode
                ? html`<${Field} label="Code" hint="six digits, from your authenticator"><input name="code" inputmode="numeric" autocomplete="one-time-code" pattern="[0-9 ]{6,7}" /></${Field}>`
                : html`<button type="button" class="quiet" onClick=${() => setNeedsCode(true)}>I have a second factor</button>`}
        </${Form}>
    </${Frame}>`;
}

export function Invitation({ secret }) {
    const [name, setName] = useState('');
    const send = async ({ password, again }) => {
        if (password !== again) {
            throw new Error('The passwords are different.');
        }
        setName((await call('POST', '/api/v1/invitation', { secret, password })).name);
    };
    if (name) {
        return html`<${Frame} title="Welcome">
            <p>Your name here is <strong>${name}</strong>, and your password is set.</p>
            <div class="form-end"><button type="button" class="primary" onClick=${() => go('#/')}>Log in</button></div>
        </${Frame}>`;
    }
    return html`<${Frame} title="You are invited">
        <p>Choose a password of 10 characters or more. The invitation works once.</p>
        <${Form} label="Invitation" submit="Set the password" send=${send}>
            <${Field} label="Password"><input name="password" type="password" autocomplete="new-password" minlength="10" required autofocus /></${Field}>
            <${Field} label="The same again"><input name="again" type="password" autocomplete="new-password" required /></${Field}>
        </${Form}>
    </${Frame}>`;
}

/** What the depot asks for before it answers anything else; null when nothing. */
export function duty() {
    const { machine, must_change_password: password, totp, totp_required: required } = session();
    if (machine) {
        return null;
    }
    if (password) {
        return 'password';
    }
    return required && !totp ? 'totp' : null;
}

export function Duty() {
    const change = async ({ password, fresh, again }) => {
        if (fresh !== again) {
            throw new Error('The new passwords are different.');
        }
        await call('POST', '/api/v1/account/password', { password, new: fresh });
        await resume();
    };
    return html`<${Frame} title=${duty() === 'password' ? 'Choose a password' : 'Set up a second factor'}>
        ${duty() === 'password'
            ? html`<p>The one that you were given works only once.</p>
                <${Form} label="Password" submit="Change it" send=${change}>
                    <${Field} label="The one that you have"><input name="password" type="password" autocomplete="current-password" required autofocus /></${Field}>
                    <${Field} label="A new one" hint="10 characters or more"><input name="fresh" type="password" autocomplete="new-password" minlength="10" required /></${Field}>
                    <${Field} label="The new one again"><input name="again" type="password" autocomplete="new-password" required /></${Field}>
                </${Form}>`
            : html`<${SecondFactor} />`}
        <button type="button" class="quiet" onClick=${() => logOut().catch(() => {})}>Log out</button>
    </${Frame}>`;
}

export const Away = ({ message }) => html`<${Frame} title="Out of reach"><${Note}>${message}</${Note}><p class="faint">The page asks again by itself.</p></${Frame}>`;
