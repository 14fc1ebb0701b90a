// SPDX-License-Identifier: Apache-2.0
// Real repositories that others made, served as they are, at the time when they were valid.
import fs from 'node:fs';
import path from 'node:path';
import { checkRefusal, checkSuccess, Client, serve, temporaryDirectory, thirdPartyRepository } from './client.mjs';
import { test } from './tap.mjs';

// All files below a directory, by their paths in it.
function readTree(dir, files = new Map(), below = '') {
    for (const entry of fs.readdirSync(path.join(dir, below), { withFileTypes: true })) {
        const name = path.posix.join(below, entry.name);
        if (entry.isDirectory()) {
            readTree(dir, files, name);
        } else {
            files.set(name, fs.readFileSync(path.join(dir, name)));
        }
    }
    return files;
}

async function startStatic(t, name) {
    const dir = thirdPartyRepository(name) ?? t.skip('no third-party vectors beside the project');
    const server = await serve(t, { files: readTree(dir) });
    const client = new Client(t, server, temporaryDirectory(t));
    const read = (file) => fs.readFileSync(path.join(dir, file), 'utf8').trim();
    const at = new Date(read('faketime'));
    checkSuccess(t, await client.init(fs.readFileSync(path.join(dir, 'initial_root.json')), { at }));
    return { client, server, at, target: read('targetpath'), dir };
}

for (const name of ['sigstore-root-signing', 'tuf-on-ci-0.11']) {
    test(`refreshes_and_downloads_from_${name}`, async (t) => {
        const { client, at, target } = await startStatic(t, name);
        await client.refreshes({ at });
        await client.downloads(target, { at });
        t.equal(Object.keys(client.downloaded()).length, 1);
        await client.downloads(target, { at });
    });
}

test('refuses_sigstore_once_it_has_expired', async (t) => {
    const { client } = await startStatic(t, 'sigstore-root-signing');
    await client.refuses('expired', { at: '2035-01-01 00:00:00' });
});

test('refuses_the_roots_of_sigstore_whose_key_ids_are_no_hashes', async (t) => {
    const { client, at, dir } = await startStatic(t, 'sigstore-root-signing');
    const result = await client.init(fs.readFileSync(path.join(dir, 'metadata/11.root.json')), { at });
    if (result.status === 0) {
        await client.refuses('bad-key', { at });
    } else {
        checkRefusal(t, result, ['bad-key', 'no-trusted-root']);
    }
});
