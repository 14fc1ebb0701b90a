// SPDX-License-Identifier: Apache-2.0
// The workflow of the specification's section 5 when nobody attacks: what is asked for and in which order, what is kept,
// and what a repository may look like.
import fs from 'node:fs';
import { checkRefusal, checkSuccess, start } from './client.mjs';
import { test } from './tap.mjs';

const ALL = { root: 1, timestamp: 1, snapshot: 1, targets: 1 };
const NO_ROOT = ['malformed', 'no-trusted-root'];

test('init_stores_the_root_as_given_and_asks_for_nothing', async (t) => {
    const { repo, client, server } = await start(t, { init: false });
    checkSuccess(t, await client.init(repo.rootBytes(1)));
    t.equal(client.stored('root'), repo.rootBytes(1));
    t.equal(server.takeRequests(), []);
    client.checkTrusted({ root: 1 });
});

test('init_replaces_what_another_repository_left', async (t) => {
    const { repo, client } = await start(t);
    repo.publish('root');
    await client.refreshes();
    checkSuccess(t, await client.init(repo.rootBytes(1)));
    t.equal(client.stored('root'), repo.rootBytes(1));
    await client.refreshes();
    client.checkTrusted({ ...ALL, root: 2 });
});

test('init_refuses_a_root_that_is_no_json', async (t) => {
    const { client, server } = await start(t, { init: false });
    checkRefusal(t, await client.init('not a root'), NO_ROOT);
    client.checkTrusted({});
    t.equal(server.takeRequests(), []);
});

test('init_refuses_a_file_that_is_absent', async (t) => {
    const { client } = await start(t, { init: false });
    const args = ['tuf', '--metadata-dir', client.metadataDir, 'init', `${client.dir}/absent.json`];
    t.equal((await client.run(args)).status, 1);
    client.checkTrusted({});
});

test('init_refuses_metadata_of_another_role', async (t) => {
    const { repo, client } = await start(t, { init: false });
    checkRefusal(t, await client.init(repo.published.targets), ['wrong-role', ...NO_ROOT]);
    client.checkTrusted({});
});

test('init_makes_the_directory_when_it_is_absent', async (t) => {
    const { repo, client } = await start(t, { init: false });
    fs.rmdirSync(client.metadataDir);
    checkSuccess(t, await client.init(repo.rootBytes(1)));
    await client.refreshes();
    client.checkTrusted(ALL);
});

test('refresh_is_refused_before_init', async (t) => {
    const { client, server } = await start(t, { init: false });
    await client.refuses('no-trusted-root');
    t.equal(server.takeRequests(), []);
});

