// SPDX-License-Identifier: Apache-2.0
// Freeze attacks: what is past its expiry isn't trusted, at the time when the refresh began; and how a time may be written.
import { start } from './client.mjs';
import { daysFromNow, inDays } from './repository.mjs';
import { test } from './tap.mjs';

test('an_expired_root_is_kept_and_stops_the_refresh', async (t) => {
    const { repo, client, server } = await start(t);
    await client.refreshes();
    repo.publish('root');
    repo.root.expires = daysFromNow(-1);
    repo.publish('root', 'targets', 'snapshot', 'timestamp');
    server.takeRequests();
    await client.refuses('expired');
    client.checkTrusted({ root: 3, timestamp: 1, snapshot: 1, targets: 1 });
    t.equal(server.takeRequests(), ['2.root.json', '3.root.json', '4.root.json']);
});

const EXPIRED = {
    timestamp: { root: 1, timestamp: 1, snapshot: 1, targets: 1 },
    snapshot: { root: 1, timestamp: 2, snapshot: 1, targets: 1 },
    targets: { root: 1, timestamp: 2, snapshot: 2, targets: 1 },
};

for (const [role, trusted] of Object.entries(EXPIRED)) {
    test(`refuses_a_new_${role}_that_has_expired`, async (t) => {
        const { repo, client } = await start(t);
        await client.refreshes();
        repo[role].expires = daysFromNow(-5);
        repo.publish('targets', 'snapshot', 'timestamp');
        await client.refuses('expired');
        client.checkTrusted(trusted);
    });

    test(`refuses_a_stored_${role}_once_it_has_expired`, async (t) => {
        const { repo, client } = await start(t);
        repo[role].expires = daysFromNow(7);
        repo.publish('targets', 'snapshot', 'timestamp');
        await client.refreshes();
        await client.refreshes({ at: inDays(6) });
        await client.refuses('expired', { at: inDays(8) });
        client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
    });
}

test('refuses_a_stored_root_once_it_has_expired', async (t) => {
    const { repo, client } = await start(t);
    await client.refreshes();
    await client.refuses('expired', { at: inDays(31) });
    repo.root.expires = daysFromNow(400);
    repo.publish('root');
    await client.refuses('expired', { at: inDays(31) });
    client.checkTrusted({ root: 2, timestamp: 1, snapshot: 1, targets: 1 });
});

test('an_expired_stored_timestamp_and_snapshot_lead_to_newer_ones', async (t) => {
    const { repo, client } = await start(t);
    repo.timestamp.expires = daysFromNow(7);
    repo.snapshot.expires = daysFromNow(7);
    repo.publish('snapshot', 'timestamp');
    await client.refreshes();
    repo.timestamp.expires = daysFromNow(21);
    repo.snapshot.expires = daysFromNow(21);
    repo.publish('targets', 'snapshot', 'timestamp');
    await client.refreshes({ at: inDays(18) });
    client.checkTrusted({ root: 1, timestamp: 3, snapshot: 3, targets: 2 });
});

