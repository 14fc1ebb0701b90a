// SPDX-License-Identifier: Apache-2.0
// A transparency log for scenarios, which shares no code with Slipway: keys, a tree of releases and records by the
// definitions of RFC 6962, and proofs as bundles carry them or as C2SP tlog-proof text. Called by transparency.bats.
//
//     node log.mjs keys DIR [LABEL]             log.vkey, w1.vkey to w3.vkey, and their private keys: with a label, those
//                                               whose seeds are SHA-256 of "LABEL NAME", for spec/vectors
//     node log.mjs prove DIR BUNDLE [NAME=VALUE…] >PROOF
//
// Of a proof can be said: index, size (of the tree, all other leaves of which are records), cosign (1,2,3: which
// witnesses), product and version (of the leaf, else the bundle's), origin (of the checkpoint), leaf=record (the tree
// has a record about the bundle instead of its release), as=text.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const ORIGIN = 'log.example/lamp';
const sha256 = (...parts) => crypto.createHash('sha256').update(Buffer.concat(parts.map(Buffer.from))).digest();
const u16 = (value) => Buffer.from([value >> 8, value & 255]);
const u32 = (value) => Buffer.concat([u16(value >>> 16), u16(value & 65535)]);
const u64 = (value) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64BE(BigInt(value));
    return bytes;
};

// --- Keys ---

const NAMES = { log: ORIGIN, w1: 'w1.example', w2: 'w2.example', w3: 'w3.example' };
const typeOf = (file) => (file === 'log' ? 1 : 4);

function rawKey(privateKey) {
    return crypto.createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
}

function keyId(file, raw) {
    return sha256(NAMES[file], '\n', [typeOf(file)], raw).subarray(0, 4);
}

// PKCS#8 of an Ed25519 key, RFC 8410, in front of its seed.
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

function makeKey(seed) {
    return seed === undefined
        ? crypto.generateKeyPairSync('ed25519').privateKey
        : crypto.createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
}

function makeKeys(directory, label) {
    for (const file of Object.keys(NAMES)) {
        const privateKey = makeKey(label === undefined ? undefined : sha256(`${label} ${file}`));
        const raw = rawKey(privateKey);
        const encoded = Buffer.concat([Buffer.from([typeOf(file)]), raw]).toString('base64');
        fs.writeFileSync(path.join(directory, `${file}.pem`), privateKey.export({ format: 'pem', type: 'pkcs8' }));
        fs.writeFileSync(path.join(directory, `${file}.vkey`), `${NAMES[file]}+${keyId(file, raw).toString('hex')}+${encoded}`);
    }
}

function loadKey(directory, file) {
    const key = crypto.createPrivateKey(fs.readFileSync(path.join(directory, `${file}.pem`)));
    return { key, id: keyId(file, rawKey(key)) };
}

// --- What a bundle says of itself ---

function* fields(bytes) {
    let at = 0;
    const varint = () => {
        let value = 0n;
        for (let shift = 0n; ; shift += 7n) {
            const byte = bytes[at++];
            value |= BigInt(byte & 127) << shift;
            if (byte < 128) {
                return Number(value);
            }
        }
    };
    while (at < bytes.length) {
        const tag = varint();
        if (tag % 8 === 0) {
            yield { number: tag >> 3, value: varint() };
        } else {
            const length = varint();
            yield { number: tag >> 3, value: bytes.subarray(at, at + length) };
            at += length;
        }
    }
}

const field = (bytes, number) => [...fields(bytes)].find((one) => one.number === number)?.value;

function release(bundle) {
    const entry = [...fields(bundle)].find((one) => one.number === 3 && field(one.value, 1).toString() === 'targets');
    const serialized = field(field(entry.value, 2), 1);
    return {
        digest: sha256(serialized),
        version: field(field(serialized, 1), 2) ?? 0,
        product: (field(serialized, 72) ?? Buffer.alloc(0)).toString(),
    };
}

// --- The tree ---

const releaseLeaf = ({ product, version, digest }) =>
    Buffer.concat([Buffer.from('slipway release\n'), u16(Buffer.byteLength(product)), Buffer.from(product), u32(version), digest]);
const recordLeaf = (text) => Buffer.concat([Buffer.from('slipway record1\n'), sha256(text)]);
const leafHash = (leaf) => sha256([0], leaf);

function split(size) {
    let k = 1;
    while (2 * k < size) {
        k *= 2;
    }
    return k;
}

function rootOf(hashes) {
    if (hashes.length === 1) {
        return hashes[0];
    }
    const k = split(hashes.length);
    return sha256([1], rootOf(hashes.slice(0, k)), rootOf(hashes.slice(k)));
}

function pathTo(index, hashes) {
    if (hashes.length === 1) {
        return [];
    }
    const k = split(hashes.length);
    return index < k
        ? [...pathTo(index, hashes.slice(0, k)), rootOf(hashes.slice(k))]
        : [...pathTo(index - k, hashes.slice(k)), rootOf(hashes.slice(0, k))];
}

// --- Proofs ---

const TIME = 1700000000;

function cosign(directory, number, checkpoint) {
    const { key, id } = loadKey(directory, `w${number}`);
    const signature = crypto.sign(null, Buffer.from(`cosignature/v1\ntime ${TIME}\n${checkpoint}`), key);
    return { name: NAMES[`w${number}`], id, bytes: Buffer.concat([u64(TIME), signature]) };
}

function asText(index, hashes, checkpoint, signatures) {
    const line = ({ name, id, bytes }) => `— ${name} ${Buffer.concat([id, bytes]).toString('base64')}\n`;
    return `c2sp.org/tlog-proof@v1\nindex ${index}\n${hashes.map((hash) => hash.toString('base64') + '\n').join('')}\n` +
        `${checkpoint}\n${signatures.map(line).join('')}`;
}

function prove(directory, bundlePath, said) {
    const index = Number(said.index ?? 4);
    const size = Number(said.size ?? 7);
    const what = { ...release(fs.readFileSync(bundlePath)) };
    what.product = said.product ?? what.product;
    what.version = Number(said.version ?? what.version);
    const leaves = Array.from({ length: size }, (_, number) => recordLeaf(`record ${number}`));
    leaves[index] = said.leaf === 'record' ? recordLeaf(releaseLeaf(what)) : releaseLeaf(what);
    const hashes = leaves.map(leafHash);
    const origin = said.origin ?? ORIGIN;
    const checkpoint = `${origin}\n${size}\n${rootOf(hashes).toString('base64')}\n`;
    const log = loadKey(directory, 'log');
    const logSignature = { name: origin, id: log.id, bytes: crypto.sign(null, Buffer.from(checkpoint), log.key) };
    const numbers = (said.cosign ?? '1,2,3').split(',').filter((number) => number !== '');
    const cosignatures = numbers.map((number) => cosign(directory, number, checkpoint));
    const way = pathTo(index, hashes);
    if (said.as === 'text') {
        return asText(index, way, checkpoint, [logSignature, ...cosignatures]);
    }
    const signed = ({ id, bytes }) => Buffer.concat([id, bytes]);
    return Buffer.concat([Buffer.from([1]), u64(index), u64(size), Buffer.from([way.length]), ...way, signed(logSignature),
        Buffer.from([cosignatures.length]), ...cosignatures.map(signed)]);
}

const [verb, directory, bundle, ...rest] = process.argv.slice(2);
if (verb === 'keys') {
    makeKeys(directory, bundle);
} else {
    process.stdout.write(prove(directory, bundle, Object.fromEntries(rest.map((one) => one.split('=')))));
}
