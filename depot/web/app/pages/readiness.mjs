// SPDX-License-Identifier: Apache-2.0
// Whether an emergency fix could go out tonight; keys and roles with their expiry.
import { nowMs, pathOf } from '../api.mjs';
import { html } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Answer, Card, Empty, Page, State, Table } from '../parts.mjs';
import { useRepository } from '../repository.mjs';
import { link } from '../route.mjs';
import { count, Time } from '../text.mjs';

const APPROVERS_WANTED = 2;

const Line = ({ good, title, children }) => html`<li><${State} kind=${good ? 'good' : 'warn'}>${title}</${State}><div class="faint">${children}</div></li>`;

/** Who could let an emergency through: people, not machines, who aren't disabled. */
export const approversOf = (people) => [...new Set(people
    .filter(({ role, machine, disabled }) => ['approver', 'administrator'].includes(role) && !machine && !disabled)
    .map(({ name }) => name))];

function Checks({ product }) {
    const people = useCall(pathOf(product, 'people'), ['people'], product);
    const pipeline = useCall(pathOf(product, 'pipeline'), ['stage'], product);
    const releases = useCall(`${pathOf(product, 'releases')}?limit=200`, ['release'], product);
    const rollouts = useCall(`${pathOf(product, 'rollouts')}?limit=50`, ['rollout'], product);
    return html`<${Answer} of=${people}>${(data) => {
        const approvers = approversOf(data.people);
        const document = pipeline.data?.pipeline ?? pipeline.data;
        const emergency = document?.emergency;
        const all = releases.data?.releases ?? [];
        const stuck = all.filter(({ state, reason }) => reason && ['prepared', 'signing', 'signed', 'publishing'].includes(state));
        const drill = all.find(({ kind }) => kind === 'drill');
        const last = all.find(({ kind }) => kind === 'emergency');
        const halted = (rollouts.data?.rollouts ?? []).filter(({ state }) => state === 'halted');
        return html`<ul class="checks">
            <${Line} good=${approvers.length >= APPROVERS_WANTED} title=${`${count(approvers.length)} ${approvers.length === 1 ? 'person' : 'people'} may approve`}>${approvers.join(', ') || 'Nobody could let an emergency through.'}</${Line}>
            <${Line} good=${Boolean(emergency)} title=${emergency ? 'There is an emergency path' : 'No emergency path'}>${emergency ? `${count((emergency.gates ?? []).length)} gates instead of the stages’ soak, health and approvals.` : 'The pipeline has no “emergency”: a fix would go through every stage.'}</${Line}>
            <${Line} good=${stuck.length === 0} title=${stuck.length === 0 ? 'The signing service answers' : `${count(stuck.length)} ${stuck.length === 1 ? 'release is' : 'releases are'} stuck`}>${stuck.length === 0 ? 'No release waits with a reason.' : stuck.map((release) => html`<a class="pair" href=${link('p', product, 'releases', release.version)}>${release.version}: ${release.reason}</a>`)}</${Line}>
            <${Line} good=${Boolean(drill ?? last)} title=${drill ?? last ? html`Last rehearsed <${Time} at=${(drill ?? last).made} />` : 'Never rehearsed'}>${drill ?? last ? html`Release <a href=${link('p', product, 'releases', (drill ?? last).version)}>${(drill ?? last).version}</a>` : 'No emergency or drill has gone its way here yet.'}</${Line}>
            <${Line} good=${halted.length === 0} title=${halted.length === 0 ? 'No rollout is halted' : `${count(halted.length)} halted`}>${halted.map(({ id }) => html`<a class="pair" href=${link('p', product, 'rollouts', id)}>rollout ${id}</a>`)}</${Line}>
        </ul>`;
    }}</${Answer}>`;
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

export const Readiness = ({ product }) => html`<${Page} title="Readiness" lead="Could a fix go out tonight?">
    <${Card} title="For an emergency"><${Checks} product=${product} /></${Card}>
    <${Card} title="Keys and roles" note="What is signed by whom in the published repository, and until when."><${Roles} product=${product} /></${Card}>
</${Page}>`;
