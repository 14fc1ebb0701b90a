// SPDX-License-Identifier: Apache-2.0
// The attacks that TUF's specification lists, each as a scenario that ends with its refusal by name.
import { checkRefusal, start } from './client.mjs';
import { daysFromNow, inDays } from './repository.mjs';
import { test } from './tap.mjs';

const NEW = { root: 1, timestamp: 2, snapshot: 2, targets: 2 };

async function startWithApp(t, options) {
    const started = await start(t, options);
    started.repo.addTarget('targets', 'app', 'release 1');
    started.repo.publishAll();
    return started;
}

test('attack_arbitrary_software_other_bytes_for_a_target', async (t) => {
    const { repo, client } = await startWithApp(t);
    repo.putTarget('app', repo.targets.targets.app.hashes, 'malware 1');
    await client.refusesDownload('wrong-hash', 'app');
    client.checkDownloaded();
});

test('attack_arbitrary_software_targets_signed_by_the_attacker', async (t) => {
    const { repo, client } = await startWithApp(t);
    await client.refreshes();
    repo.addTarget('targets', 'app', 'malware');
    repo.forge('targets', [repo.newKey()]);
    repo.publish('snapshot', 'timestamp');
    await client.refusesDownload('below-threshold', 'app');
    client.checkDownloaded();
    t.equal(client.trusted().targets, 2);
});

test('attack_endless_data_in_place_of_metadata', async (t) => {
    const { client, server } = await startWithApp(t);
    server.fault('metadata/2.snapshot.json', (response) => {
        response.writeHead(200);
        server.flood(response, Buffer.from('{"signatures":[],"signed":{"meta":{'.repeat(1000)));
    });
    await client.refuses('too-large');
    client.checkTrusted({ root: 1, timestamp: 2 });
});

test('attack_endless_data_in_place_of_a_target', async (t) => {
    const { repo, client, server } = await startWithApp(t);
    const { sha256 } = repo.targets.targets.app.hashes;
    server.fault(`targets/${sha256}.app`, (response) => {
        response.writeHead(200);
        server.flood(response, Buffer.from('release 1'.repeat(1000)));
    });
    await client.refusesDownload(['too-large', 'wrong-length'], 'app');
    client.checkDownloaded();
});

