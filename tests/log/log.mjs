// SPDX-License-Identifier: Apache-2.0
// A second implementation of the signing service's log (spec/SIGNING.md, section 3), for tests: what it
// writes, `slipway audit` has to verify, and what it changes, to refuse. It shares no code with ours.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

export const sha256 = (...parts) => {
    const hash = crypto.createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest();
};

const u16 = (n) => Buffer.from([n >> 8, n & 255]);
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const u64 = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(n)); return b; };

// An Ed25519 key out of a word.
export function keyOf(word) {
    const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
    const secret = crypto.createPrivateKey({ key: Buffer.concat([prefix, sha256(word)]), format: 'der', type: 'pkcs8' });
    const raw = crypto.createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(-32);
    return { secret, raw, pem: secret.export({ format: 'pem', type: 'pkcs8' }) };
}

// The id of an Ed25519 key in bundles and policies.
export const keyId = (raw) => sha256(Buffer.from([2, 2]), raw);
const publicPem = (key) => crypto.createPublicKey(key.secret).export({ format: 'pem', type: 'spki' });

// An envelope (DSSE) of an in-toto statement, signed by one key.
export function envelope(statement, key) {
    const type = 'application/vnd.in-toto+json';
    const payload = Buffer.from(canonical(statement));
    const signature = crypto.sign(null, Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]), key.secret);
    return { payload: payload.toString('base64'), payloadType: type,
        signatures: [{ keyid: keyId(key.raw).toString('hex'), sig: signature.toString('base64') }] };
}

// Our predicates.
const statementOf = (kind, subject, predicate) => ({ _type: 'https://in-toto.io/Statement/v1',
    predicateType: `urn:slipway:${kind}:v1`, predicate, subject: [subject] });
const statementId = (statement) => sha256(canonical(statement)).toString('hex');

const noteId = (name, type, raw) => sha256(name, '\n', Buffer.from([type]), raw).subarray(0, 4);

export function verifierKey(name, type, raw) {
    return `${name}+${noteId(name, type, raw).toString('hex')}+${Buffer.concat([Buffer.from([type]), raw]).toString('base64')}`;
}

// A signature line: type 1 over the text, type 4 with a time in front.
export function signNote(name, key, text, time) {
    const type = time === undefined ? 1 : 4;
    const message = type === 1 ? text : `cosignature/v1\ntime ${time}\n${text}`;
    const signature = crypto.sign(null, Buffer.from(message), key.secret);
    const bytes = Buffer.concat([noteId(name, type, key.raw), type === 1 ? Buffer.alloc(0) : u64(time), signature]);
    return `— ${name} ${bytes.toString('base64')}\n`;
}

export const leafHash = (leaf) => sha256(Buffer.from([0]), leaf);
export const nodeHash = (left, right) => sha256(Buffer.from([1]), left, right);

export function treeRoot(hashes) {
    if (hashes.length === 0) return sha256('');
    if (hashes.length === 1) return hashes[0];
    let split = 1;
    while (split * 2 < hashes.length) split *= 2;
    return nodeHash(treeRoot(hashes.slice(0, split)), treeRoot(hashes.slice(split)));
}

// RFC 6962, 2.1.1 and 2.1.2, by their definitions.
export function inclusion(index, hashes) {
    if (hashes.length <= 1) return [];
    let split = 1;
    while (split * 2 < hashes.length) split *= 2;
    return index < split
        ? [...inclusion(index, hashes.slice(0, split)), treeRoot(hashes.slice(split))]
        : [...inclusion(index - split, hashes.slice(split)), treeRoot(hashes.slice(0, split))];
}

export function consistency(old, hashes, whole = true) {
    if (old === hashes.length) return whole ? [] : [treeRoot(hashes)];
    let split = 1;
    while (split * 2 < hashes.length) split *= 2;
    return old <= split
        ? [...consistency(old, hashes.slice(0, split), whole), treeRoot(hashes.slice(split))]
        : [...consistency(old - split, hashes.slice(split), false), treeRoot(hashes.slice(0, split))];
}

