// SPDX-License-Identifier: Apache-2.0
// One rollout: where it is, why, what comes next, its graph and its phases, and what can be done.
import { get, may, nowMs, pathOf } from '../api.mjs';
import { Chart } from '../chart.mjs';
import { Ask } from '../dialog.mjs';
import { Exports } from '../export.mjs';
import { html, useMemo, useState } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Answer, Bar, Card, Empty, Facts, Figure, Note, Page, State, Table } from '../parts.mjs';
import { go, link } from '../route.mjs';
import { count, devices, percent, span, Time } from '../text.mjs';
import { ConsentOf } from './consents.mjs';
import { act, failedOf, Halt, limitOf, phaseOf, progressOf, why } from './health.mjs';

const DEVICES = 25;
const DEVICES_MORE = 1000;

const BUTTONS = [
    { name: 'start', states: ['draft', 'scheduled'], kind: 'primary', text: 'Start', what: 'Devices of the first phase are offered the release, or will be when its time has come.' },
    { name: 'resume', states: ['paused', 'halted'], kind: 'primary', text: 'Resume', what: 'Offers go on. After a halt the phase’s count begins anew.', reason: true },
    { name: 'decide', states: ['running'], kind: 'primary', text: 'Let it go on', what: 'The phase passes by your word instead of the rule’s.', reason: true, when: (rollout) => !phaseOf(rollout).passed },
    { name: 'pause', states: ['running'], text: 'Pause', what: 'No offers until somebody resumes it.', reason: true },
    { name: 'retry', states: ['running', 'paused', 'halted', 'done'], text: 'Retry the failed', what: 'Devices that failed or fell silent are offered it once more; the phase’s count begins anew.', when: (rollout) => progressOf(rollout).bad > 0 },
    { name: 'abort', states: ['draft', 'scheduled', 'running', 'paused', 'halted'], kind: 'danger', text: 'Abort', what: 'For good: it can’t be resumed. Devices keep what they have.', reason: true },
];

function Buttons({ rollout, reload }) {
    const shown = BUTTONS.filter((button) => button.states.includes(rollout.state) && (button.when?.(rollout) ?? true));
    return html`${may('release', rollout.product) && shown.map((button) => html`<${Ask} key=${button.name} button=${button.text} kind=${button.name === 'decide' && !rollout.needs_decision ? '' : button.kind ?? ''}
            title=${`${button.text}: rollout ${rollout.id}?`} question=${html`<p>${button.what}</p>`} reason=${button.reason && 'Why (for the trail)'}
            run=${async (reason) => {
                await act(rollout, button.name, reason);
                reload();
            }} />`)}
        <${Halt} rollout=${rollout} done=${reload} />`;
}

function Next({ rollout }) {
    const kind = rollout.state === 'halted' ? 'bad' : rollout.needs_decision || rollout.state === 'paused' ? 'warn' : rollout.state === 'done' ? 'good' : 'going';
    return html`<section class=${`verdict ${kind}`} aria-label="Where it is">
        <p class="verdict-state"><${State} of=${rollout.state} kind=${kind} />${rollout.by_rule && html` <span class="tag">by the health rule</span>`} <span class="faint">since <${Time} at=${rollout.since} whole /></span></p>
        ${!rollout.by_rule && rollout.reason !== 'started' && html`<p>${rollout.reason}</p>`}
        <p><strong>Why.</strong> ${why(rollout)}</p>
        <p><strong>If nobody does anything:</strong> ${rollout.next}</p>
    </section>`;
}

// Running sums of what ended in each step, from where it began; to now, while it goes on.
function sumsOf({ steps }, { phases, state }) {
    const first = Date.parse(steps[0]?.time) / 1000;
    const began = Math.min(Date.parse(phases[0].began) / 1000, first - 1);
    const sums = steps.length > 0 ? { times: [began], good: [0], bad: [0], declined: [0] } : { times: [], good: [], bad: [], declined: [] };
    let good = 0;
    let bad = 0;
    let declined = 0;
    for (const step of steps) {
        good += step.succeeded;
        bad += step.failed + step.silent;
        declined += step.declined;
        sums.times.push(Date.parse(step.time) / 1000);
        sums.good.push(good);
        sums.bad.push(bad);
        sums.declined.push(declined);
    }
    if (state === 'running' && sums.times.length > 0) {
        sums.times.push(Math.max(nowMs() / 1000, sums.times.at(-1) + 1));
        [sums.good, sums.bad, sums.declined].forEach((line) => line.push(line.at(-1)));
    }
    return sums;
}

