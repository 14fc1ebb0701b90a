// SPDX-License-Identifier: Apache-2.0
// A hostile or broken proxy in front of a web server on 127.0.0.1: for scenarios, which tell it what to do by a file.
//
//     node tests/tuf/proxy.mjs UPSTREAM-PORT DIR
//
// Its own port is in DIR/port once it listens. DIR/log has a line `PATH RANGE STATUS` for each request, with `-` for no
// range. DIR/faults, read at each request, has lines `TIMES KIND TEXT [ARGUMENT]`: the first one whose TEXT is in the
// path and that wasn't used TIMES times (`always`) decides; a changed file begins anew. Other requests pass through.
//
//     cut N        N bytes of the body (half of it), as announced, then the connection ends
//     reset N      the same, and the connection is reset
//     stall N      the same, then nothing more
//     drip         a byte every quarter of a second
//     corrupt      a bit in the middle is another
//     truncate     half of the body, announced as such
//     extend       a byte more than there are, announced as such
//     flood        as much as the client takes, without a word of how much
//     replay FILE  this file, whatever was asked for
//     status CODE  no body
//     whole        the range isn't passed on
//     shift        the range begins a byte later than asked for
//     encode       sent as gzip, which nobody asked for
//     redirect URL to there
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import zlib from 'node:zlib';

const DRIP_MS = 250;

const [, , upstreamPort, dir] = process.argv;
let faultsText = null;
let faults = [];

function readFaults() {
    const text = fs.readFileSync(path.join(dir, 'faults'), 'utf8');
    if (text !== faultsText) {
        faultsText = text;
        faults = text
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => {
                const [times, kind, text, argument] = line.split(' ');
                return { left: times === 'always' ? Infinity : Number(times), kind, text, argument };
            });
    }
}

function takeFault(url) {
    readFaults();
    const fault = faults.find(({ left, text }) => left > 0 && url.includes(text));
    if (fault) {
        fault.left--;
    }
    return fault ?? { kind: 'none' };
}

// Asks the server: { status, headers, body }.
function ask(url, headers) {
    return new Promise((resolve, reject) => {
        const request = http.request(
            { host: '127.0.0.1', port: upstreamPort, path: url, headers: { ...headers, connection: 'close' } },
            (response) => {
                const pieces = [];
                response.on('data', (piece) => pieces.push(piece));
                response.on('error', reject);
                response.on('end', () =>
                    resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) }),
                );
            },
        );
        request.on('error', reject);
        request.end();
    });
}

function send(response, { status, headers, body }) {
    const { connection, 'transfer-encoding': encoding, ...kept } = headers;
    response.writeHead(status, { ...kept, 'content-length': body.length });
    response.end(body);
}

// The answer's head, and some of its body; then after(socket).
function sendSome(response, answer, argument, after) {
    const count = argument === undefined ? answer.body.length >> 1 : Number(argument);
    response.writeHead(answer.status, { ...answer.headers, connection: 'keep-alive' });
    response.write(answer.body.subarray(0, count), () => after(response.socket));
}

function drip(response, answer) {
    let sent = 0;
    response.writeHead(answer.status, { 'content-length': answer.body.length });
    const timer = setInterval(() => response.write(answer.body.subarray(sent, ++sent)), DRIP_MS);
    response.on('close', () => clearInterval(timer));
}

function flood(response) {
    const piece = Buffer.alloc(65536, ' ');
    const more = () => {
        while (!response.destroyed && response.write(piece)) {
            // until it isn't taken
        }
    };
    response.writeHead(200);
    response.on('drain', more);
    more();
}

function corrupt(answer) {
    const body = Buffer.from(answer.body);
    body[body.length >> 1] ^= 1;
    return { ...answer, body };
}

function shiftRange(range) {
    return range && range.replace(/\d+/, (from) => String(Number(from) + 1));
}

const KINDS = {
    none: (response, answer) => send(response, answer),
    cut: (response, answer, argument) => sendSome(response, answer, argument, (socket) => socket.end()),
    reset: (response, answer, argument) =>
        sendSome(response, answer, argument, (socket) => setTimeout(() => socket.resetAndDestroy(), 100)),
    stall: (response, answer, argument) => sendSome(response, answer, argument, () => {}),
    drip,
    corrupt: (response, answer) => send(response, corrupt(answer)),
    truncate: (response, answer) =>
        send(response, { ...answer, body: answer.body.subarray(0, answer.body.length >> 1) }),
    extend: (response, answer) => send(response, { ...answer, body: Buffer.concat([answer.body, Buffer.from('!')]) }),
    flood,
    replay: (response, answer, argument) =>
        send(response, { status: 200, headers: {}, body: fs.readFileSync(argument) }),
    status: (response, answer, argument) =>
        send(response, { status: Number(argument), headers: {}, body: Buffer.alloc(0) }),
    whole: (response, answer) => send(response, answer),
    shift: (response, answer) => send(response, answer),
    encode: (response, answer) =>
        send(response, { status: 200, headers: { 'content-encoding': 'gzip' }, body: zlib.gzipSync(answer.body) }),
    redirect: (response, answer, argument) =>
        send(response, { status: 302, headers: { location: argument }, body: Buffer.alloc(0) }),
};

async function serve(request, response) {
    const { kind, argument } = takeFault(request.url);
    const { range, ...headers } = request.headers;
    const passed = { whole: undefined, shift: shiftRange(range) };
    const asked = kind in passed ? passed[kind] : range;
    const answer = await ask(request.url, asked === undefined ? headers : { ...headers, range: asked });
    // Before the first byte leaves: whoever has all of an answer finds it in the log.
    const head = response.writeHead.bind(response);
    response.writeHead = (status, ...rest) => {
        log(request, status);
        return head(status, ...rest);
    };
    KINDS[kind](response, answer, argument);
}

function log(request, status) {
    fs.appendFileSync(path.join(dir, 'log'), `${request.url} ${request.headers.range ?? '-'} ${status}\n`);
}

const server = http.createServer((request, response) => {
    serve(request, response).catch((error) => {
        log(request, error.message);
        response.destroy();
    });
});
server.keepAliveTimeout = 60000;
server.listen(0, '127.0.0.1', () => {
    fs.writeFileSync(path.join(dir, 'port.new'), `${server.address().port}\n`);
    fs.renameSync(path.join(dir, 'port.new'), path.join(dir, 'port'));
});
