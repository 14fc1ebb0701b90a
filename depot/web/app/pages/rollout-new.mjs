// SPDX-License-Identifier: Apache-2.0
// Making a rollout, or changing a draft: which release, to whom, in which phases, by which rule.
import { call, pathOf } from '../api.mjs';
import { html, useState } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Answer, Card, Field, Form, Page } from '../parts.mjs';
import { go, link } from '../route.mjs';

const PHASES = [
    { share: 1, soak: 60, limit: 30 },
    { share: 5, soak: 60, limit: 2 },
    { share: 25, soak: 0, limit: 2 },
    { share: 100, soak: 0, limit: 2 },
];
const LIMIT = 2;

const millionths = (share) => Math.round(Number(share) * 10000);

function phasesOf(plan) {
    const usual = (plan?.health?.failure_ppm ?? LIMIT * 10000) / 10000;
    return plan?.phases?.map((phase) => ({
        share: phase.ppm / 10000,
        soak: (phase.soak_s ?? 0) / 60,
        limit: phase.failure_ppm ? phase.failure_ppm / 10000 : usual,
    })) ?? PHASES;
}

/** What a form says, as the depot takes it. */
export function bodyOf(fields, phases) {
    const health = {
        failure_ppm: millionths(fields.limit),
        confidence_ppm: millionths(fields.confidence),
        silence_s: Math.round(Number(fields.silence) * 3600),
    };
    const canaries = fields.canaries.split(/[\s,]+/).filter((name) => name !== '');
    return {
        release: Number(fields.release),
        group: fields.group,
        ...(fields.emergency === 'on' ? { emergency: true } : {}),
        ...(fields.start ? { start: new Date(fields.start).toISOString().replace(/\.\d+Z$/, 'Z') } : {}),
        plan: {
            phases: phases.map(({ share, soak, limit }) => ({
                ppm: millionths(share), soak_s: Math.round(Number(soak) * 60), failure_ppm: millionths(limit),
            })),
            health: canaries.length > 0 ? { ...health, canaries } : health,
            ...(Number(fields.rate) > 0 ? { rate_per_hour: Number(fields.rate) } : {}),
        },
    };
}

function Phases({ phases, set }) {
    const change = (at, name, value) => set(phases.map((phase, i) => (i === at ? { ...phase, [name]: value } : phase)));
    const input = (at, name, label, unit, more) => html`<label class="inline"><span class="unseen">${label} of phase ${at + 1}</span>
        <input type="number" step="any" required value=${phases[at][name]} onInput=${(event) => change(at, name, event.currentTarget.value)} ...${more} /> ${unit}</label>`;
    return html`<fieldset><legend>Phases</legend>
        <ol class="phase-edit">${phases.map((_, at) => html`<li class="fields">
            ${input(at, 'share', 'Share', '% of devices', { min: 0.0001, max: 100 })}
            ${input(at, 'limit', 'Limit', '% may fail', { min: 0.0001, max: 100 })}
            ${input(at, 'soak', 'Soak', 'min of soak', { min: 0 })}
            ${phases.length > 1 && html`<button type="button" class="quiet small" aria-label=${`Remove phase ${at + 1}`} onClick=${() => set(phases.filter((__, i) => i !== at))}>remove</button>`}
        </li>`)}</ol>
        <button type="button" class="quiet" onClick=${() => set([...phases.slice(0, -1), { share: 50, soak: 0, limit: LIMIT }, phases.at(-1)])}>Add a phase</button>
    </fieldset>`;
}

function Editor({ product, releases, groups, draft, wanted }) {
    const [phases, setPhases] = useState(phasesOf(draft?.plan));
    const health = draft?.plan?.health ?? {};
    const send = async (fields) => {
        const body = bodyOf(fields, phases);
        const { id } = draft
            ? await call('PUT', pathOf(product, 'rollouts', draft.id), body)
            : await call('POST', pathOf(product, 'rollouts'), body);
        go(link('p', product, 'rollouts', id));
    };
    return html`<${Form} label="Rollout" submit=${draft ? 'Change the draft' : 'Make a draft'} send=${send}>
        <div class="fields">
            <${Field} label="Release">${releases
                ? html`<select name="release" required>${releases.map((release) => html`<option value=${release.version} selected=${release.version === (draft?.release ?? wanted)}>${release.release_version} (${release.version})</option>`)}</select>`
                : html`<input name="release" type="number" min="1" required defaultValue=${draft?.release ?? wanted} />`}</${Field}>
            <${Field} label="Group">${groups
                ? html`<select name="group" required>${groups.map((group) => html`<option selected=${group.name === draft?.group}>${group.name}</option>`)}</select>`
                : html`<input name="group" required defaultValue=${draft?.group} />`}</${Field}>
            <${Field} label="Start" hint="left out: when you press Start"><input name="start" type="datetime-local" /></${Field}>
            <${Field} label="At most, an hour" hint="left out: no limit"><input name="rate" type="number" min="1" defaultValue=${draft?.plan?.rate_per_hour} /></${Field}>
            <${Field} label="Silence counts after (hours)"><input name="silence" type="number" min="0.01" step="any" defaultValue=${(health.silence_s ?? 86400) / 3600} required /></${Field}>
            <${Field} label="Halts above (%)" hint="of failures; a phase’s own limit, where that is lower"><input name="limit" type="number" min="0.0001" max="100" step="any" defaultValue=${(health.failure_ppm ?? LIMIT * 10000) / 10000} required /></${Field}>
            <${Field} label="Confidence (%)"><input name="confidence" type="number" min="50" max="99.99" step="any" defaultValue=${(health.confidence_ppm ?? 950000) / 10000} required /></${Field}>
            <${Field} label="Canaries" hint="devices that are in the first phase, with spaces between"><input name="canaries" defaultValue=${(health.canaries ?? []).join(' ')} /></${Field}>
        </div>
        <${Phases} phases=${phases} set=${setPhases} />
        <label class="check"><input type="checkbox" name="emergency" defaultChecked=${draft?.emergency} /> An emergency: it goes before other rollouts and waits for no maintenance window.</label>
        <p class="faint">The rule looks at 5, 10, 20, 50… outcomes. A phase passes when its failure rate is surely below what may fail in it. The rollout halts by itself when the rate is surely above its own limit, or the phase’s where that is lower.</p>
    </${Form}>`;
}

export function NewRollout({ product, query }) {
    const from = query.get('from');
    const releases = useCall(`${pathOf(product, 'releases')}?state=published`, ['release'], product);
    const groups = useCall(pathOf(product, 'groups'), ['device'], product);
    const draft = useCall(from ? pathOf(product, 'rollouts', from) : null);
    const isAsked = (releases.data || releases.refusal) && (groups.data || groups.refusal);
    const ready = { data: isAsked && (!from || draft.data) ? {} : null, refusal: from ? draft.refusal : null };
    const published = releases.data?.releases?.filter(({ state, kind }) => state === 'published' && kind !== 'drill');
    return html`<${Page} title=${from ? `Draft of rollout ${from}` : 'New rollout'} lead="It is a draft until somebody starts it.">
        <${Card}><${Answer} of=${ready}>${() => html`<${Editor} product=${product} releases=${published} groups=${groups.data?.groups} draft=${draft.data} wanted=${Number(query.get('release')) || undefined} />`}</${Answer}></${Card}>
    </${Page}>`;
}
