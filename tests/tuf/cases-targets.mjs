// SPDX-License-Identifier: Apache-2.0
// Downloads: the bytes that metadata describe and no others, under a name that can't leave the directory, and only once.
import fs from 'node:fs';
import path from 'node:path';
import { checkRefusal, start } from './client.mjs';
import { prefixedPath } from './repository.mjs';
import { test } from './tap.mjs';

// A repository that offers these targets, and a client.
async function startWith(t, targets, options) {
    const started = await start(t, options);
    for (const [name, content] of Object.entries(targets)) {
        started.repo.addTarget('targets', name, content);
    }
    started.repo.publishAll();
    return started;
}

// The path under which a target is asked for.
function served(repo, name, algorithm = 'sha256') {
    return `targets/${prefixedPath(name, repo.targets.targets[name].hashes[algorithm])}`;
}

test('downloads_a_target', async (t) => {
    const { repo, client, server } = await startWith(t, { 'file.txt': 'content' });
    await client.refreshes();
    client.checkDownloaded();
    await client.downloads('file.txt');
    t.equal(client.downloaded(), { 'file.txt': 'content' });
    t.equal(server.takeRequests().at(-1), served(repo, 'file.txt'));
    client.checkNothingElse();
});

test('downloads_a_target_in_a_subdirectory', async (t) => {
    const { repo, client, server } = await startWith(t, { 'path/to/a/file.txt': 'content' });
    await client.downloads('path/to/a/file.txt');
    client.checkDownloaded('content');
    t.equal(server.takeRequests().at(-1), served(repo, 'path/to/a/file.txt'));
    client.checkNothingElse();
});

test('targets_in_two_directories_with_one_name_do_not_replace_each_other', async (t) => {
    const { client } = await startWith(t, { 'a/file': 'first', 'b/file': 'second', file: 'third' });
    await client.downloads(['a/file', 'b/file', 'file']);
    client.checkDownloaded('first', 'second', 'third');
});

test('downloads_an_empty_target', async (t) => {
    const { client } = await startWith(t, { empty: '' });
    await client.downloads('empty');
    client.checkDownloaded('');
});

test('downloads_a_target_of_five_megabytes', async (t) => {
    const content = 'sixteen bytes...'.repeat(5 * 65536);
    const { client } = await startWith(t, { large: content });
    await client.downloads('large');
    t.ok(client.downloaded().large === content);
});

test('downloads_several_targets_in_their_order', async (t) => {
    const { repo, client, server } = await startWith(t, { a: 'first', b: 'second', c: 'third' });
    await client.downloads(['c', 'a', 'b']);
    client.checkDownloaded('first', 'second', 'third');
    t.equal(
        server.takeRequests().slice(4),
        ['c', 'a', 'b'].map((name) => served(repo, name)),
    );
});

test('several_downloads_refresh_once', async (t) => {
    const { client, server } = await startWith(t, { a: 'first', b: 'second' });
    await client.downloads(['a', 'b']);
    const timestamps = server.takeRequests().filter((name) => name === 'timestamp.json');
    t.equal(timestamps.length, 1);
});

test('several_downloads_stop_at_the_first_failure', async (t) => {
    const { client } = await startWith(t, { a: 'first', b: 'second' });
    await client.refusesDownload('not-found', ['a', 'absent', 'b']);
    client.checkDownloaded('first');
});

test('a_good_target_on_disk_is_not_fetched_again', async (t) => {
    const { client, server } = await startWith(t, { file: 'content' });
    await client.downloads('file');
    server.takeRequests();
    await client.downloads('file');
    t.equal(server.takeRequests(), ['2.root.json', 'timestamp.json']);
    client.checkDownloaded('content');
});

test('a_spoilt_target_on_disk_is_fetched_again', async (t) => {
    for (const spoilt of ['CONTENT', 'content and more', '']) {
        const { repo, client, server } = await startWith(t, { file: 'content' });
        await client.downloads('file');
        fs.writeFileSync(path.join(client.targetDir, 'file'), spoilt);
        server.takeRequests();
        await client.downloads('file');
        t.equal(server.takeRequests().at(-1), served(repo, 'file'));
        client.checkDownloaded('content');
    }
});

