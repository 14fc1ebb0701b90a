// SPDX-License-Identifier: Apache-2.0
// Holds spec/depot-openapi.yaml against a running depot: every example in it fits its own schema, and every x-example is
// played, in the order of the steps, with its answer compared with what the file says of that status. Called by
// depot-openapi.bats.
//
//     node tests/depot/openapi.mjs URL TOKEN-FILE
//
// Prints TAP.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';

const base = new URL(process.argv[2]);
const token = fs.readFileSync(process.argv[3], 'utf8').trim();
const text = fs.readFileSync(new URL('../../spec/depot-openapi.yaml', import.meta.url), 'utf8');
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
    'minimum', 'maximum']);

function kind_of(value) {
    if (value === null || Array.isArray(value)) {
        return value === null ? 'null' : 'array';
    }
    return Number.isInteger(value) ? 'integer' : typeof value;
}

function members(schema, value, where) {
    const wrong = (schema.required ?? []).filter((name) => value[name] === undefined).map((name) => `${where}.${name}: missing`);
    for (const [name, member] of Object.entries(value)) {
        const rule = schema.properties?.[name];
        if (rule !== undefined) {
            wrong.push(...fits(rule, member, `${where}.${name}`));
        } else if (schema.additionalProperties === false) {
            wrong.push(`${where}.${name}: not in the schema`);
        }
    }
    return wrong;
}

function fits(reference, value, where) {
    const schema = resolve(reference);
    const kind = kind_of(value);
    for (const word of Object.keys(schema)) {
        if (!known.has(word)) {
            throw new Error(`${where}: a schema with ${word}, which isn't checked here`);
        }
    }
    if (schema.type !== undefined && schema.type !== kind) {
        return [`${where}: ${kind}, not ${schema.type}`];
    }
    if (schema.enum !== undefined && !schema.enum.includes(value)) {
        return [`${where}: ${JSON.stringify(value)} isn't one of ${schema.enum}`];
    }
    if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
        return [`${where}: ${JSON.stringify(value)} isn't ${schema.pattern}`];
    }
    if (value < schema.minimum || value > schema.maximum) {
        return [`${where}: ${value} is out of bounds`];
    }
    if (kind === 'array') {
        return schema.items === undefined ? [] : value.flatMap((element, i) => fits(schema.items, element, `${where}[${i}]`));
    }
    return kind === 'object' ? members(schema, value, where) : [];
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

// --- What examples keep ---

const names = {};
const sessions = {};

// RFC 6238 with SHA-1, 30 s, six digits.
function code_of(base32) {
    const bits = [...base32].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
    const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
    const mac = crypto.createHmac('sha1', key).update(counter).digest();
    return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1000000).padStart(6, '0');
}

function fill(value) {
    return value.replace(/\$\{(code:)?(\w+)\}/g, (whole, code, name) => {
        if (names[name] === undefined) {
            throw new Error(`${whole} has no value yet`);
        }
        return code === undefined ? names[name] : code_of(names[name]);
    });
}

const at = (json, path) => path.split('.').reduce((value, name) => value?.[name], json);

// --- Playing examples ---

function identity(who) {
    if (who === undefined) {
        return { Authorization: `Bearer ${token}` };
    }
    return who === 'nobody' ? {} : { Cookie: sessions[who].cookie, 'X-Slipway-CSRF': sessions[who].csrf };
}

function ask(method, path, headers, body) {
    return new Promise((done, fail) => {
        const content = body === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
        const sent = http.request(new URL(path, base), { method, headers: { ...content, ...headers } }, (answer) => {
            const pieces = [];
            answer.on('data', (piece) => pieces.push(piece));
            answer.on('end', () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(pieces) }));
        });
        sent.on('error', fail);
        sent.end(body);
    });
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
    if (answer.status !== example.status) {
        return [`status ${answer.status}, not ${example.status}: ${answer.body}`];
    }
    const wrong = [];
    const is_json = answer.headers['content-type'] === 'application/json' && answer.body.length > 0;
    const json = is_json ? JSON.parse(answer.body) : {};
    for (const [path, value] of Object.entries(example.body ?? {})) {
        const expected = typeof value === 'string' ? fill(value) : value;
        if (at(json, path) !== expected) {
            wrong.push(`${path}: ${at(json, path)}, not ${expected}`);
        }
    }
    for (const [name, path] of Object.entries(example.keep ?? {})) {
        names[name] = at(json, path);
    }
    if (example.keep_session !== undefined) {
        sessions[example.keep_session] = { cookie: answer.headers['set-cookie'][0].split(';')[0], csrf: json.csrf };
    }
    if (example.begins !== undefined && !answer.body.toString().startsWith(example.begins)) {
        wrong.push(`begins otherwise: ${answer.body.subarray(0, 80)}`);
    }
    return wrong;
}

async function play({ method, operation, example }) {
    const text = example.send === undefined ? undefined : fill(JSON.stringify(example.send));
    const body = example.bytes === undefined ? text : Buffer.from(example.bytes, 'base64');
    const type = example.bytes === undefined ? {} : { 'Content-Type': 'application/octet-stream' };
    const answer = await ask(method, fill(example.path), { ...identity(example.as), ...type, ...example.headers }, body);
    tell(`${method} ${example.path} answers ${example.status}`, [...compare(example, answer), ...fits_response(operation, answer)]);
}

// --- All of it ---

const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })));

function check_examples(name, content) {
    for (const [type, media] of Object.entries(content ?? {})) {
        if (type === 'application/json') {
            const wrong = media.example === undefined ? ['it has none'] : fits(media.schema, media.example, 'example');
            tell(`the example of ${name} fits its schema`, wrong);
        }
    }
}

for (const [name, response] of Object.entries(api.components.responses)) {
    check_examples(`response ${name}`, response.content);
}
for (const { operation } of operations) {
    check_examples(`${operation.operationId}'s request`, operation.requestBody?.content);
    for (const [status, response] of Object.entries(operation.responses)) {
        check_examples(`${operation.operationId}'s answer ${status}`, response.$ref === undefined ? response.content : {});
    }
}
const steps = operations.flatMap((of) => of.operation['x-examples'].map((example) => ({ ...of, example })));
tell('every step has a place of its own', new Set(steps.map(({ example }) => example.step)).size === steps.length ? [] : ['no']);
for (const step of steps.sort((left, right) => left.example.step - right.example.step)) {
    await play(step);
}
console.log(`1..${cases}`);
process.exitCode = failed === 0 ? 0 : 1;
