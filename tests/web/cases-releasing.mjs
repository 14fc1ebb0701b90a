// SPDX-License-Identifier: Apache-2.0
// Builds, releases, signing, devices: what is shown, and what the buttons do.
import assert from 'node:assert/strict';
import { until, visit } from './browser.mjs';
import { HOSTILE } from './depot.mjs';

async function confirm(page, name, reason) {
    await page.getByRole('button', { name, exact: true }).click();
    const dialog = page.locator('dialog[open]');
    if (reason) {
        await dialog.locator('input[name=reason]').fill(reason);
    }
    await dialog.locator('button[type=submit]').click();
    await dialog.waitFor({ state: 'detached' });
}

export const releasing = [
    ['a build shows its gates, and an approval is counted', async ({ page, depot }) => {
        const build = await depot.build('lamp', 'to be approved');
        await visit(page, `#/p/lamp/builds/${build}`);
        await page.locator('.phases .current', { hasText: 'daily' }).locator('.state', { hasText: '1 approval' }).waitFor();
        await confirm(page, 'Approve daily', 'seen it run');
        const { approvals } = await depot.get(`/api/v1/products/lamp/builds/${build}/pipeline`);
        assert.deepEqual(approvals.map(({ person, stage, comment }) => [person, stage, comment]), [['admin', 'daily', 'seen it run']]);
        await page.locator('.phases .current', { hasText: 'internal' }).waitFor();
        assert.equal((await depot.get(`/api/v1/products/lamp/builds/${build}`)).state, 'daily');
        await confirm(page, 'Withdraw', 'no good');
        await until(async () => assert.equal((await depot.get(`/api/v1/products/lamp/builds/${build}`)).state, 'withdrawn'));
    }],
    ['a release is withdrawn with its reason', async ({ page, depot }) => {
        await visit(page, '#/p/lamp/releases/1');
        await confirm(page, 'Withdraw', 'it smells');
        await until(async () => assert.equal((await depot.get('/api/v1/products/lamp/releases/1')).state, 'withdrawn'));
        await page.locator('.verdict-state', { hasText: 'withdrawn' }).waitFor();
        assert.equal((await depot.get('/api/v1/products/lamp/releases/1')).reason, 'it smells');
    }],
    ['the queue of signatures says what differs, and how to approve', async ({ page }) => {
        await visit(page, '#/p/lamp/signing');
        const card = page.locator('.card', { hasText: 'lamp-prod' });
        assert.match(await card.innerText(), /slipway sign approve request-4/);
        const row = card.locator('tr', { hasText: 'release version' });
        assert.equal(await row.locator('del').innerText(), '3.0');
        assert.equal(await row.locator('ins').innerText(), HOSTILE.slice(0, 24));
    }],
    ['what others wrote is text: in releases, devices, reasons, titles', async ({ page }) => {
        await visit(page, '#/p/lamp/releases/4');
        assert.ok((await page.locator('main').innerText()).includes(HOSTILE));
        await visit(page, '#/p/lamp/fleet/lamp-007');
        const text = await page.locator('main').innerText();
        assert.ok(text.split(HOSTILE).length > 4, 'in slots, attributes, hardware, and the timeline');
        assert.equal(await page.locator('main img, main script').count(), 0);
    }],
    ['a device is found, changed, asked for its log, revoked', async ({ page, depot }) => {
        const show = () => depot.get('/api/v1/products/lamp/devices/lamp-042');
        await visit(page, '#/p/lamp/fleet');
        await page.locator('input[name=name]').fill('lamp-04');
        await page.keyboard.press('Enter');
        await page.waitForFunction(() => document.querySelectorAll('.table[aria-label=Devices] tbody tr').length === 10);
        await page.getByRole('link', { name: 'lamp-042' }).click();
        await page.locator('input[name=tags]').fill('home kitchen');
        await page.locator('input[name=pin]').fill('2');
        await page.getByRole('button', { name: 'Save' }).click();
        await until(async () => assert.deepEqual([(await show()).tags, (await show()).pin], [['home', 'kitchen'], 2]));
        await page.getByRole('button', { name: 'Ask for its log' }).click();
        await until(async () => assert.equal((await show()).log_wanted, true));
        await confirm(page, 'Revoke');
        await until(async () => assert.equal((await show()).state, 'revoked'));
    }],
    ['the fleet is counted', async ({ page }) => {
        await visit(page, '#/p/lamp/fleet');
        const figures = await page.locator('.figure').allInnerTexts();
        assert.match(figures[0], /Devices\s+100/);
        assert.match(figures[2], /Failing\s+4/);
    }],
];
