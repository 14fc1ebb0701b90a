// SPDX-License-Identifier: Apache-2.0
// Endless data and other abuse of HTTP: how much is taken, from whom, and in which form.
import fs from 'node:fs';
import path from 'node:path';
import { Client, serve, start, temporaryDirectory } from './client.mjs';
import { Repository } from './repository.mjs';
import { test } from './tap.mjs';

// Fills a role with blanks until its file has so many bytes; returns nothing, serves it.
function pad(repo, role, bytes) {
    repo.rewrite(role, (text) => text + ' '.repeat(bytes - Buffer.byteLength(text)));
}

const LIMITS = { root: 512000, timestamp: 16384, snapshot: 2000000, targets: 5000000, team: 5000000 };
const TRUSTED = {
    root: { root: 1 },
    timestamp: { root: 1 },
    snapshot: { root: 1, timestamp: 2 },
    targets: { root: 1, timestamp: 2, snapshot: 2 },
    team: { root: 1, timestamp: 2, snapshot: 2, targets: 2 },
};

async function startWithAll(t, options) {
    const started = await start(t, options);
    started.repo.delegate('targets', 'team');
    started.repo.addTarget('team', 'file', 'content');
    started.repo.publishAll();
    return started;
}

function pathOf(repo, role) {
    return role === 'timestamp'
        ? 'metadata/timestamp.json'
        : `metadata/${repo.roles[role].signed.version}.${role}.json`;
}

for (const [role, limit] of Object.entries(LIMITS)) {
    test(`accepts_a_${role}_of_${limit}_bytes`, async (t) => {
        const { repo, client } = await startWithAll(t);
        if (role === 'root') {
            repo.publish('root');
        }
        pad(repo, role, limit);
        await client.downloads('file');
        t.equal(client.stored(role).length, limit);
    });

    test(`refuses_a_${role}_of_${limit + 1}_bytes`, async (t) => {
        const { repo, client } = await startWithAll(t);
        if (role === 'root') {
            repo.publish('root');
        }
        pad(repo, role, limit + 1);
        await client.refusesDownload('too-large', 'file');
        client.checkTrusted(TRUSTED[role]);
        client.checkDownloaded();
    });

    test(`hangs_up_on_a_${role}_without_end`, async (t) => {
        const { repo, client, server } = await startWithAll(t);
        if (role === 'root') {
            repo.publish('root');
        }
        server.fault(pathOf(repo, role), (response) => {
            response.writeHead(200, { 'Content-Type': 'application/json' });
            server.flood(response, Buffer.alloc(65536, ' '));
        });
        await client.refusesDownload('too-large', 'file');
        client.checkTrusted(TRUSTED[role]);
        // What the kernel buffers on both sides is written, but never read.
        t.ok(server.flooded < limit + 24 * 1024 * 1024, `${server.flooded} bytes went out`);
    });
}

test('refuses_a_timestamp_of_20_megabytes', async (t) => {
    const { repo, client } = await start(t);
    pad(repo, 'timestamp', 20000000);
    await client.refuses('too-large');
    client.checkTrusted({ root: 1 });
});

test('hangs_up_on_a_snapshot_longer_than_the_timestamp_says', async (t) => {
    const { repo, client } = await start(t, { metaHashes: ['sha256'] });
    pad(repo, 'snapshot', 100000);
    await client.refuses(['too-large', 'mix-and-match', 'wrong-length']);
    client.checkTrusted({ root: 1, timestamp: 1 });
});

