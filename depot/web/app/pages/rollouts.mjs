// SPDX-License-Identifier: Apache-2.0
// All rollouts of a product, the newest first.
import { get, may, pathOf } from '../api.mjs';
import { html, useState } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Answer, Empty, Page, State, Table } from '../parts.mjs';
import { link } from '../route.mjs';
import { percent, Time } from '../text.mjs';
import { Exports } from '../export.mjs';
import { phaseOf, Progress, progressOf } from './health.mjs';

const PAGE = 50;
const EXPORT_STEP = 200;
const EXPORT_MAX = 100000;

async function allRollouts(product) {
    const all = [];
    for (let before = ''; all.length < EXPORT_MAX;) {
        const { rollouts: some } = await get(`${pathOf(product, 'rollouts')}?limit=${EXPORT_STEP}${before && `&before=${before}`}`);
        all.push(...some);
        if (some.length < EXPORT_STEP) {
            break;
        }
        before = some.at(-1).id;
    }
    return all;
}

export function Rollouts({ product }) {
    const [limit, setLimit] = useState(PAGE);
    const answer = useCall(`${pathOf(product, 'rollouts')}?limit=${limit}`, ['rollout'], product);
    const rows = answer.data?.rollouts ?? [];
    return html`<${Page} title="Rollouts" lead="Who is offered which release, in phases, and how it goes."
        actions=${html`<${Exports} name=${`${product}-rollouts`} rows=${async () => (await allRollouts(product)).map(flat)} />
            ${may('release', product) && html`<a class="button primary" href=${link('p', product, 'rollouts', 'new')}>New rollout</a>`}`}>
        <${Answer} of=${answer}>${() => html`<${Table} label="Rollouts" rows=${rows} keyOf=${(row) => row.id}
            empty=${html`<${Empty} title="No rollout yet">When a release is published, a rollout brings it to devices.</${Empty}>`}
            columns=${[
                { name: 'Rollout', of: (row) => html`<a href=${link('p', product, 'rollouts', row.id)}>№ ${row.id}</a>${row.emergency && html` <span class="tag bad">emergency</span>`}` },
                { name: 'Release', of: (row) => html`${row.release_version} <span class="faint">(${row.release})</span>` },
                { name: 'To', of: (row) => row.group },
                { name: 'State', of: (row) => html`<${State} of=${row.state} />${row.needs_decision && html` <span class="tag warn">needs you</span>`}` },
                { name: 'Phase', of: (row) => `${row.phase + 1} of ${row.phases.length}, to ${percent(phaseOf(row).ppm)}` },
                { name: 'Devices', wide: true, of: (row) => html`<${Progress} rollout=${row} />` },
                { name: 'Since', of: (row) => html`<${Time} at=${row.since} />` },
            ]} />
            ${rows.length === limit && limit < 200 && html`<button type="button" onClick=${() => setLimit(200)}>Show more</button>`}`}</${Answer}>
    </${Page}>`;
}

const flat = (rollout) => {
    const { good, bad, declined, whole } = progressOf(rollout);
    return {
        rollout: rollout.id, release: rollout.release, release_version: rollout.release_version, group: rollout.group,
        state: rollout.state, since: rollout.since, reason: rollout.reason, phase: rollout.phase + 1, phases: rollout.phases.length,
        devices: whole, succeeded: good, failed: bad, declined,
    };
};
