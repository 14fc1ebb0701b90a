// SPDX-License-Identifier: Apache-2.0
// Keys: types and schemes, key ids that must be the hash of the key, thresholds, and keys that count once however often
// they are listed.
import { start } from './client.mjs';
import { test } from './tap.mjs';

const UPDATED = { root: 2, timestamp: 2, snapshot: 2, targets: 2 };

// Publishes everything anew, root first.
function publish(repo) {
    repo.publish('root', 'targets', 'snapshot', 'timestamp');
}

for (const kind of ['ecdsa', 'ecdsa-sha2-nistp256', 'ed25519', 'rsa']) {
    test(`accepts_keys_of_type_${kind}_in_every_role`, async (t) => {
        const { repo, client } = await start(t);
        const before = repo.roles.root.signers;
        for (const role of ['root', 'timestamp', 'snapshot', 'targets']) {
            repo.setKeys(role, [repo.newKey(kind), repo.newKey(kind)], 2);
        }
        repo.roles.root.signers.push(...before);
        publish(repo);
        await client.refreshes();
        client.checkTrusted(UPDATED);
    });
}

for (const salt of [0, 1, 32, 222]) {
    test(`accepts_rsa_pss_with_a_salt_of_${salt}_bytes`, async (t) => {
        const { repo, client } = await start(t);
        repo.setKeys('timestamp', [repo.newKey('rsa').salted(salt)]);
        publish(repo);
        await client.refreshes();
        client.checkTrusted(UPDATED);
    });
}

test('refuses_rsa_keys_of_1024_bits', async (t) => {
    const { repo, client } = await start(t);
    repo.setKeys('timestamp', [repo.newKey('rsa1024')]);
    publish(repo);
    await client.refuses(['bad-key', 'below-threshold']);
    t.ok(!('timestamp' in client.trusted()));
});

test('refuses_p384_keys_under_the_scheme_of_p256', async (t) => {
    const { repo, client } = await start(t);
    repo.setKeys('timestamp', [repo.newKey('p384')]);
    publish(repo);
    await client.refuses(['bad-key', 'below-threshold']);
    t.ok(!('timestamp' in client.trusted()));
});

