// SPDX-License-Identifier: Apache-2.0
// Builds, releases, signing, devices: what is shown, and what the buttons do.
import assert from 'node:assert/strict';
import { press, until, visit } from './browser.mjs';
import { HOSTILE } from './depot.mjs';

export const releasing = [
    ['a build shows its gates, and an approval is counted', async ({ page, depot }) => {
        const build = await depot.build('desk', 'to be approved');
        await visit(page, `#/p/desk/builds/${build}`);
        await page.locator('.phases .current', { hasText: 'daily' }).locator('.state', { hasText: '1 approval' }).waitFor();
        await press(page, 'Approve daily', 'seen it run');
        const { approvals } = await depot.get(`/api/v1/products/desk/builds/${build}/pipeline`);
        assert.deepEqual(approvals.map(({ person, stage, comment }) => [person, stage, comment]), [['admin', 'daily', 'seen it run']]);
        await page.locator('.phases .current', { hasText: 'internal' }).waitFor();
        assert.equal((await depot.get(`/api/v1/products/desk/builds/${build}`)).state, 'daily');
        await press(page, 'Withdraw', 'no good');
        await until(async () => assert.equal((await depot.get(`/api/v1/products/desk/builds/${build}`)).state, 'withdrawn'));
    }],
    ['the kind of a release is changed, and a patch holds nothing but fixes', async ({ page, depot }) => {
        const build = await depot.build('desk', 'to be a patch');
        const kind = async () => (await depot.get(`/api/v1/products/desk/builds/${build}/pipeline`)).kind;
        await visit(page, `#/p/desk/builds/${build}`);
        await page.locator('summary', { hasText: 'Kind of release: feature' }).click();
        const form = page.locator('form[aria-label="Kind of release"]');
        const send = async (what) => {
            await form.locator('select[name=kind]').selectOption('patch');
            await form.locator('input[name=text]').fill('the drawer opens again');
            await form.locator('select[name=what]').selectOption(what);
            await form.locator('button[type=submit]').click();
        };
        await send('feature');
        await form.locator('.note.bad').waitFor();
        assert.equal(await kind(), 'feature');
        await send('fix');
        await page.locator('summary', { hasText: 'Kind of release: patch' }).waitFor();
        assert.equal(await kind(), 'patch');
    }],
    ['a freeze is shown with its reason', async ({ page, depot }) => {
        await depot.make('POST', '/api/v1/products', { name: 'stove' });
        const timeOf = (ms) => new Date(Date.now() + ms).toISOString().replace(/\.\d+Z$/, 'Z');
        await depot.make('PUT', '/api/v1/products/stove/pipeline', {
            stages: { daily: { gates: [] } }, freezes: [{ from: timeOf(-60000), to: timeOf(3600000), stages: ['daily'], why: `fair ${HOSTILE}`.slice(0, 80) }],
        });
        const build = await depot.build('stove', 'to be frozen');
        await visit(page, `#/p/stove/builds/${build}`);
        await page.locator('.gates .state.warn', { hasText: 'frozen' }).waitFor();
        assert.match(await page.locator('.gates').innerText(), /fair <img/);
        assert.equal((await depot.get(`/api/v1/products/stove/builds/${build}`)).state, 'new');
    }],
    ['a build whose signature was refused is tried again', async ({ page, depot }) => {
        // The signing service has no rule for this product.
        await depot.make('POST', '/api/v1/products', { name: 'hammock' });
        await depot.make('PUT', '/api/v1/products/hammock/pipeline', { stages: { daily: { gates: [], channel: 'daily', key: 'lamp-test' } } });
        const build = await depot.build('hammock', 'to be refused');
        await visit(page, `#/p/hammock/builds/${build}`);
        await page.locator('.card', { hasText: 'Qualification' }).locator('.note.bad').waitFor();
        const states = () => depot.rows("SELECT state FROM releases WHERE product = 'hammock' ORDER BY version").map(({ state }) => state);
        assert.deepEqual(states(), ['refused']);
        await press(page, 'Try again');
        await until(async () => assert.deepEqual(states(), ['withdrawn', 'refused'], 'it was asked anew'));
        assert.equal(depot.rows("SELECT COUNT(*) AS n FROM audit WHERE product = 'hammock' AND action = 'build.state' AND who = 'admin'")[0].n, 1);
    }],
    ['a release is withdrawn with its reason', async ({ page, depot }) => {
        await visit(page, '#/p/desk/releases/1');
        await press(page, 'Withdraw', 'it smells');
        await until(async () => assert.equal((await depot.get('/api/v1/products/desk/releases/1')).state, 'withdrawn'));
        await page.locator('.verdict-state', { hasText: 'withdrawn' }).waitFor();
        assert.equal((await depot.get('/api/v1/products/desk/releases/1')).reason, 'it smells');
    }],
    ['the queue of signatures says what differs, and how to approve', async ({ page }) => {
        await visit(page, '#/p/desk/signing');
        const card = page.locator('.card', { hasText: 'desk-prod' });
        assert.match(await card.innerText(), /slipway sign approve request-4/);
        const row = card.locator('tr', { hasText: 'release version' });
        assert.equal(await row.locator('del').innerText(), '3.0');
        assert.equal(await row.locator('ins').innerText(), HOSTILE.slice(0, 24));
    }],
    ['what others wrote is text: in releases, devices, reasons, titles', async ({ page }) => {
        await visit(page, '#/p/desk/releases/4');
        assert.ok((await page.locator('main').innerText()).includes(HOSTILE));
        await visit(page, '#/p/desk/fleet/desk-007');
        const text = await page.locator('main').innerText();
        assert.ok(text.split(HOSTILE).length > 4, 'in slots, attributes, hardware, and the timeline');
        assert.equal(await page.locator('main img, main script').count(), 0);
    }],
    ['a device is found, changed, asked for its log, revoked', async ({ page, depot }) => {
        const show = () => depot.get('/api/v1/products/desk/devices/desk-042');
        await visit(page, '#/p/desk/fleet');
        await page.locator('input[name=name]').fill('desk-04');
        await page.keyboard.press('Enter');
        await page.waitForFunction(() => document.querySelectorAll('.table[aria-label=Devices] tbody tr').length === 10);
        await page.getByRole('link', { name: 'desk-042' }).click();
        await page.locator('input[name=tags]').fill('home kitchen');
        await page.locator('input[name=pin]').fill('2');
        await page.getByRole('button', { name: 'Save' }).click();
        await until(async () => assert.deepEqual([(await show()).tags, (await show()).pin], [['home', 'kitchen'], 2]));
        await page.getByRole('button', { name: 'Ask for its log' }).click();
        await until(async () => assert.equal((await show()).log_wanted, true));
        await press(page, 'Revoke');
        await until(async () => assert.equal((await show()).state, 'revoked'));
    }],
    ['the fleet is counted', async ({ page }) => {
        await visit(page, '#/p/desk/fleet');
        const figures = await page.locator('.figure').allInnerTexts();
        assert.match(figures[0], /Devices\s+100\s+counted (now|\d+ s ago)/);
        assert.match(figures[2], /Failing\s+4/);
    }],
];