test('refuses_a_delegated_role_that_has_expired', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team', { paths: ['team/*'] }).expires = daysFromNow(-1);
    repo.addTarget('team', 'team/file', 'content');
    repo.publishAll();
    await client.refreshes();
    await client.refusesDownload('expired', 'team/file');
    client.checkDownloaded();
    client.checkTrusted({ root: 1, timestamp: 2, snapshot: 2, targets: 2 });
});

test('refuses_a_stored_delegated_role_once_it_has_expired', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team', { paths: ['team/*'] }).expires = daysFromNow(7);
    repo.addTarget('team', 'team/first', 'first');
    repo.addTarget('team', 'team/second', 'second');
    repo.publishAll();
    await client.downloads('team/first');
    await client.refusesDownload('expired', 'team/second', { at: inDays(18) });
    client.checkDownloaded('first');
});

test('an_expired_stored_delegated_role_leads_to_a_newer_one', async (t) => {
    const { repo, client } = await start(t);
    repo.delegate('targets', 'team', { paths: ['team/*'] }).expires = daysFromNow(7);
    repo.addTarget('team', 'team/first', 'first');
    repo.addTarget('team', 'team/second', 'second');
    repo.publishAll();
    await client.downloads('team/first');
    repo.roles.team.signed.expires = daysFromNow(21);
    repo.publish('team', 'snapshot', 'timestamp');
    await client.downloads('team/second', { at: inDays(18) });
    client.checkDownloaded('first', 'second');
});

test('honours_the_clock_of_the_system', async (t) => {
    const { client } = await start(t);
    await client.refuses('expired', { at: '2035-01-01 00:00:00' });
    client.checkTrusted({ root: 1 });
    await client.refreshes({ at: inDays(29) });
});

// "The expiration timestamp in the new metadata file MUST be higher than the fixed update start time."
test('what_expires_in_the_second_of_the_refresh_has_expired', async (t) => {
    const { repo, client } = await start(t);
    for (const role of ['root', 'targets', 'snapshot']) {
        repo[role].expires = '2031-01-01T00:00:00Z';
    }
    repo.timestamp.expires = '2030-06-01T12:00:00Z';
    repo.publish('root', 'targets', 'snapshot', 'timestamp');
    await client.refuses('expired', { at: '2030-06-01 12:00:00' });
    await client.refreshes({ at: '2030-06-01 11:59:40' });
});

test(
    'the_time_is_fixed_when_the_refresh_begins',
    async (t) => {
        const { repo, client, server } = await start(t);
        for (const role of ['root', 'targets', 'snapshot', 'timestamp']) {
            repo[role].expires = '2030-06-01T12:00:05Z';
        }
        repo.publish('root', 'targets', 'snapshot', 'timestamp');
        server.fault('metadata/2.targets.json', (response, body) => {
            setTimeout(() => response.end(body), 6000);
        });
        await client.refreshes({ at: '2030-06-01 12:00:00' });
        await client.refuses('expired', { at: '2030-06-01 12:00:06' });
    },
    { idle: true },
);

const GOOD_TIMES = ['2038-01-19T03:14:08Z', '2100-02-28T23:59:59Z', '9999-12-31T23:59:59Z', '2096-02-29T00:00:00Z'];

for (const expires of GOOD_TIMES) {
    test(`accepts_an_expiry_of_${expires}`, async (t) => {
        const { repo, client } = await start(t);
        repo.timestamp.expires = expires;
        repo.publish('timestamp');
        await client.refreshes();
        client.checkTrusted({ root: 1, timestamp: 2, snapshot: 1, targets: 1 });
    });
}

const BAD_TIMES = {
    without_a_zone: '2099-01-01T00:00:00',
    with_an_offset: '2099-01-01T00:00:00+01:00',
    with_a_fraction: '2099-01-01T00:00:00.5Z',
    with_a_blank: '2099-01-01 00:00:00Z',
    without_a_time: '2099-01-01',
    in_month_13: '2099-13-01T00:00:00Z',
    on_february_29_of_a_common_year: '2099-02-29T00:00:00Z',
    at_hour_25: '2099-01-01T25:00:00Z',
    with_a_sign: '+2099-01-01T00:00:00Z',
    with_a_year_of_five_digits: '12099-01-01T00:00:00Z',
    that_goes_on: '2099-01-01T00:00:00Z ',
    that_is_empty: '',
    that_is_a_number: 4070908800,
    that_is_null: null,
    that_is_absent: undefined,
};

for (const [name, expires] of Object.entries(BAD_TIMES)) {
    test(`refuses_an_expiry_${name}`, async (t) => {
        const { repo, client } = await start(t);
        repo.timestamp.expires = expires;
        if (expires === undefined) {
            delete repo.timestamp.expires;
        }
        repo.publish('timestamp');
        await client.refuses('malformed');
        client.checkTrusted({ root: 1 });
    });
}
