// SPDX-License-Identifier: Apache-2.0
// Numbers, times and shares as people read them.
import { nowMs } from './api.mjs';
import { html, useEffect, useState } from './html.mjs';

const STEPS = [
    [60, 1, 's'],
    [3600, 60, 'min'],
    [86400 * 2, 3600, 'h'],
    [Infinity, 86400, 'd'],
];

/** 42 s, 3 min, 5 h, 12 d. */
export function span(seconds) {
    const size = Math.abs(seconds);
    const [, unit, name] = STEPS.find(([below]) => size < below);
    return `${Math.floor(size / unit)} ${name}`;
}

/** "2 min ago", "in 3 h", "now". */
export function ago(time) {
    const seconds = (nowMs() - Date.parse(time)) / 1000;
    if (Math.abs(seconds) < 5) {
        return 'now';
    }
    return seconds > 0 ? `${span(seconds)} ago` : `in ${span(seconds)}`;
}

export const clock = (time) =>
    new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

export const count = (number) => Number(number ?? 0).toLocaleString('en').replaceAll(',', '\u202f');

export const devices = (number) => `${count(number)} ${number === 1 ? 'device' : 'devices'}`;

/** Millionths as percent, with as many digits as they carry: 25 %, 0.5 %, 12.3 %. */
export function percent(ppm) {
    const share = ppm / 10000;
    return `${share >= 10 || share === Math.round(share) ? Math.round(share * 10) / 10 : share.toPrecision(2)}\u202f%`;
}

export function size(bytes) {
    const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
    let at = 0;
    let value = bytes;
    while (value >= 1024 && at < units.length - 1) {
        value /= 1024;
        at++;
    }
    return `${at === 0 ? value : value.toFixed(1)} ${units[at]}`;
}

/** How long something took, between two times; until now when it hasn't ended. */
export const took = (began, ended) => span(((ended ? Date.parse(ended) : nowMs()) - Date.parse(began)) / 1000);

export const short = (digest) => digest.slice(0, 12);

/** "health rule" of "health-rule", "is done" of "is_done". */
export const words = (name) => String(name ?? '').replace(/[-_.]/g, ' ');

/** Draws again each `ms`, so that ages go on. */
export function useTick(ms = 5000) {
    const [, set] = useState(0);
    useEffect(() => {
        const timer = setInterval(() => set((n) => n + 1), ms);
        return () => clearInterval(timer);
    }, [ms]);
}

export function Time({ at, whole }) {
    useTick();
    if (!at) {
        return html`<span class="faint">never</span>`;
    }
    return html`<time datetime=${at} title=${`${clock(at)} (${at})`}>${whole ? `${clock(at)}, ${ago(at)}` : ago(at)}</time>`;
}
