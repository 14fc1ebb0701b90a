// SPDX-License-Identifier: Apache-2.0
// Metadata that a careless parser would accept: signed properly, or changed in ways that don't change what a lenient parser
// reads. All is refused, and nothing of it is kept.
import { encode } from './canonical.mjs';
import { start } from './client.mjs';
import { test } from './tap.mjs';

// The timestamp's text changed without changing what is signed, for a parser that takes the last of two members, or 1.0
// for 1: its signature would still verify.
const LENIENT = {
    a_member_twice: (text) => text.replace('"version":1', '"version":9,"version":1'),
    a_member_twice_with_the_same_value: (text) => text.replace('"version":1', '"version":1,"version":1'),
    a_member_twice_one_of_them_escaped: (text) => text.replace('"version":1', '"v\\u0065rsion":9,"version":1'),
    signed_twice: (text) => text.replace('"signed":{', '"signed":{},"signed":{'),
    signatures_twice: (text) => text.replace('"signatures":[', '"signatures":[],"signatures":['),
    a_version_written_1_0: (text) => text.replace('"version":1', '"version":1.0'),
    a_version_written_1e0: (text) => text.replace('"version":1', '"version":1e0'),
    a_version_written_01: (text) => text.replace('"version":1', '"version":01'),
    a_version_written_plus_1: (text) => text.replace('"version":1', '"version":+1'),
    a_version_in_hexadecimal: (text) => text.replace('"version":1', '"version":0x1'),
    a_comment: (text) => text.replace('{', '{/* comment */'),
    a_comma_after_the_last_member: (text) => text.replace(/\}$/, ',}'),
    a_comma_after_the_last_element: (text) => text.replace('}]', '},]'),
    single_quotes: (text) => text.replace('"signed"', "'signed'"),
    a_name_without_quotes: (text) => text.replace('"signed"', 'signed'),
    a_byte_order_mark: (text) => `\ufeff${text}`,
    text_after_the_end: (text) => `${text} {}`,
    a_nul_after_the_end: (text) => `${text}\u0000`,
    a_raw_line_break_in_a_string: (text) => text.replace('"timestamp"', '"time\nstamp"'),
    no_closing_brace: (text) => text.slice(0, -1),
    half_of_it_missing: (text) => text.slice(0, text.length / 2),
    nothing_at_all: () => '',
    blanks_alone: () => ' \n ',
    a_number_instead: () => '7',
    a_list_instead: (text) => `[${text}]`,
    a_page_of_html_instead: () => '<html><body>Sign in to the wireless network</body></html>',
};

for (const [name, change] of Object.entries(LENIENT)) {
    test(`refuses_metadata_with_${name}`, async (t) => {
        const { repo, client } = await start(t);
        repo.rewrite('timestamp', change);
        await client.refuses('malformed');
        client.checkTrusted({ root: 1 });
    });
}

test('refuses_a_member_twice_in_every_role', async (t) => {
    for (const role of ['root', 'snapshot', 'targets', 'team']) {
        const { repo, client } = await start(t);
        repo.delegate('targets', 'team');
        repo.addTarget('team', 'file', 'content');
        repo.publish('root', 'team', 'targets', 'snapshot', 'timestamp');
        repo.rewrite(role, (text) => text.replace(/"version":(\d+),"expires"/, '"version":$1,"version":$1,"expires"'));
        await client.refusesDownload('malformed', 'file');
        t.ok(!(role in client.trusted()) || (client.trusted()[role] === 1 && role === 'root'), `${role} was kept`);
    }
});

test('refuses_a_member_twice_deep_in_what_it_does_not_know', async (t) => {
    const { repo, client } = await start(t);
    repo.timestamp['x-note'] = { a: [{ b: 1 }] };
    repo.publish('timestamp');
    repo.rewrite('timestamp', (text) => text.replace('{"b":1}', '{"b":2,"b":1}'));
    await client.refuses('malformed');
});

