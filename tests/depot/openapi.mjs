// SPDX-License-Identifier: Apache-2.0
// Holds spec/depot-openapi.yaml against a running depot: every call that the program has is in the file and every call of
// the file is the program's, every example fits its own schema, and every x-example is played, in the order of the steps,
// with its answer compared with what the file says of that status. Called by depot-openapi.bats.
//
//     node tests/depot/openapi.mjs URL TOKEN-FILE ROUTES-FILE [NAME=VALUE…]
//
// ROUTES-FILE is what `slipway-depot routes` prints; examples may use what is named. Prints TAP.
import crypto from 'node:crypto';
import fs from 'node:fs';
import { ask, open_description } from '../openapi.mjs';

const base = new URL(process.argv[2]);
const target = { hostname: base.hostname, port: base.port };
const token = fs.readFileSync(process.argv[3], 'utf8').trim();
const routes = JSON.parse(fs.readFileSync(process.argv[4], 'utf8')).routes;
const file = open_description('spec/depot-openapi.yaml');

// --- What examples keep ---

const device = crypto.generateKeyPairSync('ed25519');
const names = {
    device_key: device.publicKey.export({ type: 'spki', format: 'pem' }),
    ...Object.fromEntries(process.argv.slice(5).map((word) => word.split('='))),
    other_key: crypto.generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }),
};
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

// ${NAME}, ${code:NAME}; ${hmac:NAME} is of the body.
function fill(text, body = '') {
    return text.replace(/\$\{(?:(code|hmac):)?(\w+)\}/g, (whole, form, name) => {
        if (names[name] === undefined) {
            throw new Error(`${whole} has no value yet`);
        }
        if (form === 'hmac') {
            return crypto.createHmac('sha256', String(names[name])).update(body).digest('hex');
        }
        return form === 'code' ? code_of(names[name]) : names[name];
    });
}

// Every text in a value is filled; "#{NAME}" as a whole becomes what was kept, a number too.
function fill_all(value) {
    if (typeof value === 'string') {
        const kept = value.match(/^#\{(\w+)\}$/);
        return kept === null ? fill(value) : names[kept[1]];
    }
    if (Array.isArray(value)) {
        return value.map(fill_all);
    }
    return value === null || typeof value !== 'object' ? value
        : Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fill_all(member)]));
}

const at = (json, path) => path.split('.').reduce((value, name) => value?.[name], json);

// --- What devices say: a DSSE envelope by their key ---

