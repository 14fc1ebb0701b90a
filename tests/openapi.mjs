// SPDX-License-Identifier: Apache-2.0
// What the tests of both descriptions share (spec/signer-openapi.yaml, spec/depot-openapi.yaml): schemas as far as the
// files use them, examples that must fit them, calls over HTTP, and answers held against what the file says of them.
// Prints TAP.
//
//     const file = open_description('spec/depot-openapi.yaml');
//     file.check_examples();
//     for (const { path, method, operation } of file.operations) { … }
//     file.tell('a name', file.fits_response(operation, await ask({ port: 80 }, 'GET', '/', {})));
//     file.finish();
import fs from 'node:fs';
import http from 'node:http';

const methods = ['get', 'head', 'post', 'put', 'patch', 'delete'];
const known = new Set(['type', 'required', 'additionalProperties', 'properties', 'items', 'enum', 'pattern', 'description',
    'minimum', 'maximum', 'format']);

function kind_of(value) {
    if (value === null || Array.isArray(value)) {
        return value === null ? 'null' : 'array';
    }
    return Number.isInteger(value) ? 'integer' : typeof value;
}

export function open_description(name) {
    const text = fs.readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
    return new Description(JSON.parse(text.replace(/^#.*$/gm, '')));
}

class Description {
    constructor(api) {
        this.api = api;
        this.cases = 0;
        this.failed = 0;
        this.operations = Object.entries(api.paths).flatMap(([path, of]) => methods.filter((word) => of[word] !== undefined)
            .map((word) => ({ path, method: word.toUpperCase(), operation: of[word] })));
    }

    // --- Schemas ---

    resolve(node) {
        while (node.$ref !== undefined) {
            node = node.$ref.slice(2).split('/').reduce((at, name) => at[name], this.api);
            if (node === undefined) {
                throw new Error('a $ref that leads nowhere');
            }
        }
        return node;
    }

    members(schema, value, where) {
        const wrong = (schema.required ?? []).filter((name) => value[name] === undefined)
            .map((name) => `${where}.${name}: missing`);
        for (const [name, member] of Object.entries(value)) {
            const rule = schema.properties?.[name];
            if (rule !== undefined) {
                wrong.push(...this.fits(rule, member, `${where}.${name}`));
            } else if (schema.additionalProperties === false) {
                wrong.push(`${where}.${name}: not in the schema`);
            }
        }
        return wrong;
    }

    fits(reference, value, where) {
        const schema = this.resolve(reference);
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
            return schema.items === undefined ? []
                : value.flatMap((element, i) => this.fits(schema.items, element, `${where}[${i}]`));
        }
        return kind === 'object' ? this.members(schema, value, where) : [];
    }

    // What the file says of an answer with this status must hold for it.
    fits_response(operation, answer) {
        const response = operation.responses[answer.status];
        if (response === undefined) {
            return [`status ${answer.status} isn't in the file`];
        }
        const content = this.resolve(response).content;
        const type = answer.headers['content-type'];
        if (content === undefined) {
            return answer.body.length === 0 ? [] : ['a body where the file has none'];
        }
        if (content[type] === undefined) {
            return [`Content-Type ${type} isn't in the file`];
        }
        return type === 'application/json' ? this.fits(content[type].schema, JSON.parse(answer.body), 'body') : [];
    }

    // --- TAP ---

    tell(name, wrong) {
        this.cases++;
        this.failed += wrong.length > 0 ? 1 : 0;
        console.log(`${wrong.length > 0 ? 'not ok' : 'ok'} ${this.cases} - ${name}`);
        wrong.forEach((line) => console.log(`# ${line}`));
    }

    finish() {
        console.log(`1..${this.cases}`);
        process.exitCode = this.failed === 0 ? 0 : 1;
    }

    // --- The file's own examples ---

    check_content(name, content) {
        for (const [type, media] of Object.entries(content ?? {})) {
            if (type === 'application/json' && media.example === undefined) {
                this.tell(`${name} has an example`, ['it has none']);
            } else if (media.example !== undefined) {
                this.tell(`the example of ${name} fits its schema`, this.fits(media.schema, media.example, 'example'));
            }
        }
    }

    check_examples() {
        for (const [name, response] of Object.entries(this.api.components.responses)) {
            this.check_content(`response ${name}`, response.content);
        }
        for (const { operation } of this.operations) {
            this.check_content(`${operation.operationId}'s request`, operation.requestBody?.content);
            for (const [status, response] of Object.entries(operation.responses)) {
                this.check_content(`${operation.operationId}'s answer ${status}`, response.$ref === undefined ? response.content : {});
            }
        }
    }
}

// A call; target: {socketPath} or {hostname, port}. enough: whether what came so far is all that is wanted (of a stream).
export function ask(target, method, path, headers, body, enough = () => false) {
    return new Promise((done, fail) => {
        const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
        const sent = http.request({ ...target, method, path, headers: { ...length, ...headers } }, (answer) => {
            const pieces = [];
            const finish = () => done({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(pieces) });
            answer.on('data', (piece) => {
                pieces.push(piece);
                if (enough(Buffer.concat(pieces))) {
                    finish();
                    sent.destroy();
                }
            });
            answer.on('end', finish);
        });
        sent.on('error', fail);
        sent.end(body);
    });
}
