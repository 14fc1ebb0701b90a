// SPDX-License-Identifier: Apache-2.0
// Recomputes the audit trail's chain of hashes, as DEPOT.md (section 3) has it, in the browser: the
// depot isn't asked whether it is honest.
const DOMAIN = 'slipway audit v1\n';
const SIZE = 32;

const quoted = (text) => `"${text.replace(/["\\]/g, '\\$&')}"`;

// The canonical JSON of TUF: names in order, and nothing escaped but quotes and backslashes.
export function canonical(value) {
    if (Array.isArray(value)) {
        return `[${value.map(canonical).join(',')}]`;
    }
    if (value !== null && typeof value === 'object') {
        return `{${Object.keys(value).sort().map((name) => `${quoted(name)}:${canonical(value[name])}`).join(',')}}`;
    }
    return typeof value === 'string' ? quoted(value) : JSON.stringify(value);
}

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');

async function hashOf(entry, former) {
    const { hash, ...rest } = entry;
    const encoder = new TextEncoder();
    const parts = [encoder.encode(DOMAIN), former, encoder.encode(canonical(rest))];
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
        whole.set(part, at);
        at += part.length;
    }
    return new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
}

/** pageAfter(n): entries behind n, oldest first. last: {number, hash}, as the proof has it. */
export async function checkChain(pageAfter, last, tell) {
    if (!globalThis.crypto?.subtle) {
        return { isGood: false, text: 'This browser computes no hashes on a page without HTTPS. `slipway audit depot` does.' };
    }
    let former = new Uint8Array(SIZE);
    let number = 0;
    while (number < last.number) {
        const { entries } = await pageAfter(number);
        if (entries.length === 0) {
            return { isGood: false, text: `Entries from ${number + 1} on are gone.` };
        }
        for (const entry of entries) {
            if (entry.number !== number + 1) {
                return { isGood: false, text: `Entry ${number + 1} is gone.` };
            }
            former = await hashOf(entry, former);
            if (hex(former) !== entry.hash) {
                return { isGood: false, text: `Entry ${entry.number} isn’t as it was written.` };
            }
            number = entry.number;
            if (number === last.number && entry.hash !== last.hash) {
                return { isGood: false, text: `The proof names another hash for entry ${number}.` };
            }
        }
        tell?.(number);
    }
    return { isGood: true, text: `All ${number} entries are as they were written, and none is missing.` };
}
