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
import http from 'node:http';

const settings = JSON.parse(fs.readFileSync(process.argv[2]));
const text = fs.readFileSync(new URL('../../spec/signer-openapi.yaml', import.meta.url), 'utf8');
const api = JSON.parse(text.replace(/^#.*$/gm, ''));

// --- Schemas, as far as the file uses them ---

function resolve(node) {
    while (node.$ref !== undefined) {
        node = node.$ref.slice(2).split('/').reduce((at, name) => at[name], api);
        if (node === undefined) {
            throw new Error('a $ref that leads nowhere');
        }
    }
    return node;
}

const known = new Set(['type', 'required', 'additionalProperties', 'properties', 'items', 'enum', 'pattern', 'description',
    'minimum', 'maximum', 'format']);

function fits(schema, value, where) {
    schema = resolve(schema);
    for (const word of Object.keys(schema)) {
        if (!known.has(word)) {
            throw new Error(`${where}: a schema with ${word}, which isn't checked here`);
        }
    }
    const kind = Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;
    if (schema.type !== undefined && schema.type !== kind) {
        return [`${where}: ${kind}, not ${schema.type}`];
    }
    if (schema.enum !== undefined && !schema.enum.includes(value)) {
        return [`${where}: ${JSON.stringify(value)} isn't one of ${schema.enum}`];
    }
    if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
        return [`${where}: ${JSON.stringify(value)} isn't ${schema.pattern}`];
    }
    const wrong = [];
    for (const name of schema.required ?? []) {
        if (value[name] === undefined) {
            wrong.push(`${where}.${name}: missing`);
        }
    }
    for (const [name, member] of Object.entries(kind === 'object' ? value : {})) {
        const rule = schema.properties?.[name];
        if (rule !== undefined) {
            wrong.push(...fits(rule, member, `${where}.${name}`));
        } else if (schema.additionalProperties === false) {
            wrong.push(`${where}.${name}: not in the schema`);
        }
    }
    if (kind === 'array' && schema.items !== undefined) {
        value.forEach((element, i) => wrong.push(...fits(schema.items, element, `${where}[${i}]`)));
    }
    return wrong;
}

// --- TAP ---

let cases = 0;
let failed = 0;

function tell(name, wrong) {
    cases++;
    failed += wrong.length > 0 ? 1 : 0;
    console.log(`${wrong.length > 0 ? 'not ok' : 'ok'} ${cases} - ${name}`);
    wrong.forEach((line) => console.log(`# ${line}`));
}

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

function ask(method, path, headers, body) {
    return new Promise((done, fail) => {
        const length = body === undefined ? {} : { 'Content-Length': body.length };
        const sent = http.request({ socketPath: settings.socket, method, path, headers: { ...length, ...headers } }, (answer) => {
            const pieces = [];
            answer.on('data', (piece) => pieces.push(piece));
            answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(pieces) }));
        });
        sent.on('error', fail);
        sent.end(body);
    });
}

function body_of(example) {
    if (example.send_bytes !== undefined) {
        return bundle.subarray(example.send_bytes[0], example.send_bytes[1] ?? bundle.length);
    }
    return example.send === undefined ? undefined : Buffer.from(fill(example.send));
}

// What the file says of an answer with this status must hold for it.
function fits_response(operation, answer) {
    const response = operation.responses[answer.status];
    if (response === undefined) {
        return [`status ${answer.status} isn't in the file`];
    }
    const content = resolve(response).content;
    const type = answer.headers['content-type'];
    if (content === undefined) {
        return answer.body.length === 0 ? [] : ['a body where the file has none'];
    }
    if (content[type] === undefined) {
        return [`Content-Type ${type} isn't in the file`];
    }
    return type === 'application/json' ? fits(content[type].schema, JSON.parse(answer.body), 'body') : [];
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
    const used = example.method === undefined ? operation : api.paths[path].post;
    let answer = await ask(example.method ?? method, path, headers, body_of(example));
    for (let tries = 0; example.until !== undefined && tries < 300; tries++) {
        const json = answer.status === 200 ? JSON.parse(answer.body) : {};
        if (Object.entries(example.until).every(([name, value]) => json[name] === value)) {
            break;
        }
        await pause(50);
        answer = await ask(method, path, headers, body_of(example));
    }
    const wrong = [...compare(example, answer), ...fits_response(used, answer)];
    for (const [name, value] of Object.entries(example.until ?? {})) {
        if (JSON.parse(answer.body)[name] !== value) {
            wrong.push(`${name} never became ${value}: ${answer.body}`);
        }
    }
    tell(`${example.method ?? method} ${example.path} answers ${example.status}`, wrong);
}

// --- All of it ---

const methods = ['get', 'head', 'post', 'put', 'patch', 'delete'];

function check_examples(name, content) {
    for (const [type, media] of Object.entries(content ?? {})) {
        if (type === 'application/json' && media.example === undefined) {
            tell(`${name} has an example`, ['it has none']);
        } else if (media.example !== undefined) {
            tell(`the example of ${name} fits its schema`, fits(media.schema, media.example, 'example'));
        }
    }
}

for (const [name, response] of Object.entries(api.components.responses)) {
    check_examples(`response ${name}`, response.content);
}
for (const path of Object.values(api.paths)) {
    for (const method of methods.filter((word) => path[word] !== undefined)) {
        const operation = path[method];
        check_examples(`${operation.operationId}'s request`, operation.requestBody?.content);
        for (const [status, response] of Object.entries(operation.responses)) {
            check_examples(`${operation.operationId}'s answer ${status}`, response.$ref === undefined ? response.content : {});
        }
    }
}
for (const path of Object.values(api.paths)) {
    for (const method of methods.filter((word) => path[word] !== undefined)) {
        for (const example of path[method]['x-examples']) {
            await play(method.toUpperCase(), path[method], example);
        }
    }
}
console.log(`1..${cases}`);
process.exitCode = failed === 0 ? 0 : 1;