function Graph({ rollout }) {
    const answer = useCall(pathOf(rollout.product, 'rollouts', rollout.id, 'series'), ['rollout', 'device'], rollout.product);
    const sums = useMemo(() => sumsOf(answer.data ?? { steps: [] }, rollout), [answer.data, rollout.state]);
    return html`<${Answer} of=${answer}>${() => (sums.times.length < 2
        ? html`<${Empty} title="No outcomes yet">The graph begins with the first devices that finish.</${Empty}>`
        : html`<${Chart} label="Devices over time" times=${sums.times} series=${[
            { name: 'updated', colour: 'good', values: sums.good, fill: true, stepped: true },
            { name: 'failed or silent', colour: 'bad', values: sums.bad, fill: true, stepped: true },
            ...(sums.declined.at(-1) > 0 ? [{ name: 'declined', colour: 'over', values: sums.declined, stepped: true }] : []),
        ]} />`)}</${Answer}>`;
}

function Phases({ rollout }) {
    const stateOf = (phase, at) => {
        if (!phase.began) {
            return html`<${State} kind="idle">not begun</${State}>`;
        }
        if (phase.passed) {
            return html`<${State} kind="good">passed</${State}>`;
        }
        return at === rollout.phase ? html`<${State} of=${rollout.state} />` : html`<${State} kind="going">going on</${State}>`;
    };
    return html`<ol class="phases">${rollout.phases.map((phase, at) => html`<li class=${at === rollout.phase ? 'current' : ''} aria-current=${at === rollout.phase ? 'step' : undefined}>
        <div class="phase-share">${percent(phase.ppm)}</div>
        <div>${stateOf(phase, at)}</div>
        <${Bar} label=${`Phase ${at + 1}`} whole=${phase.population} parts=${[
            { name: 'updated', value: phase.succeeded, kind: 'good' },
            { name: 'failed or silent', value: failedOf(phase), kind: 'bad' },
            { name: 'declined', value: phase.declined, kind: 'over' },
            { name: 'under way', value: phase.downloading, kind: 'going' },
        ]} />
        <div class="phase-text">${phase.began
            ? html`${devices(phase.population)}: ${count(phase.succeeded)} updated, ${count(failedOf(phase))} failed${phase.declined > 0 ? `, ${count(phase.declined)} declined` : ''}`
            : html`<span class="faint">begins when the one before has passed</span>`}</div>
        ${phase.began && phase.outcomes > 0 && html`<${Limits} phase=${phase} />`}
        <div class="faint">passes below ${percent(phase.failure_ppm)}${phase.halt_ppm !== phase.failure_ppm ? `, halts above ${percent(phase.halt_ppm)} (${limitOf(phase)})` : ''}${phase.soak_s > 0 ? `, then ${span(phase.soak_s)} of soak` : ''}${phase.began && !phase.passed && phase.next_look ? `, next look at ${count(phase.next_look)} outcomes` : ''}</div>
    </li>`)}</ol>`;
}

// The interval that the failure rate surely lies in, beside the limit.
function Limits({ phase }) {
    const top = Math.min(1000000, Math.max(phase.upper_ppm, phase.failure_ppm * 1.5, 10000));
    const x = (ppm) => (Math.min(ppm, top) / top) * 100;
    return html`<svg class="limits" role="img" viewBox="0 0 100 10" preserveAspectRatio="none"
        aria-label=${`Failure rate ${percent(phase.rate_ppm)}, surely from ${percent(phase.lower_ppm)} to ${percent(phase.upper_ppm)}; passes below ${percent(phase.failure_ppm)}`}>
        <rect x="0" y="4" width="100" height="2" class="bar-rest" />
        <rect x=${x(phase.lower_ppm)} y="3" width=${Math.max(0.5, x(phase.upper_ppm) - x(phase.lower_ppm))} height="4" class=${phase.lower_ppm > phase.halt_ppm ? 'bar-bad' : phase.upper_ppm < phase.failure_ppm ? 'bar-good' : 'bar-going'} />
        <rect x=${x(phase.failure_ppm) - 0.25} y="0" width="0.5" height="10" class="limit" />
    </svg>`;
}

