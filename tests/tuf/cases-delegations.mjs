// SPDX-License-Identifier: Apache-2.0
// Delegated roles: who wins, what is kept and verified again, how many are visited, how they are named and chosen.
import { start, visited } from './client.mjs';
import { sha256 } from './keys.mjs';
import { test } from './tap.mjs';

test('the_first_role_that_has_a_target_wins', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'first');
    repo.delegate('targets', 'second');
    repo.addTarget('second', 'file', 'of the second');
    repo.addTarget('first', 'file', 'of the first');
    repo.publishAll();
    await client.downloads('file');
    client.checkDownloaded('of the first');
});

test('targets_itself_wins_over_its_delegations', async (t) => {
    const { repo, client, server } = await start(t);
    repo.delegate('targets', 'team');
    repo.addTarget('team', 'file', 'of the team');
    repo.addTarget('targets', 'file', 'of targets');
    repo.publishAll();
    await client.downloads('file');
    client.checkDownloaded('of targets');
    t.ok(!visited(server).includes('team'));
});

test('a_delegated_role_is_kept_and_not_fetched_again', async (t) => {
    const { repo, client, server } = await start(t);
    repo.delegate('targets', 'team');
    repo.addTarget('team', 'a', 'first');
    repo.addTarget('team', 'b', 'second');
    repo.publishAll();
    await client.downloads('a');
    t.equal(client.stored('team'), repo.published.team);
    server.takeRequests();
    await client.downloads('b');
    t.equal(server.takeRequests().slice(0, 2), ['2.root.json', 'timestamp.json']);
    t.equal(server.log.length, 0);
    client.checkDownloaded('first', 'second');
});

test('a_new_version_of_a_delegated_role_is_fetched', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team');
    repo.addTarget('team', 'file', 'first');
    repo.publishAll();
    await client.downloads('file');
    repo.addTarget('team', 'file', 'second');
    repo.publish('team', 'snapshot', 'timestamp');
    await client.downloads('file');
    client.checkDownloaded('second');
    t.equal(client.trusted().team, 2);
});

test('a_kept_role_is_verified_against_the_delegator_of_now', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team');
    repo.addTarget('team', 'a', 'first');
    repo.addTarget('team', 'b', 'second');
    repo.publishAll();
    await client.downloads('a');
    const [dropped] = repo.roles.team.signers;
    repo.rotateKeys('team');
    repo.roles.team.signers = [dropped];
    repo.publish('targets', 'snapshot', 'timestamp');
    await client.refusesDownload(['below-threshold', 'revoked-key'], 'b');
    client.checkDownloaded('first');
});

test('a_role_that_two_delegate_to_is_verified_for_each', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'A', { paths: ['a/*', 'both/*'] });
    repo.delegate('targets', 'B', { paths: ['b/*', 'both/*'] });
    repo.delegate('A', 'team', { paths: ['a/*'] });
    repo.delegate('B', 'team', { paths: ['b/*'] });
    // B trusts another key than the one that signs.
    const stranger = repo.newKey();
    repo.roles.B.signed.delegations.keys = { [stranger.id]: stranger.object };
    repo.roles.B.signed.delegations.roles[0].keyids = [stranger.id];
    repo.addTarget('team', 'a/file', 'by way of A');
    repo.addTarget('team', 'b/file', 'by way of B');
    repo.publishAll();
    await client.downloads('a/file');
    await client.refusesDownload('below-threshold', 'b/file');
    await client.refusesDownload('below-threshold', ['a/file', 'b/file']);
    client.checkDownloaded('by way of A');
});

test('a_delegated_role_that_the_snapshot_does_not_name_is_not_fetched', async (t) => {
    const { repo, client, server } = await start(t);
    repo.delegate('targets', 'team');
    repo.addTarget('team', 'file', 'content');
    repo.publish('team', 'targets');
    delete repo.snapshot.meta['team.json'];
    repo.publish('snapshot', 'timestamp');
    const result = await client.download('file');
    t.equal(result.status, 1, result.stderr);
    t.match(result.stderr, /^refused: [a-z-]+: /m);
    t.equal(visited(server), []);
});

test('a_delegated_role_that_the_server_lacks_ends_the_search', async (t) => {
    const { repo, client, server } = await start(t);
    repo.delegate('targets', 'first');
    repo.delegate('targets', 'second');
    repo.addTarget('second', 'file', 'content');
    repo.publishAll();
    server.status('metadata/1.first.json', 404);
    await client.refusesDownload('unavailable', 'file');
    client.checkDownloaded();
});

