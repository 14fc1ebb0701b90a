// SPDX-License-Identifier: Apache-2.0
// Releases: numbered, signed, published; one's page; and the queue of what waits for signatures.
import { call, may, pathOf } from '../api.mjs';
import { Ask } from '../dialog.mjs';
import { Exports } from '../export.mjs';
import { html, useState } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Answer, Card, Copy, Empty, Facts, Note, Page, State, Table } from '../parts.mjs';
import { link } from '../route.mjs';
import { short, size, Time, words } from '../text.mjs';

const PAGE = 50;

const columnsOf = (product) => [
    { name: 'Release', of: (row) => html`<a href=${link('p', product, 'releases', row.version)}>${row.release_version || '–'}</a> <span class="faint">(${row.version})</span>` },
    { name: 'State', of: (row) => html`<${State} of=${row.state} />` },
    { name: 'Since', of: (row) => html`<${Time} at=${row.since} />` },
    { name: 'Kind', of: (row) => (row.kind === 'emergency' ? html`<span class="tag bad">emergency</span>` : row.kind) },
    { name: 'Channel', of: (row) => row.channel },
    { name: 'Key', of: (row) => html`${row.key} <span class="faint">${row.key_class}</span>` },
    { name: 'Build', of: (row) => html`<a href=${link('p', product, 'builds', row.build)}><code>${short(row.build)}</code></a>` },
];

export function Releases({ product }) {
    const [limit, setLimit] = useState(PAGE);
    const answer = useCall(`${pathOf(product, 'releases')}?limit=${limit}`, ['release', 'signing', 'stage'], product);
    const rows = answer.data?.releases ?? [];
    return html`<${Page} title="Releases" lead="Signed bundles with a version. What is published can be offered."
        actions=${html`<${Exports} name=${`${product}-releases`} rows=${rows.map(({ changes, hardware, ...row }) => ({ ...row, hardware: hardware.join(' '), changes: changes.length }))} />`}>
        <${Answer} of=${answer}>${() => html`<${Table} label="Releases" rows=${rows} keyOf=${(row) => row.version} columns=${columnsOf(product)}
            empty=${html`<${Card}><${Empty} title="No release yet">A build that reaches a stage with a key becomes one.</${Empty}></${Card}>`} />
            ${rows.length === limit && limit < 200 && html`<button type="button" onClick=${() => setLimit(200)}>Show more</button>`}`}</${Answer}>
    </${Page}>`;
}

const NEXT = {
    prepared: 'The depot asks the signing service for its signature.',
    signing: 'It waits until the signing service has enough approvals, and asks again by itself.',
    signed: 'Its metadata is written to the repository next.',
    publishing: 'It is published as soon as its metadata can be read back.',
    published: 'Devices get it when a rollout offers it.',
    refused: 'Nothing: the signing service said no. Its build can be tried again, or withdrawn.',
    withdrawn: 'Nobody is offered it any more. A replacement has a higher version.',
};

function nextOf(release, rollouts) {
    const running = rollouts.find(({ state }) => state === 'running');
    if (release.state !== 'published') {
        return NEXT[release.state];
    }
    if (release.kind === 'drill') {
        return 'Nothing: it was a rehearsal, and no device is offered it.';
    }
    if (running) {
        return html`<a href=${link('p', release.product, 'rollouts', running.id)}>Rollout ${running.id}</a> goes on offering it to ${running.group}.`;
    }
    return release.role.endsWith('-rollout') ? NEXT.published : 'It has reached everybody whom its rollout was for; whoever asks for its channel finds it.';
}

function Withdraw({ product, release, reload }) {
    return release.state !== 'withdrawn' && may('release', product) && html`<${Ask} button="Withdraw" kind="danger" title=${`Withdraw release ${release.release_version}?`}
        question=${html`<p>Offers stop at once, everywhere. Devices ask again before they apply. It can’t be taken back: a replacement gets a higher version.</p>`}
        reason="Why" run=${async (reason) => {
            await call('POST', pathOf(product, 'releases', release.version, 'withdraw'), { reason: reason || 'withdrawn' });
            reload();
        }} />`;
}

function Changes({ release }) {
    return html`${release.notes && html`<p>${release.notes}</p>`}<${Table} label="Changes" rows=${release.changes} empty=${html`<${Empty} title="No change list" />`} columns=${[
        { name: 'Kind', of: (row) => html`<span class=${`tag ${row.kind === 'security' ? 'warn' : ''}`}>${row.kind}</span>` },
        { name: 'Id', of: (row) => row.id },
        { name: 'What', wide: true, of: (row) => row.text },
    ]} />`;
}