const Reasons = ({ rollout }) => html`<${Table} label="Reasons of failures" rows=${rollout.reasons}
    empty=${html`<${Empty} title="Nothing failed" />`}
    columns=${[
        { name: 'Reason', of: (row) => html`<code>${row.reason || 'none given'}</code>` },
        { name: 'Hardware', of: (row) => row.hardware },
        { name: 'Devices', number: true, of: (row) => count(row.count) },
    ]} />`;

const Looks = ({ rollout }) => {
    const answer = useCall(pathOf(rollout.product, 'rollouts', rollout.id, 'looks'), ['rollout'], rollout.product);
    return html`<${Answer} of=${answer}>${({ looks }) => html`<${Table} label="Looks of the health rule" rows=${looks.toReversed()}
        empty=${html`<${Empty} title="Not looked at yet">The rule looks after fixed counts of outcomes only: who looks whenever it suits halts every rollout in the end.</${Empty}>`}
        columns=${[
            { name: 'When', of: (row) => html`<${Time} at=${row.time} />` },
            { name: 'Phase', number: true, of: (row) => row.phase + 1 },
            { name: 'Failed', number: true, of: (row) => `${count(row.failures)} of ${count(row.outcomes)}` },
            { name: 'Surely from – to', of: (row) => `${percent(row.lower_ppm)} – ${percent(row.upper_ppm)}` },
            { name: 'Verdict', of: (row) => html`<${State} kind=${{ good: 'good', bad: 'bad', unsure: 'waiting' }[row.verdict]}>${row.verdict}</${State}>` },
        ]} />`}</${Answer}>`;
};

const EXPORT_STEP = 10000;
const EXPORT_MAX = 1000000;

async function allDevices(path, state) {
    const all = [];
    for (let last = ''; all.length < EXPORT_MAX;) {
        const { devices: some } = await get(`${path}?limit=${EXPORT_STEP}&state=${state}&after=${encodeURIComponent(last)}`);
        all.push(...some);
        if (some.length < EXPORT_STEP) {
            break;
        }
        last = some.at(-1).device;
    }
    return all;
}

/** One line a phase; as JSON all that the depot says. */
const flatPhases = (rollout) => rollout.phases.map((phase, at) => ({
    rollout: rollout.id, release: rollout.release, group: rollout.group, state: rollout.state, phase: at + 1, ...phase,
}));

function Devices({ rollout }) {
    const [state, setState] = useState('');
    const [limit, setLimit] = useState(DEVICES);
    const path = pathOf(rollout.product, 'rollouts', rollout.id, 'devices');
    const answer = useCall(`${path}?limit=${limit}&state=${state}`, ['rollout', 'device'], rollout.product);
    const rows = answer.data?.devices ?? [];
    return html`<${Card} title="Devices" actions=${html`<label class="inline">State <select value=${state} onChange=${(event) => setState(event.currentTarget.value)}>
            <option value="">all</option>${['downloading', 'installing', 'succeeded', 'failed', 'silent', 'declined'].map((name) => html`<option>${name}</option>`)}</select></label>
            <${Exports} name=${`${rollout.product}-rollout-${rollout.id}-devices`} rows=${() => allDevices(path, state)} />`}>
        <${Answer} of=${answer}>${() => html`<${Table} label="Devices of the rollout" rows=${rows} keyOf=${(row) => row.device}
            empty=${html`<${Empty} title="None so far">Devices stand here from their first report about this rollout on.</${Empty}>`}
            columns=${[
                { name: 'Device', of: (row) => html`<a href=${link('p', rollout.product, 'fleet', row.device)}>${row.device}</a>` },
                { name: 'State', of: (row) => html`<${State} of=${row.state} />` },
                { name: 'Reason', of: (row) => row.reason && html`<code>${row.reason}</code>` },
                { name: 'Phase', number: true, of: (row) => row.phase + 1 },
                { name: 'Attempt', number: true, of: (row) => row.attempt },
                { name: 'Began', of: (row) => html`<${Time} at=${row.began} />` },
                { name: 'Ended', of: (row) => (row.ended ? html`<${Time} at=${row.ended} />` : '') },
            ]} />${rows.length === limit && (limit === DEVICES
                ? html`<button type="button" onClick=${() => setLimit(DEVICES_MORE)}>Show more</button>`
                : html`<p class="faint">The first ${DEVICES_MORE} are shown.</p>`)}`}</${Answer}>
    </${Card}>`;
}

