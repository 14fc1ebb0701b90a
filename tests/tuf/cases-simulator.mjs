// SPDX-License-Identifier: Apache-2.0
// The simulator judges the client, so these cases judge the simulator: by published answers, by other people's
// repositories, and by faults planted in what it made.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { canonicalBytes, compareCodePoints, encode } from './canonical.mjs';
import { serve, thirdPartyRepository } from './client.mjs';
import { Key, keyId, sha256, verify } from './keys.mjs';
import { binName, encodeRole, prefixedPath, Repository } from './repository.mjs';
import { test, verdictOf } from './tap.mjs';

test('simulator_canonical_json_sorts_members_and_drops_blanks', (t) => {
    t.equal(
        encode(JSON.parse('{ "b": [1, 2, {"z": null, "y": true}], "a": {} , "": false}')),
        '{"":false,"a":{},"b":[1,2,{"y":true,"z":null}]}',
    );
});

test('simulator_canonical_json_sorts_by_code_point_not_by_utf16_unit', (t) => {
    t.equal(encode({ '\u{10000}': 1, '\uffff': 2 }), '{"\uffff":2,"\u{10000}":1}');
    t.ok(compareCodePoints('a', 'ab') < 0 && compareCodePoints('ab', 'a') > 0 && compareCodePoints('a', 'a') === 0);
});

test('simulator_canonical_json_escapes_only_quote_and_backslash', (t) => {
    t.equal(encode('a"b\\c\n\t\u0001/\u00e9\u{1f600}'), '"a\\"b\\\\c\n\t\u0001/\u00e9\u{1f600}"');
});

test('simulator_canonical_json_refuses_floats_and_what_json_lacks', (t) => {
    for (const value of [1.5, 1e21, -0, NaN, Infinity, 2 ** 53, undefined, [undefined]]) {
        t.throws(() => encode(value), /canonical JSON has no/);
    }
    t.equal(encode([0, -1, 9007199254740991]), '[0,-1,9007199254740991]');
});

test('simulator_ed25519_signs_as_rfc_8032_says', (t) => {
    // RFC 8032, section 7.1, TEST 2.
    const object = {
        keytype: 'ed25519',
        scheme: 'ed25519',
        keyval: { public: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c' },
    };
    const sig =
        '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da' +
        '085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00';
    t.ok(verify(object, Buffer.from('72', 'hex'), sig));
    t.ok(!verify(object, Buffer.from('73', 'hex'), sig));
});

for (const kind of ['ecdsa', 'ecdsa-sha2-nistp256', 'ed25519', 'rsa']) {
    test(`simulator_signs_and_verifies_with_${kind}`, (t) => {
        const key = Key.generate(kind);
        const bytes = Buffer.from('signed');
        t.ok(verify(key.object, bytes, key.sign(bytes)));
        t.ok(!verify(key.object, Buffer.from('forged'), key.sign(bytes)));
    });
}

test('simulator_salts_rsa_signatures_as_asked', (t) => {
    const key = Key.generate('rsa');
    const bytes = Buffer.from('signed');
    for (const salt of [0, 32, 222]) {
        t.ok(verify(key.object, bytes, key.salted(salt).sign(bytes)), `salt of ${salt}`);
    }
});

test('simulator_signs_every_role_by_the_keys_that_root_lists', (t) => {
    const repo = new Repository();
    for (const role of ['root', 'timestamp', 'snapshot', 'targets']) {
        const { signatures, signed } = JSON.parse(repo.published[role].toString());
        t.equal(signatures.length, 1);
        const [{ keyid, sig }] = signatures;
        t.ok(repo.root.roles[role].keyids.includes(keyid));
        t.equal(keyId(repo.root.keys[keyid]), keyid);
        t.ok(verify(repo.root.keys[keyid], canonicalBytes(signed), sig));
    }
});

test('simulator_forges_with_keys_that_root_does_not_list', (t) => {
    const repo = new Repository();
    repo.forge('timestamp', [repo.newKey()]);
    const [{ keyid }] = JSON.parse(repo.published.timestamp.toString()).signatures;
    t.ok(!repo.root.roles.timestamp.keyids.includes(keyid));
    t.equal(repo.timestamp.version, 2);
});

test('simulator_notes_versions_lengths_and_hashes_upwards', (t) => {
    const repo = new Repository({ metaHashes: ['sha256'] });
    repo.publish('targets', 'snapshot', 'timestamp');
    const snapshot = repo.published.snapshot;
    const meta = { version: 2, length: snapshot.length, hashes: { sha256: sha256(snapshot) } };
    t.equal(repo.timestamp.meta['snapshot.json'], meta);
    t.equal(repo.snapshot.meta['targets.json'].version, 2);
});

test('simulator_encodes_role_names_and_prefixes_the_last_part_of_a_path', (t) => {
    t.equal(encodeRole('../a b?#~_-.é*'), '..%2Fa%20b%3F%23~_-.%C3%A9%2A');
    t.equal(prefixedPath('a/b/c', 'ff'), 'a/b/ff.c');
    t.equal(prefixedPath('c', 'ff'), 'ff.c');
});

test('simulator_puts_paths_into_bins_by_the_first_bits_of_their_hash', (t) => {
    // SHA-256 of "a" begins with ca978112.
    t.equal(binName('bin', 8, 'a'), 'bin-ca');
    t.equal(binName('bin', 4, 'a'), 'bin-c');
    t.equal(binName('bin', 1, 'a'), 'bin-1');
    t.equal(binName('bin', 10, 'a'), 'bin-32a');
    t.equal(binName('bin', 32, 'a'), 'bin-ca978112');
});

function get(url) {
    return new Promise((resolve, reject) => {
        const request = http.get(url, { agent: false }, (response) => {
            const chunks = [];
            response.on('data', (chunk) => chunks.push(chunk));
            response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks) }));
        });
        request.on('error', reject);
    });
}