function envelope({ kind, payload }) {
    const type = `application/vnd.slipway.${kind}+json`;
    const text = Buffer.from(JSON.stringify({ time: Math.floor(Date.now() / 1000), ...fill_all(payload) }));
    const pae = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${text.length} `), text]);
    const sig = crypto.sign(null, pae, device.privateKey).toString('base64');
    return JSON.stringify({ payload: text.toString('base64'), payloadType: type, signatures: [{ sig }] });
}

// --- Playing examples ---

function identity(who) {
    if (who === undefined) {
        return { Authorization: `Bearer ${token}` };
    }
    return who === 'nobody' ? {} : { Cookie: sessions[who].cookie, 'X-Slipway-CSRF': sessions[who].csrf };
}

function body_of(example) {
    if (example.bytes !== undefined) {
        return [Buffer.from(example.bytes, 'base64'), { 'Content-Type': 'application/octet-stream' }];
    }
    if (example.text !== undefined) {
        return [Buffer.from(example.text), { 'Content-Type': 'text/plain; charset=utf-8' }];
    }
    const text = example.signed !== undefined ? envelope(example.signed)
        : example.send !== undefined ? JSON.stringify(fill_all(example.send)) : undefined;
    return [text, text === undefined ? {} : { 'Content-Type': 'application/json' }];
}

function compare(example, answer) {
    if (answer.status !== example.status) {
        return [`status ${answer.status}, not ${example.status}: ${answer.body}`];
    }
    const wrong = [];
    const is_json = answer.headers['content-type'] === 'application/json' && answer.body.length > 0;
    const json = is_json ? JSON.parse(answer.body) : {};
    for (const [path, value] of Object.entries(example.body ?? {})) {
        const expected = fill_all(value);
        if (at(json, path) !== expected) {
            wrong.push(`${path}: ${at(json, path)}, not ${expected}: ${answer.body}`);
        }
    }
    for (const [name, path] of Object.entries(example.keep ?? {})) {
        names[name] = at(json, path);
    }
    if (example.keep_session !== undefined) {
        sessions[example.keep_session] = { cookie: answer.headers['set-cookie'][0].split(';')[0], csrf: json.csrf };
    }
    if (example.begins !== undefined && !answer.body.toString().startsWith(fill(example.begins))) {
        wrong.push(`begins otherwise: ${answer.body.subarray(0, 80)}`);
    }
    return wrong;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function play({ method, operation, example }) {
    const [body, type] = body_of(example);
    const headers = Object.fromEntries(Object.entries(example.headers ?? {}).map(([name, value]) => [name, fill(value, body)]));
    const enough = example.stream === true ? (text) => text.includes('\n\n') : undefined;
    const once = () => ask(target, method, fill(example.path), { ...identity(example.as), ...type, ...headers }, body, enough);
    let answer = await once();
    for (let tries = 0; example.again === true && compare(example, answer).length > 0 && tries < 200; tries++) {
        await pause(25);
        answer = await once();
    }
    file.tell(`${method} ${example.path} answers ${example.status}`,
        [...compare(example, answer), ...file.fits_response(operation, answer)]);
}

// --- What no field may do ---

// For SQL, a page, a pattern, a path, a format.
const hostile = ['x\' OR \'1\'=\'1\'; DROP TABLE people; --', '"><img src=x onerror=alert(1)><script>alert(1)</script>', '%_\\$1"', '../../etc/passwd',
    '%s%n$(id)`id`', 'a\u0000b', '\u202e\u0007\r\nX: y'];

// Every text in a value, each once in a copy of it: a list of copies.
function poisoned(value, poison) {
    if (typeof value === 'string') {
        return [poison];
    }
    if (value === null || typeof value !== 'object') {
        return [];
    }
    return Object.entries(value).flatMap(([name, member]) => poisoned(member, poison)
        .map((changed) => Object.assign(Array.isArray(value) ? [...value] : { ...value }, { [name]: changed })));
}

// The same for a path: what stands in it for a parameter, and each value of a query that the call takes.
function poisoned_paths({ path: template, operation }, path, poison) {
    const [way, query] = path.split('?');
    const text = encodeURIComponent(poison);
    const parts = way.split('/');
    const terms = new URLSearchParams(query);
    const ways = template.split('/').flatMap((part, at) => (part.startsWith('{') ? [parts.with(at, text).join('/')] : []));
    const taken = (operation.parameters ?? []).map((one) => file.resolve(one)).filter((one) => one.in === 'query').map(({ name }) => name);
    return [...ways.map((other) => `${other}?${terms}`), ...new Set([...terms.keys(), ...taken])].map((place) =>
        (place.startsWith('/') ? place : `${way}?${new URLSearchParams({ ...Object.fromEntries(terms), [place]: poison })}`));
}

// A step with poison in one place after the other: as it would be sent.
function* attacks(step, poison) {
    const { example } = step;
    const path = fill(example.path);
    for (const other of poisoned_paths(step, path, poison)) {
        yield { path: other, body: body_of(example)[0] };
    }
    for (const send of example.send === undefined ? [] : poisoned(fill_all(example.send), poison)) {
        yield { path, body: JSON.stringify(send) };
    }
    for (const payload of example.signed === undefined ? [] : poisoned(example.signed.payload, poison)) {
        yield { path, body: envelope({ ...example.signed, payload }) };
    }
}

// Nothing fails inside, whoever asks what, nor in the database, which would say so; and no answer is a page.
async function attack(step) {
    const wrong = [];
    let count = 0;
    for (const poison of hostile) {
        for (const { path, body } of attacks(step, poison)) {
            const headers = { ...identity(step.example.as), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) };
            const answer = await ask(target, step.method, path, headers, body);
            count++;
            if (answer.status >= 500 || /"detail":"database: (?!value \d+ isn't UTF-8)/.test(answer.body) || /html/.test(answer.headers['content-type'] ?? '')) {
                wrong.push(`${step.method} ${path} ${body}: ${answer.status} ${answer.headers['content-type']} ${answer.body}`);
            }
        }
    }
    file.tell(`${step.method} ${step.example.path} withstands ${count} hostile texts`, wrong);
    return count;
}

// --- All of it ---

// The page is for people, and isn't described.
const is_page = ({ path }) => path === '/' || path === '/app/{path...}';
const has = new Set(routes.filter((route) => !is_page(route)).map(({ method, path }) => `${method} ${path.replace('...}', '}')}`));
const described = new Set(file.operations.map(({ method, path }) => `${method} ${path}`));
const played = file.operations.filter(({ operation }) => operation['x-examples'].some(({ status }) => status < 400));
file.tell('every call of the program is in the file', [...has].filter((call) => !described.has(call)));
file.tell('every call of the file is the program\'s', [...described].filter((call) => !has.has(call)));
file.tell('every call of the file is played to its end', file.operations.filter((of) => !played.includes(of))
    .map(({ method, path }) => `${method} ${path}`));
file.tell('every call of the file is refused to somebody, or to nobody', file.operations.filter(({ operation }) =>
    operation['x-refuses-nobody'] !== true && operation['x-examples'].every(({ status }) => status < 400))
    .map(({ method, path }) => `${method} ${path}`));
file.check_examples();
const steps = file.operations.flatMap((of) => of.operation['x-examples'].map((example) => ({ ...of, example })));
file.tell('every step has a place of its own',
    new Set(steps.map(({ example }) => example.step)).size === steps.length ? [] : ['no']);
for (const step of steps.sort((left, right) => left.example.step - right.example.step)) {
    await play(step);
}
let attacked = 0;
// Of each call the first that is taken, by a token: what ended sessions and streams do is tested elsewhere.
for (const { method, path, operation } of file.operations) {
    const example = operation['x-examples'].find((one) => one.status < 400 && one.stream !== true && sessions[one.as] === undefined);
    attacked += example === undefined ? 0 : await attack({ method, path, operation, example });
}
file.tell('each call was attacked in each of its fields', attacked > 1500 ? [] : [`${attacked} times`]);
file.finish();