// Lengths are signed by online keys. Whoever has stolen one names any: the client's memory isn't theirs all the same.
for (const [role, names, limit] of [
    ['snapshot', 'timestamp', 8 * LIMITS.snapshot],
    ['targets', 'snapshot', 8 * LIMITS.targets],
]) {
    for (const length of [limit + 1, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
        test(`a_${role}_said_to_have_${length}_bytes_is_not_even_asked_for`, async (t) => {
            const { repo, client, server } = await start(t);
            repo.publishAll();
            repo.roles[names].signed.meta[`${role}.json`].length = length;
            repo.publish(...(names === 'snapshot' ? ['snapshot', 'timestamp'] : ['timestamp']));
            server.fault(pathOf(repo, role), (response) => {
                response.writeHead(200);
                server.flood(response, Buffer.from('1,'.repeat(32768)));
            });
            await client.refuses('too-large');
            t.ok(!server.takeRequests().includes(pathOf(repo, role).slice('metadata/'.length)));
        });
    }

    test(`accepts_a_${role}_over_the_limit_whose_length_is_signed`, async (t) => {
        const { repo, client } = await start(t);
        repo.publishAll();
        const length = LIMITS[role] + 1000000;
        pad(repo, role, length);
        repo.roles[names].signed.meta[`${role}.json`].length = length;
        repo.publish(...(names === 'snapshot' ? ['snapshot', 'timestamp'] : ['timestamp']));
        await client.refreshes();
        t.equal(client.stored(role).length, length);
    });
}

test('hangs_up_on_a_target_longer_than_its_metadata_say', async (t) => {
    const { repo, client, server } = await startWithAll(t);
    server.fault('*', (response, body, request) => {
        if (request.url.startsWith('/targets/')) {
            response.writeHead(200);
            server.flood(response, Buffer.alloc(65536, 'x'));
        } else {
            response.writeHead(body ? 200 : 404, { 'Content-Length': body?.length ?? 0 });
            response.end(body ?? '');
        }
    });
    t.equal(repo.roles.team.signed.targets.file.length, 7);
    await client.refusesDownload(['too-large', 'wrong-length'], 'file');
    client.checkDownloaded();
    t.ok(server.flooded < 24 * 1024 * 1024, `${server.flooded} bytes went out`);
});

test('a_content_length_over_the_limit_is_refused_at_once', async (t) => {
    const { client, server } = await start(t);
    server.fault('metadata/timestamp.json', (response) => {
        response.writeHead(200, { 'Content-Length': '9000000000000000000' });
        response.write(' ');
    });
    await client.refuses('too-large');
    client.checkTrusted({ root: 1 });
});

test('a_content_length_beyond_the_body_is_no_success', async (t) => {
    const { client, server } = await start(t);
    server.fault('metadata/timestamp.json', (response, body) => {
        response.writeHead(200, { 'Content-Length': body.length + 10 });
        response.write(body, () => response.destroy());
    });
    await client.refuses(['unavailable', 'wrong-length']);
    client.checkTrusted({ root: 1 });
});

test('a_content_length_short_of_the_body_cuts_it', async (t) => {
    const { client, server } = await start(t);
    server.fault('metadata/timestamp.json', (response, body) => {
        response.socket.end(
            Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length - 9}\r\n\r\n`), body]),
        );
    });
    await client.refuses(['malformed', 'unavailable']);
    client.checkTrusted({ root: 1 });
});

test('two_content_lengths_are_not_believed', async (t) => {
    const { client, server } = await start(t);
    server.fault('metadata/timestamp.json', (response, body) => {
        const lengths = `Content-Length: ${body.length}\r\nContent-Length: ${body.length - 9}\r\n`;
        response.socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${lengths}\r\n`), body]));
    });
    const result = await client.refresh();
    t.ok(result.status === 0 || result.status === 1, result.stderr);
    if (result.status === 1) {
        client.checkTrusted({ root: 1 });
    }
});

test('a_body_in_chunks_is_accepted', async (t) => {
    const { client, server } = await start(t);
    server.fault('metadata/timestamp.json', (response, body) => {
        response.writeHead(200, { 'Transfer-Encoding': 'chunked' });
        for (const byte of body) {
            response.write(Buffer.of(byte));
        }
        response.end();
    });
    await client.refreshes();
});

test('chunks_that_break_off_are_no_success', async (t) => {
    const { client, server } = await start(t);
    server.fault('metadata/timestamp.json', (response, body) => {
        response.socket.end(
            `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}`,
        );
    });
    await client.refuses('unavailable');
    client.checkTrusted({ root: 1 });
});

test('hangs_up_on_headers_without_end', async (t) => {
    const { client, server } = await start(t);
    let sent = 0;
    server.fault('metadata/timestamp.json', (response) => {
        const { socket } = response;
        const line = `X-Flood: ${'a'.repeat(8000)}\r\n`;
        socket.on('error', () => {});
        socket.write('HTTP/1.1 200 OK\r\n');
        const more = () => {
            while (!socket.destroyed && sent < 256 * 1024 * 1024) {
                sent += line.length;
                if (!socket.write(line)) {
                    socket.once('drain', more);
                    return;
                }
            }
            socket.destroy();
        };
        more();
    });
    await client.refuses(['too-large', 'unavailable']);
    client.checkTrusted({ root: 1 });
    t.ok(sent < 64 * 1024 * 1024, `${sent} bytes went out`);
});

test('asks_for_no_encoding_of_the_content', async (t) => {
    const { client, server } = await startWithAll(t);
    await client.downloads('file');
    const encodings = server.log.map(({ headers }) => headers['accept-encoding'] ?? 'identity');
    t.equal(new Set(encodings), new Set(['identity']));
    t.ok(server.log.every(({ method }) => method === 'GET'));
});

for (const encoding of ['gzip', 'deflate', 'br', 'zstd']) {
    test(`refuses_content_encoded_with_${encoding}`, async (t) => {
        const { client, server } = await start(t);
        server.fault('metadata/timestamp.json', (response, body) => {
            response.writeHead(200, { 'Content-Encoding': encoding, 'Content-Length': body.length });
            response.end(body);
        });
        await client.refuses(['unsupported-encoding', 'malformed', 'unavailable']);
        client.checkTrusted({ root: 1 });
    });
}

