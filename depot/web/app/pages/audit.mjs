// SPDX-License-Identifier: Apache-2.0
// The audit trail, and its proof: the page computes the chain of hashes by itself.
import { get, may, pathOf } from '../api.mjs';
import { html, useState } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Action, Answer, Card, Copy, Empty, Field, Note, Page, Table } from '../parts.mjs';
import { go } from '../route.mjs';
import { count, short, Time } from '../text.mjs';
import { checkChain } from '../trail.mjs';

const PAGE = 100;

function Proof() {
    const proof = useCall('/api/v1/audit/proof', ['people', 'rollout', 'release', 'build']);
    const [result, setResult] = useState(null);
    const [at, setAt] = useState(0);
    const run = async () => {
        setResult(null);
        const last = await get('/api/v1/audit/proof');
        setResult(await checkChain((after) => get(`/api/v1/audit?after=${after}&limit=1000`), last, setAt));
    };
    return html`<${Card} title="Proof" note="Each entry holds the hash of the one before. Write the last one down elsewhere: nobody can change what stood before it any more without you noticing.">
        <${Answer} of=${proof}>${({ number, hash }) => html`<p>Entry <strong>${count(number)}</strong> <${Copy} text=${hash}>${hash.slice(0, 24)}…</${Copy}></p>`}</${Answer}>
        ${may('see', '*') && html`<${Action} run=${run}>Check the whole chain here</${Action}>
            <div aria-live="polite">${result && html`<${Note} kind=${result.isGood ? 'good' : 'bad'}>${result.text}</${Note}>`}
            ${!result && at > 0 && html`<p class="faint">${count(at)} entries…</p>`}</div>`}
    </${Card}>`;
}

function Search({ base, query }) {
    const submit = (event) => {
        event.preventDefault();
        const fields = new FormData(event.currentTarget);
        const wanted = new URLSearchParams([...fields].filter(([, value]) => value !== ''));
        go(`${base}?${wanted}`);
    };
    return html`<form class="fields" role="search" onSubmit=${submit}>
        <${Field} label="Who"><input type="search" name="who" defaultValue=${query.get('who') ?? ''} /></${Field}>
        <${Field} label="What"><input type="search" name="action" placeholder="rollout.halt" defaultValue=${query.get('action') ?? ''} /></${Field}>
        <button type="submit">Search</button>
    </form>`;
}

const Value = ({ of }) => {
    const text = typeof of === 'object' ? JSON.stringify(of) : String(of);
    return /^[0-9a-f]{64}$/.test(text) ? html`<code title=${text}>${short(text)}…</code>` : text;
};

export function Audit({ product, query }) {
    const [before, setBefore] = useState('');
    const filters = new URLSearchParams([...['who', 'action'].map((name) => [name, query.get(name) ?? '']).filter(([, value]) => value), ['limit', PAGE]]);
    const path = product ? pathOf(product, 'audit') : '/api/v1/audit';
    const address = `${path}?${filters}`;
    const answer = useCall(before ? `${address}&before=${before}` : address, ['people', 'rollout', 'release', 'build', 'device', 'approval', 'stage', 'signing', 'job'], product ?? '');
    const rows = answer.data?.entries ?? [];
    return html`<${Page} title="Audit trail" lead=${product ? `Everything that changed ${product}, and who did it.` : 'Everything that changed, and who did it.'}
        actions=${html`<a class="button quiet" href=${`${address}&format=csv`} download>CSV</a><a class="button quiet" href=${`${address}&format=json`} download>JSON</a>`}>
        <${Proof} />
        <${Card} title="Entries" actions=${html`<${Search} base=${`#${product ? `/p/${encodeURIComponent(product)}/audit` : '/audit'}`} query=${query} />`}>
            <${Answer} of=${answer}>${() => html`<${Table} label="Audit trail" rows=${rows} keyOf=${(row) => row.number}
                empty=${html`<${Empty} title="No such entry" />`}
                columns=${[
                    { name: '№', number: true, of: (row) => row.number },
                    { name: 'When', of: (row) => html`<span class="whole"><${Time} at=${row.time} /></span>` },
                    { name: 'Who', of: (row) => html`<span class=${row.who.length > 20 ? '' : 'whole'}>${row.who}</span>` },
                    { name: 'What', of: (row) => html`<code class="whole">${row.action}</code>` },
                    ...(product ? [] : [{ name: 'Product', of: (row) => row.product }]),
                    { name: 'Of', of: (row) => html`<span class="whole" title=${row.subject}>${row.subject.length > 20 ? `${short(row.subject)}…` : row.subject}</span>` },
                    { name: 'Detail', wide: true, of: (row) => Object.entries(row.detail ?? {}).map(([name, value]) => html`<span class="pair"><span class="faint">${name}</span> <${Value} of=${value} /></span>`) },
                ]} />
                <div class="pages">${before && html`<button type="button" onClick=${() => setBefore('')}>Newest</button>`}
                ${rows.length === PAGE && html`<button type="button" onClick=${() => setBefore(String(rows.at(-1).number))}>Older</button>`}</div>`}</${Answer}>
        </${Card}>
    </${Page}>`;
}
