// SPDX-License-Identifier: Apache-2.0
// A client that was killed, or whose files were lost or spoilt: the next refresh goes on from whatever is there, and never
// trusts less than before.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { checkSuccess, execute, start } from './client.mjs';
import { test } from './tap.mjs';

const ROLES = ['root', 'timestamp', 'snapshot', 'targets', 'team'];

async function startWithTeam(t, options) {
    const started = await start(t, options);
    started.repo.delegate('targets', 'team');
    started.repo.addTarget('team', 'file', 'first');
    started.repo.publish('root', 'team', 'targets', 'snapshot', 'timestamp');
    return started;
}

// Everything changes, keys of all roles but root's included.
function publishNext(repo) {
    repo.addTarget('team', 'file', 'second');
    ['timestamp', 'snapshot', 'targets', 'team'].forEach((role) => repo.rotateKeys(role));
    repo.publish('root', 'team', 'targets', 'snapshot', 'timestamp');
}

for (const metaHashes of [null, ['sha256']]) {
    const suffix = metaHashes ? '_where_hashes_are_listed' : '';

    test(`goes_on_from_every_state_between_two_writes${suffix}`, async (t) => {
        const { repo, client } = await startWithTeam(t, { metaHashes });
        await client.downloads('file');
        const before = client.copyState();
        publishNext(repo);
        for (let written = 0; written <= ROLES.length; written++) {
            client.restoreState(before);
            ROLES.slice(0, written).forEach((role) => client.store(role, repo.published[role]));
            await client.downloads('file');
            ROLES.forEach((role) =>
                t.equal(client.stored(role), repo.published[role], `${role} after ${written} writes`),
            );
            client.checkDownloaded('second');
            fs.rmSync(path.join(client.targetDir, 'file'));
        }
    });
}

// As after the fast-forward recovery of section 5.3.11, which deletes two files before it writes them anew.
test('goes_on_without_any_of_its_files_but_root', async (t) => {
    const { repo, client } = await startWithTeam(t);
    await client.downloads('file');
    const before = client.copyState();
    for (let mask = 1; mask < 16; mask++) {
        client.restoreState(before);
        ROLES.slice(1)
            .filter((_, index) => mask & (1 << index))
            .forEach((role) => client.forget(role));
        await client.downloads('file');
        ROLES.forEach((role) => t.equal(client.stored(role), repo.published[role]));
    }
});

