// SPDX-License-Identifier: Apache-2.0
// Holds spec/signer-openapi.yaml against a running signing service: every example in it fits its own schema, and every
// x-example is played, in order, with its answer compared with what the file says of that status. Statements are made
// and signed here, by node's own crypto, so that a second implementation judges the formats. Called by signer-http.bats.
//
//     node tests/signer/openapi.mjs SETTINGS.json
//
// SETTINGS.json: {"socket": PATH, "origin", "key": NAME, "requester_key": PEM FILE, "bundle": FILE, "channel"?}. Prints TAP.
import crypto from 'node:crypto';
import fs from 'node:fs';
import { ask, open_description } from '../openapi.mjs';

const settings = JSON.parse(fs.readFileSync(process.argv[2]));
const file = open_description('spec/signer-openapi.yaml');

// --- Statements ---

const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
const requester = crypto.createPrivateKey(fs.readFileSync(settings.requester_key));
const bundle = fs.readFileSync(settings.bundle);
const now = (shift) => new Date(Date.now() + shift).toISOString().replace(/\.\d+Z$/, 'Z');

function envelope(predicateType, predicate, change = {}) {
    const statement = {
        _type: 'https://in-toto.io/Statement/v1',
        subject: [{ name: 'bundle', digest: { sha256: sha256(bundle) } }],
        predicateType,
        predicate,
    };
    const payload = Buffer.from(JSON.stringify(statement));
    const type = 'application/vnd.in-toto+json';
    const pae = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
    const sig = requester.asymmetricKeyType === 'ed25519'
        ? crypto.sign(null, pae, requester)
        : crypto.sign('sha256', pae, { key: requester, dsaEncoding: 'ieee-p1363' });
    const signatures = change.unsigned ? [] : [{ sig: sig.toString('base64') }];
    return JSON.stringify({ payload: payload.toString('base64'), payloadType: type, signatures });
}

const stage = (signer) => ({ signer, length: bundle.length, issued: now(0) });
const request = {
    signer: settings.origin,
    operation: 'sign-targets',
    key: settings.key,
    issued: now(0),
    expires: now(3600 * 1000),
    nonce: crypto.randomBytes(16).toString('hex'),
    channel: settings.channel ?? '',
};

const names = {
    sha256: sha256(bundle),
    length: String(bundle.length),
    origin: settings.origin,
    stage: envelope('urn:slipway:stage:v1', stage(settings.origin)),
    stage_unsigned: envelope('urn:slipway:stage:v1', stage(settings.origin), { unsigned: true }),
    stage_of_another_service: envelope('urn:slipway:stage:v1', stage(settings.origin + '.example')),
    request: envelope('urn:slipway:request:v1', request),
};

function fill(value) {
    return value.replace(/\$\{(\w+)\}/g, (whole, name) => {
        if (names[name] === undefined) {
            throw new Error(`${whole} has no value yet`);
        }
        return names[name];
    });
}

// --- Playing examples ---

const target = { socketPath: settings.socket };

function body_of(example) {
    if (example.send_bytes !== undefined) {
        return bundle.subarray(example.send_bytes[0], example.send_bytes[1] ?? bundle.length);
    }
    return example.send === undefined ? undefined : Buffer.from(fill(example.send));
}

function compare(example, answer) {
    const wrong = answer.status === example.status ? [] : [`status ${answer.status}, not ${example.status}: ${answer.body}`];
    if (wrong.length > 0) {
        return wrong;
    }
    for (const [name, value] of Object.entries(example.headers_there ?? {})) {
        if (answer.headers[name.toLowerCase()] !== fill(value)) {
            wrong.push(`${name}: ${answer.headers[name.toLowerCase()]}, not ${fill(value)}`);
        }
    }
    const json = example.body === undefined && example.keep === undefined ? {} : JSON.parse(answer.body);
    for (const [name, value] of Object.entries(example.body ?? {})) {
        if (json[name] !== fill(value)) {
            wrong.push(`${name}: ${json[name]}, not ${fill(value)}`);
        }
    }
    for (const [name, member] of Object.entries(example.keep ?? {})) {
        names[name] = json[member];
    }
    if (example.length !== undefined && answer.body.length !== example.length) {
        wrong.push(`${answer.body.length} bytes, not ${example.length}`);
    }
    if (example.begins !== undefined && !answer.body.toString().startsWith(fill(example.begins))) {
        wrong.push(`begins otherwise: ${answer.body.subarray(0, 80)}`);
    }
    return wrong;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function play(method, operation, example) {
    const path = fill(example.path);
    const headers = Object.fromEntries(Object.entries(example.headers ?? {}).map(([name, value]) => [name, fill(value)]));
    const used = example.method === undefined ? operation : file.api.paths[path].post;
    let answer = await ask(target, example.method ?? method, path, headers, body_of(example));
    for (let tries = 0; example.until !== undefined && tries < 300; tries++) {
        const json = answer.status === 200 ? JSON.parse(answer.body) : {};
        if (Object.entries(example.until).every(([name, value]) => json[name] === value)) {
            break;
        }
        await pause(50);
        answer = await ask(target, method, path, headers, body_of(example));
    }
    const wrong = [...compare(example, answer), ...file.fits_response(used, answer)];
    for (const [name, value] of Object.entries(example.until ?? {})) {
        if (JSON.parse(answer.body)[name] !== value) {
            wrong.push(`${name} never became ${value}: ${answer.body}`);
        }
    }
    file.tell(`${example.method ?? method} ${example.path} answers ${example.status}`, wrong);
}

// --- All of it ---

file.check_examples();
for (const { method, operation } of file.operations) {
    for (const example of operation['x-examples']) {
        await play(method, operation, example);
    }
}
file.finish();
