// SPDX-License-Identifier: Apache-2.0
// A policy for scenarios, signed: the envelope that a signing service begins with, made without Slipway's code. Called
// by repo-service.bats.
//
//     node policy.mjs ORIGIN POLICY ADMINISTRATOR-KEY… >ENVELOPE
//     node policy.mjs --vkey NAME ED25519-PUBLIC-KEY        its verifier key, as a log has one
//
// POLICY is a file of JSON in which "file:PATH" stands for the text of a file.
import crypto from 'node:crypto';
import fs from 'node:fs';

const sha256 = (...parts) => crypto.createHash('sha256').update(Buffer.concat(parts.map((part) => Buffer.from(part)))).digest();

function verifierKey(name, file) {
    const raw = crypto.createPublicKey(fs.readFileSync(file)).export({ format: 'der', type: 'spki' }).subarray(-32);
    const id = sha256(name, '\n', [1], raw).subarray(0, 4).toString('hex');
    return `${name}+${id}+${Buffer.concat([Buffer.from([1]), raw]).toString('base64')}`;
}

function envelope(origin, policyFile, keyFiles) {
    const policy = JSON.parse(fs.readFileSync(policyFile), (_, value) =>
        typeof value === 'string' && value.startsWith('file:') ? fs.readFileSync(value.slice(5), 'utf8') : value);
    const payload = Buffer.from(JSON.stringify({
        _type: 'https://in-toto.io/Statement/v1',
        subject: [{ name: origin, digest: { sha256: sha256(origin).toString('hex') } }],
        predicateType: 'urn:slipway:policy:v1',
        predicate: policy,
    }));
    const type = 'application/vnd.in-toto+json';
    const signed = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
    const signatures = keyFiles.map((file) => ({ sig: crypto.sign('sha256', signed, fs.readFileSync(file)).toString('base64') }));
    return JSON.stringify({ payload: payload.toString('base64'), payloadType: type, signatures });
}

const [first, ...rest] = process.argv.slice(2);
process.stdout.write(first === '--vkey' ? verifierKey(...rest) : envelope(first, rest[0], rest.slice(1)));
