// SPDX-License-Identifier: Apache-2.0
// What stands around every page: where one can go, whether what is shown is true, the keyboard.
import { logOut, may, nowMs, reach, session } from './api.mjs';
import { Dialog } from './dialog.mjs';
import { html, useEffect, useRef, useState } from './html.mjs';
import { useCall } from './live.mjs';
import { Shape } from './parts.mjs';
import { go, link } from './route.mjs';
import { clock, span, useTick } from './text.mjs';
import { nextTheme, theme } from './theme.mjs';

// key after `g`, section, name
const SECTIONS = [
    ['n', '', 'Now'],
    ['r', 'rollouts', 'Rollouts'],
    ['f', 'fleet', 'Fleet'],
    ['b', 'builds', 'Builds'],
    ['j', 'jobs', 'Jobs'],
    ['e', 'releases', 'Releases'],
    ['s', 'signing', 'Signing'],
    ['c', 'consents', 'Consent'],
    ['d', 'readiness', 'Readiness'],
    ['a', 'audit', 'Audit'],
    ['t', 'settings', 'Settings'],
];
const STALE_MS = 25000;

/** Says so, large, when what stands below may be old. */
function Freshness() {
    useTick(1000);
    const { heardAt, isLost } = reach();
    const age = Date.now() - heardAt;
    const isStale = isLost || age > STALE_MS;
    useEffect(() => {
        document.documentElement.toggleAttribute('data-stale', isStale);
    }, [isStale]);
    if (!isStale) {
        return null;
    }
    return html`<div class="stale" role="alert"><${Shape} kind="warn" />
        <div><strong>Not live.</strong> The depot was heard ${span(age / 1000)} ago, at ${new Date(heardAt).toLocaleTimeString()}. What you see is how it was then. ${' '}
        HALT works from the command line, too: <code>slipway rollout halt</code>.</div>
    </div>`;
}