// JSON with sorted members and nothing between.
export function canonical(value) {
    if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
    if (value === null || typeof value !== 'object') return JSON.stringify(value);
    return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

// Serialized targets metadata of a lamp (spec/slipway.proto); the notes are what makes others of the same version.
export function targets(version, notes) {
    const varint = (n) => (n < 128 ? [n] : [n % 128 + 128, ...varint(Math.floor(n / 128))]);
    const text = (number, bytes) => Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(bytes.length)]), bytes]);
    const common = Buffer.concat([text(1, Buffer.from('1.0.34')), Buffer.from([16, ...varint(version)]), text(4, Buffer.from('targets'))]);
    return Buffer.concat([text(1, common), text(70, Buffer.from(notes)), text(72, Buffer.from('lamp'))]);
}

const tileNumber = (n) => {
    const groups = [];
    do { groups.unshift(String(n % 1000).padStart(3, '0')); n = Math.floor(n / 1000); } while (n > 0);
    return groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
};

export class Log {
    constructor(origin, word) {
        this.origin = origin;
        this.key = keyOf(word);
        this.administrator = keyOf(`${word} administrator`);
        this.signing = keyOf(`${word} signing`);
        this.ada = keyOf(`${word} ada`);
        this.leaves = [];
        this.records = [];
        this.witnesses = []; // {name, key}
    }

    get vkey() { return verifierKey(this.origin, 1, this.key.raw); }

    record(value) {
        const text = Buffer.from(typeof value === 'string' ? value : canonical(value));
        const salt = sha256(`salt ${this.records.length}`).subarray(0, 16);
        this.leaves.push(Buffer.concat([Buffer.from('slipway record1\n'), sha256(salt, text)]));
        this.records.push(Buffer.concat([u32(text.length), salt, text]));
        return this.leaves.length - 1;
    }

    release(product, version, metadata) {
        this.leaves.push(Buffer.concat([Buffer.from('slipway release\n'), u16(Buffer.byteLength(product)),
            Buffer.from(product), u32(version), sha256(metadata)]));
        this.records.push(u32(0));
        return this.leaves.length - 1;
    }

    // A release that ada asked for, with its record, as the key process writes them.
    signed(product, version, metadata, time, more = {}) {
        const request = this.request(`${version} ${this.leaves.length}`, time);
        const leaf = this.release(product, version, metadata);
        this.record({ kind: 'signature', time, request, operation: 'sign-targets', key: `${product}-test`, class: 'test', product,
            version, leaf, sha256: sha256(metadata).toString('hex'), metadata: Buffer.from(metadata).toString('base64'),
            key_id: keyId(this.signing.raw).toString('hex'),
            signature: crypto.sign(null, Buffer.from(metadata), this.signing.secret).toString('hex'), ...more });
        return leaf;
    }

    // A record with a statement by one key.
    said(kind, time, statement, key, more = {}) {
        return this.record({ kind, time, id: statementId(statement), envelope: envelope(statement, key), ...more });
    }

    // A policy by one administrator, which names one person and one key.
    policy(version, time, administrator = this.administrator, inForce = time, more = {}) {
        const predicate = { version, issued: time, people: { ada: { keys: [publicPem(this.ada)] } },
            rules: [{ product: 'lamp', class: 'test', use: 'targets', channels: ['stable'], requesters: ['ada'] }],
            administrators: { threshold: 1, keys: { root: publicPem(this.administrator) } },
            keys: { 'lamp-test': { key: publicPem(this.signing), class: 'test', use: 'targets', product: 'lamp' } }, ...more };
        const subject = { name: this.origin, digest: { sha256: sha256(this.origin).toString('hex') } };
        this.said('policy', time, statementOf('policy', subject, predicate), administrator, { version, in_force: inForce });
    }

