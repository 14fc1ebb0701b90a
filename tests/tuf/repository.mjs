// SPDX-License-Identifier: Apache-2.0
// A TUF repository in memory. Metadata are plain objects that a case may change at will; publish() signs them and puts
// them among the files that the server serves, right or wrong.
//
//     repo.addTarget('targets', 'app.bin', 'content');
//     repo.publish('targets', 'snapshot', 'timestamp');
//
// Publishing a targets role notes its version in the snapshot, publishing the snapshot in the timestamp; what a case
// changes between the two is what gets signed.
import crypto from 'node:crypto';
import { canonicalBytes } from './canonical.mjs';
import { Keyring } from './keys.mjs';

export const SPEC_VERSION = '1.0.31';
const DAY_MS = 86400 * 1000;

// TUF's form of a time: whole seconds, UTC.
export function timeText(date) {
    return `${date.toISOString().slice(0, 19)}Z`;
}

export function inDays(days) {
    return new Date(Date.now() + days * DAY_MS);
}

export function daysFromNow(days) {
    return timeText(inDays(days));
}

// A role's name as a file name and in URLs: everything but unreserved characters percent-encoded.
export function encodeRole(role) {
    return encodeURIComponent(role).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function hashesOf(bytes, algorithms) {
    return Object.fromEntries(algorithms.map((name) => [name, crypto.createHash(name).update(bytes).digest('hex')]));
}

// Where a target is served: with consistent snapshots its hash goes before the last part of the path.
export function prefixedPath(path, hash) {
    const slash = path.lastIndexOf('/') + 1;
    return `${path.slice(0, slash)}${hash}.${path.slice(slash)}`;
}

// The bin of a path by TAP 15: the first bits of its SHA-256, in hexadecimal of the width that all bins need.
export function binName(prefix, bits, path) {
    const first = crypto.createHash('sha256').update(path, 'utf8').digest().readUInt32BE(0);
    return binNameAt(prefix, bits, Math.floor(first / 2 ** (32 - bits)));
}

export function binNameAt(prefix, bits, index) {
    return `${prefix}-${index.toString(16).padStart(((1 << bits) - 1).toString(16).length, '0')}`;
}

const TOP_LEVEL = ['root', 'timestamp', 'snapshot', 'targets'];

export class Repository {
    // Options: keytype of all keys ('ecdsa'), consistent (true), metaHashes (algorithms that snapshot and timestamp
    // list, with lengths; none), targetHashes (['sha256']), expires (in 30 days).
    constructor(options = {}) {
        this.keytype = options.keytype ?? 'ecdsa';
        this.metaHashes = options.metaHashes ?? null;
        this.targetHashes = options.targetHashes ?? ['sha256'];
        this.expires = options.expires ?? daysFromNow(30);
        this.keyring = new Keyring();
        this.roles = {};
        this.files = new Map();
        this.published = {};
        this.serialize = (envelope) => JSON.stringify(envelope);
        this.#createTopLevel(options.consistent ?? true);
        this.publish('targets', 'snapshot', 'timestamp', 'root');
    }

    get root() {
        return this.roles.root.signed;
    }
    get timestamp() {
        return this.roles.timestamp.signed;
    }
    get snapshot() {
        return this.roles.snapshot.signed;
    }
    get targets() {
        return this.roles.targets.signed;
    }

    #createTopLevel(consistent) {
        const root = { consistent_snapshot: consistent, keys: {}, roles: {} };
        this.#createRole('root', root);
        this.#createRole('timestamp', { meta: {} });
        this.#createRole('snapshot', { meta: {} });
        this.#createRole('targets', { targets: {} });
        for (const role of TOP_LEVEL) {
            root.roles[role] = { keyids: [], threshold: 1 };
            this.addKey(role);
        }
        Object.assign(this.root, root);
    }

    #createRole(role, members) {
        const type = TOP_LEVEL.includes(role) ? role : 'targets';
        const signed = { _type: type, spec_version: SPEC_VERSION, version: 1, expires: this.expires, ...members };
        this.roles[role] = { signed, signers: [] };
        return signed;
    }

    // The places where keys of a role are listed: the role's object, and the keys beside it.
    #delegationsOf(role) {
        if (TOP_LEVEL.includes(role)) {
            return [{ keys: this.root.keys, role: this.root.roles[role] }];
        }
        const found = [];
        for (const { signed } of Object.values(this.roles)) {
            const entry = signed.delegations?.roles?.find(({ name }) => name === role);
            if (entry) {
                found.push({ keys: signed.delegations.keys, role: entry });
            }
        }
        return found;
    }

    newKey(kind = this.keytype) {
        return this.keyring.take(kind);
    }

    // Gives the role one more key, listed by all who delegate to it, and lets it sign.
    addKey(role, key = this.newKey()) {
        for (const delegation of this.#delegationsOf(role)) {
            delegation.keys[key.id] = structuredClone(key.object);
            delegation.role.keyids.push(key.id);
        }
        this.roles[role].signers.push(key);
        return key;
    }

    // Replaces the keys of a role, listed and signing. The old ones stay in root's list of keys, without a role.
    setKeys(role, keys, threshold = 1) {
        for (const delegation of this.#delegationsOf(role)) {
            delegation.role.keyids = [];
            delegation.role.threshold = threshold;
        }
        this.roles[role].signers = [];
        keys.forEach((key) => this.addKey(role, key));
    }

    rotateKeys(role) {
        this.setKeys(role, [this.newKey()]);
    }

    addTarget(role, path, content, { hashes = this.targetHashes, custom } = {}) {
        const bytes = Buffer.from(content);
        const entry = { length: bytes.length, hashes: hashesOf(bytes, hashes) };
        if (custom) {
            entry.custom = custom;
        }
        this.roles[role].signed.targets[path] = entry;
        this.putTarget(path, entry.hashes, bytes);
        return entry;
    }

    // Serves bytes for a target, whatever metadata say about it.
    putTarget(path, hashes, bytes) {
        this.files.set(`targets/${path}`, Buffer.from(bytes));
        for (const hash of Object.values(hashes)) {
            this.files.set(`targets/${prefixedPath(path, hash)}`, Buffer.from(bytes));
        }
    }

    // Delegates to a role, which is created (with a key) unless it exists; another delegator lists the same keys.
    delegate(delegator, name, { paths = ['*'], terminating = false, threshold = 1, ...others } = {}) {
        const signed = this.roles[delegator].signed;
        signed.delegations ??= { keys: {}, roles: [] };
        const entry = { name, keyids: [], threshold, terminating, ...others };
        if (!('path_hash_prefixes' in others) && paths !== null) {
            entry.paths = paths;
        }
        signed.delegations.roles.push(entry);
        if (!this.roles[name]) {
            this.#createRole(name, { targets: {} });
            this.addKey(name);
            return this.roles[name].signed;
        }
        for (const key of this.roles[name].signers) {
            signed.delegations.keys[key.id] = structuredClone(key.object);
            entry.keyids.push(key.id);
        }
        return this.roles[name].signed;
    }

    // Delegates by TAP 15 to 2^bits bins that share a key, and creates them; returns their names.
    delegateToBins(delegator, prefix, bits) {
        const key = this.newKey();
        this.roles[delegator].signed.delegations = {
            keys: { [key.id]: structuredClone(key.object) },
            succinct_roles: { keyids: [key.id], threshold: 1, bit_length: bits, name_prefix: prefix },
        };
        const names = Array.from({ length: 1 << bits }, (_, index) => binNameAt(prefix, bits, index));
        for (const name of names) {
            this.#createRole(name, { targets: {} });
            this.roles[name].signers.push(key);
        }
        return names;
    }

    // The role's signed part with the signatures of its signers, as an object.
    envelope(role, signers = this.roles[role].signers, signed = this.roles[role].signed) {
        const bytes = canonicalBytes(signed);
        return { signatures: signers.map((key) => ({ keyid: key.id, sig: key.sign(bytes) })), signed };
    }

    // Signs and serves roles in this order, each with its version raised by one unless it was never published.
    publish(...roles) {
        for (const role of roles) {
            if (this.published[role]) {
                this.roles[role].signed.version += 1;
            }
            this.publishAsIs(role);
        }
    }

    publishAll() {
        const delegated = Object.keys(this.roles).filter((role) => !TOP_LEVEL.includes(role));
        this.publish(...delegated, 'targets', 'snapshot', 'timestamp');
    }

    // Signs and serves a role without a word about its version.
    publishAsIs(role) {
        this.put(role, this.serialize(this.envelope(role)));
        this.#noteIn(role);
    }

    #noteIn(role) {
        const { version } = this.roles[role].signed;
        const meta = { version };
        if (this.metaHashes) {
            const bytes = this.published[role];
            Object.assign(meta, { length: bytes.length, hashes: hashesOf(bytes, this.metaHashes) });
        }
        if (role === 'snapshot') {
            this.timestamp.meta['snapshot.json'] = meta;
        } else if (role !== 'root' && role !== 'timestamp') {
            this.snapshot.meta[`${role}.json`] = meta;
        }
    }

    // Serves these bytes as the role's metadata of that version.
    put(role, content, version = this.roles[role].signed.version) {
        const bytes = Buffer.from(content);
        const name = encodeRole(role);
        this.published[role] = bytes;
        if (role === 'root') {
            this.files.set(`metadata/${version}.root.json`, bytes);
        } else if (role === 'timestamp' || !this.root.consistent_snapshot) {
            this.files.set(`metadata/${name}.json`, bytes);
        } else {
            this.files.set(`metadata/${version}.${name}.json`, bytes);
        }
    }

    // Serves the role's last published file with its text changed and nothing signed again.
    rewrite(role, change) {
        const before = this.published[role].toString('utf8');
        const after = change(before);
        if (after === before) {
            throw new Error(`nothing changed in ${role}`);
        }
        this.put(role, after);
    }

    // Serves a role with the objects of its signatures changed.
    resign(role, change) {
        const envelope = this.envelope(role);
        envelope.signatures = change(envelope.signatures) ?? envelope.signatures;
        this.put(role, this.serialize(envelope));
        this.#noteIn(role);
    }

    // Signs and serves the next version of a role by other keys than its own.
    forge(role, signers) {
        this.roles[role].signed.version += 1;
        this.put(role, this.serialize(this.envelope(role, signers)));
        this.#noteIn(role);
    }

    rootBytes(version = this.root.version) {
        return this.files.get(`metadata/${version}.root.json`);
    }
}