test('refuses_a_float_in_what_it_does_not_know', async (t) => {
    for (const number of ['1.5', '1e3', '1E3', '-0.0', '1e400', '2.0']) {
        const { repo, client } = await start(t);
        repo.timestamp['x-note'] = 7777;
        repo.publish('timestamp');
        repo.rewrite('timestamp', (text) => text.replace('7777', number));
        await client.refuses('malformed');
        client.checkTrusted({ root: 1 });
    }
});

test('refuses_bytes_that_are_no_utf8', async (t) => {
    // A stray continuation, an overlong slash, a surrogate, a code point too high, a cut sequence.
    for (const bytes of ['80', 'c0af', 'eda080', 'f4908080', 'e282']) {
        const { repo, client } = await start(t);
        repo.timestamp['x-note'] = 'PLACE';
        repo.publish('timestamp');
        const [before, after] = repo.published.timestamp.toString().split('PLACE');
        repo.put('timestamp', Buffer.concat([Buffer.from(before), Buffer.from(bytes, 'hex'), Buffer.from(after)]));
        await client.refuses('malformed');
    }
});

test('refuses_half_a_surrogate_pair', async (t) => {
    for (const escape of ['\\ud83d', '\\ude00', '\\ude00\\ud83d', '\\ud83dx']) {
        const { repo, client } = await start(t);
        repo.timestamp['x-note'] = 'PLACE';
        repo.publish('timestamp');
        repo.rewrite('timestamp', (text) => text.replace('PLACE', escape));
        await client.refuses('malformed');
    }
});

test('refuses_escapes_that_json_lacks', async (t) => {
    for (const escape of ['\\x41', '\\u00g0', '\\u12', '\\', '\\0', "\\'"]) {
        const { repo, client } = await start(t);
        repo.timestamp['x-note'] = 'PLACE';
        repo.publish('timestamp');
        repo.rewrite('timestamp', (text) => text.replace('PLACE', escape));
        await client.refuses('malformed');
    }
});

for (const [what, opening, closing] of [
    ['lists', '[', ']'],
    ['objects', '{"a":', '}'],
]) {
    test(`refuses_7000_nested_${what}`, async (t) => {
        const { repo, client } = await start(t);
        repo.timestamp['x-note'] = 7777;
        repo.publish('timestamp');
        const depth = what === 'lists' ? 7000 : 2700;
        const nested = `${opening.repeat(depth)}1${closing.repeat(depth)}`;
        repo.rewrite('timestamp', (text) => text.replace('7777', nested));
        await client.refuses(['malformed', 'too-large']);
        client.checkTrusted({ root: 1 });
    });
}

test('refuses_a_million_open_brackets_in_targets', async (t) => {
    const { repo, client } = await start(t);
    repo.put('targets', '['.repeat(1000000));
    await client.refuses(['malformed', 'too-large']);
    client.checkTrusted({ root: 1, timestamp: 1, snapshot: 1 });
});

// What every role must have, and values that are no such thing. These are signed as they are.
const MEMBERS = {
    _type: [undefined, 7, null, '', ['timestamp'], 'Timestamp'],
    spec_version: [undefined, 1, null, '', 'one', ['1.0.0']],
    version: [undefined, 0, -1, true, '1', null, [1], {}],
    expires: [undefined, true, {}],
    meta: [undefined, [], 'snapshot.json', null, 1],
};

for (const [member, values] of Object.entries(MEMBERS)) {
    test(`refuses_a_timestamp_whose_${member.replace('_', '')}_is_missing_or_of_another_type`, async (t) => {
        for (const value of values) {
            const { repo, client } = await start(t);
            repo.timestamp.version = 2;
            if (value === undefined) {
                delete repo.timestamp[member];
            } else {
                repo.timestamp[member] = value;
            }
            repo.put('timestamp', JSON.stringify(repo.envelope('timestamp')), 2);
            const words = { _type: ['wrong-role', 'malformed'], spec_version: ['bad-spec-version', 'malformed'] };
            await client.refuses(words[member] ?? 'malformed');
            client.checkTrusted({ root: 1 });
        }
    });
}

