// SPDX-License-Identifier: Apache-2.0
// Who must have signed timestamp, snapshot, targets and delegated roles: thresholds of distinct keys, no signature twice.
import { start } from './client.mjs';
import { test } from './tap.mjs';

// What is trusted when a refresh stops at a role.
const BEFORE = {
    root: { root: 1 },
    timestamp: { root: 1 },
    snapshot: { root: 1, timestamp: 2 },
    targets: { root: 1, timestamp: 2, snapshot: 2 },
    team: { root: 1, timestamp: 2, snapshot: 2, targets: 2 },
};
const ROLES = Object.keys(BEFORE);

// A repository with a delegated role, published but for the rest of its roles from `role` on.
function prepare(repo) {
    repo.delegate('targets', 'team', { paths: ['team/*'] });
    repo.addTarget('team', 'team/file', 'content');
}

// Publishes all, one role by `forge` instead.
function publishAllBut(repo, role, forge) {
    for (const other of ['team', 'targets', 'snapshot', 'timestamp']) {
        if (other === role) {
            forge();
        } else {
            repo.publish(other);
        }
    }
    if (role === 'root') {
        forge();
    }
}

// Root has reasons of its own.
function reasonFor(role, reason) {
    return role === 'root' ? [reason, 'root-untrusted', 'root-self-unsigned'] : reason;
}

for (const role of ROLES) {
    test(`refuses_${role}_without_signatures`, async (t) => {
        const { repo, client } = await start(t);
        prepare(repo);
        publishAllBut(repo, role, () => repo.forge(role, []));
        await client.refusesDownload(reasonFor(role, 'unsigned'), 'team/file');
        client.checkTrusted(BEFORE[role]);
        client.checkDownloaded();
    });

    test(`refuses_${role}_signed_by_a_stranger`, async (t) => {
        const { repo, client } = await start(t);
        prepare(repo);
        publishAllBut(repo, role, () => repo.forge(role, [repo.newKey()]));
        await client.refusesDownload(reasonFor(role, 'below-threshold'), 'team/file');
        client.checkTrusted(BEFORE[role]);
    });

    test(`refuses_${role}_signed_by_a_stranger_under_the_key_id_of_the_role`, async (t) => {
        const { repo, client } = await start(t);
        prepare(repo);
        publishAllBut(repo, role, () => {
            const [owner] = repo.roles[role].signers;
            const stranger = repo.newKey();
            repo.forge(role, [{ id: owner.id, sign: (bytes) => stranger.sign(bytes) }]);
        });
        await client.refusesDownload(reasonFor(role, 'below-threshold'), 'team/file');
        client.checkTrusted(BEFORE[role]);
    });

    test(`refuses_${role}_with_a_key_id_twice_among_its_signatures`, async (t) => {
        const { repo, client } = await start(t);
        prepare(repo);
        publishAllBut(repo, role, () => {
            const [owner] = repo.roles[role].signers;
            repo.forge(role, [owner, owner]);
        });
        await client.refusesDownload('duplicate-signature', 'team/file');
        client.checkTrusted(BEFORE[role]);
    });

    test(`refuses_${role}_changed_after_it_was_signed`, async (t) => {
        const { repo, client } = await start(t);
        prepare(repo);
        publishAllBut(repo, role, () => {
            repo.publish(role);
            repo.rewrite(role, (text) => text.replace('"signed":{', '"signed":{"x-note":1,'));
        });
        await client.refusesDownload(reasonFor(role, 'below-threshold'), 'team/file');
        client.checkTrusted(BEFORE[role]);
    });

    if (role !== 'root') {
        test(`refuses_${role}_below_a_threshold_of_two`, async (t) => {
            const { repo, client } = await start(t);
            prepare(repo);
            const keys = [repo.newKey(), repo.newKey(), repo.newKey()];
            repo.setKeys(role, keys, 2);
            repo.publish('root');
            publishAllBut(repo, role, () => repo.forge(role, [keys[1], repo.newKey()]));
            await client.refusesDownload('below-threshold', 'team/file');
            client.checkTrusted({ ...BEFORE[role], root: 2 });
            repo.publishAsIs(role);
            publishAllBut(repo, role, () => {});
            await client.downloads('team/file');
        });
    }
}

// The keys that root lists for a role, who signs, and whether that is enough.
const COMBINATIONS = {
    a_new_key: { listed: [2], threshold: 1, signed: [2], good: true },
    its_key_among_signatures_that_no_role_needs: { listed: [1], threshold: 1, signed: [3, 1, 4], good: true },
    the_key_of_before_and_strangers: { listed: [2], threshold: 1, signed: [1, 3, 4], good: false },
    two_of_three_and_a_stranger: { listed: [0, 1, 3, 4, 5], threshold: 3, signed: [0, 2, 4], good: false },
    two_of_three: { listed: [0, 1, 3, 4, 5], threshold: 3, signed: [0, 4], good: false },
    first_third_and_last_of_five: { listed: [0, 1, 2, 3, 4], threshold: 3, signed: [0, 2, 4], good: true },
    first_last_and_second_of_five: { listed: [0, 1, 2, 3, 4], threshold: 3, signed: [0, 4, 1], good: true },
    first_second_and_fourth_of_five: { listed: [0, 1, 2, 3, 4], threshold: 3, signed: [0, 1, 3], good: true },
    the_middle_three_of_five: { listed: [0, 1, 2, 3, 4], threshold: 3, signed: [1, 2, 3], good: true },
    the_last_three_of_five: { listed: [0, 1, 2, 3, 4], threshold: 3, signed: [2, 3, 4], good: true },
};

