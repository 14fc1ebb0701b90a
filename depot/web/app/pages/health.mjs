// SPDX-License-Identifier: Apache-2.0
// What the numbers of a rollout mean, in words: shared by the first screen and a rollout's page.
import { call, may, pathOf } from '../api.mjs';
import { Ask } from '../dialog.mjs';
import { html } from '../html.mjs';
import { Bar } from '../parts.mjs';
import { count, devices, percent } from '../text.mjs';

export const phaseOf = (rollout) => rollout.phases[rollout.phase] ?? rollout.phases.at(-1);

export const failedOf = (phase) => phase.failed + phase.silent;

export const limitOf = (phase) => (phase.halt_limit === 'phase' ? 'the phase’s own limit' : 'the rule’s limit');

/** "3 of 10 failed: 30 %, surely above 12 %; the rule’s limit is 5 %." A phase passes below one limit, and halts above another. */
export function why(rollout) {
    const phase = phaseOf(rollout);
    const bad = failedOf(phase);
    if (!phase.began) {
        return 'No phase has begun.';
    }
    if (!phase.outcomes) {
        return `No device of phase ${rollout.phase + 1} has an outcome that counts yet.`;
    }
    const rate = `${count(bad)} of ${count(phase.outcomes)} failed${phase.silent > 0 ? ` (${count(phase.silent)} by silence)` : ''}: ${percent(phase.rate_ppm)}`;
    const limit = `it passes below ${percent(phase.failure_ppm)}`;
    if (phase.lower_ppm > phase.halt_ppm) {
        return `${rate}, surely above ${percent(phase.lower_ppm)}; ${limitOf(phase)} is ${percent(phase.halt_ppm)}.`;
    }
    return phase.upper_ppm < phase.failure_ppm
        ? `${rate}, surely below ${percent(phase.upper_ppm)}; ${limit}.`
        : `${rate}, between ${percent(phase.lower_ppm)} and ${percent(phase.upper_ppm)}; ${limit}.`;
}

export const progressOf = (rollout) => rollout.phases.reduce(
    (sum, phase) => ({
        good: sum.good + phase.succeeded,
        bad: sum.bad + failedOf(phase),
        going: sum.going + phase.downloading,
        declined: sum.declined + phase.declined,
        whole: sum.whole + phase.population,
    }),
    { good: 0, bad: 0, going: 0, declined: 0, whole: 0 },
);

export function Progress({ rollout }) {
    const { good, bad, going, declined, whole } = progressOf(rollout);
    return html`<div class="progress"><${Bar} label=${`Rollout ${rollout.id}`} whole=${whole} parts=${[
        { name: 'updated', value: good, kind: 'good' },
        { name: 'failed or silent', value: bad, kind: 'bad' },
        { name: 'declined', value: declined, kind: 'over' },
        { name: 'under way', value: going, kind: 'going' },
    ]} /></div>`;
}

export const act = (rollout, action, reason) =>
    call('POST', pathOf(rollout.product, 'rollouts', rollout.id, action), reason ? { reason } : {});

export const canHalt = (rollout) =>
    (['running', 'paused', 'scheduled'].includes(rollout.state) || (rollout.state === 'done' && rollout.halt_touches > 0)) && may('halt', rollout.product);

/** The one button for 3 a.m. It says whom it touches before and while it asks. */
export function Halt({ rollout, done }) {
    if (!canHalt(rollout)) {
        return null;
    }
    const touched = devices(rollout.halt_touches);
    return html`<${Ask} button=${html`HALT <span class="halt-count">${touched}</span>`} kind="halt" yes=${`HALT, ${touched}`}
        title=${`Halt rollout ${rollout.id}?`}
        question=${html`<p><strong>${touched}</strong> that haven't finished release ${rollout.release} get no offer any more, within 5 seconds, from no replica.
            Devices that have begun ask again before they apply.</p><p class="faint">Nothing has to be signed for it. Somebody can resume it later.</p>`}
        reason="Why (for the trail)" run=${async (reason) => {
            await act(rollout, 'halt', reason);
            done?.();
        }} />`;
}