export function Release({ product, version }) {
    const answer = useCall(pathOf(product, 'releases', version), ['release', 'signing'], product);
    const rollouts = useCall(`${pathOf(product, 'rollouts')}?limit=200`, ['rollout'], product);
    const own = (rollouts.data?.rollouts ?? []).filter(({ release }) => String(release) === version);
    return html`<${Answer} of=${answer}>${(release) => html`<${Page} title=${`Release ${release.release_version || release.version}`} lead=${html`Version ${release.version}, ${release.kind}, channel ${release.channel}`}
        actions=${html`${release.state === 'published' && release.kind !== 'drill' && may('release', product) && html`<a class="button primary" href=${`${link('p', product, 'rollouts', 'new')}?release=${release.version}`}>Roll it out</a>`}<${Withdraw} product=${product} release=${release} reload=${answer.reload} />`}>
        <section class=${`verdict ${release.reason && release.state !== 'withdrawn' ? 'warn' : release.state === 'published' ? 'good' : release.state === 'withdrawn' ? 'over' : release.state === 'refused' ? 'bad' : 'going'}`} aria-label="Where it is">
            <p class="verdict-state"><${State} of=${release.state} /> <span class="faint">since <${Time} at=${release.since} whole /></span></p>
            ${release.reason && html`<p><strong>Why.</strong> ${release.reason}</p>`}
            <p><strong>If nobody does anything:</strong> ${nextOf(release, own)}</p>
        </section>
        <div class="columns">
            <${Card} title="What it is"><${Facts} of=${[
                ['Build', html`<a href=${link('p', product, 'builds', release.build)}><code>${short(release.build)}</code></a>`],
                ['Stage', release.stage],
                ['Key', `${release.key} (${release.key_class})`],
                ['Urgency', words(release.urgency)],
                ['Hardware', release.hardware.join(', ') || 'any'],
                ['Goes straight from', release.min_installed_version > 0 ? `version ${release.min_installed_version} on` : 'any version'],
                release.size > 0 && ['Size', size(release.size)],
                release.sha256 && ['SHA-256', html`<${Copy} text=${release.sha256}>${release.sha256.slice(0, 16)}…</${Copy}>`],
                release.role && ['Listed by', html`<code>${release.role}</code>`],
                release.published && ['Published', html`<${Time} at=${release.published} whole />`],
            ]} /></${Card}>
            <${Card} title="Changes"><${Changes} release=${release} /></${Card}>
        </div>
        ${['prepared', 'signing'].includes(release.state) && html`<${Approving} release=${release} />`}
        <${Card} title="Rollouts"><${Table} label="Rollouts of this release" rows=${own} empty=${html`<${Empty} title="Not rolled out yet" />`} columns=${[
            { name: 'Rollout', of: (row) => html`<a href=${link('p', product, 'rollouts', row.id)}>№ ${row.id}</a>` },
            { name: 'To', of: (row) => row.group },
            { name: 'State', of: (row) => html`<${State} of=${row.state} />` },
        ]} /></${Card}>
    </${Page}>`}</${Answer}>`;
}

/** How an approver says yes: not here. */
const Approving = ({ release }) => html`<${Card} title="How to approve it" note="Neither this page nor the depot can: an approval is signed by your own key, on your own machine, over what you have seen there.">
    ${release.request
        ? html`<ol class="steps"><li>See where it stands, and what it waits for:<br /><${Copy} text=${`slipway sign show ${release.request}`} /></li>
            <li>See what would be signed and how it differs from what was signed last, and sign your approval of exactly that:<br /><${Copy} text=${`slipway sign approve ${release.request} --approver-key YOUR-KEY`} /></li></ol>`
        : html`<p>It hasn’t reached the signing service yet.</p>`}
</${Card}>`;

/** What differs from what was published last with the same key. */
function Difference({ release, former }) {
    if (!former) {
        return html`<p class="faint">It is the first with this key.</p>`;
    }
    const rows = ['release_version', 'version', 'build', 'kind', 'urgency', 'min_installed_version', 'channel', 'hardware']
        .map((name) => ({ name, before: String(former[name]), after: String(release[name]) }))
        .filter(({ before, after }) => before !== after);
    return html`<${Table} label=${`Difference of ${release.version} from ${former.version}`} rows=${rows} empty=${html`<p class="faint">Nothing differs from release ${former.version}.</p>`} columns=${[
        { name: 'What', of: (row) => words(row.name) },
        { name: `Release ${former.version}`, of: (row) => html`<del>${row.before.slice(0, 24)}</del>` },
        { name: `Release ${release.version}`, of: (row) => html`<ins>${row.after.slice(0, 24)}</ins>` },
    ]} />`;
}

export function Signing({ product }) {
    const answer = useCall(`${pathOf(product, 'releases')}?limit=200`, ['release', 'signing'], product);
    const rows = answer.data?.releases ?? [];
    const waiting = rows.filter(({ state }) => ['prepared', 'signing'].includes(state));
    const formerOf = (release) => rows.find((row) => row.version < release.version && row.key === release.key && row.kind !== 'drill' && ['signed', 'publishing', 'published'].includes(row.state));
    return html`<${Page} title="Signing" lead="What waits for signatures. The depot asks; the signing service, and people with keys of their own, decide.">
        <${Answer} of=${answer}>${() => (waiting.length === 0
            ? html`<${Card}><${Empty} title="Nothing waits for a signature">When every gate before it has passed, a build stands here.</${Empty}></${Card}>`
            : waiting.map((release) => html`<${Card} key=${release.version} title=${html`<a href=${link('p', product, 'releases', release.version)}>Release ${release.release_version || release.version}</a> with ${release.key}`}
                actions=${html`<${State} of=${release.state} /> <span class="faint">since <${Time} at=${release.since} /></span>`}>
                ${release.reason && html`<${Note} kind="warn">${release.reason}</${Note}>`}
                <h3>What differs</h3><${Difference} release=${release} former=${formerOf(release)} />
                ${release.changes.length > 0 && html`<h3>Changes</h3><${Changes} release=${release} />`}
                ${release.request && html`<p class="faint">Approve it on your own machine:</p><${Copy} text=${`slipway sign approve ${release.request} --approver-key YOUR-KEY`} />`}
            </${Card}>`))}</${Answer}>
    </${Page}>`;
}