for (const [name, { listed, threshold, signed, good }] of Object.entries(COMBINATIONS)) {
    test(`${good ? 'accepts' : 'refuses'}_roles_signed_by_${name}`, async (t) => {
        for (const role of ['timestamp', 'snapshot', 'targets']) {
            const { repo, client } = await start(t, { keytype: 'ed25519' });
            const keys = Array.from({ length: 6 }, () => repo.newKey());
            repo.setKeys(
                role,
                listed.map((number) => keys[number]),
                threshold,
            );
            repo.roles[role].signers = signed.map((number) => keys[number]);
            repo.publish('root', 'targets', 'snapshot', 'timestamp');
            if (good) {
                await client.refreshes();
                t.equal(client.stored(role), repo.published[role]);
            } else {
                await client.refuses(['below-threshold', 'revoked-key']);
                client.checkTrusted({ ...BEFORE[role], root: 2 });
            }
        }
    });
}

test('accepts_a_role_with_a_bad_signature_among_enough_good_ones', async (t) => {
    const { repo, client } = await start(t);
    const keys = [repo.newKey(), repo.newKey(), repo.newKey(), repo.newKey()];
    repo.setKeys('snapshot', keys, 2);
    repo.publish('root', 'targets');
    repo.snapshot.version += 1;
    repo.resign('snapshot', (signatures) => {
        signatures[0].sig = keys[0].sign(Buffer.from('something else'));
        signatures[2].sig = '';
    });
    repo.publish('timestamp');
    await client.refreshes();
    client.checkTrusted({ root: 2, timestamp: 2, snapshot: 2, targets: 2 });
});

test('refuses_a_role_whose_empty_signature_would_be_the_last_needed', async (t) => {
    const { repo, client } = await start(t);
    repo.setKeys('timestamp', [repo.newKey(), repo.newKey()], 2);
    repo.publish('root');
    repo.resign('timestamp', (signatures) => {
        signatures[1].sig = '';
    });
    await client.refuses('below-threshold');
    client.checkTrusted({ root: 2 });
});

test('refuses_signatures_that_are_no_hexadecimal', async (t) => {
    for (const sig of ['zz', 'abc', '0x00', '3045022100']) {
        const { repo, client } = await start(t);
        repo.resign('timestamp', (signatures) => {
            signatures[0].sig = sig;
        });
        await client.refuses(['below-threshold', 'malformed']);
        client.checkTrusted({ root: 1 });
    }
});

test('refuses_signatures_of_the_text_instead_of_its_canonical_form', async (t) => {
    const { repo, client } = await start(t);
    const [key] = repo.roles.timestamp.signers;
    const text = JSON.stringify(repo.timestamp, null, 1);
    const sig = key.sign(Buffer.from(text));
    repo.put('timestamp', `{"signatures":[{"keyid":"${key.id}","sig":"${sig}"}],"signed":${text}}`);
    await client.refuses('below-threshold');
});

test('refuses_the_signature_of_another_role_s_metadata', async (t) => {
    const { repo, client } = await start(t);
    const key = repo.newKey();
    repo.setKeys('timestamp', [key]);
    repo.setKeys('snapshot', [key]);
    repo.publish('root', 'snapshot', 'timestamp');
    const { signatures } = JSON.parse(repo.published.snapshot);
    repo.resign('timestamp', () => signatures);
    await client.refuses('below-threshold');
});

test('a_key_of_another_role_counts_for_nothing', async (t) => {
    const { repo, client } = await start(t);
    repo.forge('snapshot', [
        ...repo.roles.timestamp.signers,
        ...repo.roles.targets.signers,
        ...repo.roles.root.signers,
    ]);
    repo.publish('timestamp');
    await client.refuses('below-threshold');
    client.checkTrusted({ root: 1, timestamp: 2 });
});

test('a_dropped_key_signs_no_longer', async (t) => {
    const { repo, client } = await start(t);
    await client.refreshes();
    const [dropped] = repo.roles.targets.signers;
    repo.rotateKeys('targets');
    repo.publish('root');
    repo.forge('targets', [dropped]);
    repo.publish('snapshot', 'timestamp');
    await client.refuses(['below-threshold', 'revoked-key']);
    client.checkTrusted({ root: 2, timestamp: 2, snapshot: 2, targets: 1 });
});

test('after_a_key_change_the_stored_targets_are_verified_again', async (t) => {
    const { repo, client, server } = await start(t);
    await client.refreshes();
    repo.rotateKeys('targets');
    repo.publish('root');
    repo.publishAsIs('targets');
    repo.publish('snapshot', 'timestamp');
    server.takeRequests();
    await client.refreshes();
    t.ok(server.takeRequests().includes('1.targets.json'), 'the stored targets.json was taken');
    t.equal(client.stored('targets'), repo.published.targets);
});