test('a_target_that_changed_replaces_the_old_one', async (t) => {
    const { repo, client } = await startWith(t, { file: 'first' });
    await client.downloads('file');
    for (const content of ['second', 'third', 'and the fourth']) {
        repo.addTarget('targets', 'file', content);
        repo.publishAll();
        await client.downloads('file');
        client.checkDownloaded(content);
    }
});

test('a_change_that_fails_leaves_the_old_target', async (t) => {
    const { repo, client } = await startWith(t, { file: 'first' });
    await client.downloads('file');
    const { hashes } = repo.addTarget('targets', 'file', 'second');
    repo.putTarget('file', hashes, 'SECOND');
    repo.publishAll();
    await client.refusesDownload('wrong-hash', 'file');
    client.checkDownloaded('first');
});

test('only_what_targets_describe_is_found', async (t) => {
    const { repo, client, server } = await startWith(t, { file: 'content' });
    repo.putTarget('other', {}, 'not described');
    await client.refusesDownload('not-found', 'other');
    t.ok(!server.takeRequests().some((name) => name.startsWith('targets/')));
});

test('target_names_are_case_sensitive', async (t) => {
    const { client } = await startWith(t, { 'File.txt': 'content' });
    await client.refusesDownload('not-found', 'file.txt');
    client.checkDownloaded();
});

test('refuses_other_bytes_of_the_right_length', async (t) => {
    const { repo, client } = await startWith(t, { file: 'content' });
    repo.putTarget('file', repo.targets.targets.file.hashes, 'CONTENT');
    await client.refusesDownload('wrong-hash', 'file');
    client.checkDownloaded();
});

test('refuses_a_target_that_is_longer', async (t) => {
    const { repo, client } = await startWith(t, { file: 'content' });
    repo.putTarget('file', repo.targets.targets.file.hashes, 'content and more');
    await client.refusesDownload(['wrong-length', 'too-large'], 'file');
    client.checkDownloaded();
});

test('refuses_a_target_that_is_shorter', async (t) => {
    const { repo, client } = await startWith(t, { file: 'content' });
    repo.putTarget('file', repo.targets.targets.file.hashes, 'conten');
    await client.refusesDownload('wrong-length', 'file');
    client.checkDownloaded();
});

test('refuses_one_target_served_for_another', async (t) => {
    const { repo, client } = await startWith(t, { 'app-1': 'release 1', 'app-2': 'release 2' });
    repo.putTarget('app-2', repo.targets.targets['app-2'].hashes, 'release 1');
    await client.refusesDownload('wrong-hash', 'app-2');
    client.checkDownloaded();
});

test('a_target_that_the_server_lacks_is_unavailable', async (t) => {
    const { repo, client, server } = await startWith(t, { file: 'content' });
    server.status(served(repo, 'file'), 404);
    await client.refusesDownload('unavailable', 'file');
    client.checkDownloaded();
});

for (const targetHashes of [['sha256'], ['sha512'], ['sha256', 'sha512']]) {
    const name = targetHashes.join('_and_');

    test(`downloads_a_target_with_${name}`, async (t) => {
        const { client } = await startWith(t, { file: 'content' }, { targetHashes });
        await client.downloads('file');
        client.checkDownloaded('content');
    });

    test(`refuses_a_target_that_differs_from_its_${name}`, async (t) => {
        const { repo, client } = await startWith(t, { file: 'content' }, { targetHashes });
        repo.putTarget('file', repo.targets.targets.file.hashes, 'CONTENT');
        await client.refusesDownload('wrong-hash', 'file');
        client.checkDownloaded();
    });
}

for (const wrong of ['sha256', 'sha512']) {
    test(`refuses_a_target_of_which_the_${wrong}_alone_is_wrong`, async (t) => {
        const { repo, client } = await start(t, { targetHashes: ['sha256', 'sha512'] });
        const { hashes } = repo.addTarget('targets', 'file', 'content');
        hashes[wrong] = hashes[wrong].replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
        repo.putTarget('file', hashes, 'content');
        repo.publishAll();
        await client.refusesDownload('wrong-hash', 'file');
        client.checkDownloaded();
    });
}