// Ways of listing a key that doesn't fit its type, none of which may ever verify.
const MISFITS = {
    an_ed25519_key_called_ecdsa: ['ed25519', { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256' }],
    an_ecdsa_key_called_ed25519: ['ecdsa', { keytype: 'ed25519', scheme: 'ed25519' }],
    an_ecdsa_key_called_rsa: ['ecdsa', { keytype: 'rsa', scheme: 'rsassa-pss-sha256' }],
    a_short_ed25519_key: ['ed25519', { keyval: { public: 'd75a980182b10ab7' } }],
    an_ed25519_key_that_is_no_hexadecimal: ['ed25519', { keyval: { public: 'z'.repeat(64) } }],
    a_pem_that_is_none: ['ecdsa', { keyval: { public: 'not a pem' } }],
};

for (const [name, [kind, members]] of Object.entries(MISFITS)) {
    test(`refuses_${name}`, async (t) => {
        const { repo, client } = await start(t);
        const key = repo.newKey(kind);
        const misfit = key.alias(members);
        const signer = { id: misfit.id, object: misfit.object, sign: (bytes) => key.sign(bytes) };
        repo.setKeys('timestamp', [signer]);
        publish(repo);
        await client.refuses(['bad-key', 'malformed', 'below-threshold']);
        t.ok(!('timestamp' in client.trusted()));
    });
}

test('an_rsa_key_with_the_scheme_of_pkcs1_v1_5_is_skipped', async (t) => {
    const { repo, client } = await start(t);
    repo.addKey('timestamp', repo.newKey('rsa').alias({ scheme: 'rsa-pkcs1v15-sha256' }));
    publish(repo);
    await client.refreshes();
    repo.root.roles.timestamp.threshold = 2;
    publish(repo);
    await client.refuses('below-threshold');
    client.checkTrusted({ ...UPDATED, root: 3 });
});

// A key of a type to come, which signs with what no client can verify.
function futureKey(repo) {
    const key = repo.newKey().alias({ keytype: 'ml-dsa', scheme: 'ml-dsa-65', keyval: { public: 'AAAA' } });
    return { id: key.id, object: key.object, sign: () => '00'.repeat(3309) };
}

test('a_key_of_an_unknown_type_in_root_is_skipped', async (t) => {
    const { repo, client } = await start(t);
    for (const role of ['root', 'timestamp', 'snapshot', 'targets']) {
        repo.addKey(role, futureKey(repo));
    }
    publish(repo);
    await client.refreshes();
    client.checkTrusted(UPDATED);
});

test('a_key_of_an_unknown_type_in_a_delegation_is_skipped', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team');
    repo.addKey('team', futureKey(repo));
    repo.addTarget('team', 'file', 'content');
    repo.publishAll();
    await client.downloads('file');
    client.checkDownloaded('content');
});

test('a_key_of_an_unknown_type_never_counts', async (t) => {
    const { repo, client } = await start(t);
    repo.addKey('timestamp', futureKey(repo));
    repo.root.roles.timestamp.threshold = 2;
    publish(repo);
    await client.refuses('below-threshold');
    client.checkTrusted({ root: 2 });
});

test('keyid_hash_algorithms_mean_nothing', async (t) => {
    const { repo, client } = await start(t);
    for (const role of ['timestamp', 'snapshot', 'targets']) {
        repo.setKeys(role, [repo.newKey().alias({ keyid_hash_algorithms: ['md5', 'sha256'] })]);
    }
    publish(repo);
    await client.refreshes();
    client.checkTrusted(UPDATED);
});

// Lists a key of the role under an id of our choice, and signs with it.
function listUnder(repo, role, key, id) {
    repo.root.keys[id] = structuredClone(key.object);
    repo.root.roles[role].keyids.push(id);
    repo.roles[role].signers.push({ id, sign: (bytes) => key.sign(bytes) });
}

test('refuses_a_root_with_a_key_id_that_is_not_the_hash_of_the_key', async (t) => {
    const { repo, client } = await start(t);
    listUnder(repo, 'timestamp', repo.newKey(), 'ab'.repeat(32));
    publish(repo);
    await client.refuses('bad-key');
    client.checkTrusted({ root: 1 });
});

test('refuses_a_root_with_the_keys_of_two_ids_exchanged', async (t) => {
    const { repo, client } = await start(t);
    const [a, b] = [repo.root.roles.timestamp.keyids[0], repo.root.roles.snapshot.keyids[0]];
    [repo.root.keys[a], repo.root.keys[b]] = [repo.root.keys[b], repo.root.keys[a]];
    publish(repo);
    await client.refuses('bad-key');
    client.checkTrusted({ root: 1 });
});

test('refuses_a_delegation_with_a_key_id_that_is_not_the_hash_of_the_key', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team');
    repo.addTarget('team', 'file', 'content');
    const [key] = repo.roles.team.signers;
    const { delegations } = repo.targets;
    delegations.keys = { ['cd'.repeat(32)]: key.object };
    delegations.roles[0].keyids = ['cd'.repeat(32)];
    repo.roles.team.signers = [{ id: 'cd'.repeat(32), sign: (bytes) => key.sign(bytes) }];
    repo.publishAll();
    await client.refusesDownload('bad-key', 'file');
    client.checkDownloaded();
});

// The same public key in another form has another hash, and so a right id of its own.
test('one_key_under_two_right_ids_counts_once', async (t) => {
    const { repo, client } = await start(t);
    const key = repo.newKey('ed25519');
    repo.setKeys('timestamp', [key, key.alias({ 'x-alias': 1 }), key.alias({ 'x-alias': 2 })], 2);
    publish(repo);
    await client.refuses(['below-threshold', 'bad-key', 'bad-threshold']);
    t.ok(!('timestamp' in client.trusted()));
});

test('one_ecdsa_key_under_both_key_types_counts_once', async (t) => {
    const { repo, client } = await start(t);
    const key = repo.newKey('ecdsa');
    repo.setKeys('timestamp', [key, key.alias({ keytype: 'ecdsa-sha2-nistp256' })], 2);
    publish(repo);
    await client.refuses(['below-threshold', 'bad-key', 'bad-threshold']);
    t.ok(!('timestamp' in client.trusted()));
});

