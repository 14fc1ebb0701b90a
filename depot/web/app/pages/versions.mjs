// SPDX-License-Identifier: Apache-2.0
// How many devices ran which version, over time: from what is so now, back through the outcomes of
// rollouts.
import { nowMs, pathOf } from '../api.mjs';
import { Chart } from '../chart.mjs';
import { html, useMemo } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Empty } from '../parts.mjs';

const LINES = ['accent', 'warn', 'good', 'over', 'going'];

/**
 * updates: [{time, version, count}], oldest first: devices that came to a version then. now: Map of
 * version to devices. What came to a version came from the next older one.
 */
export function historyOf(updates, now, nowS) {
    const shown = [...now].filter(([version]) => version > 0).sort((a, b) => b[0] - a[0]).slice(0, LINES.length);
    const state = new Map(now);
    const times = [];
    const values = new Map(shown.map(([version]) => [version, []]));
    const note = (time) => {
        times.push(time);
        values.forEach((line, of) => line.push(state.get(of) ?? 0));
    };
    note(nowS);
    for (const { time, version, count } of updates.toReversed()) {
        const older = [...state.keys()].filter((other) => other < version).sort((a, b) => b - a)[0] ?? 0;
        note(Math.min(time, times.at(-1)));
        state.set(version, Math.max(0, (state.get(version) ?? 0) - count));
        state.set(older, (state.get(older) ?? 0) + count);
    }
    if (updates.length > 0) {
        note(Math.min(updates[0].time - (nowS - updates[0].time) / 50, updates[0].time - 1));
    }
    return { times: times.reverse(), lines: [...values].map(([version, line]) => ({ version, values: line.reverse() })) };
}

export function Versions({ product, fleet }) {
    const answer = useCall(`${pathOf(product, 'fleet', 'versions')}`, ['rollout'], product);
    const history = useMemo(() => {
        const now = new Map(fleet.versions.map(({ is, count }) => [Number(is), count]));
        const updates = (answer.data?.updates ?? []).map(({ time, version, count }) => ({ time: Date.parse(time) / 1000, version, count }));
        return historyOf(updates, now, nowMs() / 1000);
    }, [answer.data, fleet]);
    if (history.times.length < 2) {
        return html`<${Empty} title="No rollout has changed anything yet">The graph begins with the first device that is updated.</${Empty}>`;
    }
    return html`<${Chart} label="Devices by version, over time" times=${history.times} series=${history.lines.map(({ version, values }, at) => ({ name: `version ${version}`, colour: LINES[at], values, stepped: true }))} />`;
}
