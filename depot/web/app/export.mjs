// SPDX-License-Identifier: Apache-2.0
// What a page shows as a file: CSV for spreadsheets, JSON for programs.
import { html } from './html.mjs';

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

/** rows: flat objects, one a line. */
export const Exports = ({ name, rows }) => html`<span class="exports">
    <button type="button" class="quiet" disabled=${rows.length === 0} onClick=${() => save(`${name}.csv`, 'text/csv', csvOf(rows))}>CSV</button>
    <button type="button" class="quiet" disabled=${rows.length === 0} onClick=${() => save(`${name}.json`, 'application/json', JSON.stringify(rows, null, 2))}>JSON</button>
</span>`;
