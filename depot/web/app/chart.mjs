// SPDX-License-Identifier: Apache-2.0
// Graphs over time, by uPlot; with the same numbers as a table for who can't see them.
import { html, useEffect, useRef, useState } from './html.mjs';
import { clock, count } from './text.mjs';
import { colour } from './theme.mjs';
import UPlot from './vendor/uplot.mjs';

const POINTS_SAID = 12;
// Nothing here is told in less than seconds.
const STEPS_S = [1, 5, 10, 15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 21600, 28800, 43200,
    ...[1, 2, 3, 4, 5, 6, 7, 14, 28, 91, 182, 365].map((days) => days * 86400)];

const format = (value, unit) => (value === null || value === undefined ? '–' : `${count(Math.round(value * 100) / 100)}${unit}`);

function optionsOf({ series, unit, width, height, top }) {
    const axis = { stroke: colour('faint'), grid: { stroke: colour('line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
    return {
        width,
        height,
        padding: [12, 12, 0, 0],
        cursor: { points: { size: 7 }, y: false },
        legend: { live: true },
        scales: { y: { range: (_, low, high) => [Math.min(0, low), top ?? Math.max(high * 1.08, 1)] } },
        axes: [{ ...axis, incrs: STEPS_S }, { ...axis, size: 56, values: (_, values) => values.map((value) => format(value, unit)) }],
        series: [
            { label: 'at', value: (_, at) => (at === null ? '–' : clock(at * 1000)) },
            ...series.map((line) => ({
                label: line.name,
                stroke: colour(line.colour),
                fill: line.fill ? `${colour(line.colour)}22` : undefined,
                width: 2,
                dash: line.dash,
                points: { show: line.points ?? false },
                spanGaps: true,
                paths: line.stepped ? UPlot.paths.stepped({ align: 1 }) : undefined,
                value: (_, value) => format(value, unit),
            })),
        ],
    };
}

function useWidth(element) {
    const [width, setWidth] = useState(0);
    useEffect(() => {
        const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
        observer.observe(element.current);
        return () => observer.disconnect();
    }, []);
    return width;
}

// The colours of a canvas don't follow the style by themselves.
function useColours() {
    const [number, set] = useState(0);
    useEffect(() => {
        const change = () => set((n) => n + 1);
        const query = matchMedia('(prefers-color-scheme: dark)');
        const observer = new MutationObserver(change);
        query.addEventListener('change', change);
        observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
        return () => {
            query.removeEventListener('change', change);
            observer.disconnect();
        };
    }, []);
    return number;
}

function Said({ label, times, series, unit }) {
    const every = Math.max(1, Math.ceil(times.length / POINTS_SAID));
    const rows = times.map((time, at) => ({ time, at })).filter(({ at }) => at % every === 0 || at === times.length - 1);
    return html`<table class="unseen"><caption>${label}</caption>
        <thead><tr><th>Time</th>${series.map((line) => html`<th>${line.name}</th>`)}</tr></thead>
        <tbody>${rows.map(({ time, at }) => html`<tr><td>${clock(time * 1000)}</td>${series.map((line) => html`<td>${format(line.values[at], unit)}</td>`)}</tr>`)}</tbody>
    </table>`;
}

/** times: seconds, rising; series: [{name, colour, values, fill?, dash?, points?, stepped?}]. */
export function Chart({ label, times, series, unit = '', height = 240, top }) {
    const element = useRef(null);
    const plot = useRef(null);
    const width = useWidth(element);
    const colours = useColours();
    const shape = series.map((line) => line.name).join('|');
    const data = [times, ...series.map((line) => line.values)];
    useEffect(() => {
        if (width === 0) {
            return undefined;
        }
        plot.current = new UPlot(optionsOf({ series, unit, width, height, top }), data, element.current);
        return () => {
            plot.current.destroy();
            plot.current = null;
        };
    }, [width, colours, shape, height, top]);
    useEffect(() => {
        plot.current?.setData(data);
    }, [times, series]);
    return html`<figure class="chart"><div ref=${element} aria-hidden="true"></div><${Said} label=${label} times=${times} series=${series} unit=${unit} /></figure>`;
}
