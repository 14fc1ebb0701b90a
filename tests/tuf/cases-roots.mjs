// SPDX-License-Identifier: Apache-2.0
// The chain of roots: who must have signed the next one, what ends the chain, and what is kept when a link breaks.
import { start } from './client.mjs';
import { test } from './tap.mjs';

// Publishes a root with keys (numbers) at a threshold, signed by others.
function publishRoot(repo, keys, { listed, threshold, signed }) {
    repo.setKeys(
        'root',
        listed.map((number) => keys[number]),
        threshold,
    );
    repo.roles.root.signers = signed.map((number) => keys[number]);
    repo.publish('root');
}

// Each sequence is a chain of roots; the last is accepted, or refused for the reason.
const SEQUENCES = {
    accepts_a_new_root_key_signed_by_both: [
        { listed: [1], threshold: 1, signed: [1] },
        { listed: [2], threshold: 1, signed: [2, 1] },
        { listed: [2], threshold: 1, signed: [2] },
    ],
    accepts_signatures_that_no_role_needs: [
        { listed: [1], threshold: 1, signed: [3, 1, 4] },
        { listed: [2], threshold: 1, signed: [3, 2, 1, 4] },
        { listed: [2], threshold: 1, signed: [3, 2, 4] },
    ],
    accepts_any_three_of_five_root_keys: [
        { listed: [0, 1, 2, 3, 4], threshold: 3, signed: [0, 2, 4] },
        { listed: [0, 1, 2, 3, 4], threshold: 3, signed: [0, 4, 1] },
        { listed: [0, 1, 2, 3, 4], threshold: 3, signed: [0, 1, 3] },
        { listed: [0, 1, 2, 3, 4], threshold: 3, signed: [3, 1, 2] },
    ],
    accepts_one_of_five_root_keys_replaced: [
        { listed: [0, 1, 2, 3, 4], threshold: 3, signed: [0, 2, 4] },
        { listed: [0, 1, 3, 4, 5], threshold: 3, signed: [0, 4, 1] },
    ],
    accepts_a_root_key_replaced_while_the_old_still_signs: [
        { listed: [0, 1, 2, 3, 4], threshold: 3, signed: [0, 2, 4] },
        { listed: [0, 1, 3, 4, 5], threshold: 3, signed: [0, 2, 4, 5] },
        { listed: [0, 1, 3, 4, 5], threshold: 3, signed: [0, 4, 5] },
    ],
    accepts_all_five_root_keys_replaced_at_once: [
        { listed: [0, 1, 2, 3, 4], threshold: 3, signed: [0, 2, 4] },
        { listed: [5, 6, 7, 8, 9], threshold: 3, signed: [0, 2, 4, 5, 6, 7] },
        { listed: [5, 6, 7, 8, 9], threshold: 3, signed: [5, 6, 7] },
    ],
    accepts_a_root_threshold_raised: [
        { listed: [1, 2, 3], threshold: 1, signed: [1] },
        { listed: [1, 2, 3], threshold: 2, signed: [1, 2] },
    ],
    accepts_a_root_threshold_raised_with_a_new_key: [
        { listed: [1], threshold: 1, signed: [1] },
        { listed: [1, 2], threshold: 2, signed: [1, 2] },
    ],
    accepts_a_root_threshold_lowered: [
        { listed: [1, 2, 3], threshold: 2, signed: [1, 2] },
        { listed: [1, 2, 3], threshold: 1, signed: [1, 2] },
        { listed: [1, 2, 3], threshold: 1, signed: [3] },
    ],
    refuses_a_new_root_that_the_old_key_did_not_sign: [
        { listed: [1], threshold: 1, signed: [1] },
        { listed: [2], threshold: 1, signed: [2, 3, 4], refused: 'root-untrusted' },
    ],
    refuses_a_new_root_that_its_own_key_did_not_sign: [
        { listed: [1], threshold: 1, signed: [1] },
        { listed: [2], threshold: 1, signed: [1, 3, 4], refused: 'root-self-unsigned' },
    ],
    refuses_a_new_root_with_two_of_its_own_three_signatures: [
        { listed: [0, 1, 2, 3, 4], threshold: 3, signed: [0, 2, 4] },
        { listed: [0, 1, 3, 4, 5], threshold: 3, signed: [0, 2, 4], refused: 'root-self-unsigned' },
    ],
    refuses_a_new_root_with_two_of_the_old_three_signatures: [
        { listed: [0, 1, 2, 3, 4], threshold: 3, signed: [0, 2, 4] },
        { listed: [0, 1, 3, 4, 5], threshold: 3, signed: [0, 4, 5], refused: 'root-untrusted' },
    ],
    refuses_a_raised_root_threshold_that_it_does_not_meet_itself: [
        { listed: [1, 2, 3], threshold: 1, signed: [1] },
        { listed: [1, 2, 3], threshold: 2, signed: [2], refused: 'root-self-unsigned' },
    ],
    refuses_a_lowered_root_threshold_below_the_old_one: [
        { listed: [1, 2, 3], threshold: 2, signed: [1, 2] },
        { listed: [1, 2, 3], threshold: 1, signed: [1], refused: 'root-untrusted' },
    ],
};

