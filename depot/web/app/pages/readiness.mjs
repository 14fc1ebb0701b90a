// SPDX-License-Identifier: Apache-2.0
// Whether an emergency fix could go out tonight; keys and roles with their expiry.
import { call, may, nowMs, pathOf } from '../api.mjs';
import { Ask } from '../dialog.mjs';
import { html } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Answer, Card, Copy, Empty, Note, Page, State, Table } from '../parts.mjs';
import { useRepository } from '../repository.mjs';
import { link } from '../route.mjs';
import { count, span, Time } from '../text.mjs';

const NAMES = { path: 'An emergency’s path', approvers: 'Approvers', signing: 'Signing service', drill: 'Rehearsal', repository: 'Repository' };

const titleOf = (name) => NAMES[name] ?? `Role ${name}`;

function Checks({ of }) {
    return html`<ul class="checks">${of.checks.map((check) => html`<li key=${check.name}><${State} kind=${check.ok ? 'good' : 'warn'}>${titleOf(check.name)}</${State}><div class="faint">${check.detail}</div></li>`)}</ul>`;
}

/** How long each step of the last drill took. */
function Drill({ product, drill }) {
    if (!drill) {
        return html`<${Empty} title="Never rehearsed">A drill signs and publishes a release that no device is in the channel of, and times each step.</${Empty}>`;
    }
    const isWaiting = drill.state === 'signing' && drill.request;
    return html`<p><a href=${link('p', product, 'releases', drill.version)}>Release ${drill.version}</a> <${State} of=${drill.state} /></p>
        ${drill.reason && html`<${Note} kind="warn"><p>${drill.reason}</p>${isWaiting && html`<p>On an approver’s machine:</p><${Copy} text=${`slipway sign approve ${drill.request} --approver-key YOUR-KEY`} />`}</${Note}>`}
        <${Table} label="Steps of the last drill" rows=${drill.steps} keyOf=${(row) => row.state} columns=${[
        { name: 'Step', of: (row) => html`<${State} of=${row.state} />` },
        { name: 'When', of: (row) => html`<${Time} at=${row.time} />` },
        { name: 'Took', number: true, of: (row) => (row.after_ms < 1000 ? `${row.after_ms} ms` : span(row.after_ms / 1000)) },
    ]} />`;
}

function Rehearse({ product, drill, reload }) {
    const releases = useCall(`${pathOf(product, 'releases')}?state=published&limit=50`, ['release'], product);
    const last = (releases.data?.releases ?? []).find(({ kind }) => kind !== 'drill');
    const isGoing = drill && !['published', 'withdrawn', 'refused'].includes(drill.state);
    return last && !isGoing && may('release', product) && html`<${Ask} button="Rehearse an emergency" title="Rehearse an emergency?"
        question=${html`<p>The build of release ${last.release_version} (${last.version}) is signed and published once more, for the channel <code>drill</code>. Approvers are asked as in earnest; no device is offered it.</p>`}
        run=${async () => {
            await call('POST', pathOf(product, 'drill'), { build: last.build });
            reload();
        }} />`;
}

const SOON_MS = 14 * 86400000;
const ONLINE = ['timestamp', 'snapshot']; // the depot has them signed again by itself

function Expiry({ of }) {
    const left = Date.parse(of.expires) - nowMs();
    const kind = left <= 0 ? 'bad' : left < SOON_MS && !ONLINE.includes(of.role) ? 'warn' : 'good';
    return html`<${State} kind=${kind}><${Time} at=${of.expires} /></${State}>`;
}

function Roles({ product }) {
    const answer = useRepository(product);
    return html`<${Answer} of=${answer}>${({ roles }) => html`<${Table} label="Keys and roles" rows=${roles} keyOf=${(row) => row.role}
        empty=${html`<${Empty} title="Nothing is published here yet">When this depot publishes a repository, its roles stand here, with their keys and until when they hold.</${Empty}>`}
        columns=${[
            { name: 'Role', of: (row) => html`<code>${row.role}</code>` },
            { name: 'Version', number: true, of: (row) => count(row.version) },
            { name: 'Threshold', of: (row) => `${row.threshold} of ${row.keys.length}` },
            { name: 'Keys', wide: true, of: (row) => row.keys.map((key) => html`<code class="pair" title=${key}>${key.slice(0, 12)}</code>`) },
            { name: 'Expires', of: (row) => html`<${Expiry} of=${row} />` },
        ]} />`}</${Answer}>`;
}

export function Readiness({ product }) {
    const answer = useCall(pathOf(product, 'readiness'), ['release', 'signing', 'people', 'stage'], product);
    return html`<${Page} title="Readiness" lead="Could a fix go out tonight?" actions=${html`<${Rehearse} product=${product} drill=${answer.data?.drill} reload=${answer.reload} />`}>
        <${Answer} of=${answer}>${(of) => html`
            <section class=${`verdict ${of.ready ? 'good' : 'warn'}`} aria-label="In one word"><p class="verdict-state"><${State} kind=${of.ready ? 'good' : 'warn'}>${of.ready ? 'Ready' : 'Not ready'}</${State}></p>
                <p>${of.ready ? 'Nothing stands in the way of an emergency fix.' : `In the way: ${of.checks.filter(({ ok }) => !ok).map(({ name }) => titleOf(name)).join(', ')}.`}</p></section>
            <div class="columns"><${Card} title="For an emergency"><${Checks} of=${of} /></${Card}><${Card} title="The last drill"><${Drill} product=${product} drill=${of.drill} /></${Card}></div>`}</${Answer}>
        <${Card} title="Keys and roles" note="What is signed by whom in the published repository, and until when."><${Roles} product=${product} /></${Card}>
    </${Page}>`;
}