test('goes_on_with_any_of_its_files_spoilt', async (t) => {
    const { repo, client } = await startWithTeam(t);
    await client.downloads('file');
    const before = client.copyState();
    const spoils = {
        empty: () => '',
        cut: (bytes) => bytes.subarray(0, bytes.length / 2),
        zeroes: (bytes) => Buffer.alloc(bytes.length),
        changed: (bytes) => bytes.toString().replace('"version":', '"x-note":1,"version":'),
        forged: (bytes) => bytes.toString().replace(/"sig":"[0-9a-f]{8}/, '"sig":"00000000'),
    };
    for (const role of ROLES.slice(1)) {
        for (const [how, spoil] of Object.entries(spoils)) {
            client.restoreState(before);
            client.store(role, spoil(client.stored(role)));
            await client.downloads('file');
            t.equal(client.stored(role), repo.published[role], `${role} ${how}`);
        }
    }
});

test('refuses_to_go_on_with_its_root_spoilt', async (t) => {
    const { client, server } = await startWithTeam(t);
    await client.refreshes();
    const good = client.stored('root');
    server.takeRequests();
    for (const spoilt of ['', good.subarray(0, good.length / 2), Buffer.alloc(good.length), '{}']) {
        client.store('root', spoilt);
        await client.refuses(['no-trusted-root', 'malformed']);
    }
    t.equal(server.takeRequests(), []);
    client.store('root', good);
    await client.refreshes();
});

test('a_stored_snapshot_of_another_version_than_the_timestamp_names_is_replaced', async (t) => {
    const { repo, client } = await startWithTeam(t);
    await client.refreshes();
    const old = client.stored('snapshot');
    repo.publishAll();
    await client.refreshes();
    client.store('snapshot', old);
    await client.refreshes();
    t.equal(client.stored('snapshot'), repo.published.snapshot);
});

test('stored_targets_of_another_version_than_the_snapshot_names_are_replaced', async (t) => {
    const { repo, client } = await startWithTeam(t);
    await client.refreshes();
    const old = client.stored('targets');
    repo.publishAll();
    await client.refreshes();
    client.store('targets', old);
    await client.refreshes();
    t.equal(client.stored('targets'), repo.published.targets);
});

// The same version with other bytes, properly signed: only the hash tells.
test('stored_targets_whose_hash_the_snapshot_does_not_name_are_replaced', async (t) => {
    const { repo, client } = await startWithTeam(t, { metaHashes: ['sha256'] });
    await client.refreshes();
    const other = repo.envelope('targets', undefined, { ...repo.targets, 'x-note': 'other' });
    client.store('targets', JSON.stringify(other));
    await client.refreshes();
    t.equal(client.stored('targets'), repo.published.targets);
});

test('a_stored_file_of_one_role_under_the_name_of_another_is_replaced', async (t) => {
    const { repo, client } = await startWithTeam(t);
    await client.downloads('file');
    client.store('snapshot', client.stored('targets'));
    client.store('targets', client.stored('team'));
    client.store('team', client.stored('timestamp'));
    await client.downloads('file');
    ROLES.forEach((role) => t.equal(client.stored(role), repo.published[role]));
});

test('foreign_files_in_its_directory_do_not_matter', async (t) => {
    const { client } = await startWithTeam(t);
    fs.writeFileSync(path.join(client.metadataDir, 'notes.txt'), 'mine');
    fs.writeFileSync(path.join(client.metadataDir, 'zzz.json'), '{"signed":{"version":1}}');
    fs.mkdirSync(path.join(client.metadataDir, 'more'));
    await client.downloads('file');
    t.equal(fs.readFileSync(path.join(client.metadataDir, 'notes.txt'), 'utf8'), 'mine');
});

// Looking for leaks doesn't work while strace does.
const NO_LEAK_CHECK = { ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:detect_leaks=0` };

// Whether this machine lets strace stop a program in the middle of a call.
async function canKill() {
    const inject = ['-qq', '-o', '/dev/null', '-e', 'trace=write', '-e', 'inject=write:signal=KILL:when=1'];
    try {
        return (await execute('strace', [...inject, 'echo', 'x'])).signal !== null;
    } catch {
        return false;
    }
}

// Kills the client at its n-th call that changes the file system, until there is no n-th; it must go on from each.
for (const call of ['write', 'rename', 'fsync']) {
    test(`goes_on_after_a_kill_at_every_${call}`, async (t) => {
        if (!(await canKill())) {
            t.skip('strace cannot stop programs here');
        }
        const { repo, client } = await startWithTeam(t);
        await client.downloads('file');
        const before = client.copyState();
        publishNext(repo);
        const calls = { write: 'write,pwrite64,writev', rename: '/^rename', fsync: 'fsync,fdatasync' }[call];
        let kills = 0;
        for (let n = 1; n < 200; n++) {
            client.restoreState(before);
            const trace = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`];
            const wrap = [...trace, '-e', `inject=${calls}:signal=KILL:when=${n}`];
            const result = await client.download('file', { wrap, env: NO_LEAK_CHECK });
            if (result.signal === null) {
                checkSuccess(t, result);
                break;
            }
            kills++;
            await client.downloads('file');
            ROLES.forEach((role) => t.equal(client.stored(role), repo.published[role], `${role} after kill ${n}`));
            t.equal(client.downloaded().file, 'second');
            fs.rmSync(path.join(client.targetDir, 'file'));
        }
        t.ok(kills >= 5, `${kills} kills`);
    });
}

// Who may read a file may lock it. A stranger who reads the state mustn't be able to stop updates by that.
test('a_stranger_who_locks_what_they_can_read_keeps_nobody_waiting', async (t) => {
    const { client } = await startWithTeam(t);
    await client.refreshes();
    fs.readdirSync(client.metadataDir).forEach((name) => {
        const { mode } = fs.statSync(path.join(client.metadataDir, name));
        t.ok(name !== '.lock' || (mode & 0o077) === 0, 'the lock is the owner\'s alone');
    });
    const thief = spawn('flock', [client.metadataDir, 'sleep', '60'], { stdio: 'ignore', detached: true });
    t.cleanup(() => process.kill(-thief.pid));
    while ((await execute('flock', ['-n', client.metadataDir, 'true'])).status === 0) {
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const result = await client.refresh();
    checkSuccess(t, result);
    t.ok(result.seconds < 20, `waited for ${result.seconds} s`);
});

// Each comes with the first root, and finds the directory empty or not.
test('those_that_begin_at_once_do_not_undo_what_the_others_learnt', async (t) => {
    const { repo, client, server } = await startWithTeam(t, { init: false });
    for (let version = 0; version < 3; version++) {
        repo.publish('root');
    }
    const root = path.join(client.dir, 'trusted.json');
    fs.writeFileSync(root, repo.rootBytes(1));
    const args = ['repo', 'list', '--from', server.url, '--root', root, '--metadata-dir', client.metadataDir];
    for (let round = 0; round < 5; round++) {
        client.restoreState(new Map());
        const results = await Promise.all([1, 2, 3, 4, 5, 6].map(() => client.run(args)));
        results.forEach((result) => checkSuccess(t, result));
        ROLES.forEach((role) => t.equal(client.stored(role), repo.published[role], role));
    }
});

test('two_that_refresh_at_once_take_turns', async (t) => {
    const { repo, client } = await startWithTeam(t);
    await client.downloads('file');
    for (let round = 0; round < 3; round++) {
        publishNext(repo);
        const results = await Promise.all([1, 2, 3, 4].map(() => client.download('file')));
        results.forEach((result) => checkSuccess(t, result));
        ROLES.forEach((role) => t.equal(client.stored(role), repo.published[role], role));
        client.checkDownloaded('second');
    }
});
