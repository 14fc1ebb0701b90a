// SPDX-License-Identifier: Apache-2.0
// Light, dark, or as the system is. Remembered in the browser; nothing else is.
const KEY = 'slipway-colours';
const ALL = ['auto', 'light', 'dark'];

const stored = () => {
    try {
        return localStorage.getItem(KEY);
    } catch {
        return null; // a browser may forbid it
    }
};

let now = ALL.includes(stored()) ? stored() : 'auto';
const apply = () => document.documentElement.setAttribute('data-theme', now);
apply();

export const theme = () => now;

export function nextTheme() {
    now = ALL[(ALL.indexOf(now) + 1) % ALL.length];
    apply();
    try {
        localStorage.setItem(KEY, now);
    } catch {
        // it is for this visit then
    }
}

/** A colour of style.css, for what is drawn on a canvas. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
