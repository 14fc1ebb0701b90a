// SPDX-License-Identifier: Apache-2.0
// Malicious mirrors: `slipway repo fetch` with several, of which the first one does what it can. The second one's files
// arrive all the same, and what all of them refuse ends with the reason.
import { checkRefusal, checkSuccess, Client, serve, temporaryDirectory } from './client.mjs';
import { daysFromNow, prefixedPath, Repository } from './repository.mjs';
import { test } from './tap.mjs';

// Two servers of one repository and a client; the first is the bad one.
async function startMirrors(t) {
    const repo = new Repository();
    repo.delegate('targets', 'team', { paths: ['team/*'] });
    repo.addTarget('team', 'team/app', 'release 1');
    repo.publishAll();
    const servers = [await serve(t, repo), await serve(t, repo)];
    const client = new Client(t, servers[0], temporaryDirectory(t));
    const target = `targets/${prefixedPath('team/app', repo.roles.team.signed.targets['team/app'].hashes.sha256)}`;
    return { repo, servers, client, target };
}

const FILES = {
    timestamp: 'metadata/timestamp.json',
    snapshot: 'metadata/2.snapshot.json',
    targets: 'metadata/2.targets.json',
    team: 'metadata/1.team.json',
};

function sendInstead(bytes) {
    return (response) => {
        response.writeHead(200, { 'Content-Length': bytes.length });
        response.end(bytes);
    };
}

const FAULTS = {
    lacks: () => (response) => {
        response.writeHead(404, { 'Content-Length': '0' });
        response.end();
    },
    fails_at: () => (response) => {
        response.writeHead(503, { 'Content-Length': '0' });
        response.end();
    },
    cuts: () => (response, body) => {
        response.writeHead(200, { 'Content-Length': body.length });
        response.write(body.subarray(0, body.length / 2), () => response.destroy());
    },
    corrupts: () => (response, body) => {
        const bytes = Buffer.from(body);
        bytes[bytes.length >> 1] ^= 1;
        sendInstead(bytes)(response);
    },
    replaces: () => sendInstead(Buffer.from('<html>sign in to the wireless network</html>')),
    floods: (server) => (response) => {
        response.writeHead(200);
        server.flood(response, Buffer.alloc(65536, ' '));
    },
    redirects: () => (response) => {
        response.writeHead(302, { Location: 'http://localhost:9/', 'Content-Length': '0' });
        response.end();
    },
};

for (const [name, fault] of Object.entries(FAULTS)) {
    test(`mirror_that_${name}_each_file_is_passed_over`, async (t) => {
        for (const file of [...Object.values(FILES), 'target']) {
            const { servers, client, target } = await startMirrors(t);
            servers[0].fault(file === 'target' ? target : file, fault(servers[0]));
            checkSuccess(t, await client.fetch('team/app', servers));
            client.checkDownloaded('release 1');
            client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2, targets: 2, team: 1 });
        }
    });
}

test('mirror_that_is_not_there_is_passed_over', async (t) => {
    const { servers, client } = await startMirrors(t);
    await servers[0].stop();
    checkSuccess(t, await client.fetch('team/app', servers));
    client.checkDownloaded('release 1');
});

test(
    'mirror_that_sends_slowly_is_passed_over_within_the_time',
    async (t) => {
        const { servers, client } = await startMirrors(t);
        servers[0].fault('metadata/timestamp.json', (response, body) => {
            let sent = 0;
            response.writeHead(200, { 'Content-Length': body.length });
            servers[0].every(250, response, () => response.write(body.subarray(sent, ++sent)) || true);
        });
        const result = await client.fetch('team/app', servers, { budget: '35s' });
        checkSuccess(t, result);
        t.ok(result.seconds < 36, `took ${result.seconds} s`);
        client.checkDownloaded('release 1');
    },
    { idle: true },
);

test('mirror_with_a_forged_root_is_passed_over', async (t) => {
    const { repo, servers, client } = await startMirrors(t);
    const forged = new Repository({ keytype: 'ed25519' });
    forged.publish('root');
    servers[0].repo = {
        files: new Map([...repo.files, ['metadata/2.root.json', forged.rootBytes(2)]]),
        rootBytes: () => repo.rootBytes(1),
    };
    checkSuccess(t, await client.fetch('team/app', servers));
    client.checkDownloaded('release 1');
});

test('mirror_that_is_out_of_date_does_not_roll_back_a_client', async (t) => {
    const { repo, servers, client } = await startMirrors(t);
    const old = new Map(repo.files);
    repo.addTarget('team', 'team/app', 'release 2');
    repo.publishAll();
    checkSuccess(t, await client.fetch('team/app', [servers[1]]));
    servers[0].repo = { files: old, rootBytes: () => repo.rootBytes(1) };
    checkSuccess(t, await client.fetch('team/app', servers));
    client.checkDownloaded('release 2');
});

test('mirrors_that_all_forge_end_in_a_refusal', async (t) => {
    const { repo, servers, client } = await startMirrors(t);
    repo.forge('timestamp', [repo.newKey()]);
    checkRefusal(t, await client.fetch('team/app', servers), 'below-threshold', 3);
    client.checkDownloaded();
});

test('mirrors_that_all_serve_other_bytes_end_in_a_refusal', async (t) => {
    const { servers, client, target } = await startMirrors(t);
    servers.forEach((server) => server.fault(target, sendInstead(Buffer.from('malware 1'))));
    checkRefusal(t, await client.fetch('team/app', servers), 'wrong-hash', 3);
    client.checkDownloaded();
});

test('mirrors_that_are_all_frozen_end_as_expired', async (t) => {
    const { repo, servers, client } = await startMirrors(t);
    repo.timestamp.expires = daysFromNow(-1);
    repo.publish('timestamp');
    checkRefusal(t, await client.fetch('team/app', servers), 'expired', 4);
    client.checkDownloaded();
});

test('mirrors_that_are_all_gone_end_in_a_failure', async (t) => {
    const { servers, client } = await startMirrors(t);
    await Promise.all(servers.map((server) => server.stop()));
    const result = await client.fetch('team/app', servers);
    t.equal(result.status, 1, result.stderr);
    t.match(result.stderr, /unavailable/);
    client.checkDownloaded();
});

test('mirror_that_is_good_is_not_followed_by_another', async (t) => {
    const { servers, client } = await startMirrors(t);
    checkSuccess(t, await client.fetch('team/app', servers));
    t.equal(servers[1].takeRequests(), []);
});

test('fetch_asks_for_nothing_twice', async (t) => {
    const { servers, client } = await startMirrors(t);
    checkSuccess(t, await client.fetch('team/app', [servers[0]]));
    const requests = servers[0].takeRequests();
    t.equal(new Set(requests).size, requests.length);
    checkSuccess(t, await client.fetch('team/app', [servers[0]]));
    t.equal(servers[0].takeRequests(), ['2.root.json', 'timestamp.json']);
});
