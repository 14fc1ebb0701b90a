// SPDX-License-Identifier: Apache-2.0
// Consent: which rollouts wait for somebody's yes, saying it, and who agreed to what and when.
import { call, may, pathOf } from '../api.mjs';
import { Ask } from '../dialog.mjs';
import { Exports } from '../export.mjs';
import { html } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Answer, Card, Empty, Field, Form, Note, Page, State, Table } from '../parts.mjs';
import { link } from '../route.mjs';
import { Time } from '../text.mjs';

const KINDS = ['rollout', 'device', 'release'];

const MODES = {
    ask: 'each consumer, on the device',
    administrator: 'somebody here',
    automatic: 'nobody: automatic, in the window',
};

const Decision = ({ of }) => html`<${State} kind=${of === 'yes' ? 'good' : 'over'}>${of}</${State}>`;

function Say({ product, group, release, name, decision, kind, done }) {
    const run = async () => {
        await call('POST', pathOf(product, 'consents'), { group, release, decision });
        done();
    };
    return html`<${Ask} button=${`Say ${decision}`} kind=${kind} title=${`Say ${decision} to release ${name} for ${group}?`} run=${run}
        question=${decision === 'yes'
            ? html`<p>Every device of <strong>${group}</strong> is offered it when its turn comes. Your name is kept with it.</p>`
            : html`<p>No device of <strong>${group}</strong> is offered it until somebody says yes. Your name is kept with it.</p>`} />`;
}

const Both = ({ rollout, done }) => {
    const { product, group, release, release_version: name, consent } = rollout;
    const said = consent.said ?? '';
    const props = { product, group, release, name, done };
    return html`${said !== 'yes' && html`<${Say} ...${props} decision="yes" kind="primary" />`}
        ${said !== 'no' && html`<${Say} ...${props} decision="no" />`}`;
};

const Said = ({ consent }) => (consent.said
    ? html`<${Decision} of=${consent.said} /> <span class="faint">by ${consent.who}, <${Time} at=${consent.time} /></span>`
    : html`<${State} kind="waiting">nothing yet</${State}>`);

/** On a rollout's page: whose word it waits for; nothing where it is automatic or over. */
export function ConsentOf({ rollout, reload }) {
    const { consent, state, product } = rollout;
    if (!consent || consent.mode === 'automatic' || ['done', 'aborted'].includes(state)) {
        return null;
    }
    if (consent.mode === 'ask') {
        return html`<${Note} kind="going">Consumers are asked on their devices: who hasn’t said yes goes on as before. <a href=${link('p', product, 'consents')}>Who agreed</a></${Note}>`;
    }
    const isAgreed = consent.said === 'yes';
    return html`<${Note} kind=${isAgreed ? 'good' : 'warn'}>
        <p>${isAgreed
            ? html`<strong>${consent.who} said yes</strong> for ${rollout.group}, <${Time} at=${consent.time} />.`
            : html`<strong>It waits for a yes.</strong> Devices of ${rollout.group} are offered this release when somebody here agrees${consent.said === 'no' ? html`; ${consent.who} said no, <${Time} at=${consent.time} />` : ''}.`}</p>
        ${may('release', product) && html`<div class="actions"><${Both} rollout=${rollout} done=${reload} /></div>`}
    </${Note}>`;
}

function Waiting({ product, answer, done }) {
    const rows = (answer.data?.rollouts ?? []).filter(({ consent }) => consent && consent.mode !== 'automatic');
    return html`<${Answer} of=${answer}>${() => html`<${Table} label="Rollouts that ask" rows=${rows} keyOf=${(row) => row.id}
        empty=${html`<${Empty} title="No rollout asks anybody">A group says in the <a href=${link('p', product, 'settings')}>settings</a> who is asked before its devices are updated.</${Empty}>`}
        columns=${[
            { name: 'Rollout', of: (row) => html`<a href=${link('p', product, 'rollouts', row.id)}>№ ${row.id}</a>` },
            { name: 'Release', of: (row) => html`${row.release_version} <span class="faint">(${row.release})</span>` },
            { name: 'Group', of: (row) => row.group },
            { name: 'Who is asked', of: (row) => MODES[row.consent.mode] },
            { name: 'Said for all of it', of: (row) => html`<${Said} consent=${row.consent} />` },
            { name: '', of: (row) => may('release', product) && row.consent.mode === 'administrator' && html`<div class="actions"><${Both} rollout=${row} done=${done} /></div>` },
        ]} />`}</${Answer}>`;
}

function ForOne({ product, done }) {
    const releases = useCall(`${pathOf(product, 'releases')}?state=published`, ['release'], product);
    const rows = (releases.data?.releases ?? []).filter(({ kind }) => kind !== 'drill');
    const send = async ({ device, release, decision }) => {
        await call('POST', pathOf(product, 'consents'), { device, release: Number(release), decision });
        done();
    };
    return rows.length > 0 && may('release', product) && html`<${Card} title="For one device" note="Counts where somebody here is asked; it goes before what was said for the group earlier.">
        <${Form} label="Consent for a device" submit="Say it" send=${send}><div class="fields">
            <${Field} label="Device"><input name="device" required maxlength="64" autocapitalize="none" /></${Field}>
            <${Field} label="Release"><select name="release">${rows.map((row) => html`<option value=${row.version}>${row.release_version} (${row.version})</option>`)}</select></${Field}>
            <${Field} label="Decision"><select name="decision"><option>yes</option><option>no</option></select></${Field}>
        </div></${Form}></${Card}>`;
}

export function Consents({ product }) {
    const rollouts = useCall(`${pathOf(product, 'rollouts')}?state=open&limit=200`, KINDS, product);
    const given = useCall(pathOf(product, 'consents'), KINDS, product);
    const rows = given.data?.consents ?? [];
    const done = () => {
        rollouts.reload();
        given.reload();
    };
    return html`<${Page} title="Consent" lead="Who is asked before a device is updated, and who agreed to what." actions=${html`<${Exports} name=${`${product}-consents`} rows=${rows} />`}>
        <${Card} title="Rollouts that ask"><${Waiting} product=${product} answer=${rollouts} done=${done} /></${Card}>
        <${ForOne} product=${product} done=${done} />
        <${Card} title="Who agreed to what" note="The newest 200; nothing is ever taken out."><${Answer} of=${given}>${() => html`<${Table} label="Who agreed to what" rows=${rows} keyOf=${(row) => row.id}
            empty=${html`<${Empty} title="Nobody has said anything yet" />`}
            columns=${[
                { name: 'When', of: (row) => html`<${Time} at=${row.time} />` },
                { name: 'Who', of: (row) => html`${row.who || '–'} ${row.on_device && html`<span class="tag">on the device</span>`}` },
                { name: 'Said', of: (row) => html`<${Decision} of=${row.decision} />` },
                { name: 'To release', of: (row) => html`<a href=${link('p', product, 'releases', row.release)}>${row.release}</a>` },
                { name: 'For', of: (row) => (row.group ? html`group ${row.group}` : html`<a href=${link('p', product, 'fleet', row.device)}>${row.device}</a>`) },
            ]} />`}</${Answer}></${Card}>
    </${Page}>`;
}
