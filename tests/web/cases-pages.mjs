// SPDX-License-Identifier: Apache-2.0
// Every page: drawn without errors, readable with a screen reader, in the dark and on a phone; the
// keyboard; files; what is stale.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { findings, isSound, open, until, visit } from './browser.mjs';
import { report, rollout } from './depot.mjs';

const placesOf = (depot, id) => [
    '#/', '#/p/desk', '#/p/desk/rollouts', `#/p/desk/rollouts/${id}`, '#/p/desk/rollouts/new', '#/p/desk/fleet', '#/p/desk/fleet/desk-007', '#/p/desk/builds',
    `#/p/desk/builds/${depot.build_id}`, '#/p/desk/releases', '#/p/desk/releases/4', '#/p/desk/jobs', '#/p/desk/signing', '#/p/desk/consents', '#/p/desk/readiness', '#/p/desk/audit', '#/p/desk/settings',
    '#/audit', '#/people', '#/account', '#/nowhere',
];

async function broken(depot) {
    const id = await rollout(depot);
    report(depot, id, 8, 2);
    await until(async () => assert.equal((await depot.get(`/api/v1/products/desk/rollouts/${id}`)).state, 'halted'));
    return id;
}

export const pages = [
    ['every page is drawn, and axe finds nothing serious', async ({ page, depot }) => {
        const id = await broken(depot);
        for (const place of placesOf(depot, id)) {
            await visit(page, place);
            assert.equal(await page.locator('main .note.bad').count(), 0, `${place}: ${await page.locator('main .note.bad').allInnerTexts()}`);
            assert.deepEqual(await findings(page), [], place);
            await isSound(page);
        }
    }],
    ['every page fits a phone, and is readable in the dark', async ({ depot, browser, storageState }) => {
        const phone = await open(browser, depot, { storageState, viewport: { width: 360, height: 740 }, colorScheme: 'dark', hasTouch: true });
        await phone.goto(`${depot.url}/`);
        for (const place of placesOf(depot, 1)) {
            await visit(phone, place);
            assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${place} is wider than the phone`);
            assert.deepEqual(await findings(phone, ['color-contrast', 'target-size']), [], place);
        }
        await phone.context().close();
    }],
    ['the first screen says what is broken, since when, why, and what comes next', async ({ page, depot }) => {
        const id = await broken(depot);
        await visit(page, '#/');
        const card = page.locator('article.trouble.bad').filter({ has: page.locator(`a[href="#/p/desk/rollouts/${id}"]`) });
        await card.filter({ hasText: 'onerror=' }).waitFor(); // reasons come in a second answer
        const text = await card.innerText();
        assert.match(text, /halted/);
        assert.match(text, /by the health rule/);
        assert.match(text, /8 of 10 failed: 80\s%, surely above \d/);
        assert.match(text, /since .*ago|since .*now/);
        assert.match(text, /If nobody does anything: Nothing is offered until somebody resumes it/);
        assert.match(text, /onerror=/, 'the reason, as it was written');
        // One that fails somewhere, and isn't halted yet, stands with its HALT before what is merely stuck.
        const hurting = await rollout(depot);
        report(depot, hurting, 1, 3);
        await visit(page, '#/p/desk');
        await page.locator('article.trouble.going').filter({ has: page.locator(`a[href="#/p/desk/rollouts/${hurting}"]`) }).locator('.reasons').waitFor();
        const cards = await page.locator('article.trouble').evaluateAll((all) => all.map((one) => [one.querySelector('a').getAttribute('href'), one.querySelector('button.halt') !== null]));
        const [own, stuck] = [cards.findIndex(([href]) => href === `#/p/desk/rollouts/${hurting}`), cards.findIndex(([href]) => href === '#/p/desk/releases/4')];
        assert.ok(own >= 0 && own < stuck && cards[own][1]);
    }],
    ['the keyboard goes everywhere, and a list says how', async ({ page }) => {
        await page.locator('a.brand').waitFor();
        await page.keyboard.press('?');
        await page.waitForSelector('dialog[open] .keys');
        await page.keyboard.press('Escape');
        await page.waitForSelector('dialog', { state: 'detached' });
        await visit(page, '#/p/desk');
        for (const [key, section] of [['r', 'rollouts'], ['f', 'fleet'], ['b', 'builds'], ['a', 'audit'], ['s', 'signing']]) {
            await page.keyboard.press('g');
            await page.keyboard.press(key);
            await page.waitForFunction((name) => location.hash === `#/p/desk/${name}`, section);
        }
        await visit(page, '#/p/desk/fleet');
        await page.waitForSelector('tbody a[href]');
        await page.keyboard.press('j');
        assert.match(await page.evaluate(() => document.activeElement.getAttribute('href')), /^#\/p\/desk\/fleet\//);
        await page.keyboard.press('/');
        assert.equal(await page.evaluate(() => document.activeElement.name), 'name');
    }],
    ['Tab reaches every control, and each shows that it has the focus', async ({ page, depot }) => {
        const id = await rollout(depot);
        await visit(page, `#/p/desk/rollouts/${id}`);
        await page.locator('button.halt').waitFor();
        const wanted = await page.evaluate(() => {
            const all = [...document.querySelectorAll('a[href], button, input, select, textarea, [tabindex="0"]')].filter((element) => !element.disabled && element.checkVisibility());
            all.forEach((element, at) => element.setAttribute('data-at', at));
            return all.length;
        });
        const reached = new Set();
        for (let press = 0; press <= wanted && reached.size < wanted; press++) {
            await page.keyboard.press('Tab');
            const [at, outline] = await page.evaluate(() => [document.activeElement.getAttribute('data-at'), getComputedStyle(document.activeElement).outlineStyle]);
            if (at !== null) {
                reached.add(at);
                assert.notEqual(outline, 'none', await page.evaluate(() => document.activeElement.outerHTML.slice(0, 200)));
            }
        }
        assert.equal(reached.size, wanted);
        assert.ok(wanted > 15);
    }],
    ['what is shown can be had as CSV and as JSON', async ({ page, depot }) => {
        const id = await rollout(depot, false);
        await visit(page, '#/p/desk/rollouts');
        const fileOf = async (name) => {
            const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name, exact: true }).click()]);
            return fs.readFileSync(await download.path(), 'utf8');
        };
        assert.match(await fileOf('CSV'), /^rollout,release,release_version,group,state/);
        assert.equal(JSON.parse(await fileOf('JSON'))[0].group, 'homes');
        await visit(page, `#/p/desk/rollouts/${id}`);
        const plan = page.locator('.card', { hasText: 'The plan' });
        const [phases] = await Promise.all([page.waitForEvent('download'), plan.getByRole('button', { name: 'CSV' }).click()]);
        assert.match(fs.readFileSync(await phases.path(), 'utf8'), /^rollout,release,group,state,phase,ppm[^\n]*halt_ppm/);
        const [all] = await Promise.all([page.waitForEvent('download'), plan.getByRole('button', { name: 'JSON' }).click()]);
        assert.equal(JSON.parse(fs.readFileSync(await all.path(), 'utf8')).id, id);
        await visit(page, '#/p/desk/fleet');
        const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'CSV' }).click()]);
        assert.match(fs.readFileSync(await download.path(), 'utf8'), /^device,state,class[\s\S]*desk-099/);
    }],
    ['texts that begin like formulas are none in a spreadsheet', async ({ page }) => {
        const text = await page.evaluate(async () => (await import('/app/export.mjs')).csvOf([{ a: '=1+1', b: 'x"y', c: -5 }, { a: '@a', c: 'l\nm' }]));
        assert.equal(text, 'a,b,c\r\n\'=1+1,"x""y",-5\r\n\'@a,,"l\nm"\r\n');
    }],
    ['the page asks again when an event says so', async ({ page, depot }) => {
        const id = await rollout(depot);
        await visit(page, `#/p/desk/rollouts/${id}`);
        await page.locator('.verdict .state.going').waitFor();
        await depot.make('POST', `/api/v1/products/desk/rollouts/${id}/pause`, { reason: 'somebody else did' });
        await page.locator('.verdict', { hasText: 'somebody else did' }).waitFor();
    }],
    ['what is stale is visibly stale, until the depot is there again', async ({ page, depot, good, bad }) => {
        await Promise.allSettled([good, bad]); // nobody else needs it meanwhile
        await visit(page, '#/');
        await page.locator('article.trouble').first().waitFor();
        assert.equal(await page.locator('.stale').count(), 0);
        await depot.stop();
        await page.locator('.stale', { hasText: 'Not live' }).waitFor();
        assert.ok(await page.evaluate(() => document.documentElement.hasAttribute('data-stale')));
        assert.ok(await page.locator('article.trouble').count() > 0, 'what was known stays');
        await depot.start();
        await page.locator('.stale').waitFor({ state: 'detached', timeout: 15000 });
    }],
];
