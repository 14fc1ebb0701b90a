// SPDX-License-Identifier: Apache-2.0
// Rollouts: each button by its effect in the depot.
import assert from 'node:assert/strict';
import { press, until, visit } from './browser.mjs';
import { report, rollout } from './depot.mjs';

const show = (depot, id) => depot.get(`/api/v1/products/desk/rollouts/${id}`);
const becomes = (depot, id, state) => until(async () => assert.equal((await show(depot, id)).state, state));

export const rollouts = [
    ['HALT on the first screen states how many devices it touches, and halts', async ({ page, depot }) => {
        const id = await rollout(depot);
        const { halt_touches: touched } = await show(depot, id);
        await visit(page, '#/');
        const card = page.locator('article.trouble').filter({ has: page.locator(`a[href="#/p/desk/rollouts/${id}"]`) });
        assert.equal((await card.locator('button.halt').innerText()).replace(/\s+/g, ' '), `HALT ${touched} devices`);
        await card.locator('button.halt').click();
        const dialog = page.locator('dialog[open]');
        assert.match(await dialog.innerText(), new RegExp(`${touched} devices`));
        await dialog.locator('button', { hasText: 'Leave it' }).click();
        assert.equal((await show(depot, id)).state, 'running');
        await card.locator('button.halt').click();
        await dialog.locator('input[name=reason]').fill('smoke in the kitchen');
        await dialog.locator('button[type=submit]').click();
        await becomes(depot, id, 'halted');
        const { entries } = await depot.get('/api/v1/products/desk/audit?action=rollout.halted&limit=1');
        assert.deepEqual([entries[0].who, entries[0].subject], ['admin', String(id)]);
        assert.equal((await show(depot, id)).reason, 'smoke in the kitchen');
        await card.locator('.state.bad').waitFor();
    }],
    ['start, pause, resume and abort do so', async ({ page, depot }) => {
        const id = await rollout(depot, false);
        await visit(page, `#/p/desk/rollouts/${id}`);
        for (const [button, state] of [['Start', 'running'], ['Pause', 'paused'], ['Resume', 'running'], ['Abort', 'aborted']]) {
            await press(page, button, button === 'Start' ? undefined : `${button} it`);
            await becomes(depot, id, state);
            await page.locator('.verdict-state', { hasText: state }).waitFor();
        }
        assert.equal((await show(depot, id)).reason, 'Abort it');
        assert.equal(await page.locator('.page-head button').count(), 0, 'nothing can be done any more');
    }],
    ['the failed are retried', async ({ page, depot }) => {
        const id = await rollout(depot);
        report(depot, id, 2, 2);
        await visit(page, `#/p/desk/rollouts/${id}`);
        await press(page, 'Retry the failed');
        await until(async () => assert.equal((await show(depot, id)).phases[0].failed, 0));
        const { devices } = await depot.get(`/api/v1/products/desk/rollouts/${id}/devices?state=downloading`);
        assert.equal(devices.length, 2);
        assert.equal(devices[0].attempt, 2);
    }],
    ['a person lets a phase go on', async ({ page, depot }) => {
        const id = await rollout(depot);
        await visit(page, `#/p/desk/rollouts/${id}`);
        await press(page, 'Let it go on', 'looks well');
        await until(async () => assert.ok((await show(depot, id)).phases[0].passed));
    }],
    ['a rollout is made, changed while it is a draft, and watched to its halt', async ({ page, depot }) => {
        await visit(page, '#/p/desk/rollouts/new');
        await page.locator('select[name=release]').selectOption('3');
        await page.locator('input[name=canaries]').fill('desk-001, desk-002');
        await page.locator('input[name=limit]').fill('3');
        await page.getByLabel('Share of phase 1').fill('2');
        await page.getByRole('button', { name: 'Make a draft' }).click();
        await page.locator('.verdict-state', { hasText: 'draft' }).waitFor();
        const id = Number(/\d+$/.exec(page.url())[0]);
        const made = await show(depot, id);
        assert.equal(made.release, 3);
        assert.deepEqual(made.phases.map(({ ppm }) => ppm), [20000, 50000, 250000, 1000000]);
        assert.deepEqual([made.phases[0].halt_ppm, made.phases[1].halt_ppm], [30000, 20000]);
        assert.deepEqual(made.plan.health.canaries, ['desk-001', 'desk-002']);
        await page.getByRole('button', { name: 'Change the draft' }).click();
        await page.locator('select[name=group]').waitFor();
        await page.locator('input[name=rate]').fill('500');
        await page.getByRole('button', { name: 'Change the draft' }).click();
        await until(async () => assert.equal((await show(depot, id)).plan.rate_per_hour, 500));
        await visit(page, `#/p/desk/rollouts/${id}`);
        await press(page, 'Start');
        await page.locator('.verdict-state', { hasText: 'running' }).waitFor();
        report(depot, id, 9, 1);
        await page.locator('.verdict.bad', { hasText: 'by the health rule' }).waitFor();
        assert.match(await page.locator('.verdict').innerText(), /9 of 10 failed: 90\s%/);
        await page.locator('.chart canvas').waitFor();
        assert.match(await page.locator('.chart table.unseen').textContent(), /failed or silent/);
    }],
    ['what the depot refuses stands in the dialog', async ({ page, depot }) => {
        const id = await rollout(depot);
        await visit(page, `#/p/desk/rollouts/${id}`);
        await page.locator('.actions').getByRole('button', { name: 'Pause' }).click();
        await page.route('**/pause', (route) => route.fulfill({ status: 409, contentType: 'application/json', body: '{"reason":"wrong-state","detail":"a rollout that is done can’t pause"}' }));
        await page.locator('dialog[open] button[type=submit]').click();
        await page.locator('dialog[open] .note.bad', { hasText: 'can’t pause' }).waitFor();
        assert.equal((await show(depot, id)).state, 'running');
    }],
];
