// SPDX-License-Identifier: Apache-2.0
// Prints the verifier key (C2SP signed-note) of an Ed25519 key: type 1 for a log's, 4 for a witness's. For tests that want
// a log or a witness that isn't the service's.
//
//     node vkey.mjs NAME 1|4 PUBLIC.pem
import crypto from 'node:crypto';
import fs from 'node:fs';

const [name, type, path] = process.argv.slice(2);
const der = crypto.createPublicKey(fs.readFileSync(path)).export({ format: 'der', type: 'spki' });
const key = Buffer.concat([Buffer.from([Number(type)]), der.subarray(-32)]);
const id = crypto.createHash('sha256').update(Buffer.concat([Buffer.from(`${name}\n`), key])).digest().subarray(0, 4);
console.log(`${name}+${id.toString('hex')}+${key.toString('base64')}`);
