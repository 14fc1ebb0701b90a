// SPDX-License-Identifier: Apache-2.0
// What a page shows as a file: CSV for spreadsheets, JSON for programs.
import { html } from './html.mjs';
import { Action } from './parts.mjs';

// RFC 4180. What a spreadsheet would take for a formula has an apostrophe in front.
const field = (value) => {
    const text = value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
    const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

export function csvOf(rows) {
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
    return [names, ...rows.map((row) => names.map((name) => row[name]))].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

function save(name, type, text) {
    const address = URL.createObjectURL(new Blob([text], { type }));
    const anchor = document.createElement('a');
    anchor.href = address;
    anchor.download = name;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
}

/** rows: flat objects, one a line, or a function that fetches them; whole: what JSON has instead of them. */
export function Exports({ name, rows, whole }) {
    const isEmpty = Array.isArray(rows) && rows.length === 0;
    const fetched = async () => (typeof rows === 'function' ? rows() : rows);
    return html`<span class="exports">
        <${Action} kind="quiet" disabled=${isEmpty} run=${async () => save(`${name}.csv`, 'text/csv', csvOf(await fetched()))}>CSV</${Action}>
        <${Action} kind="quiet" disabled=${isEmpty} run=${async () => save(`${name}.json`, 'application/json', JSON.stringify(whole ?? await fetched(), null, 2))}>JSON</${Action}>
    </span>`;
}
