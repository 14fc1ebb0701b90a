// SPDX-License-Identifier: Apache-2.0
// The command line of `slipway tuf`: options before the subcommand or behind it, and exit 1 for whatever makes no sense.
import fs from 'node:fs';
import { checkSuccess, start } from './client.mjs';
import { test } from './tap.mjs';

const SENSELESS = {
    without_a_subcommand: [],
    with_an_unknown_subcommand: ['update'],
    with_two_subcommands: ['refresh', 'download'],
    with_an_unknown_option: ['--metadata-url', 'URL', '--force', 'refresh'],
    with_an_option_without_its_value: ['refresh', '--metadata-url'],
    with_an_option_twice: ['--metadata-url', 'URL', '--metadata-url', 'URL', 'refresh'],
    that_inits_without_a_root: ['init'],
    that_inits_two_roots: ['init', 'ROOT', 'ROOT'],
    that_refreshes_from_nowhere: ['refresh'],
    that_refreshes_a_target: ['--metadata-url', 'URL', '--target-name', 'file', 'refresh'],
    that_downloads_nothing: ['--metadata-url', 'URL', '--target-base-url', 'URL', '--target-dir', 'DIR', 'download'],
    that_downloads_from_nowhere: ['--metadata-url', 'URL', '--target-name', 'file', '--target-dir', 'DIR', 'download'],
    that_downloads_to_nowhere: ['--metadata-url', 'URL', '--target-name', 'file', '--target-base-url', 'URL', 'download'],
    with_a_url_that_is_none: ['--metadata-url', 'not a url', 'refresh'],
    with_a_url_of_another_scheme: ['--metadata-url', 'ftp://127.0.0.1/', 'refresh'],
};

for (const [name, words] of Object.entries(SENSELESS)) {
    test(`a_command_line_${name}_exits_with_1`, async (t) => {
        const { client, server } = await start(t);
        const meanings = { URL: server.metadataUrl, DIR: client.targetDir, ROOT: `${client.dir}/trusted.json` };
        const before = fs.readdirSync(client.metadataDir);
        const args = words.map((word) => meanings[word] ?? word);
        const result = await client.run(['tuf', '--metadata-dir', client.metadataDir, ...args]);
        t.equal(result.status, 1, result.stderr);
        t.ok(result.stderr.length > 0 && result.stdout === '', result.stdout);
        t.equal(server.takeRequests(), []);
        t.equal(fs.readdirSync(client.metadataDir), before);
    });
}

test('a_command_line_without_a_metadata_directory_exits_with_1', async (t) => {
    const { client, server } = await start(t);
    const result = await client.run(['tuf', '--metadata-url', server.metadataUrl, 'refresh']);
    t.equal(result.status, 1, result.stderr);
    t.equal(server.takeRequests(), []);
});

test('options_may_stand_behind_the_subcommand', async (t) => {
    const { client, server } = await start(t);
    const options = ['--metadata-dir', client.metadataDir, `--metadata-url=${server.metadataUrl}`];
    checkSuccess(t, await client.run(['tuf', 'refresh', ...options]));
    client.checkTrusted({ root: 1, timestamp: 1, snapshot: 1, targets: 1 });
});

test('verbose_tells_each_step_on_stderr', async (t) => {
    const { client, server } = await start(t);
    const options = ['--metadata-dir', client.metadataDir, '--metadata-url', server.metadataUrl];
    const first = await client.run(['tuf', ...options, '--verbose', 'refresh']);
    t.match(first.stderr, /^timestamp\.json: version 1 is trusted$/m);
    const second = await client.run(['tuf', ...options, '--verbose', 'refresh']);
    t.match(second.stderr, /^timestamp\.json: version 1 is current$/m);
    t.equal((await client.run(['tuf', ...options, 'refresh'])).stderr, '');
});
