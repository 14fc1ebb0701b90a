// SPDX-License-Identifier: Apache-2.0
// Buttons by their effect on devices: virtual ones, of a release that is signed and published. Each case goes on where the one
// before it ended.
import assert from 'node:assert/strict';
import { findings, isSound, open, press, until, visit } from './browser.mjs';
import { LAMP } from './delivery.mjs';

const HOUSE = ['d1', 'd2', 'd3', 'd4', 'd5'];

const becomes = (depot, id, state) => until(async () => assert.equal((await depot.get(`${LAMP}/rollouts/${id}`)).state, state));

const versionOf = async (depot, device) => (await depot.get(`${LAMP}/devices/${device}`)).version;

export const deliveries = [
    ['a device waits to be let in, is let in, rejected, and revoked', async ({ page, depot, delivery }) => {
        const without = { token: false };
        assert.match((await delivery.connect('guest', without)).output, /waits for somebody/);
        await visit(page, '#/p/lamp/fleet?state=pending');
        await page.getByRole('link', { name: 'guest' }).click();
        await press(page, 'Reject');
        await until(async () => assert.equal((await depot.call('GET', `${LAMP}/devices/guest`)).status, 404));
        assert.match((await delivery.connect('guest', without)).output, /waits for somebody/, 'it may ask again');
        await visit(page, '#/p/lamp/fleet/guest');
        const asks = page.locator('.note.warn', { hasText: 'waits to be let in' });
        const shown = await asks.locator('code').getAttribute('title');
        await press(page, 'Let it in');
        await asks.waitFor({ state: 'detached' });
        const { state, key, channel } = await depot.get(`${LAMP}/devices/guest`);
        assert.deepEqual([state, key, channel], ['registered', shown, 'stable']);
        assert.equal((await delivery.connect('guest', without)).status, 0);
        await page.locator('.figure', { hasText: 'healthy' }).waitFor();
        await press(page, 'Revoke');
        await until(async () => assert.equal((await depot.get(`${LAMP}/devices/guest`)).state, 'revoked'));
        assert.match((await delivery.connect('guest', without)).output, /it was revoked/);
    }],
    ['what the buttons of a rollout say reaches devices', async ({ page, depot, delivery, good }) => {
        const { release } = await good;
        await Promise.all(HOUSE.map((device) => delivery.connect(device)));
        const id = await delivery.rollout(release, 'house', {
            phases: [{ ppm: 1, failure_ppm: 300000 }, { ppm: 1000000 }], health: { failure_ppm: 300000, canaries: ['d1'] },
        });
        await visit(page, `#/p/lamp/rollouts/${id}`);
        await delivery.isOfferedNothing('d1');
        await press(page, 'Start');
        assert.match(await delivery.update('d1'), /success/);
        await page.locator('.note.warn', { hasText: 'Somebody must decide.' }).waitFor();
        await delivery.isOfferedNothing('d2');
        await press(page, 'Let it go on', 'the lamp shines');
        assert.match(await delivery.update('d2'), /success/);
        await press(page, 'Pause', 'lunch');
        await becomes(depot, id, 'paused');
        await delivery.isOfferedNothing('d3');
        await press(page, 'Resume', 'back again');
        assert.match(await delivery.update('d3'), /success/);
        await press(page, /^HALT/, 'smoke');
        await becomes(depot, id, 'halted');
        await delivery.isOfferedNothing('d4');
        await press(page, 'Resume', 'only steam');
        assert.match(await delivery.update('d4', { more: ['--fail-boot'] }), /rolled-back/);
        await page.locator('.figure.bad', { hasText: '1' }).waitFor();
        await delivery.isOfferedNothing('d4');
        await press(page, 'Retry the failed');
        assert.match(await delivery.update('d4'), /success/);
        await press(page, 'Abort', 'enough of it');
        await becomes(depot, id, 'aborted');
        await delivery.isOfferedNothing('d5');
        assert.deepEqual(await Promise.all(HOUSE.map((device) => versionOf(depot, device))), [release, release, release, release, 0]);
        assert.deepEqual(depot.rows(`SELECT device, state, attempt FROM rollout_devices WHERE rollout = ${id} ORDER BY device`).map(Object.values),
            [['d1', 'succeeded', 1], ['d2', 'succeeded', 1], ['d3', 'succeeded', 1], ['d4', 'succeeded', 2]]);
    }],
    ['consent and a pin hold a device, until somebody says yes and takes the pin out', async ({ page, depot, delivery, good }) => {
        const { release } = await good;
        const porch = { hardware: 'porch-1' };
        await delivery.connect('p1', porch);
        const id = await delivery.rollout(release, 'porch', { phases: [{ ppm: 1000000 }] });
        await depot.make('POST', `${LAMP}/rollouts/${id}/start`, {});
        await visit(page, '#/p/lamp');
        await page.locator('.next', { hasText: 'its group waits for a yes' }).waitFor();
        await visit(page, '#/p/lamp/consents');
        const row = page.locator('tr', { hasText: 'porch' }).filter({ hasText: `№ ${id}` });
        await row.getByRole('button', { name: 'Say no' }).click();
        await page.locator('dialog[open] button[type=submit]').click();
        await page.locator('[aria-label="Who agreed to what"] tbody tr').first().filter({ hasText: 'no' }).waitFor();
        await visit(page, '#/p/lamp/fleet/p1');
        await page.locator('input[name=pin]').fill(String(release - 1));
        await page.getByRole('button', { name: 'Save' }).click();
        await until(async () => assert.equal((await depot.get(`${LAMP}/devices/p1`)).pin, release - 1));
        await delivery.isOfferedNothing('p1', porch);
        await visit(page, `#/p/lamp/rollouts/${id}`);
        await press(page, 'Say yes');
        await until(async () => assert.equal((await depot.get(`${LAMP}/rollouts/${id}`)).consent.said, 'yes'));
        await delivery.isOfferedNothing('p1', porch);
        await visit(page, '#/p/lamp/fleet/p1');
        await page.locator('input[name=pin]').fill('0');
        await page.getByRole('button', { name: 'Save' }).click();
        assert.match(await delivery.update('p1', porch), /success/);
        assert.equal(await versionOf(depot, 'p1'), release);
        assert.deepEqual(depot.rows("SELECT device_group, decision, by_device, who FROM consents WHERE product = 'lamp' ORDER BY id").map(Object.values),
            [['porch', 'no', 0, 'admin'], ['porch', 'yes', 0, 'admin']]);
    }],
    ['a bad image is watched to its halt', async ({ page, depot, delivery, good, bad }) => {
        await good;
        const { release } = await bad;
        const before = await Promise.all(HOUSE.map((device) => versionOf(depot, device)));
        const id = await delivery.rollout(release, 'house', { phases: [{ ppm: 1000000 }], health: { failure_ppm: 20000 } });
        await visit(page, `#/p/lamp/rollouts/${id}`);
        await press(page, 'Start');
        const said = await Promise.all(HOUSE.map((device) => delivery.update(device)));
        said.forEach((words) => assert.match(words, /rolled-back/));
        await page.locator('.verdict.bad', { hasText: 'by the health rule' }).waitFor();
        const verdict = await page.locator('.verdict').innerText();
        assert.match(verdict, /5 of 5 failed: 100\s%/);
        assert.match(verdict, /the rule’s limit is 2\s%/);
        assert.deepEqual(depot.rows(`SELECT state, by_rule FROM rollouts WHERE id = ${id}`).map(Object.values), [['halted', 1]]);
        assert.equal(depot.rows(`SELECT COUNT(*) AS n FROM audit WHERE action = 'rollout.halted' AND who = 'depot' AND subject = '${id}'`)[0].n, 1);
        assert.deepEqual(await Promise.all(HOUSE.map((device) => versionOf(depot, device))), before, 'devices run what they ran');
        await delivery.isOfferedNothing('d1');
        await visit(page, '#/p/lamp');
        const card = page.locator('article.trouble.bad').filter({ has: page.locator(`a[href="#/p/lamp/rollouts/${id}"]`) });
        await card.filter({ hasText: 'not-confirmed' }).waitFor();
    }],
    ['a build shows its way from commit to device', async ({ page, good }) => {
        const { build, release } = await good;
        await visit(page, `#/p/lamp/builds/${build}`);
        const step = (title) => page.locator('.way li').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
        await step('Devices').getByRole('link', { name: /devices/ }).waitFor();
        assert.match(await step('Commit').innerText(), /git\+https:\/\/git\.example\/lamp[\s\S]*endorsed by https:\/\/ci\.example\/lamp/);
        assert.match(await step('Tests').innerText(), /PASSED system/);
        assert.match(await step('Stages').innerText(), /daily[\s\S]*production/);
        assert.match(await step('Signed releases').innerText(), new RegExp(`published\\s+good \\(${release}\\) with lamp-prod, channel stable`));
        assert.match(await step('Rollouts').innerText(), /aborted\s+Rollout \d+ to house: 4 updated, 0 failed/);
        assert.match(await step('Devices').innerText(), new RegExp(`[45] devices run version ${release} now`));
    }],
    ['an emergency is rehearsed by a button, and its steps are timed', async ({ page, depot, delivery, bad }) => {
        const { build, release } = await bad;
        await visit(page, '#/p/lamp/readiness');
        await page.locator('.empty-title', { hasText: 'Never rehearsed' }).waitFor();
        await press(page, 'Rehearse an emergency');
        await page.locator('.note.warn', { hasText: 'waits for' }).locator('code', { hasText: 'slipway sign approve' }).waitFor();
        assert.equal(await page.getByRole('button', { name: 'Rehearse an emergency' }).count(), 0, 'one at a time');
        await delivery.approve(build, release);
        const version = await delivery.published(build);
        assert.ok(version > release);
        assert.deepEqual(depot.rows(`SELECT kind, channel FROM releases WHERE product = 'lamp' AND version = ${version}`), [{ kind: 'drill', channel: 'drill' }]);
        const steps = page.locator('[aria-label="Steps of the last drill"] tbody tr');
        await page.waitForFunction(() => document.querySelectorAll('[aria-label="Steps of the last drill"] tbody tr').length === 4);
        assert.deepEqual((await steps.allInnerTexts()).map((text) => text.split(/\s/)[0]), ['prepared', 'signing', 'publishing', 'published']);
        await page.locator('.verdict.good', { hasText: 'Ready' }).waitFor();
    }],
    ['keys and roles stand with their expiry, and the root with its own', async ({ page, good }) => {
        await good;
        await visit(page, '#/p/lamp/readiness');
        await page.locator('[aria-label="Keys and roles"] tbody tr').first().waitFor();
        const rows = (await page.locator('[aria-label="Keys and roles"] tbody tr').allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
        const roles = new Map(rows.map((text) => [text.split(' ')[0], text]));
        for (const role of ['root', 'timestamp', 'snapshot', 'targets', 'lamp-stable', 'lamp-stable-rollout', 'lamp-drill-rollout']) {
            assert.match(roles.get(role), /\d+ 1 of 1 [0-9a-f]{12} in \d+ (h|d)/, role);
        }
    }],
    ['what was delivered fits a phone in the dark, and axe finds nothing serious', async ({ depot, browser, storageState, good, bad }) => {
        const { build, release } = await good;
        await bad;
        const phone = await open(browser, depot, { storageState, viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true });
        await phone.goto(`${depot.url}/`);
        const rollout = depot.rows("SELECT MAX(id) AS id FROM rollouts WHERE product = 'lamp'")[0].id;
        const job = depot.rows("SELECT MIN(id) AS id FROM jobs WHERE product = 'lantern'")[0].id;
        for (const place of ['#/p/lamp', `#/p/lamp/rollouts/${rollout}`, '#/p/lamp/fleet', '#/p/lamp/fleet/d1', `#/p/lamp/builds/${build}`, `#/p/lamp/releases/${release}`,
            '#/p/lamp/consents', '#/p/lamp/readiness', '#/p/lantern/jobs', `#/p/lantern/jobs/${job}`, '#/p/lantern/settings']) {
            await visit(phone, place);
            assert.equal(await phone.locator('main > .page > .note.bad').count(), 0, place);
            assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${place} is wider than the phone`);
            assert.deepEqual(await findings(phone), [], place);
        }
        await isSound(phone);
        await phone.context().close();
    }],
];

/** When nobody else needs the signing service any more. */
export const alone = [
    ['with the signing service down the first screen says so, and HALT works', async ({ page, depot, delivery, bad }) => {
        const { build, release } = await bad;
        await delivery.connect('d5');
        const id = await delivery.rollout(release, 'house', { phases: [{ ppm: 1000000 }] });
        await depot.make('POST', `${LAMP}/rollouts/${id}/start`, {});
        await until(async () => assert.ok(!depot.rows("SELECT state FROM releases WHERE product = 'lamp' AND kind = 'drill'").some(({ state }) => ['prepared', 'signing'].includes(state))));
        process.kill(Number(process.env.signer_pid), 'SIGKILL');
        await depot.make('POST', `${LAMP}/drill`, { build });
        await visit(page, '#/p/lamp');
        await page.locator('article.trouble.bad', { hasText: 'The signing service is away' }).waitFor();
        const card = page.locator('article.trouble').filter({ has: page.locator(`a[href="#/p/lamp/rollouts/${id}"]`) });
        await card.locator('button.halt').click();
        await page.locator('dialog[open] button[type=submit]').click();
        await becomes(depot, id, 'halted');
        await delivery.isOfferedNothing('d5');
    }],
];
