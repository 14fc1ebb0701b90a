// SPDX-License-Identifier: Apache-2.0
// The pieces that pages are made of.
import { html, useEffect, useRef, useState } from './html.mjs';
import { words } from './text.mjs';

// Each kind has a shape of its own, too: colours aren't seen by everybody, nor on every screen.
const SHAPES = {
    good: html`<circle cx="8" cy="8" r="7" class="fill" /><path d="M4.6 8.4 7 10.8l4.4-5" class="cut" />`,
    bad: html`<path d="M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1z" class="fill" /><path d="M8 4.2v4.6M8 11.2v.3" class="cut" />`,
    warn: html`<path d="M8 1.2 15.4 14.4H.6z" class="fill" /><path d="M8 6v4M8 12.2v.2" class="cut" />`,
    going: html`<circle cx="8" cy="8" r="7" class="fill" /><path d="M6.4 5v6l4.8-3z" class="hole" />`,
    waiting: html`<circle cx="8" cy="8" r="6.2" class="ring" /><path d="M8 4.6V8l2.2 1.6" class="ring" />`,
    idle: html`<circle cx="8" cy="8" r="6.2" class="ring" />`,
    over: html`<rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2" class="ring" /><path d="M5.2 8h5.6" class="ring" />`,
};

export const Shape = ({ kind }) =>
    html`<svg class=${`shape ${kind}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">${SHAPES[kind]}</svg>`;

const KINDS = {
    // rollouts
    draft: 'idle', scheduled: 'waiting', running: 'going', paused: 'warn', halted: 'bad', done: 'good', aborted: 'over',
    // builds, jobs, gates
    new: 'idle', daily: 'going', internal: 'going', candidate: 'going', production: 'good', failed: 'bad', withdrawn: 'over',
    waiting: 'waiting', ready: 'waiting', passed: 'good', cancelled: 'over', queued: 'waiting', warned: 'warn', error: 'bad',
    // releases, requests for signatures
    prepared: 'waiting', signing: 'waiting', signed: 'going', publishing: 'going', published: 'good',
    refused: 'bad', approved: 'good', pending: 'warn',
    // devices
    enrolled: 'good', registered: 'idle', revoked: 'over', succeeded: 'good', silent: 'warn', declined: 'over',
    downloading: 'going', installing: 'going', confirmed: 'good', trial: 'going', 'rolled-back': 'bad',
    // test results
    PASSED: 'good', WARNED: 'warn', FAILED: 'bad',
};

/** A state as a word with its shape. */
export const State = ({ of, kind, children }) =>
    html`<span class=${`state ${kind ?? KINDS[of] ?? 'idle'}`}><${Shape} kind=${kind ?? KINDS[of] ?? 'idle'} />${children ?? words(of)}</span>`;

export const Page = ({ title, lead, actions, children }) => {
    useEffect(() => {
        document.title = `${title} · Slipway depot`;
    }, [title]);
    return html`<div class="page">
        <header class="page-head">
            <div><h1>${title}</h1>${lead && html`<p class="lead">${lead}</p>`}</div>
            ${actions && html`<div class="actions">${actions}</div>`}
        </header>
        ${children}
    </div>`;
};

export const Card = ({ title, note, actions, children, kind = '' }) =>
    html`<section class=${`card ${kind}`}>
        ${title && html`<header class="card-head"><h2>${title}</h2>${note && html`<p class="faint">${note}</p>`}${actions && html`<div class="actions">${actions}</div>`}</header>`}
        ${children}
    </section>`;

export const Empty = ({ title, children }) =>
    html`<div class="empty">
        <svg viewBox="0 0 64 40" width="64" height="40" aria-hidden="true"><path d="M4 27h56l-8 9H12z" /><path d="M10 23 50 4v19z" /></svg>
        <p class="empty-title">${title}</p>${children && html`<p class="faint">${children}</p>`}
    </div>`;

export const Note = ({ kind = 'bad', children }) =>
    html`<div class=${`note ${kind}`} role=${kind === 'bad' ? 'alert' : 'status'}><${Shape} kind=${kind} /><div>${children}</div></div>`;

/** What a call answers, or why it doesn't; `children` draws the data. */
export function Answer({ of, children }) {
    const { data, refusal } = of;
    if (!data && refusal) {
        return html`<${Note}>${refusal.message}</${Note}>`;
    }
    if (!data) {
        return html`<div class="loading" role="status">Asking the depot…</div>`;
    }
    return html`${refusal && refusal.status !== 0 && html`<${Note} kind="warn">This is what was known before: ${refusal.message}</${Note}>`}${children(data)}`;
}