test('refresh_asks_for_root_timestamp_snapshot_targets_in_this_order', async (t) => {
    const { client, server } = await start(t);
    await client.refreshes();
    t.equal(server.takeRequests(), ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']);
    client.checkTrusted(ALL);
});

test('refresh_stores_every_file_as_received', async (t) => {
    const { repo, client } = await start(t);
    repo.serialize = (envelope) => `${JSON.stringify(envelope, null, 7)}\n\n`;
    repo.publish('root', 'targets', 'snapshot', 'timestamp');
    await client.refreshes();
    for (const role of ['root', 'timestamp', 'snapshot', 'targets']) {
        t.equal(client.stored(role), repo.published[role]);
    }
});

test('refresh_of_an_unchanged_repository_is_two_requests_on_one_connection', async (t) => {
    const { client, server } = await start(t);
    await client.refreshes();
    server.takeRequests();
    server.connections = 0;
    await client.refreshes();
    t.equal(server.takeRequests(), ['2.root.json', 'timestamp.json']);
    t.equal(server.connections, 1);
});

test('first_refresh_is_one_connection', async (t) => {
    const { client, server } = await start(t);
    await client.refreshes();
    t.equal(server.connections, 1);
});

test('refresh_after_a_new_timestamp_alone_asks_for_no_snapshot', async (t) => {
    const { repo, client, server } = await start(t);
    await client.refreshes();
    server.takeRequests();
    repo.publish('timestamp');
    await client.refreshes();
    t.equal(server.takeRequests(), ['2.root.json', 'timestamp.json']);
    client.checkTrusted({ ...ALL, timestamp: 2 });
});

test('refresh_after_a_new_snapshot_alone_asks_for_no_targets', async (t) => {
    const { repo, client, server } = await start(t);
    await client.refreshes();
    server.takeRequests();
    repo.publish('snapshot', 'timestamp');
    await client.refreshes();
    t.equal(server.takeRequests(), ['2.root.json', 'timestamp.json', '2.snapshot.json']);
    client.checkTrusted({ ...ALL, timestamp: 2, snapshot: 2 });
});

test('refresh_finds_any_number_of_versions_further', async (t) => {
    const { repo, client, server } = await start(t);
    await client.refreshes();
    for (let i = 0; i < 5; i++) {
        repo.publish('targets', 'snapshot', 'timestamp');
    }
    server.takeRequests();
    await client.refreshes();
    t.equal(server.takeRequests(), ['2.root.json', 'timestamp.json', '6.snapshot.json', '6.targets.json']);
    client.checkTrusted({ root: 1, timestamp: 6, snapshot: 6, targets: 6 });
});

test('download_refreshes_first', async (t) => {
    const { client, server } = await start(t);
    await client.refusesDownload('not-found', 'absent artifact');
    t.equal(server.takeRequests(), ['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']);
    client.checkTrusted(ALL);
    client.checkDownloaded();
});

test('refuses_a_stored_root_without_a_version_and_asks_for_nothing', async (t) => {
    const { repo, client, server } = await start(t);
    const root = JSON.parse(repo.rootBytes(1));
    delete root.signed.version;
    client.store('root', JSON.stringify(root));
    await client.refuses(NO_ROOT);
    t.equal(server.takeRequests(), []);
});

test('refuses_a_stored_root_that_is_not_signed_and_asks_for_nothing', async (t) => {
    const { repo, client, server } = await start(t);
    const root = JSON.parse(repo.rootBytes(1));
    root.signatures[0].sig = repo.roles.root.signers[0].sign(Buffer.from('something else'));
    client.store('root', JSON.stringify(root));
    await client.refuses(['root-self-unsigned', 'below-threshold', 'no-trusted-root']);
    t.equal(server.takeRequests(), []);
});

test('an_equal_timestamp_version_keeps_the_old_bytes', async (t) => {
    const { repo, client, server } = await start(t);
    await client.refreshes();
    const before = client.stored('timestamp');
    repo.timestamp.meta['snapshot.json'].version = 100;
    repo.publishAsIs('timestamp');
    server.takeRequests();
    await client.refreshes();
    t.equal(client.stored('timestamp'), before);
    t.equal(server.takeRequests(), ['2.root.json', 'timestamp.json']);
});

test('a_targets_version_that_the_snapshot_does_not_name_is_not_fetched', async (t) => {
    const { repo, client, server } = await start(t);
    await client.refreshes();
    repo.publish('targets');
    server.takeRequests();
    await client.refreshes();
    t.equal(server.takeRequests(), ['2.root.json', 'timestamp.json']);
    client.checkTrusted(ALL);
});

test('accepts_fields_that_it_does_not_know_in_every_role', async (t) => {
    const { repo, client } = await start(t);
    const fields = { nested: { a: [1, { b: null }], z: false }, 'x-text': 'value', 'x-number': 9007199254740991 };
    const [old] = repo.roles.root.signers;
    const key = old.alias({ 'x-owner': fields });
    repo.setKeys('root', [key]);
    repo.roles.root.signers = [old, key];
    Object.assign(repo.root, fields);
    Object.assign(repo.root.roles.root, fields);
    repo.publish('root');
    for (const role of ['targets', 'snapshot', 'timestamp']) {
        Object.assign(repo[role], fields);
    }
    repo.publish('targets');
    repo.snapshot.meta['targets.json']['x-more'] = fields;
    repo.publish('snapshot');
    repo.timestamp.meta['snapshot.json']['x-more'] = fields;
    repo.publish('timestamp');
    await client.refreshes();
    client.checkTrusted({ root: 2, timestamp: 2, snapshot: 2, targets: 2 });
});

test('accepts_fields_that_it_does_not_know_beside_signed', async (t) => {
    const { repo, client } = await start(t);
    repo.serialize = (envelope) => {
        const signatures = envelope.signatures.map((signature) => ({ ...signature, method: 'x', other: [{}] }));
        return JSON.stringify({ 'x-first': {}, signed: envelope.signed, 'x-note': [1, 2], signatures });
    };
    repo.publish('root', 'targets', 'snapshot', 'timestamp');
    await client.refreshes();
    client.checkTrusted({ root: 2, timestamp: 2, snapshot: 2, targets: 2 });
});

test('accepts_members_in_any_order_and_any_blanks', async (t) => {
    const { repo, client } = await start(t);
    const reversed = (value) =>
        value && typeof value === 'object' && !Array.isArray(value)
            ? Object.fromEntries(
                  Object.entries(value)
                      .reverse()
                      .map(([name, member]) => [name, reversed(member)]),
              )
            : value;
    repo.serialize = (envelope) => ` \r\n\t${JSON.stringify(reversed(envelope), null, '\t').replace(/\n/g, '\r\n')} `;
    repo.publish('root', 'targets', 'snapshot', 'timestamp');
    await client.refreshes();
    client.checkTrusted({ root: 2, timestamp: 2, snapshot: 2, targets: 2 });
});

test('verifies_text_beyond_ascii_raw_and_escaped', async (t) => {
    const { repo, client } = await start(t);
    repo.targets['x-text'] = 'gr\u00fc\u00df \u20ac \u{1f512} "quoted\\" / \u007f \u2028';
    repo.targets['\u{1f512}'] = 1;
    repo.targets['\uffee'] = 2;
    repo.publish('targets', 'snapshot', 'timestamp');
    await client.refreshes();
    const escape = (text) =>
        text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    repo.serialize = (envelope) => escape(JSON.stringify(envelope)).replace(/\//g, '\\/');
    repo.publish('targets', 'snapshot', 'timestamp');
    await client.refreshes();
    client.checkTrusted({ root: 1, timestamp: 3, snapshot: 3, targets: 3 });
});

test('verifies_control_characters_inside_text', async (t) => {
    const { repo, client } = await start(t);
    repo.targets['x-text'] = 'a\nb\tc\u0001\b\f\r';
    repo.publish('targets', 'snapshot', 'timestamp');
    await client.refreshes();
    client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
});

test('a_url_without_its_last_slash_means_the_same', async (t) => {
    const { repo, client, server } = await start(t);
    repo.addTarget('targets', 'file', 'content');
    repo.publishAll();
    const metadataUrl = server.metadataUrl.slice(0, -1);
    await client.downloads('file', { metadataUrl, targetsUrl: server.targetsUrl.slice(0, -1) });
    client.checkDownloaded('content');
});

for (const keytype of ['ed25519', 'ecdsa-sha2-nistp256', 'rsa']) {
    test(`refreshes_and_downloads_from_a_repository_of_${keytype}_keys`, async (t) => {
        const { repo, client } = await start(t, { keytype });
        repo.delegate('targets', 'team', { paths: ['team/*'] });
        repo.addTarget('team', 'team/file', 'content');
        repo.publishAll();
        await client.downloads('team/file');
        client.checkDownloaded('content');
        client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2, targets: 2, team: 1 });
    });
}

