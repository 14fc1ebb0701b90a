// SPDX-License-Identifier: Apache-2.0
// What an attacker can do to the machine that the client runs on, without touching what it trusts: fill its disk, its
// logs, its terminal.
import fs from 'node:fs';
import path from 'node:path';
import { start } from './client.mjs';
import { test } from './tap.mjs';

// Whoever has stolen a key that signs targets may say any length.
for (const length of [2 ** 50, Number.MAX_SAFE_INTEGER]) {
    test(`a_target_of_${length}_bytes_is_not_begun_where_it_cannot_fit`, async (t) => {
        const { repo, client, server } = await start(t);
        repo.addTarget('targets', 'app', 'content').length = length;
        repo.publishAll();
        server.fault(`targets/${repo.targets.targets.app.hashes.sha256}.app`, (response) => {
            response.writeHead(200);
            server.flood(response, Buffer.alloc(65536, 'x'));
        });
        const result = await client.download('app');
        t.equal(result.status, 1);
        t.ok(/^failed: io: .*there is room for/m.test(result.stderr), result.stderr);
        t.ok(!server.takeRequests().some((name) => name.startsWith('targets/')));
        client.checkDownloaded();
        t.equal(fs.readdirSync(client.metadataDir).filter((name) => name.startsWith('=')), []);
    });
}

// URLs with a user and a password in them end up in messages, and those in logs.
for (const [index, from] of [
    'http://user:secret@127.0.0.1:1/repository',
    'HTTP://user:secret@127.0.0.1:1/repository',
    'hTTps://user:secret@127.0.0.1:1/repository',
    'ftp://user:secret@127.0.0.1:1/repository',
    'http:/user:secret@127.0.0.1:1/repository',
    'http://user:sec@ret@127.0.0.1:1/repository',
    'http://user:secret@[::1/repository',
    'http://user:secret@127.0.0.1:70000/repository',
    'http://user:secret@127.0.0.1:1/repository?token=1',
].entries()) {
    test(`prints_no_password_of_a_url_${index + 1}`, async (t) => {
        const { repo, client } = await start(t, { init: false });
        const root = path.join(client.dir, 'trusted.json');
        fs.writeFileSync(root, repo.rootBytes(1));
        const args = ['repo', 'list', '--from', from, '--root', root, '--metadata-dir', client.metadataDir];
        const result = await client.run([...args, '--verbose']);
        t.ok(result.status !== 0 && result.status !== null, `exit ${result.status}`);
        t.ok(result.stderr.length > 0);
        t.ok(!/sec@?ret/.test(result.stderr + result.stdout), result.stderr);
    });
}

// A role or target may be called anything. None of it is an order to a terminal, nor a line of its own.
test('names_are_no_orders_to_a_terminal', async (t) => {
    const { repo, client, server } = await start(t, { init: false });
    const name = 'a\u001b[2J\u009b2J\nslipway: all is well\r\u0007b';
    repo.delegate('targets', name, { paths: ['*'] });
    repo.addTarget(name, `${name}.bin`, 'content', { custom: { [name]: name } });
    repo.publishAll();
    const root = path.join(client.dir, 'trusted.json');
    fs.writeFileSync(root, repo.rootBytes(1));
    const from = ['--from', server.url, '--root', root, '--metadata-dir', client.metadataDir, '--verbose'];
    const results = [
        await client.run(['repo', 'list', ...from]),
        await client.run(['repo', 'list', '--json', ...from]),
        await client.run(['repo', 'fetch', `${name}.bin`, '--dir', client.targetDir, ...from]),
        await client.run(['repo', 'fetch', `${name}.none`, '--dir', client.targetDir, ...from]),
    ];
    repo.forge(name, [repo.newKey()]);
    repo.publish('snapshot', 'timestamp');
    results.push(await client.run(['repo', 'fetch', `${name}.bin`, '--dir', client.targetDir, ...from]));
    results.push(await client.run(['repo', 'list', ...from]));
    results.forEach(({ stdout, stderr }) => {
        t.ok(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(stdout + stderr), JSON.stringify(stdout + stderr));
        t.ok(!/^slipway: all is well/m.test(stdout + stderr), JSON.stringify(stdout + stderr));
        t.ok(stdout.length + stderr.length > 0);
    });
});
