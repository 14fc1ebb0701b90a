// SPDX-License-Identifier: Apache-2.0
// node check-alert.mjs BODY PUBLIC-KEY: whether the envelope (DSSE) is signed by that P-256 key; prints its payload.
import crypto from 'node:crypto';
import fs from 'node:fs';

const envelope = JSON.parse(fs.readFileSync(process.argv[2]));
const key = crypto.createPublicKey(fs.readFileSync(process.argv[3]));
const payload = Buffer.from(envelope.payload, 'base64');
const type = envelope.payloadType;
const message = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
const signature = Buffer.from(envelope.signatures[0].sig, 'base64');
if (!crypto.verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)) {
    console.error('not signed by this key');
    process.exit(1);
}
process.stdout.write(payload);
