// SPDX-License-Identifier: Apache-2.0
// Succinct hash bins (TAP 15): one delegation for 2^N roles, chosen by the first bits of the path's hash.
import { start } from './client.mjs';
import { binName } from './repository.mjs';
import { test } from './tap.mjs';

async function startWithBins(t, prefix, bits, path = 'dir/file') {
    const started = await start(t);
    const { repo } = started;
    repo.delegateToBins('targets', prefix, bits);
    const bin = binName(prefix, bits, path);
    repo.addTarget(bin, path, 'content');
    repo.publishAll();
    return { ...started, bin };
}

for (const bits of [1, 2, 3, 4, 5, 8]) {
    test(`finds_a_target_in_bins_of_${bits}_bits`, async (t) => {
        const { client, server, bin } = await startWithBins(t, 'bin', bits);
        await client.downloads('dir/file');
        client.checkDownloaded('content');
        const asked = server.takeRequests().filter((name) => name.includes('bin-'));
        t.equal(asked, [`1.${bin}.json`]);
    });
}

test('finds_targets_that_lie_in_different_bins', async (t) => {
    const { repo, client } = await start(t);
    repo.delegateToBins('targets', 'bin', 4);
    const names = ['a', 'b', 'c/d', 'e', 'f.bin', 'g', 'gr\u00fc\u00df'];
    names.forEach((name) => repo.addTarget(binName('bin', 4, name), name, `content of ${name}`));
    repo.publishAll();
    await client.downloads(names);
    client.checkDownloaded(...names.map((name) => `content of ${name}`));
});

test('asks_for_a_single_bin_when_a_target_is_absent', async (t) => {
    const { client, server } = await startWithBins(t, 'bin', 4);
    await client.refusesDownload('not-found', 'absent');
    const asked = server.takeRequests().filter((name) => name.includes('bin-'));
    t.equal(asked, [`1.${binName('bin', 4, 'absent')}.json`]);
});

test('a_target_in_the_wrong_bin_is_not_found', async (t) => {
    const { repo, client } = await start(t);
    const names = repo.delegateToBins('targets', 'bin', 2);
    const wrong = names.find((name) => name !== binName('bin', 2, 'file'));
    repo.addTarget(wrong, 'file', 'content');
    repo.publishAll();
    await client.refusesDownload('not-found', 'file');
    client.checkDownloaded();
});

test('bins_may_lie_under_a_delegated_role', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team', { paths: ['team/*'] });
    repo.delegateToBins('team', 'team-bin', 3);
    repo.addTarget(binName('team-bin', 3, 'team/file'), 'team/file', 'content');
    repo.addTarget(binName('team-bin', 3, 'other/file'), 'other/file', 'content');
    repo.publishAll();
    await client.downloads('team/file');
    await client.refusesDownload('not-found', 'other/file');
    client.checkDownloaded('content');
});

test('a_bin_may_delegate_further', async (t) => {
    const { repo, client } = await start(t);
    repo.delegateToBins('targets', 'bin', 1);
    repo.delegate(binName('bin', 1, 'file'), 'deep');
    repo.addTarget('deep', 'file', 'content');
    repo.publishAll();
    await client.downloads('file');
    client.checkDownloaded('content');
});

test('the_prefix_of_bins_is_encoded', async (t) => {
    const { client, server } = await startWithBins(t, '../x', 1);
    await client.downloads('dir/file');
    client.checkNothingElse();
    t.ok(server.takeRequests().some((name) => /^1\.\.\.%2Fx-[01]\.json$/.test(name)));
});

test('refuses_a_bin_signed_by_a_stranger', async (t) => {
    const { repo, client, bin } = await startWithBins(t, 'bin', 2);
    repo.forge(bin, [repo.newKey()]);
    repo.publish('snapshot', 'timestamp');
    await client.refusesDownload('below-threshold', 'dir/file');
    client.checkDownloaded();
});

test('refuses_one_bin_served_for_another_version', async (t) => {
    const { repo, client, bin } = await startWithBins(t, 'bin', 2);
    const old = repo.published[bin];
    repo.publish(bin, 'snapshot', 'timestamp');
    repo.put(bin, old);
    await client.refusesDownload('mix-and-match', 'dir/file');
});

test('refuses_bit_lengths_out_of_range_or_of_another_type', async (t) => {
    for (const bits of [0, -1, 33, 64, 1000000, true, '4', null]) {
        const { repo, client } = await start(t);
        repo.delegateToBins('targets', 'bin', 1);
        repo.targets.delegations.succinct_roles.bit_length = bits;
        repo.publishAll();
        await client.refuses('malformed');
        client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2 });
    }
});

test('refuses_roles_and_succinct_roles_together', async (t) => {
    const { repo, client } = await startWithBins(t, 'bin', 1);
    repo.targets.delegations.roles = [];
    repo.publishAll();
    await client.refuses('malformed');
});

test('refuses_a_threshold_of_0_for_bins', async (t) => {
    const { repo, client } = await startWithBins(t, 'bin', 1);
    repo.targets.delegations.succinct_roles.threshold = 0;
    repo.publishAll();
    await client.refusesDownload('bad-threshold', 'dir/file');
    client.checkDownloaded();
});

test('refuses_a_key_id_of_bins_that_is_not_the_hash_of_the_key', async (t) => {
    const { repo, client } = await startWithBins(t, 'bin', 1);
    const { delegations } = repo.targets;
    const [object] = Object.values(delegations.keys);
    delegations.keys = { ['ef'.repeat(32)]: object };
    delegations.succinct_roles.keyids = ['ef'.repeat(32)];
    repo.publishAll();
    await client.refusesDownload('bad-key', 'dir/file');
    client.checkDownloaded();
});