test('without_consistent_snapshots_files_have_plain_names', async (t) => {
    const { repo, client, server } = await start(t, { consistent: false });
    repo.delegate('targets', 'team', { paths: ['team/*'] });
    repo.addTarget('team', 'team/file', 'content');
    repo.publishAll();
    await client.downloads('team/file');
    const names = ['2.root.json', 'timestamp.json', 'snapshot.json', 'targets.json', 'team.json', 'targets/team/file'];
    t.equal(server.takeRequests(), names);
    client.checkDownloaded('content');
});

test('a_root_without_consistent_snapshot_means_without', async (t) => {
    const { repo, client, server } = await start(t);
    delete repo.root.consistent_snapshot;
    repo.publish('root', 'targets', 'snapshot', 'timestamp');
    await client.refreshes();
    t.equal(server.takeRequests(), ['2.root.json', '3.root.json', 'timestamp.json', 'snapshot.json', 'targets.json']);
});

test('a_new_root_may_turn_consistent_snapshots_on', async (t) => {
    const { repo, client, server } = await start(t, { consistent: false });
    await client.refreshes();
    repo.root.consistent_snapshot = true;
    repo.publish('root', 'targets', 'snapshot', 'timestamp');
    server.takeRequests();
    await client.refreshes();
    t.equal(server.takeRequests(), [
        '2.root.json',
        '3.root.json',
        'timestamp.json',
        '2.snapshot.json',
        '2.targets.json',
    ]);
});

test('accepts_metadata_whose_hashes_and_lengths_are_listed', async (t) => {
    for (const metaHashes of [['sha256'], ['sha512'], ['sha256', 'sha512']]) {
        const { repo, client } = await start(t, { metaHashes });
        repo.delegate('targets', 'team');
        repo.addTarget('team', 'file', 'content');
        repo.publishAll();
        await client.downloads('file');
        client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2, targets: 2, team: 1 });
    }
});