function Whole({ rollout, reload }) {
    const { good, bad, going, declined, whole } = progressOf(rollout);
    const plan = rollout.plan ?? {};
    return html`<${Page} title=${`Rollout ${rollout.id}`}
        lead=${html`Release <strong>${rollout.release_version}</strong> (${rollout.release}) to <strong>${rollout.group}</strong> of ${rollout.product}${rollout.emergency ? html` <span class="tag bad">emergency</span>` : ''}`}
        actions=${html`<${Buttons} rollout=${rollout} reload=${reload} />`}>
        ${rollout.needs_decision && html`<${Note} kind="warn"><strong>Somebody must decide.</strong> Every device of the phase has answered, and the rule can’t tell.</${Note}>`}
        <${ConsentOf} rollout=${rollout} reload=${reload} />
        <${Next} rollout=${rollout} />
        <div class="figures">
            <${Figure} name="Devices" note="in phases that have begun">${count(whole)}</${Figure}>
            <${Figure} name="Updated" kind="good">${count(good)}</${Figure}>
            <${Figure} name="Failed or silent" kind=${bad > 0 ? 'bad' : ''}>${count(bad)}</${Figure}>
            <${Figure} name="Under way">${count(going)}</${Figure}>
            ${declined > 0 && html`<${Figure} name="Declined">${count(declined)}</${Figure}>`}
        </div>
        <${Card} title="Phases"><${Phases} rollout=${rollout} /></${Card}>
        <${Card} title="Over time"><${Graph} rollout=${rollout} /></${Card}>
        <div class="columns">
            <${Card} title="Reasons"><${Reasons} rollout=${rollout} /></${Card}>
            <${Card} title="Looks"><${Looks} rollout=${rollout} /></${Card}>
        </div>
        <${Devices} rollout=${rollout} />
        <${Card} title="The plan"><${Facts} of=${[
            ['Made', html`<${Time} at=${rollout.made} whole /> by ${rollout.made_by}`],
            rollout.start && ['Starts', html`<${Time} at=${rollout.start} whole />`],
            ['Silence counts after', plan.health?.silence_s ? span(plan.health.silence_s) : '1 d'],
            ['Rate', plan.rate_per_hour ? `${count(plan.rate_per_hour)} an hour` : 'as fast as devices ask'],
            plan.health?.canaries?.length > 0 && ['Canaries', plan.health.canaries.join(', ')],
        ]} />
        <div class="form-end"><${Exports} name=${`${rollout.product}-rollout-${rollout.id}`} rows=${flatPhases(rollout)} whole=${rollout} />
        ${rollout.state === 'draft' && may('release', rollout.product) && html`<button type="button" onClick=${() => go(`${link('p', rollout.product, 'rollouts', 'new')}?from=${rollout.id}`)}>Change the draft</button>`}</div></${Card}>
    </${Page}>`;
}

export function Rollout({ product, id }) {
    const answer = useCall(pathOf(product, 'rollouts', id), ['rollout', 'release', 'device'], product);
    return html`<${Answer} of=${answer}>${(rollout) => html`<${Whole} rollout=${rollout} reload=${answer.reload} />`}</${Answer}>`;
}