test('one_ed25519_key_in_upper_and_lower_case_counts_once', async (t) => {
    const { repo, client } = await start(t);
    const key = repo.newKey('ed25519');
    const upper = key.alias({ keyval: { public: key.object.keyval.public.toUpperCase() } });
    repo.setKeys('timestamp', [key, upper], 2);
    publish(repo);
    await client.refuses(['below-threshold', 'bad-key', 'bad-threshold', 'malformed']);
    t.ok(!('timestamp' in client.trusted()));
});

test('one_pem_key_with_other_line_breaks_counts_once', async (t) => {
    const { repo, client } = await start(t);
    const key = repo.newKey('ecdsa');
    const pem = key.object.keyval.public;
    const variants = [`${pem}\n`, pem.trimEnd(), pem.replace(/\n/g, '\r\n')];
    repo.setKeys('timestamp', [key, ...variants.map((text) => key.alias({ keyval: { public: text } }))], 2);
    publish(repo);
    await client.refuses(['below-threshold', 'bad-key', 'bad-threshold']);
    t.ok(!('timestamp' in client.trusted()));
});

test('one_aliased_key_does_not_open_a_delegated_role', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team');
    const key = repo.newKey();
    repo.setKeys('team', [key, key.alias({ 'x-alias': 1 })], 2);
    repo.addTarget('team', 'file', 'content');
    repo.publishAll();
    await client.refusesDownload(['below-threshold', 'bad-key', 'bad-threshold'], 'file');
    client.checkDownloaded();
});

test('a_key_id_listed_twice_in_a_role_counts_once', async (t) => {
    const { repo, client } = await start(t);
    const key = repo.newKey();
    repo.setKeys('timestamp', [key]);
    repo.root.roles.timestamp = { keyids: [key.id, key.id, key.id], threshold: 2 };
    publish(repo);
    await client.refuses(['below-threshold', 'bad-key', 'bad-threshold', 'malformed']);
    t.ok(!('timestamp' in client.trusted()));
});

test('refuses_a_role_that_names_a_key_which_root_does_not_list', async (t) => {
    const { repo, client } = await start(t);
    const key = repo.newKey();
    repo.root.roles.timestamp.keyids = [key.id];
    repo.roles.timestamp.signers = [key];
    publish(repo);
    await client.refuses(['bad-key', 'below-threshold']);
    t.ok(!('timestamp' in client.trusted()));
});

test('refuses_a_root_whose_threshold_is_0', async (t) => {
    for (const role of ['root', 'timestamp', 'snapshot', 'targets']) {
        const { repo, client } = await start(t);
        repo.root.roles[role].threshold = 0;
        publish(repo);
        await client.refuses('bad-threshold');
        client.checkTrusted({ root: 1 });
    }
});

test('refuses_a_delegation_whose_threshold_is_0', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team', { threshold: 0 });
    repo.addTarget('team', 'file', 'content');
    repo.publishAll();
    await client.refusesDownload('bad-threshold', 'file');
    client.checkDownloaded();
});

test('refuses_thresholds_that_are_no_positive_integer', async (t) => {
    for (const threshold of [-1, true, '1', null, [1], {}]) {
        const { repo, client } = await start(t);
        repo.root.roles.timestamp.threshold = threshold;
        publish(repo);
        await client.refuses(['malformed', 'bad-threshold']);
        client.checkTrusted({ root: 1 });
    }
});

test('a_threshold_above_the_number_of_keys_is_kept_and_never_met', async (t) => {
    const { repo, client } = await start(t);
    repo.root.roles.snapshot.threshold = 6;
    for (let i = 0; i < 4; i++) {
        repo.addKey('snapshot');
    }
    publish(repo);
    await client.refuses('below-threshold');
    client.checkTrusted({ root: 2, timestamp: 2 });
    repo.addKey('snapshot');
    publish(repo);
    await client.refreshes();
    client.checkTrusted({ root: 3, timestamp: 3, snapshot: 3, targets: 3 });
});

test('keys_of_root_do_not_count_for_a_role_that_does_not_name_them', async (t) => {
    const { repo, client } = await start(t);
    const extra = [repo.newKey(), repo.newKey()];
    extra.forEach((key) => (repo.root.keys[key.id] = key.object));
    repo.root.roles.snapshot.threshold = 2;
    repo.roles.snapshot.signers.push(...extra);
    publish(repo);
    await client.refuses(['below-threshold', 'bad-threshold']);
    client.checkTrusted({ root: 2, timestamp: 2 });
});