// A team may describe what its software needs, but not provide it from where it isn't trusted.
test('attack_extraneous_dependencies_from_outside_a_delegation', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team', { paths: ['team/*'] });
    repo.addTarget('team', 'team/app', 'release 1', { custom: { depends: ['vendor/lib'] } });
    repo.addTarget('team', 'vendor/lib', 'malware');
    repo.publishAll();
    await client.refusesDownload('not-found', ['team/app', 'vendor/lib']);
    client.checkDownloaded('release 1');
});

test('attack_fast_forward_is_undone_by_new_keys', async (t) => {
    const { repo, client } = await startWithApp(t);
    // The attacker has the keys of timestamp and snapshot for a while.
    repo.snapshot.version = 2 ** 31 - 2;
    repo.timestamp.version = 2 ** 31 - 2;
    repo.publish('snapshot', 'timestamp');
    await client.refreshes();
    repo.snapshot.version = 2;
    repo.timestamp.version = 2;
    repo.publish('snapshot', 'timestamp');
    await client.refuses('rollback');
    repo.rotateKeys('snapshot');
    repo.rotateKeys('timestamp');
    repo.publish('root', 'snapshot', 'timestamp');
    await client.downloads('app');
    client.checkTrusted({ root: 2, timestamp: 4, snapshot: 4, targets: 2 });
});

test('attack_indefinite_freeze_by_replaying_what_was_good', async (t) => {
    const { repo, client, server } = await startWithApp(t);
    repo.timestamp.expires = daysFromNow(1);
    repo.publish('timestamp');
    await client.refreshes();
    // The attacker serves for ever what was there; the owner's release 2 is never seen.
    const frozen = new Map(repo.files);
    repo.addTarget('targets', 'app', 'release 2');
    repo.publishAll();
    server.repo = { files: frozen };
    await client.refreshes();
    await client.refusesDownload('expired', 'app', { at: inDays(2) });
    client.checkDownloaded();
});

test('attack_mix_and_match_of_a_new_snapshot_with_old_targets', async (t) => {
    const { repo, client } = await startWithApp(t);
    const old = repo.published.targets;
    repo.addTarget('targets', 'app', 'release 2');
    repo.publishAll();
    repo.put('targets', old);
    await client.refusesDownload('mix-and-match', 'app');
    client.checkTrusted({ root: 1, timestamp: 3, snapshot: 3 });
    client.checkDownloaded();
});

test('attack_mix_and_match_without_consistent_snapshots', async (t) => {
    const { repo, client } = await startWithApp(t, {
        consistent: false,
        metaHashes: ['sha256'],
        keytype: 'ed25519',
    });
    const old = repo.published.snapshot;
    repo.publishAll();
    repo.put('snapshot', old);
    await client.refuses('mix-and-match');
    client.checkTrusted({ root: 1, timestamp: 3 });
});

test('attack_rollback_to_a_release_with_a_known_hole', async (t) => {
    const { repo, client, server } = await startWithApp(t);
    const old = new Map(repo.files);
    repo.addTarget('targets', 'app', 'release 2');
    repo.publishAll();
    await client.downloads('app');
    server.repo = { files: old };
    await client.refusesDownload('rollback', 'app');
    client.checkDownloaded('release 2');
});

// Sends a byte now and then, so that no time limit on silence would notice.
function drip(server, response, body, milliseconds) {
    let sent = 0;
    response.writeHead(200, { 'Content-Length': body.length });
    server.every(milliseconds, response, () => {
        response.write(body.subarray(sent, ++sent));
        return sent < body.length;
    });
}

test(
    'attack_slow_retrieval_of_metadata',
    async (t) => {
        const { client, server } = await startWithApp(t);
        server.fault('metadata/timestamp.json', (response, body) => drip(server, response, body, 200));
        const result = await client.refresh();
        checkRefusal(t, result, 'slow-retrieval');
        t.ok(result.seconds < 30, `gave up after ${result.seconds} s`);
        client.checkTrusted({ root: 1 });
    },
    { idle: true },
);

test(
    'attack_slow_retrieval_of_a_target',
    async (t) => {
        const { repo, client, server } = await startWithApp(t);
        const { hashes } = repo.addTarget('targets', 'large', 'x'.repeat(100000));
        repo.publishAll();
        server.fault(`targets/${hashes.sha256}.large`, (response, body) => drip(server, response, body, 100));
        const result = await client.download('large');
        checkRefusal(t, result, 'slow-retrieval');
        t.ok(result.seconds < 30, `gave up after ${result.seconds} s`);
        client.checkDownloaded();
    },
    { idle: true },
);

test(
    'attack_slow_retrieval_that_stalls_after_a_fast_beginning',
    async (t) => {
        const { repo, client, server } = await startWithApp(t);
        const { hashes } = repo.addTarget('targets', 'large', 'x'.repeat(100000));
        repo.publishAll();
        server.fault(`targets/${hashes.sha256}.large`, (response, body) => {
            response.writeHead(200, { 'Content-Length': body.length });
            response.write(body.subarray(0, 30000));
        });
        const result = await client.download('large');
        checkRefusal(t, result, 'slow-retrieval');
        t.ok(result.seconds < 40, `gave up after ${result.seconds} s`);
        client.checkDownloaded();
    },
    { idle: true },
);

test('attack_key_compromise_of_the_timestamp', async (t) => {
    const { repo, client } = await startWithApp(t);
    await client.refreshes();
    const [stolen] = repo.roles.timestamp.signers;
    repo.forge('snapshot', [stolen]);
    repo.publish('timestamp');
    await client.refuses('below-threshold');
    client.checkTrusted({ ...NEW, timestamp: 3 });
});

test('attack_key_compromise_of_timestamp_and_snapshot', async (t) => {
    const { repo, client } = await startWithApp(t);
    await client.refreshes();
    const stolen = [...repo.roles.timestamp.signers, ...repo.roles.snapshot.signers];
    repo.addTarget('targets', 'app', 'malware');
    repo.forge('targets', stolen);
    repo.publish('snapshot', 'timestamp');
    await client.refusesDownload('below-threshold', 'app');
    client.checkTrusted({ ...NEW, timestamp: 3, snapshot: 3 });
    client.checkDownloaded();
});

test('attack_key_compromise_below_the_threshold_of_targets', async (t) => {
    const { repo, client } = await startWithApp(t);
    const keys = [repo.newKey(), repo.newKey(), repo.newKey()];
    repo.setKeys('targets', keys, 3);
    repo.publish('root', 'targets', 'snapshot', 'timestamp');
    await client.refreshes();
    repo.addTarget('targets', 'app', 'malware');
    repo.forge('targets', keys.slice(0, 2));
    repo.publish('snapshot', 'timestamp');
    await client.refusesDownload('below-threshold', 'app');
    client.checkDownloaded();
});

test('attack_key_compromise_below_the_threshold_of_root', async (t) => {
    const { repo, client } = await start(t);
    const keys = [repo.newKey(), repo.newKey(), repo.newKey()];
    const [first] = repo.roles.root.signers;
    repo.setKeys('root', keys, 2);
    repo.roles.root.signers = [first, ...keys];
    repo.publish('root');
    await client.refreshes();
    const attacker = repo.newKey();
    repo.setKeys('root', [attacker], 1);
    repo.forge('root', [keys[0], attacker]);
    await client.refuses('root-untrusted');
    t.equal(client.trusted().root, 2);
});

test('attack_key_compromise_of_a_team_stays_in_its_paths', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team', { paths: ['team/*'] });
    repo.delegate('targets', 'other', { paths: ['other/*'] });
    repo.addTarget('other', 'other/app', 'release 1');
    repo.addTarget('team', 'other/lib', 'malware');
    repo.addTarget('team', 'other/app', 'malware');
    repo.addTarget('other', 'other/app', 'release 1');
    repo.publishAll();
    await client.downloads('other/app');
    await client.refusesDownload('not-found', 'other/lib');
    client.checkDownloaded('release 1');
});

test('attack_key_compromise_is_over_once_root_replaced_the_keys', async (t) => {
    const { repo, client } = await startWithApp(t);
    await client.refreshes();
    const stolen = [...repo.roles.timestamp.signers];
    repo.rotateKeys('timestamp');
    repo.publish('root');
    repo.forge('timestamp', stolen);
    await client.refuses(['below-threshold', 'revoked-key']);
    t.equal(client.trusted().root, 2);
});

test('attack_wrong_software_another_good_target_in_its_place', async (t) => {
    const { repo, client } = await startWithApp(t);
    repo.addTarget('targets', 'apq', 'release 2');
    repo.publishAll();
    repo.putTarget('app', repo.targets.targets.app.hashes, 'release 2');
    await client.refusesDownload('wrong-hash', 'app');
    client.checkDownloaded();
});
