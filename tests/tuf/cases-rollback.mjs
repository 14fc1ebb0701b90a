// SPDX-License-Identifier: Apache-2.0
// Nothing goes back in time, nothing is mixed with what doesn't belong to it, and a repository that was driven forward by
// an attacker can be brought back by new keys.
import { start } from './client.mjs';
import { daysFromNow, inDays } from './repository.mjs';
import { test } from './tap.mjs';

test('refuses_an_older_timestamp', async (t) => {
    const { repo, client, server } = await start(t);
    repo.publish('timestamp');
    await client.refreshes();
    repo.timestamp.version = 1;
    repo.publishAsIs('timestamp');
    server.takeRequests();
    await client.refuses('rollback');
    client.checkTrusted({ root: 1, timestamp: 2, snapshot: 1, targets: 1 });
    t.equal(server.takeRequests(), ['2.root.json', 'timestamp.json']);
});

test('refuses_an_old_signed_timestamp_replayed', async (t) => {
    const { repo, client } = await start(t);
    const old = repo.published.timestamp;
    repo.publishAll();
    await client.refreshes();
    repo.put('timestamp', old);
    await client.refuses('rollback');
    client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
});

for (const metaHashes of [null, ['sha256']]) {
    const suffix = metaHashes ? '_where_hashes_are_listed' : '';

    test(`refuses_a_timestamp_that_names_an_older_snapshot${suffix}`, async (t) => {
        const { repo, client, server } = await start(t, { metaHashes });
        repo.publish('snapshot', 'timestamp');
        await client.refreshes();
        repo.snapshot.version = 1;
        repo.publishAsIs('snapshot');
        repo.publish('timestamp');
        server.takeRequests();
        await client.refuses('rollback');
        client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2, targets: 1 });
        t.equal(server.takeRequests(), ['2.root.json', 'timestamp.json']);
    });

    test(`refuses_a_snapshot_that_names_older_targets${suffix}`, async (t) => {
        const { repo, client } = await start(t, { metaHashes });
        repo.publish('targets');
        repo.publishAll();
        await client.refreshes();
        repo.targets.version = 1;
        repo.publish('targets', 'snapshot', 'timestamp');
        await client.refuses('rollback');
        const { snapshot, targets, timestamp } = client.trusted();
        t.equal([timestamp, snapshot, targets], [3, 2, 3]);
    });

    test(`refuses_a_snapshot_that_names_an_older_delegated_role${suffix}`, async (t) => {
        const { repo, client } = await start(t, { metaHashes });
        repo.delegate('targets', 'team');
        repo.publish('team', 'team');
        repo.publishAll();
        await client.refreshes();
        repo.roles.team.signed.version = 1;
        repo.publish('team', 'snapshot', 'timestamp');
        await client.refuses('rollback');
        t.equal(client.trusted().snapshot, 2);
    });
}

test('refuses_a_snapshot_that_drops_a_role', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team');
    repo.publishAll();
    await client.refreshes();
    delete repo.snapshot.meta['team.json'];
    repo.publish('snapshot', 'timestamp');
    await client.refuses('rollback');
    client.checkTrusted({ root: 1, timestamp: 3, snapshot: 2, targets: 2 });
});

test('refuses_a_snapshot_that_drops_targets', async (t) => {
    const { repo, client } = await start(t);
    await client.refreshes();
    delete repo.snapshot.meta['targets.json'];
    repo.publish('snapshot', 'timestamp');
    await client.refuses(['rollback', 'missing-targets', 'malformed']);
    client.checkTrusted({ root: 1, timestamp: 2, snapshot: 1, targets: 1 });
});

test('an_expired_stored_snapshot_still_forbids_rollback', async (t) => {
    const { repo, client } = await start(t);
    repo.publish('targets', 'targets');
    repo.snapshot.expires = daysFromNow(10);
    repo.publish('snapshot', 'timestamp');
    await client.refreshes({ at: inDays(5) });
    t.equal(client.trusted().targets, 3);
    repo.targets.version = 1;
    for (const role of ['root', 'targets', 'snapshot', 'timestamp']) {
        repo[role].expires = daysFromNow(400);
    }
    repo.publish('root', 'targets', 'snapshot', 'timestamp');
    await client.refuses('rollback', { at: inDays(200) });
    t.equal(client.trusted().targets, 3);
});