function Live() {
    useTick(1000);
    const { heardAt, isLost } = reach();
    const isStale = isLost || Date.now() - heardAt > STALE_MS;
    return html`<span class=${`live ${isStale ? 'off' : ''}`} title=${`The depot's clock: ${clock(nowMs())}`}>
        <span class="live-dot" aria-hidden="true"></span>${isStale ? 'not live' : 'live'}</span>`;
}

function Products({ product, section }) {
    const { data } = useCall('/api/v1/products', ['people']);
    const products = data?.products ?? [];
    const change = (event) => {
        const name = event.currentTarget.value;
        go(name === '' ? '#/' : section ? link('p', name, section) : link('p', name));
    };
    return html`<select class="product" aria-label="Product" value=${product ?? ''} onChange=${change}>
        <option value="">All products</option>
        ${product && !products.some(({ name }) => name === product) && html`<option value=${product}>${product}</option>`}
        ${products.map(({ name, title }) => html`<option value=${name} selected=${name === product}>${title || name}</option>`)}
    </select>`;
}

const Item = ({ to, name, isHere, hint }) =>
    html`<a href=${to} class=${isHere ? 'here' : ''} aria-current=${isHere ? 'page' : undefined}>${name}${hint && html`<kbd aria-hidden="true">${hint}</kbd>`}</a>`;

function Nav({ product, section, first }) {
    return html`<nav class="nav" aria-label="Pages">
        ${product
            ? SECTIONS.map(([key, name, title]) => html`<${Item} to=${name ? link('p', product, name) : link('p', product)} name=${title} hint=${`g ${key}`} isHere=${section === name} />`)
            : html`<${Item} to="#/" name="Now" isHere=${first === ''} hint="g n" />`}
        <div class="nav-rule"></div>
        ${may('see', '*') && html`<${Item} to="#/audit" name="Audit of everything" isHere=${first === 'audit'} />`}
        ${may('administer', '*') && html`<${Item} to="#/people" name="People" isHere=${first === 'people'} />`}
        <${Item} to="#/account" name=${session().name} isHere=${first === 'account'} />
        <button type="button" class="nav-button" onClick=${() => logOut().catch(() => {})}>Log out</button>
    </nav>`;
}

// --- keyboard ---

const isTyping = (element) => element.closest?.('input, textarea, select, [contenteditable]') !== null;

function step(way) {
    const links = [...document.querySelectorAll('main tbody a[href], main .row a[href]')];
    const at = links.indexOf(document.activeElement);
    links[Math.min(Math.max(at + way, 0), links.length - 1)]?.focus();
}

function useKeys({ product, showHelp }) {
    const pending = useRef('');
    useEffect(() => {
        const press = (event) => {
            if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target) || document.querySelector('dialog[open]')) {
                return;
            }
            const { key } = event;
            if (pending.current === 'g') {
                pending.current = '';
                const section = SECTIONS.find(([letter]) => letter === key);
                if (section && (product || section[1] === '')) {
                    go(!product ? '#/' : section[1] ? link('p', product, section[1]) : link('p', product));
                }
                return;
            }
            pending.current = key === 'g' ? 'g' : '';
            if (key === '?') {
                showHelp();
            } else if (key === 'j' || key === 'k') {
                step(key === 'j' ? 1 : -1);
            } else if (key === '/') {
                const search = document.querySelector('main input[type=search]');
                if (search) {
                    event.preventDefault();
                    search.focus();
                }
            } else if (key === 'h') {
                document.querySelector('button.halt')?.focus();
            }
        };
        addEventListener('keydown', press);
        return () => removeEventListener('keydown', press);
    }, [product]);
}

const Help = ({ close }) => html`<${Dialog} title="Keys" close=${close}>
    <dl class="keys">
        ${SECTIONS.map(([key, , title]) => html`<div><dt><kbd>g</kbd> <kbd>${key}</kbd></dt><dd>${title}</dd></div>`)}
        <div><dt><kbd>j</kbd> <kbd>k</kbd></dt><dd>next, former in a list</dd></div>
        <div><dt><kbd>/</kbd></dt><dd>search</dd></div>
        <div><dt><kbd>h</kbd></dt><dd>to the HALT button; <kbd>Enter</kbd> asks</dd></div>
        <div><dt><kbd>?</kbd></dt><dd>this list</dd></div>
        <div><dt><kbd>Esc</kbd></dt><dd>closes what asks</dd></div>
    </dl>
    <div class="form-end"><button type="button" class="primary" autofocus onClick=${close}>Close</button></div>
</${Dialog}>`;

export function Shell({ route, children }) {
    const [help, setHelp] = useState(false);
    const [menu, setMenu] = useState(false);
    const [, redraw] = useState(0);
    const [first = '', name, section = ''] = route.parts;
    const product = first === 'p' ? name : undefined;
    const place = route.parts.join('/');
    const main = useRef(null);
    const firstTime = useRef(true);
    useKeys({ product, showHelp: () => setHelp(true) });
    useEffect(() => {
        setMenu(false);
        if (!firstTime.current) {
            main.current?.focus({ preventScroll: true });
            scrollTo(0, 0);
        }
        firstTime.current = false;
    }, [place]);
    return html`<div class=${`shell ${menu ? 'open' : ''}`}>
        <button type="button" class="skip" onClick=${() => main.current?.focus()}>To the content</button>
        <header class="top">
            <button type="button" class="menu" aria-expanded=${menu} onClick=${() => setMenu(!menu)}>
                <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="M1 3.5h14M1 8h14M1 12.5h14" class="ring" /></svg><span class="unseen">Menu</span></button>
            <a class="brand" href="#/" aria-label="Slipway: everything, now"><img src="app/icon.svg" alt="" width="26" height="26" /><span>Slipway</span></a>
            <${Products} product=${product} section=${section} />
            <div class="top-end">
                <${Live} />
                <button type="button" class="quiet small" onClick=${() => { nextTheme(); redraw((n) => n + 1); }} aria-label=${`Colours: ${theme()}. Change`}>${theme()}</button>
                <button type="button" class="quiet small wide-only" onClick=${() => setHelp(true)} aria-label="Keys">?</button>
            </div>
        </header>
        <div class="side"><${Nav} product=${product} section=${section} first=${first} /></div>
        <div class="body"><${Freshness} /><main id="main" tabindex="-1" ref=${main}>${children}</main></div>
        ${help && html`<${Help} close=${() => setHelp(false)} />`}
    </div>`;
}