test('an_unknown_hash_beside_a_known_one_does_not_matter', async (t) => {
    const { repo, client } = await start(t);
    const { hashes } = repo.addTarget('targets', 'file', 'content');
    hashes['blake3'] = '00'.repeat(32);
    repo.publishAll();
    await client.downloads('file');
    client.checkDownloaded('content');
});

test('refuses_a_target_with_unknown_hashes_alone', async (t) => {
    const { repo, client } = await start(t);
    const entry = repo.addTarget('targets', 'file', 'content');
    entry.hashes = { md5: '9a0364b9e99bb480dd25e1f0284c8555' };
    repo.putTarget('file', entry.hashes, 'content');
    repo.publishAll();
    await client.refusesDownload(['missing-hash', 'malformed'], 'file');
    client.checkDownloaded();
});

test('refuses_a_target_without_hashes', async (t) => {
    for (const hashes of [{}, undefined]) {
        const { repo, client } = await start(t);
        const entry = repo.addTarget('targets', 'file', 'content');
        entry.hashes = hashes;
        if (hashes === undefined) {
            delete entry.hashes;
        }
        repo.publishAll();
        await client.refusesDownload(['missing-hash', 'malformed'], 'file');
        client.checkDownloaded();
    }
});

test('refuses_hashes_of_the_wrong_size_or_alphabet', async (t) => {
    for (const text of ['', 'ab', 'z'.repeat(64), '../'.repeat(21) + 'a', 7, null]) {
        const { repo, client } = await start(t);
        repo.addTarget('targets', 'file', 'content').hashes = { sha256: text };
        repo.publishAll();
        await client.refusesDownload(['malformed', 'missing-hash', 'wrong-hash'], 'file');
        client.checkDownloaded();
    }
});

test('refuses_a_download_without_a_directory_to_put_it', async (t) => {
    const { client } = await startWith(t, { file: 'content' });
    fs.rmdirSync(client.targetDir);
    fs.writeFileSync(client.targetDir, 'a file in its place');
    t.equal((await client.download('file')).status, 1);
    t.equal(fs.readFileSync(client.targetDir, 'utf8'), 'a file in its place');
});

// Names that a careless client would write elsewhere, or ask a server for something else with.
const HOSTILE = [
    '../escape',
    '../../escape',
    '/etc/escape',
    'a/../../escape',
    './dot',
    '.',
    '..',
    '.hidden',
    'a//b',
    'a/./b',
    'trailing/',
    '~root',
    '-rf',
    'back\\slash',
    '..\\escape',
    'question?mark=1',
    'hash#mark',
    'per%2Fcent',
    '%2e%2e%2fescape',
    'semi;colon&amp',
    'blank space',
    'new\nline',
    'tab\tulator',
    'escape\u001b[2J',
    'gr\u00fc\u00df \u{1f512}',
    'x'.repeat(200),
    'CON',
    'http://127.0.0.1:9/other',
    '//127.0.0.1:9/other',
    '*',
    'quo\'te"s',
];

for (const name of HOSTILE) {
    const label = name.length > 40 ? `${name.length}_times_x` : JSON.stringify(name).slice(1, -1).replace(/#/g, 'HASH');
    test(`a_target_called_${label}_stays_in_the_directory_or_is_refused`, async (t) => {
        const { repo, client } = await start(t);
        repo.addTarget('targets', name, 'content');
        repo.addTarget('targets', 'good', 'good');
        repo.publishAll();
        const result = await client.download([name]);
        if (result.status !== 0) {
            checkRefusal(t, result, ['bad-name', 'unavailable']);
        }
        const found = fs.readdirSync(client.targetDir, { withFileTypes: true });
        t.ok(
            found.every((entry) => entry.isFile()),
            'a directory appeared',
        );
        t.equal(Object.values(client.downloaded()), result.status === 0 ? ['content'] : []);
        client.checkNothingElse();
        await client.downloads('good');
    });
}

test('a_link_in_the_directory_is_replaced_and_not_followed', async (t) => {
    const { client } = await startWith(t, { file: 'content' });
    const elsewhere = path.join(client.dir, 'elsewhere');
    const before = 'mine';
    fs.writeFileSync(elsewhere, before);
    fs.symlinkSync(elsewhere, path.join(client.targetDir, 'file'));
    await client.download('file');
    t.equal(fs.readFileSync(elsewhere, 'utf8'), before);
});
