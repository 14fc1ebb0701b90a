// SPDX-License-Identifier: Apache-2.0
// Jobs: started, watched, cancelled and tried again from the page; a runner is played over its API.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { press, until, visit } from './browser.mjs';
import { HOSTILE } from './depot.mjs';

const OF = '/api/v1/products/lantern';

async function setUp(depot) {
    await depot.call('POST', '/api/v1/products', { name: 'lantern' });
    await depot.make('PUT', `${OF}/pipeline`, {
        stages: { daily: { gates: [{ test: 'system' }] } }, jobs: { build: { kind: 'build', retries: 1 }, system: { kind: 'test' } },
        triggers: [{ webhook: 'forge', job: 'build' }],
    });
}

/** Runs a job by hand; its number. */
async function run(page, job, fill) {
    await visit(page, '#/p/lantern/jobs');
    const form = page.locator('form[aria-label="Run a job"]');
    await form.locator('select[name=job]').selectOption(job);
    await fill(form);
    await form.locator('button[type=submit]').click();
    await page.waitForFunction(() => /jobs\/\d+$/.test(location.hash));
    return Number(/\d+$/.exec(page.url())[0]);
}

const lease = (depot, job) => depot.make('POST', '/api/v1/jobs/lease', { runner: 'bench-1', products: ['lantern'], jobs: [job], labels: [], wait_s: 0 });

export const jobs = [
    ['a job is run by hand, watched to its end, and its log read', async ({ page, depot }) => {
        await setUp(depot);
        const id = await run(page, 'build', (form) => form.locator('input[name=ref]').fill('refs/heads/topic'));
        assert.deepEqual(depot.rows(`SELECT job, state, ref, cause, made_by FROM jobs WHERE id = ${id}`),
            [{ job: 'build', state: 'queued', ref: 'refs/heads/topic', cause: 'by hand', made_by: 'admin' }]);
        const verdict = page.locator('.verdict');
        await verdict.filter({ hasText: 'waits for a runner' }).waitFor();
        const { lease: secret } = await lease(depot, 'build');
        await verdict.locator('.state.going', { hasText: 'running' }).waitFor();
        fs.writeFileSync(depot.file('build.log'), `cc lantern.c\n${HOSTILE}\n`);
        await depot.upload('lantern', 'build.log', 'log', { job: id, name: 'build.log' });
        const build = await depot.build('lantern', 'what a job built', { job: id });
        await depot.make('POST', `${OF}/jobs/${id}/finish`, { lease: secret, outcome: 'passed' });
        await verdict.locator('.state.good', { hasText: 'passed' }).waitFor();
        await page.locator('pre.log', { hasText: 'cc lantern.c' }).waitFor();
        assert.ok((await page.locator('pre.log').innerText()).includes(HOSTILE));
        assert.match(await page.locator('[aria-label=Attempts]').innerText(), /bench-1/);
        assert.equal(await page.locator('main .actions button').count(), 0, 'it is over');
        await visit(page, '#/p/lantern/jobs?state=passed');
        assert.match(await page.locator('[aria-label=Jobs] tbody').innerText(), new RegExp(`№ ${id} build[\\s\\S]*bench-1`));
        await visit(page, `#/p/lantern/builds/${build}`);
        await page.locator('.way li', { hasText: 'Build' }).locator(`a[href="#/p/lantern/jobs/${id}"]`).waitFor();
    }],
    ['a test is run on a build, cancelled, tried again, and stands on the page of the build', async ({ page, depot }) => {
        await setUp(depot);
        const build = await depot.build('lantern', 'to be tested');
        const id = await run(page, 'system', (form) => form.locator('select[name=build]').selectOption(build));
        const state = () => depot.rows(`SELECT state, build FROM jobs WHERE id = ${id}`)[0];
        assert.deepEqual(state(), { state: 'queued', build });
        const { lease: secret } = await lease(depot, 'system');
        await press(page, 'Cancel');
        await until(async () => assert.equal(state().state, 'cancelled'));
        assert.equal((await depot.call('POST', `${OF}/jobs/${id}/finish`, { lease: secret, outcome: 'passed' })).status, 409, 'its runner is too late');
        await page.getByRole('button', { name: 'Try again' }).click();
        await until(async () => assert.equal(state().state, 'queued'));
        assert.equal(depot.rows(`SELECT COUNT(*) AS n FROM audit WHERE product = 'lantern' AND subject = '${id}' AND action IN ('job.cancel', 'job.retry') AND who = 'admin'`)[0].n, 2);
        await visit(page, `#/p/lantern/builds/${build}`);
        await page.locator('[aria-label=Jobs] a', { hasText: `№ ${id}` }).waitFor();
    }],
    ['a webhook is made, its secret shown once, starts a job, and is removed', async ({ page, depot }) => {
        await setUp(depot);
        await visit(page, '#/p/lantern/settings');
        const form = page.locator('form[aria-label="New webhook"]');
        await form.locator('input[name=name]').fill('forge');
        await form.locator('button[type=submit]').click();
        const secret = await page.locator('.note.good code').first().getAttribute('title');
        const push = (commit) => {
            const body = JSON.stringify({ ref: 'refs/heads/main', after: commit.repeat(40) });
            const signature = crypto.createHmac('sha256', secret).update(body).digest('hex');
            return depot.call('POST', '/hooks/v1/lantern/forge', undefined, {
                bytes: body, headers: { Authorization: '', 'Content-Type': 'application/json', 'X-Hub-Signature-256': `sha256=${signature}` },
            });
        };
        const { status, body } = await push('a');
        assert.equal(status, 201, JSON.stringify(body));
        assert.deepEqual(depot.rows(`SELECT cause, ref, state FROM jobs WHERE id = ${body.jobs[0]}`), [{ cause: 'webhook', ref: 'refs/heads/main', state: 'queued' }]);
        await page.reload();
        await page.locator('tr', { hasText: 'forge' }).waitFor();
        assert.ok(!(await page.content()).includes(secret), 'once');
        await page.locator('tr', { hasText: 'forge' }).getByRole('button', { name: 'Remove' }).click();
        await page.locator('dialog[open] button[type=submit]').click();
        await page.locator('tr', { hasText: 'forge' }).waitFor({ state: 'detached' });
        assert.ok((await push('b')).status >= 401);
        assert.equal(depot.rows("SELECT COUNT(*) AS n FROM jobs WHERE product = 'lantern' AND cause = 'webhook'")[0].n, 1);
    }],
];