/** columns: [{name, of: (row) => content, number?, wide?}] */
export function Table({ columns, rows, label, keyOf, empty }) {
    if (rows.length === 0) {
        return empty ?? html`<${Empty} title="Nothing here" />`;
    }
    return html`<div class="table" role="region" aria-label=${label} tabindex="0">
        <table>
            <caption class="unseen">${label}</caption>
            <thead><tr>${columns.map((column) => html`<th scope="col" class=${column.number ? 'number' : ''}>${column.name}</th>`)}</tr></thead>
            <tbody>${rows.map((row) => html`<tr key=${keyOf?.(row)}>
                ${columns.map((column) => html`<td class=${`${column.number ? 'number' : ''} ${column.wide ? 'wide' : ''}`} data-name=${column.name}><div>${column.of(row)}</div></td>`)}
            </tr>`)}</tbody>
        </table>
    </div>`;
}

/** [[name, content]…] */
export const Facts = ({ of }) =>
    html`<dl class="facts">${of.filter(Boolean).map(([name, content]) => html`<div><dt>${name}</dt><dd>${content}</dd></div>`)}</dl>`;

export const Figure = ({ name, kind = '', note, children }) =>
    html`<div class=${`figure ${kind}`}><div class="figure-name">${name}</div><div class="figure-value">${children}</div>${note && html`<div class="faint">${note}</div>`}</div>`;

/** parts: [{name, value, kind}], of a whole. */
export function Bar({ parts, whole, label }) {
    const total = Math.max(whole ?? 0, parts.reduce((sum, part) => sum + part.value, 0), 1);
    const said = parts.filter((part) => part.value > 0).map((part) => `${part.value} ${part.name}`);
    return html`<svg class="bar" role="img" aria-label=${`${label}: ${said.join(', ') || 'none'} of ${total}`} viewBox="0 0 100 4" preserveAspectRatio="none">
        <rect x="0" y="0" width="100" height="4" class="bar-rest" />
        ${parts.reduce(([shown, at], part) => {
            const width = (part.value / total) * 100;
            return [[...shown, html`<rect x=${at} y="0" width=${width} height="4" class=${`bar-${part.kind}`} />`], at + width];
        }, [[], 0])[0]}
    </svg>`;
}

export function Field({ label, hint, children }) {
    return html`<label class="field"><span class="field-name">${label}</span>${children}${hint && html`<span class="faint">${hint}</span>`}</label>`;
}

/** A button that does something at the depot: not twice at once; says what went wrong beside it. */
export function Action({ run, children, kind = '', disabled, title }) {
    const [busy, setBusy] = useState(false);
    const [wrong, setWrong] = useState('');
    const alive = useRef(true);
    useEffect(() => () => {
        alive.current = false;
    }, []);
    const click = async () => {
        setBusy(true);
        setWrong('');
        try {
            await run();
        } catch (refusal) {
            if (alive.current) {
                setWrong(refusal.message);
            }
        }
        if (alive.current) {
            setBusy(false);
        }
    };
    return html`<span class="action"><button type="button" class=${kind} disabled=${disabled || busy} aria-busy=${busy} title=${title} onClick=${click}>${children}</button>
        ${wrong && html`<span class="wrong" role="alert">${wrong}</span>`}</span>`;
}

/** A form that sends its fields as an object; clears itself when it was done. */
export function Form({ send, submit, kind = 'primary', children, label }) {
    const [busy, setBusy] = useState(false);
    const [wrong, setWrong] = useState('');
    const alive = useRef(true);
    useEffect(() => () => {
        alive.current = false;
    }, []);
    const onSubmit = async (event) => {
        event.preventDefault();
        const form = event.currentTarget;
        setBusy(true);
        setWrong('');
        try {
            await send(Object.fromEntries(new FormData(form)), form);
            form.reset();
        } catch (refusal) {
            if (alive.current) {
                setWrong(refusal.message);
            }
        }
        if (alive.current) {
            setBusy(false);
        }
    };
    return html`<form onSubmit=${onSubmit} aria-label=${label}>
        ${children}
        ${wrong && html`<${Note}>${wrong}</${Note}>`}
        <div class="form-end"><button type="submit" class=${kind} disabled=${busy} aria-busy=${busy}>${submit}</button></div>
    </form>`;
}

/** A text that is copied by a click: digests, commands, secrets that are shown once. */
export function Copy({ text, children }) {
    const [said, setSaid] = useState('copy');
    const copy = async () => {
        try {
            await navigator.clipboard.writeText(text); // a page without TLS has none
            setSaid('copied');
        } catch {
            setSaid('no clipboard');
        }
        setTimeout(() => setSaid('copy'), 1500);
    };
    return html`<span class="copy"><code class=${children ? 'whole' : ''} title=${text}>${children ?? text}</code><button type="button" class="quiet small" onClick=${copy} aria-label=${`Copy ${text}`}>${said}</button></span>`;
}
