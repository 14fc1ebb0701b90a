// SPDX-License-Identifier: Apache-2.0
// Makes what a signing service of the tests starts from: a policy, signed by its administrators, and the verifier key of a
// log. Called by sign.bash.
//
//     node policy.mjs policy ORIGIN POLICY.json ADMIN.key…      prints the envelope; {"file": F} in the policy is F's text
//     node policy.mjs vkey NAME 1|4 PUBLIC.pem                  prints the verifier key (1: a log's, 4: a witness's)
import crypto from 'node:crypto';
import fs from 'node:fs';

const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest();

function signed(payload, keys) {
    const type = 'application/vnd.in-toto+json';
    const pae = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
    const signatures = keys.map((path) => {
        const key = crypto.createPrivateKey(fs.readFileSync(path));
        const sig = key.asymmetricKeyType === 'ed25519'
            ? crypto.sign(null, pae, key)
            : crypto.sign('sha256', pae, { key, dsaEncoding: 'ieee-p1363' });
        return { sig: sig.toString('base64') };
    });
    return JSON.stringify({ payload: payload.toString('base64'), payloadType: type, signatures });
}

function policy(origin, path, keys) {
    const predicate = JSON.parse(fs.readFileSync(path), (name, value) =>
        typeof value?.file === 'string' ? fs.readFileSync(value.file, 'utf8') : value);
    const payload = Buffer.from(JSON.stringify({
        _type: 'https://in-toto.io/Statement/v1',
        subject: [{ name: origin, digest: { sha256: sha256(origin).toString('hex') } }],
        predicateType: 'urn:slipway:policy:v1',
        predicate,
    }));
    return signed(payload, keys);
}

function vkey(name, type, path) {
    const der = crypto.createPublicKey(fs.readFileSync(path)).export({ format: 'der', type: 'spki' });
    const key = Buffer.concat([Buffer.from([type]), der.subarray(-32)]);
    const id = sha256(Buffer.concat([Buffer.from(`${name}\n`), key])).subarray(0, 4);
    return `${name}+${id.toString('hex')}+${key.toString('base64')}`;
}

const [what, ...words] = process.argv.slice(2);
console.log(what === 'policy' ? policy(words[0], words[1], words.slice(2)) : vkey(words[0], Number(words[1]), words[2]));