test('an_identity_encoding_is_none', async (t) => {
    const { client, server } = await start(t);
    server.fault('metadata/timestamp.json', (response, body) => {
        response.writeHead(200, { 'Content-Encoding': 'identity', 'Content-Length': body.length });
        response.end(body);
    });
    const result = await client.refresh();
    t.ok(result.status === 0 || /^refused: /m.test(result.stderr), result.stderr);
});

test('refuses_a_redirect_to_another_host_or_scheme', async (t) => {
    const other = await serve(t, new Repository());
    const places = [
        `http://localhost:${other.port}/metadata/timestamp.json`,
        `${other.metadataUrl}timestamp.json`,
        `https://127.0.0.1:${other.port}/metadata/timestamp.json`,
        'file:///etc/passwd',
        'ftp://127.0.0.1:9/timestamp.json',
    ];
    for (const location of places) {
        const { client, server } = await start(t);
        server.fault('metadata/timestamp.json', (response) => {
            response.writeHead(302, { Location: location, 'Content-Length': '0' });
            response.end();
        });
        await client.refuses('unavailable');
        client.checkTrusted({ root: 1 });
    }
    t.equal(other.takeRequests(), []);
});

test('a_redirect_in_a_circle_ends', async (t) => {
    const { client, server } = await start(t);
    server.fault('metadata/timestamp.json', (response) => {
        response.writeHead(301, { Location: `${server.metadataUrl}timestamp.json`, 'Content-Length': '0' });
        response.end();
    });
    await client.refuses('unavailable');
    t.ok(server.log.length < 60, `${server.log.length} requests`);
});

for (const role of ['timestamp', 'snapshot', 'targets', 'team']) {
    for (const status of [404, 500]) {
        test(`a_${role}_with_status_${status}_is_unavailable`, async (t) => {
            const { repo, client, server } = await startWithAll(t);
            server.status(pathOf(repo, role), status);
            await client.refusesDownload('unavailable', 'file');
            client.checkTrusted(TRUSTED[role]);
            server.mend(pathOf(repo, role));
            await client.downloads('file');
        });
    }
}

for (const status of [204, 206, 304]) {
    test(`status_${status}_to_a_plain_request_is_no_success`, async (t) => {
        const { client, server } = await start(t);
        server.fault('metadata/timestamp.json', (response, body) => {
            response.writeHead(status);
            response.end(status === 206 ? body : undefined);
        });
        const result = await client.refresh();
        t.equal(result.status, 1, result.stderr);
        client.checkTrusted({ root: 1 });
    });
}

test('a_server_that_is_gone_is_unavailable', async (t) => {
    const { client, server } = await start(t);
    await client.refreshes();
    await server.stop();
    await client.refuses('unavailable');
    client.checkTrusted({ root: 1, timestamp: 1, snapshot: 1, targets: 1 });
});

test('an_answer_that_is_no_http_is_unavailable', async (t) => {
    const { client, server } = await start(t);
    server.fault('metadata/timestamp.json', (response) => response.socket.end('220 mail.example ESMTP\r\n'));
    await client.refuses('unavailable');
    client.checkTrusted({ root: 1 });
});

test('leaves_no_half_written_file_behind', async (t) => {
    const { client, server } = await startWithAll(t);
    server.fault('*', (response, body, request) => {
        if (request.url.startsWith('/targets/') || request.url.includes('team')) {
            response.writeHead(200, { 'Content-Length': body.length });
            response.write(body.subarray(0, body.length - 1), () => response.destroy());
        } else {
            response.writeHead(body ? 200 : 404, { 'Content-Length': body?.length ?? 0 });
            response.end(body ?? '');
        }
    });
    await client.refusesDownload(['unavailable', 'wrong-length'], 'file');
    client.checkDownloaded();
    const names = fs.readdirSync(client.metadataDir).filter((name) => /^[^.].*\.json$/.test(name));
    t.equal(names.sort(), ['root.json', 'snapshot.json', 'targets.json', 'timestamp.json']);
    client.checkNothingElse();
});

test('a_metadata_directory_that_cannot_be_written_stops_it', async (t) => {
    const repo = new Repository();
    const server = await serve(t, repo);
    const client = new Client(t, server, temporaryDirectory(t));
    t.equal((await client.init(repo.rootBytes(1))).status, 0);
    // A directory where a file has to go stops root as well as others.
    fs.mkdirSync(path.join(client.metadataDir, 'timestamp.json'));
    t.equal((await client.refresh()).status, 1);
    t.ok(!fs.existsSync(path.join(client.metadataDir, 'snapshot.json')));
});