test('an_expired_stored_timestamp_still_forbids_rollback', async (t) => {
    const { repo, client } = await start(t);
    repo.timestamp.expires = daysFromNow(10);
    repo.publish('timestamp', 'timestamp', 'timestamp');
    await client.refreshes({ at: inDays(5) });
    for (const role of ['root', 'targets', 'snapshot', 'timestamp']) {
        repo[role].expires = daysFromNow(400);
    }
    repo.timestamp.version = 2;
    repo.publish('root', 'targets', 'snapshot');
    repo.publishAsIs('timestamp');
    await client.refuses('rollback', { at: inDays(200) });
    t.equal(client.trusted().timestamp, 4);
});

test('a_snapshot_below_what_the_timestamp_names_is_mix_and_match', async (t) => {
    const { repo, client, server } = await start(t);
    repo.publish('snapshot', 'timestamp');
    repo.snapshot.version = 1;
    repo.put('snapshot', JSON.stringify(repo.envelope('snapshot')), 2);
    await client.refuses('mix-and-match');
    client.checkTrusted({ root: 1, timestamp: 2 });
    t.equal(server.takeRequests().at(-1), '2.snapshot.json');
});

test('a_snapshot_above_what_the_timestamp_names_is_mix_and_match', async (t) => {
    const { repo, client } = await start(t);
    repo.snapshot.version = 2;
    repo.put('snapshot', JSON.stringify(repo.envelope('snapshot')), 1);
    await client.refuses('mix-and-match');
    client.checkTrusted({ root: 1, timestamp: 1 });
});

test('targets_of_another_version_than_the_snapshot_names_are_mix_and_match', async (t) => {
    const { repo, client } = await start(t);
    repo.targets.version = 2;
    repo.put('targets', JSON.stringify(repo.envelope('targets')), 1);
    await client.refuses('mix-and-match');
    client.checkTrusted({ root: 1, timestamp: 1, snapshot: 1 });
});

test('a_delegated_role_of_another_version_than_the_snapshot_names_is_mix_and_match', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team');
    repo.addTarget('team', 'file', 'content');
    repo.publishAll();
    repo.roles.team.signed.version = 2;
    repo.put('team', JSON.stringify(repo.envelope('team')), 1);
    await client.refusesDownload('mix-and-match', 'file');
    client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
});

for (const what of ['sha256', 'sha512', 'length']) {
    const spoil = (meta) => {
        if (what === 'length') {
            meta.length += 1;
        } else {
            meta.hashes[what] = meta.hashes[what].replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
        }
    };

    test(`a_snapshot_whose_${what}_differs_is_mix_and_match`, async (t) => {
        const { repo, client } = await start(t, { metaHashes: ['sha256', 'sha512'] });
        spoil(repo.timestamp.meta['snapshot.json']);
        repo.publish('timestamp');
        await client.refuses(['mix-and-match', 'wrong-hash', 'wrong-length']);
        client.checkTrusted({ root: 1, timestamp: 2 });
    });

    test(`targets_whose_${what}_differs_are_mix_and_match`, async (t) => {
        const { repo, client } = await start(t, { metaHashes: ['sha256', 'sha512'] });
        repo.publish('targets');
        spoil(repo.snapshot.meta['targets.json']);
        repo.publish('snapshot', 'timestamp');
        await client.refuses(['mix-and-match', 'wrong-hash', 'wrong-length']);
        client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2 });
    });

    test(`a_delegated_role_whose_${what}_differs_is_mix_and_match`, async (t) => {
        const { repo, client } = await start(t, { metaHashes: ['sha256', 'sha512'] });
        repo.delegate('targets', 'team');
        repo.addTarget('team', 'file', 'content');
        repo.publish('team', 'targets');
        spoil(repo.snapshot.meta['team.json']);
        repo.publish('snapshot', 'timestamp');
        await client.refusesDownload(['mix-and-match', 'wrong-hash', 'wrong-length'], 'file');
        client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
    });
}

test('refuses_metadata_whose_only_hash_is_of_an_unknown_algorithm', async (t) => {
    const { repo, client } = await start(t);
    repo.timestamp.meta['snapshot.json'].hashes = { md5: '00'.repeat(16) };
    repo.publish('timestamp');
    await client.refuses(['mix-and-match', 'missing-hash', 'wrong-hash']);
    t.ok(!('snapshot' in client.trusted()));
});

// Signatures of Ed25519 have one length, so that the hash alone tells.
test('new_targets_with_the_old_hash_in_the_snapshot_are_mix_and_match', async (t) => {
    const { repo, client } = await start(t, { metaHashes: ['sha256'], keytype: 'ed25519' });
    await client.refreshes();
    repo.publish('targets');
    const { hashes, length } = repo.snapshot.meta['targets.json'];
    repo.publish('targets');
    repo.snapshot.meta['targets.json'] = { version: 3, hashes, length };
    repo.publish('snapshot', 'timestamp');
    await client.refuses('mix-and-match');
    client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2, targets: 1 });
});