test('refuses_a_snapshot_entry_that_is_no_snapshot_entry', async (t) => {
    for (const meta of [
        null,
        1,
        [],
        {},
        { version: 0 },
        { version: true },
        { version: '1' },
        { version: 1, length: -1 },
    ]) {
        const { repo, client } = await start(t);
        repo.timestamp.meta['snapshot.json'] = meta;
        repo.publish('timestamp');
        await client.refuses('malformed');
        client.checkTrusted({ root: 1 });
    }
});

test('refuses_a_timestamp_that_names_no_snapshot', async (t) => {
    const { repo, client } = await start(t);
    repo.timestamp.meta = { 'other.json': { version: 1 } };
    repo.publish('timestamp');
    await client.refuses('malformed');
    client.checkTrusted({ root: 1 });
});

test('refuses_a_target_entry_that_is_no_target_entry', async (t) => {
    const hashes = { sha256: '00'.repeat(32) };
    for (const entry of [
        null,
        1,
        [],
        {},
        { hashes },
        { length: -1, hashes },
        { length: '1', hashes },
        { length: true, hashes },
    ]) {
        const { repo, client } = await start(t);
        repo.targets.targets.file = entry;
        repo.publish('targets', 'snapshot', 'timestamp');
        await client.refuses(['malformed', 'missing-hash']);
        client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2 });
    }
});

// One change to a signed root each.
const ROOT_FAULTS = {
    no_keys: (root) => delete root.keys,
    no_roles: (root) => delete root.roles,
    no_timestamp_role: (root) => delete root.roles.timestamp,
    no_root_role: (root) => delete root.roles.root,
    a_list_of_keys: (root) => (root.keys = Object.values(root.keys)),
    a_list_of_roles: (root) => (root.roles = [root.roles]),
    a_key_that_is_a_text: (root) => (root.keys['ab'.repeat(32)] = 'key'),
    key_ids_that_are_no_list: (root) => (root.roles.timestamp.keyids = root.roles.timestamp.keyids[0]),
    a_key_id_that_is_a_number: (root) => (root.roles.timestamp.keyids = [7]),
    a_consistent_snapshot_that_is_no_boolean: (root) => (root.consistent_snapshot = 'true'),
    a_role_without_a_threshold: (root) => delete root.roles.timestamp.threshold,
};

for (const [name, change] of Object.entries(ROOT_FAULTS)) {
    test(`refuses_a_root_with_${name}`, async (t) => {
        const { repo, client } = await start(t);
        repo.root.version = 2;
        const envelope = repo.envelope('root');
        change(envelope.signed);
        const signed = repo.envelope('root', repo.roles.root.signers, envelope.signed);
        repo.put('root', JSON.stringify(signed), 2);
        await client.refuses(['malformed', 'bad-key', 'bad-threshold', 'wrong-role']);
        client.checkTrusted({ root: 1 });
    });
}

for (const [role, other] of [
    ['root', 'targets'],
    ['timestamp', 'snapshot'],
    ['snapshot', 'timestamp'],
    ['targets', 'snapshot'],
    ['team', 'snapshot'],
]) {
    test(`refuses_a_${role}_that_calls_itself_${other}`, async (t) => {
        const { repo, client } = await start(t);
        repo.delegate('targets', 'team');
        repo.addTarget('team', 'file', 'content');
        repo.roles[role].signed._type = other;
        repo.publish('root', 'team', 'targets', 'snapshot', 'timestamp');
        await client.refusesDownload('wrong-role', 'file');
        t.ok(!(role in client.trusted()) || (role === 'root' && client.trusted().root === 1));
    });
}

