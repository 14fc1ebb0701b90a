// SPDX-License-Identifier: Apache-2.0
// Stands between a client and the signing service and lies: what comes back for paths that match is changed. So the tests
// see that a client takes nothing that the service says for true. Called by sign-lies.bats.
//
//     node liar.mjs SERVICE.sock LIAR.sock LIE.json
//
// LIE.json, read at each answer: {"path": REGEX, and one of "flip": OFFSET of a byte, "member": NAME with "value",
// "status": N with "text", "cut": so many bytes less}. Prints "ready" when it listens.
import fs from 'node:fs';
import http from 'node:http';

const [service, liar, lie_path] = process.argv.slice(2);

function lie(path, answer) {
    const how = JSON.parse(fs.readFileSync(lie_path));
    if (!new RegExp(how.path).test(path)) {
        return answer;
    }
    const body = Buffer.from(answer.body);
    if (how.flip !== undefined) {
        body[how.flip % body.length] ^= 1;
        return { ...answer, body };
    }
    if (how.member !== undefined) {
        const json = JSON.parse(body);
        if (how.value === undefined) {
            delete json[how.member];
        } else {
            json[how.member] = how.value;
        }
        return { ...answer, body: Buffer.from(JSON.stringify(json)) };
    }
    if (how.cut !== undefined) {
        return { ...answer, body: body.subarray(0, Math.max(0, body.length - how.cut)) };
    }
    return { status: how.status, headers: {}, body: Buffer.from(how.text) };
}

function gather(stream) {
    return new Promise((done) => {
        const pieces = [];
        stream.on('data', (piece) => pieces.push(piece));
        stream.on('end', () => done(Buffer.concat(pieces)));
    });
}

http.createServer(async (asked, out) => {
    const body = await gather(asked);
    const sent = http.request({ socketPath: service, method: asked.method, path: asked.url, headers: asked.headers }, async (got) => {
        const headers = Object.fromEntries(Object.entries(got.headers).filter(([name]) => /^upload-|^content-type/.test(name)));
        const answer = lie(asked.url, { status: got.statusCode, headers, body: await gather(got) });
        const length = asked.method === 'HEAD' || answer.status === 204 ? {} : { 'Content-Length': answer.body.length };
        out.writeHead(answer.status, { ...answer.headers, ...length });
        out.end(answer.body);
    });
    sent.on('error', () => out.destroy());
    sent.end(body);
}).listen(liar, () => console.log('ready'));