test('recovers_from_a_timestamp_driven_forward_by_a_new_key', async (t) => {
    const { repo, client } = await start(t);
    repo.timestamp.version = 99998;
    repo.publish('timestamp');
    await client.refreshes();
    t.equal(client.trusted().timestamp, 99999);
    repo.timestamp.version = 1;
    repo.publishAsIs('timestamp');
    await client.refuses('rollback');
    repo.rotateKeys('timestamp');
    repo.publish('root');
    repo.publishAsIs('timestamp');
    await client.refreshes();
    client.checkTrusted({ root: 2, timestamp: 1, snapshot: 1, targets: 1 });
});

test('recovers_from_a_snapshot_driven_forward_by_new_keys', async (t) => {
    const { repo, client } = await start(t);
    repo.snapshot.version = 99998;
    repo.publish('snapshot', 'timestamp');
    await client.refreshes();
    t.equal(client.trusted().snapshot, 99999);
    repo.rotateKeys('snapshot');
    repo.rotateKeys('timestamp');
    repo.publish('root');
    repo.snapshot.version = 0;
    repo.publish('snapshot', 'timestamp');
    await client.refreshes();
    client.checkTrusted({ root: 2, timestamp: 3, snapshot: 1, targets: 1 });
});

test('recovers_from_targets_driven_forward_by_a_new_snapshot_key', async (t) => {
    const { repo, client } = await start(t);
    repo.targets.version = 99998;
    repo.publishAll();
    await client.refreshes();
    t.equal(client.trusted().targets, 99999);
    repo.targets.version = 1;
    repo.publishAll();
    await client.refuses('rollback');
    repo.rotateKeys('snapshot');
    repo.publish('root');
    repo.publish('snapshot', 'timestamp');
    await client.refreshes();
    client.checkTrusted({ root: 2, timestamp: 4, snapshot: 4, targets: 2 });
});

test('recovers_from_a_delegated_role_driven_forward_by_a_new_snapshot_key', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team');
    repo.addTarget('team', 'file', 'content');
    repo.roles.team.signed.version = 99999;
    repo.publishAll();
    await client.downloads('file');
    t.equal(client.trusted().team, 99999);
    repo.roles.team.signed.version = 1;
    repo.publishAll();
    await client.refuses('rollback');
    repo.rotateKeys('snapshot');
    repo.publish('root', 'snapshot', 'timestamp');
    await client.downloads('file');
    t.equal(client.trusted().team, 2);
});

// "If the timestamp and / or snapshot keys have been rotated, then delete the trusted timestamp and snapshot metadata
// files": also when a key stays that signed the old ones.
for (const role of ['timestamp', 'snapshot']) {
    test(`recovers_once_a_key_is_dropped_from_${role}`, async (t) => {
        const { repo, client } = await start(t);
        const [kept, stolen] = [repo.newKey(), repo.newKey()];
        repo.setKeys(role, [kept, stolen]);
        repo.publish('root', 'targets', 'snapshot', 'timestamp');
        await client.refreshes();
        repo.targets.version = 99998;
        repo.publish('targets', 'snapshot', 'timestamp');
        await client.refreshes();
        repo.setKeys(role, [kept]);
        repo.targets.version = 1;
        repo.publish('root', 'targets', 'snapshot', 'timestamp');
        await client.refreshes();
        client.checkTrusted({ root: 3, timestamp: 4, snapshot: 4, targets: 2 });
    });
}

test('a_new_root_key_alone_does_not_forgive_a_rollback', async (t) => {
    const { repo, client } = await start(t);
    repo.targets.version = 9;
    repo.publishAll();
    await client.refreshes();
    const [old] = repo.roles.root.signers;
    repo.rotateKeys('root');
    repo.roles.root.signers.push(old);
    repo.targets.version = 1;
    repo.publish('root', 'targets', 'snapshot', 'timestamp');
    await client.refuses('rollback');
});

test('a_new_targets_key_alone_does_not_forgive_a_rollback', async (t) => {
    const { repo, client } = await start(t);
    repo.targets.version = 9;
    repo.publishAll();
    await client.refreshes();
    repo.rotateKeys('targets');
    repo.targets.version = 1;
    repo.publish('root', 'targets', 'snapshot', 'timestamp');
    await client.refuses('rollback');
});