    start(time, epoch, machine = 'here') {
        this.record({ kind: 'start', time, epoch, instance: sha256(machine).toString('hex'),
            random: sha256(`start ${this.leaves.length}`).toString('hex') });
    }

    // What the administrator states about the log as it is.
    takeover(time, epoch, machine, administrator = this.administrator) {
        const root = treeRoot(this.leaves.map(leafHash)).toString('hex');
        const predicate = { signer: this.origin, epoch, size: this.leaves.length, root, marks: [], issued: time };
        this.said('takeover', time, statementOf('takeover', { digest: { sha256: root } }, predicate), administrator,
            { epoch, instance: sha256(machine).toString('hex') });
    }

    // Ada asks for a bundle to be signed; by another key when she doesn't. The request's id.
    request(number, time, key = this.ada) {
        const predicate = { signer: this.origin, operation: 'sign-targets', key: 'lamp-test', channel: 'stable', issued: time,
            expires: time.replace(/^2026/, 2027), nonce: sha256(`nonce ${number}`).subarray(0, 16).toString('hex') };
        const subject = { digest: { sha256: sha256(`bundle ${number}`).toString('hex') } };
        const statement = statementOf('request', subject, predicate);
        this.said('request', time, statement, key, { requester: 'ada', requester_key: keyId(this.ada.raw).toString('hex') });
        return statementId(statement);
    }

    text(size = this.leaves.length) {
        const root = treeRoot(this.leaves.slice(0, size).map(leafHash));
        return `${this.origin}\n${size}\n${root.toString('base64')}\n`;
    }

    checkpoint(size = this.leaves.length) {
        const text = this.text(size);
        const lines = this.witnesses.map(({ name, key }) => signNote(name, key, text, 1700000000));
        return `${text}\n${signNote(this.origin, this.key, text)}${lines.join('')}`;
    }

    // The files that the log has when its checkpoint is of this size.
    write(directory, size = this.leaves.length) {
        const put = (name, bytes) => {
            const file = path.join(directory, name);
            fs.mkdirSync(path.dirname(file), { recursive: true });
            fs.writeFileSync(file, bytes);
        };
        let hashes = this.leaves.slice(0, size).map(leafHash);
        for (let level = 0; hashes.length > 0; level++) {
            const above = [];
            for (let n = 0; n * 256 < hashes.length; n++) {
                const tile = hashes.slice(n * 256, n * 256 + 256);
                const width = tile.length === 256 ? '' : `.p/${tile.length}`;
                put(`tile/${level}/${tileNumber(n)}${width}`, Buffer.concat(tile));
                if (tile.length === 256) above.push(treeRoot(tile));
                if (level === 0) {
                    const entries = this.leaves.slice(n * 256, Math.min(n * 256 + 256, size));
                    put(`tile/entries/${tileNumber(n)}${width}`, Buffer.concat(entries.flatMap((leaf) => [u16(leaf.length), leaf])));
                    put(`records/${tileNumber(n)}`, Buffer.concat(this.records.slice(n * 256, Math.min(n * 256 + 256, size))));
                }
            }
            hashes = above;
        }
        put('checkpoint', this.checkpoint(size));
    }
}

// The log of a service that signed so many releases of a lamp.
export function lampLog(releases, word = 'log key', origin = 'example.com/log') {
    const log = new Log(origin, word);
    log.record({ kind: 'administrators', time: '2026-01-01T00:00:00Z', origin,
        administrators: { keys: { root: keyId(log.administrator.raw).toString('hex') }, threshold: 1 } });
    log.policy(1, '2026-01-01T00:00:00Z');
    log.start('2026-01-01T00:00:01Z', 1);
    for (let version = 1; version <= releases; version++) {
        log.signed('lamp', version, targets(version, 'image'), '2026-01-02T00:00:00Z');
    }
    return log;
}