test('refuses_a_role_name_twice_among_delegations', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team', { paths: ['a'] });
    repo.delegate('targets', 'team', { paths: ['b'] });
    repo.addTarget('team', 'b', 'content');
    repo.publishAll();
    await client.refusesDownload('malformed', 'b');
    client.checkDownloaded();
});

test('refuses_a_delegated_role_called_like_a_top_level_one', async (t) => {
    for (const name of ['root', 'timestamp', 'snapshot', 'targets']) {
        const { repo, client } = await start(t);
        const key = repo.newKey();
        repo.targets.delegations = {
            keys: { [key.id]: key.object },
            roles: [{ name, keyids: [key.id], threshold: 1, terminating: false, paths: ['*'] }],
        };
        repo.publishAll();
        await client.refusesDownload(['malformed', 'bad-name', 'wrong-role', 'not-found'], 'file');
        client.checkDownloaded();
        t.equal(client.trusted().root, 1);
    }
});

test('a_cycle_does_not_hide_what_comes_after_it', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'A');
    repo.delegate('A', 'B');
    repo.delegate('B', 'A');
    repo.delegate('targets', 'last');
    repo.addTarget('last', 'file', 'content');
    repo.publishAll();
    await client.downloads('file');
    client.checkDownloaded('content');
});

test('32_delegations_are_searched', async (t) => {
    const { repo, client } = await start(t);
    for (let i = 1; i <= 31; i++) {
        repo.delegate(i === 1 ? 'targets' : `role${i - 1}`, `role${i}`);
    }
    repo.addTarget('role31', 'file', 'content');
    repo.publishAll();
    await client.downloads('file');
    client.checkDownloaded('content');
});

for (const shape of ['chain', 'list']) {
    test(`a_${shape}_of_more_than_33_delegations_is_given_up`, async (t) => {
        const { repo, client, server } = await start(t);
        for (let i = 1; i <= 40; i++) {
            repo.delegate(shape === 'list' || i === 1 ? 'targets' : `role${i - 1}`, `role${i}`);
        }
        repo.addTarget('role40', 'file', 'content');
        repo.publishAll();
        await client.refusesDownload(['not-found', 'too-large'], 'file');
        client.checkDownloaded();
        const count = visited(server).length;
        t.ok(count >= 31 && count <= 33, `${count} delegated roles were fetched`);
    });
}

for (const [role, label] of [
    ['?', 'question'],
    ['#', 'hash'],
    ['/delegated', 'slash'],
    ['../delegated', 'dots'],
    ['a b', 'blank'],
    ['%2e', 'percent'],
    ['.', 'dot'],
    ['gr\u00fc\u00df', 'umlauts'],
]) {
    test(`a_role_with_${label}_in_its_name_is_asked_for_and_kept_encoded`, async (t) => {
        const { repo, client, server } = await start(t);
        repo.delegate('targets', role);
        repo.publishAll();
        await client.refusesDownload('not-found', 'missing');
        const encoded = encodeURIComponent(role);
        t.equal(server.takeRequests().at(-1).replace('%2E', '.'), `1.${encoded}.json`);
        client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2, targets: 2, [role]: 1 });
        client.checkNothingElse();
    });
}

test('path_hash_prefixes_choose_the_role', async (t) => {
    const { repo, client, server } = await start(t);
    const hash = sha256(Buffer.from('dir/file'));
    const other = hash[0] === 'f' ? 'e' : 'f';
    repo.delegate('targets', 'others', {
        path_hash_prefixes: [other, `${hash.slice(0, 7)}${hash[7] === '0' ? '1' : '0'}`],
    });
    repo.delegate('targets', 'bin', { path_hash_prefixes: [`${other}0`, hash.slice(0, 5)] });
    repo.addTarget('bin', 'dir/file', 'content');
    repo.publishAll();
    await client.downloads('dir/file');
    client.checkDownloaded('content');
    t.equal(visited(server)[0], 'bin');
});

test('refuses_paths_and_path_hash_prefixes_together', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team', { path_hash_prefixes: [''] });
    repo.targets.delegations.roles[0].paths = ['*'];
    repo.addTarget('team', 'file', 'content');
    repo.publishAll();
    await client.refusesDownload('malformed', 'file');
    client.checkDownloaded();
});