// Signed by the keys of the role it stands for, but made for another: only the type tells.
test('refuses_targets_served_as_the_snapshot', async (t) => {
    const { repo, client } = await start(t);
    const key = repo.newKey();
    repo.setKeys('snapshot', [key]);
    repo.setKeys('targets', [key]);
    repo.publish('root', 'targets', 'snapshot', 'timestamp');
    repo.put('snapshot', repo.published.targets, 2);
    await client.refuses('wrong-role');
    client.checkTrusted({ root: 2, timestamp: 2 });
});

test('refuses_a_spec_version_of_another_major', async (t) => {
    const versions = { timestamp: ['2.0.0', '0.9.0', '10.0.0', '2', 'v1.0.0', '1x.0.0'] };
    for (const role of ['root', 'timestamp', 'snapshot', 'targets']) {
        for (const version of versions[role] ?? ['2.0.0']) {
            const { repo, client } = await start(t);
            repo[role].spec_version = version;
            repo.publish('root', 'targets', 'snapshot', 'timestamp');
            await client.refuses(['bad-spec-version', 'malformed']);
            t.ok(!(role in client.trusted()) || (role === 'root' && client.trusted().root === 1));
        }
    }
});

test('accepts_any_spec_version_of_major_1', async (t) => {
    for (const version of ['1.0', '1.0.0', '1.0.34', '1.1.0', '1.99.7']) {
        const { repo, client } = await start(t);
        for (const role of ['root', 'timestamp', 'snapshot', 'targets']) {
            repo[role].spec_version = version;
        }
        repo.publish('root', 'targets', 'snapshot', 'timestamp');
        await client.refreshes();
    }
});

test('signatures_must_be_a_list_of_key_ids_and_texts', async (t) => {
    for (const signatures of [
        undefined,
        null,
        {},
        'none',
        [7],
        [{}],
        [{ keyid: 'ab' }],
        [{ sig: '00' }],
        [{ keyid: 7, sig: '00' }],
    ]) {
        const { repo, client } = await start(t);
        const { signed } = repo.envelope('timestamp');
        repo.put('timestamp', JSON.stringify({ signatures, signed }));
        await client.refuses(['malformed', 'unsigned']);
        client.checkTrusted({ root: 1 });
    }
});

test('keeps_versions_of_every_size_or_refuses_them', async (t) => {
    for (const version of [2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1]) {
        const { repo, client } = await start(t);
        repo.timestamp.version = version;
        repo.put('timestamp', JSON.stringify(repo.envelope('timestamp')));
        const result = await client.refresh();
        if (result.status === 0) {
            t.equal(client.trusted().timestamp, version);
            repo.timestamp.version = version - 1;
            repo.put('timestamp', JSON.stringify(repo.envelope('timestamp')));
            await client.refuses('rollback');
        } else {
            t.match(result.stderr, /^refused: (malformed|too-large): /m);
            client.checkTrusted({ root: 1 });
        }
    }
});

// Signed as they are: the canonical form of an integer is its digits, however many.
test('refuses_integers_that_no_computer_word_holds', async (t) => {
    for (const number of ['18446744073709551616', '18446744073709551617', '-9223372036854775809', '9'.repeat(400)]) {
        const { repo, client } = await start(t);
        repo.timestamp.version = 7777;
        const [key] = repo.roles.timestamp.signers;
        const canonical = encode(repo.timestamp).replace('7777', number);
        const sig = key.sign(Buffer.from(canonical));
        repo.put('timestamp', `{"signatures":[{"keyid":"${key.id}","sig":"${sig}"}],"signed":${canonical}}`);
        await client.refuses('malformed');
        client.checkTrusted({ root: 1 });
    }
});

test('what_a_terminal_would_obey_is_not_printed_raw', async (t) => {
    const { repo, client } = await start(t);
    repo.timestamp._type = 'a\u001b[31m\u0007b';
    repo.publish('timestamp');
    const result = await client.refresh();
    t.equal(result.status, 1);
    t.ok(!/[\u0000-\u0008\u000b-\u001f\u007f]/.test(result.stderr), JSON.stringify(result.stderr));
});