for (const [name, sequence] of Object.entries(SEQUENCES)) {
    test(name, async (t) => {
        const { repo, client } = await start(t, { init: false });
        const keys = Array.from({ length: 10 }, () => repo.newKey('ed25519'));
        repo.root.version = 0;
        sequence.forEach((root) => publishRoot(repo, keys, root));
        t.equal((await client.init(repo.rootBytes(1))).status, 0);
        const last = sequence.at(-1);
        if (last.refused) {
            await client.refuses(last.refused);
            t.equal(client.stored('root'), repo.rootBytes(sequence.length - 1));
            t.equal(Object.keys(client.trusted()), ['root']);
        } else {
            await client.refreshes();
            t.equal(client.stored('root'), repo.rootBytes(sequence.length));
        }
    });
}

test('keeps_every_root_up_to_the_link_that_breaks', async (t) => {
    const { repo, client, server } = await start(t);
    repo.publish('root');
    repo.publish('root');
    repo.forge('root', [repo.newKey()]);
    repo.publish('root');
    await client.refuses('root-untrusted');
    client.checkTrusted({ root: 3 });
    t.equal(server.takeRequests(), ['2.root.json', '3.root.json', '4.root.json']);
});

test('a_chain_that_was_mended_goes_on', async (t) => {
    const { repo, client } = await start(t);
    repo.forge('root', [repo.newKey()]);
    await client.refuses('root-untrusted');
    repo.publishAsIs('root');
    await client.refreshes();
    client.checkTrusted({ root: 2, timestamp: 1, snapshot: 1, targets: 1 });
});

for (const [what, version] of [
    ['an_older', 1],
    ['the_same', 2],
    ['a_later', 4],
]) {
    test(`refuses_${what}_version_where_the_next_root_should_be`, async (t) => {
        const { repo, client } = await start(t);
        repo.publish('root');
        await client.refreshes();
        repo.root.version = version;
        repo.put('root', JSON.stringify(repo.envelope('root')), 3);
        await client.refuses('root-rollback');
        client.checkTrusted({ root: 2, timestamp: 1, snapshot: 1, targets: 1 });
    });
}

for (const status of [404, 403]) {
    test(`status_${status}_ends_the_chain_of_roots`, async (t) => {
        const { client, server } = await start(t);
        server.status('metadata/2.root.json', status);
        await client.refreshes();
        client.checkTrusted({ root: 1, timestamp: 1, snapshot: 1, targets: 1 });
    });
}

for (const status of [400, 401, 410, 429, 500, 502, 503]) {
    test(`status_${status}_does_not_end_the_chain_of_roots`, async (t) => {
        const { client, server } = await start(t);
        server.status('metadata/2.root.json', status);
        await client.refuses('unavailable');
        client.checkTrusted({ root: 1 });
        t.equal(new Set(server.takeRequests()), new Set(['2.root.json']));
    });
}

test('a_connection_cut_in_a_root_does_not_end_the_chain', async (t) => {
    const { repo, client, server } = await start(t);
    repo.publish('root');
    server.fault('metadata/2.root.json', (response, body) => {
        response.writeHead(200, { 'Content-Length': body.length });
        response.write(body.subarray(0, 100), () => response.destroy());
    });
    await client.refuses(['unavailable', 'wrong-length']);
    client.checkTrusted({ root: 1 });
    server.mend('metadata/2.root.json');
    await client.refreshes();
});

// "Or we have downloaded more than Y number of root metadata files": the refresh goes on with the root that it has.
test('three_hundred_roots_take_two_refreshes_of_256_at_most', async (t) => {
    const { repo, client, server } = await start(t, { keytype: 'ed25519' });
    for (let i = 0; i < 300; i++) {
        repo.publish('root');
    }
    await client.refresh();
    const roots = server.takeRequests().filter((name) => name.endsWith('.root.json'));
    t.ok(roots.length >= 256 && roots.length <= 257, `${roots.length} roots were asked for`);
    t.equal(client.trusted().root, 257);
    await client.refreshes();
    client.checkTrusted({ root: 301, timestamp: 1, snapshot: 1, targets: 1 });
});

test('an_expired_root_between_others_does_not_matter', async (t) => {
    const { repo, client } = await start(t);
    const { expires } = repo.root;
    repo.root.expires = '2001-01-01T00:00:00Z';
    repo.publish('root');
    repo.root.expires = expires;
    repo.publish('root');
    await client.refreshes();
    client.checkTrusted({ root: 3, timestamp: 1, snapshot: 1, targets: 1 });
});

test('an_expired_root_to_begin_with_does_not_matter', async (t) => {
    const { repo, client } = await start(t, { init: false });
    const { expires } = repo.root;
    repo.root.expires = '2001-01-01T00:00:00Z';
    repo.put('root', JSON.stringify(repo.envelope('root')), 1);
    t.equal((await client.init(repo.rootBytes(1))).status, 0);
    repo.root.expires = expires;
    repo.publish('root');
    await client.refreshes();
    client.checkTrusted({ root: 2, timestamp: 1, snapshot: 1, targets: 1 });
});