test('simulator_serves_files_logs_requests_and_injects_faults', async (t) => {
    const repo = new Repository();
    repo.addTarget('targets', 'a/b c', 'content');
    const server = await serve(t, repo);
    const hash = repo.targets.targets['a/b c'].hashes.sha256;
    t.equal((await get(`${server.metadataUrl}1.root.json`)).body, repo.rootBytes(1));
    t.equal((await get(`${server.metadataUrl}2.root.json`)).status, 404);
    t.equal((await get(`${server.metadataUrl}1.%72oot.json`)).status, 404);
    t.equal((await get(`${server.targetsUrl}a/${hash}.b%20c`)).body.toString(), 'content');
    server.status('metadata/timestamp.json', 503);
    t.equal((await get(`${server.metadataUrl}timestamp.json`)).status, 503);
    server.mend('metadata/timestamp.json');
    t.equal((await get(`${server.metadataUrl}timestamp.json`)).body, repo.published.timestamp);
    const targets = `targets/a/${hash}.b%20c`;
    const expected = ['1.root.json', '2.root.json', '1.%72oot.json', targets, 'timestamp.json', 'timestamp.json'];
    t.equal(server.takeRequests(), expected);
    t.equal(server.takeRequests(), []);
});

// The envelope in a file of somebody else's repository.
function readEnvelope(dir, name) {
    return JSON.parse(fs.readFileSync(path.join(dir, 'metadata', name), 'utf8'));
}

function validSigners({ signatures, signed }, keys, role) {
    const bytes = canonicalBytes(signed);
    return signatures.filter(
        ({ keyid, sig }) => role.keyids.includes(keyid) && sig !== '' && verify(keys[keyid], bytes, sig),
    ).length;
}

// Recomputes every key id and verifies every top-level file of a repository that others made.
function checkForeignRepository(t, dir, names) {
    const root = readEnvelope(dir, names.root).signed;
    for (const [id, object] of Object.entries(root.keys)) {
        t.equal(keyId(object), id);
    }
    for (const [role, name] of Object.entries(names)) {
        const valid = validSigners(readEnvelope(dir, name), root.keys, root.roles[role]);
        t.ok(valid >= root.roles[role].threshold, `${name}: ${valid} valid signatures`);
    }
}

test('simulator_agrees_with_the_repository_of_tuf_on_ci', (t) => {
    const dir = thirdPartyRepository('tuf-on-ci-0.11') ?? t.skip('no third-party vectors beside the project');
    checkForeignRepository(t, dir, {
        root: '1.root.json',
        timestamp: 'timestamp.json',
        snapshot: '2.snapshot.json',
        targets: '1.targets.json',
    });
    const { keys, roles } = readEnvelope(dir, '1.targets.json').signed.delegations;
    t.equal(validSigners(readEnvelope(dir, '2.delegatedrole.json'), keys, roles[0]), 1);
});

test('simulator_agrees_with_the_root_of_sigstore', (t) => {
    const dir = thirdPartyRepository('sigstore-root-signing') ?? t.skip('no third-party vectors beside the project');
    checkForeignRepository(t, dir, {
        root: '12.root.json',
        timestamp: 'timestamp.json',
        snapshot: '159.snapshot.json',
        targets: '11.targets.json',
    });
});

test('runner_fails_cases_that_check_nothing_or_throw_and_cleans_up', async (t) => {
    const passes = async (body) => (await verdictOf({ name: 'inner', body })).passed;
    t.ok(!(await passes(() => {})), 'nothing checked');
    t.ok(!(await passes((inner) => inner.ok(0))), 'a failed check');
    t.ok(!(await passes((inner) => inner.equal({ a: 1 }, { a: 2 }))), 'objects that differ');
    t.ok(!(await passes((inner) => inner.match('a', /b/))), 'a text without the pattern');
    t.ok(!(await passes((inner) => inner.throws(() => {}, /./))), 'nothing thrown');
    const undone = [];
    const body = (inner) => {
        inner.cleanup(() => undone.push(1));
        inner.cleanup(() => undone.push(2));
        inner.ok(true);
    };
    t.ok(await passes(body), 'a passed check');
    t.equal(undone, [2, 1]);
    const skipped = await verdictOf({ name: 'inner', body: (inner) => inner.skip('no board') });
    t.equal(skipped.line, 'inner # SKIP no board');
});
