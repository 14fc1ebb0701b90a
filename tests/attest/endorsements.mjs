// SPDX-License-Identifier: Apache-2.0
// Content digests and endorsements of bundles, read by nothing of ours: what spec/SIGNING.md and spec/SPEC.md say, in some
// hundred lines, as somebody else would write it. tests/build.bats compares the two.
//
//     node endorsements.mjs digests BUNDLE…        a line a bundle: its content digest, or - when it has none
//     node endorsements.mjs verify BUNDLE PEM…     a line an endorsement: its predicate type and the number of the key;
//                                                  exits 1 when one is about another build, or by none of the keys
import crypto from 'node:crypto';
import fs from 'node:fs';

// The fields of a protobuf message: [number, value], a BigInt for varints, else bytes.
function* fieldsOf(bytes) {
    let at = 0;
    const varint = () => {
        for (let value = 0n, shift = 0n; ; shift += 7n) {
            const byte = bytes[at++];
            if (byte === undefined || shift > 63n) throw new Error('not a varint');
            value |= BigInt(byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
    };
    const take = (length) => {
        at += length;
        if (at > bytes.length) throw new Error('longer than its message');
        return bytes.subarray(at - length, at);
    };
    while (at < bytes.length) {
        const tag = varint();
        const kind = tag & 7n;
        if (kind === 0n) yield [Number(tag >> 3n), varint()];
        else if (kind === 2n) yield [Number(tag >> 3n), take(Number(varint()))];
        else if (kind === 1n || kind === 5n) yield [Number(tag >> 3n), take(kind === 1n ? 8 : 4)];
        else throw new Error('a group');
    }
}

const all = (bytes, number) => [...fieldsOf(bytes)].filter(([found]) => found === number).map(([, value]) => value);
const last = (bytes, number, otherwise) => all(bytes, number).at(-1) ?? otherwise;
const none = Buffer.alloc(0);

// The serialized TargetsMetadata of a bundle.
function targetsOf(bundle) {
    const entry = all(bundle, 3).find((entry) => last(entry, 1, none).equals(Buffer.from('targets')));
    return entry === undefined ? undefined : last(last(entry, 2, none), 1, none);
}

const u32 = (number) => { const bytes = Buffer.alloc(4); bytes.writeUInt32BE(number); return bytes; };
const u64 = (number) => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64BE(number); return bytes; };
const sized = (bytes) => Buffer.concat([u32(bytes.length), bytes]);

// "SHA-256 over the text `slipway build v1\n`, then for product, then each hardware id ascending by bytes, then build type,
// then each target ascending by (name, slot)".
function contentDigest(metadata) {
    const hardware = all(metadata, 65).sort(Buffer.compare);
    const targets = all(metadata, 2).map((file) => ({
        name: last(file, 1, none),
        slot: last(file, 33, none),
        length: last(file, 2, 0n),
        sha256: all(file, 3).filter((hash) => last(hash, 1, 0n) === 1n).map((hash) => last(hash, 2, none)).at(-1),
    }));
    targets.sort((a, b) => Buffer.compare(a.name, b.name) || Buffer.compare(a.slot, b.slot));
    if (targets.some(({sha256}) => sha256?.length !== 32)) throw new Error('a target without a SHA-256');
    return crypto.createHash('sha256').update(Buffer.concat([
        Buffer.from('slipway build v1\n'),
        sized(last(metadata, 72, none)),
        u32(hardware.length), ...hardware.map(sized),
        u32(Number(last(metadata, 69, 0n))),
        u32(targets.length),
        ...targets.flatMap(({name, slot, length, sha256}) => [sized(name), sized(slot), u64(length), sha256]),
    ])).digest('hex');
}

function isSignedBy(key, pae, signature) {
    return key.asymmetricKeyType === 'ed25519'
        ? crypto.verify(null, pae, key, signature)
        : crypto.verify('sha256', pae, {key, dsaEncoding: 'ieee-p1363'}, signature);
}

function check(bundle, keys) {
    const digest = contentDigest(targetsOf(bundle));
    for (const endorsement of all(bundle, 1001)) {
        const {payload, payloadType, signatures} = JSON.parse(endorsement);
        const bytes = Buffer.from(payload, 'base64');
        const pae = Buffer.concat([
            Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${bytes.length} `), bytes]);
        const signer = keys.findIndex((key) => signatures.some(
            ({sig}) => isSignedBy(key, pae, Buffer.from(sig, 'base64'))));
        const {subject, predicateType} = JSON.parse(bytes);
        if (signer < 0 || subject.length !== 1 || subject[0].digest.sha256 !== digest) process.exit(1);
        console.log(predicateType, signer);
    }
}

const [action, ...paths] = process.argv.slice(2);
if (action === 'digests') {
    for (const path of paths) {
        const metadata = targetsOf(fs.readFileSync(path));
        console.log(metadata === undefined ? '-' : contentDigest(metadata));
    }
} else {
    check(fs.readFileSync(paths[0]), paths.slice(1).map((path) => crypto.createPublicKey(fs.readFileSync(path))));
}
