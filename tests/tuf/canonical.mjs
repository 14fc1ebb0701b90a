// SPDX-License-Identifier: Apache-2.0
// Canonical JSON (the OLPC form), which TUF signs and hashes: members sorted by code point, no blanks, no floats, and in
// strings only the quote and the backslash escaped. Written apart from the client's, so that each can judge the other.

// Compares by code point. JavaScript's own order is by UTF-16 unit, where U+10000 and above come before U+E000.
export function compareCodePoints(left, right) {
    const a = Array.from(left, (char) => char.codePointAt(0));
    const b = Array.from(right, (char) => char.codePointAt(0));
    const shared = Math.min(a.length, b.length);
    for (let i = 0; i < shared; i++) {
        if (a[i] !== b[i]) {
            return a[i] - b[i];
        }
    }
    return a.length - b.length;
}

function encodeString(text) {
    return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function encodeNumber(number) {
    if (!Number.isSafeInteger(number) || Object.is(number, -0)) {
        throw new TypeError(`canonical JSON has no ${number}`);
    }
    return String(number);
}

// The canonical text of a value that JSON.parse could have made.
export function encode(value) {
    switch (typeof value) {
        case 'string':
            return encodeString(value);
        case 'number':
            return encodeNumber(value);
        case 'boolean':
            return value ? 'true' : 'false';
        case 'object':
            break;
        default:
            throw new TypeError(`canonical JSON has no ${typeof value}`);
    }
    if (value === null) {
        return 'null';
    }
    if (Array.isArray(value)) {
        return `[${value.map(encode).join(',')}]`;
    }
    const names = Object.keys(value).sort(compareCodePoints);
    return `{${names.map((name) => `${encodeString(name)}:${encode(value[name])}`).join(',')}}`;
}

// The bytes that are signed and hashed.
export function canonicalBytes(value) {
    return Buffer.from(encode(value), 'utf8');
}
