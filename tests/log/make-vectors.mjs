// SPDX-License-Identifier: Apache-2.0
// Writes spec/vectors/log.json again: node tests/log/make-vectors.mjs >spec/vectors/log.json. By the second
// implementation of logs (log.mjs), so that ours is judged by something else than itself.
import { consistency, inclusion, keyOf, lampLog, leafHash, signNote, treeRoot, verifierKey } from './log.mjs';

const hex = (bytes) => bytes.toString('hex');
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const u64 = (n) => { const b = Buffer.alloc(8); b.writeBigUInt64BE(BigInt(n)); return b; };

// Trees whose entries are their numbers in four bytes.
const leaves = Array.from({ length: 300 }, (_, i) => leafHash(u32(i)));
const trees = [1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 33, 255, 256, 257, 300].map((size) => {
    const hashes = leaves.slice(0, size);
    const indices = [...new Set([0, 1, size >> 1, size - 2, size - 1])].filter((index) => index >= 0 && index < size);
    const olds = [...new Set([1, 2, size >> 1, size - 1, size])].filter((old) => old >= 1 && old <= size);
    return {
        size,
        root: hex(treeRoot(hashes)),
        inclusion: indices.map((index) => ({ index, leaf: hex(hashes[index]), path: inclusion(index, hashes).map(hex) })),
        consistency: olds.map((old) => ({ old, root: hex(treeRoot(hashes.slice(0, old))), path: consistency(old, hashes).map(hex) })),
    };
});

const notes = ['example.com/log', 'été', 'a'].map((name) => {
    const key = keyOf(`note ${name}`);
    const text = `${name}\n\nand more\n`;
    return {
        keys: [verifierKey(name, 1, key.raw), verifierKey(name, 4, key.raw)],
        note: `${text}\n${signNote(name, key, text)}${signNote(name, key, text, 1700000001)}`,
        time: 1700000001,
    };
});

const proofs = [[4, 9], [0, 1], [299, 300], [4, 300]].map(([index, size]) => {
    const log = lampLog(99);
    const witnesses = ['w1', 'w2', 'w3'].map((name) => ({ name, key: keyOf(name) }));
    log.witnesses = witnesses;
    const path = inclusion(index, log.leaves.slice(0, size).map(leafHash));
    const text = log.text(size);
    const checkpoint = log.checkpoint(size);
    const signatures = checkpoint.split('\n\n')[1].trimEnd().split('\n').map((line) => Buffer.from(line.split(' ')[2], 'base64'));
    return {
        log: log.vkey,
        witnesses: witnesses.map(({ name, key }) => verifierKey(name, 4, key.raw)),
        leaf: hex(log.leaves[index]),
        checkpoint: text,
        text: `c2sp.org/tlog-proof@v1\nindex ${index}\n${path.map((hash) => `${hash.toString('base64')}\n`).join('')}\n${checkpoint}`,
        binary: hex(Buffer.concat([Buffer.from([1]), u64(index), u64(size), Buffer.from([path.length]), ...path, signatures[0],
            Buffer.from([witnesses.length]), ...signatures.slice(1)])),
    };
});

process.stdout.write(`${JSON.stringify({ trees, notes, proofs }, null, 1)}\n`);
