// SPDX-License-Identifier: Apache-2.0
// Chromium for the page's tests: contexts that are logged in, and what no page may do: raise errors,
// break its policy of content, run what others wrote.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { PASSWORD } from './depot.mjs';

const modules = createRequire(`${process.env.SLIPWAY_PAGE_MODULES}/node_modules/`);
const { chromium } = modules('playwright-core');
const AXE = fs.readFileSync(modules.resolve('axe-core/axe.min.js'), 'utf8');
const WAIT_MS = 20000;

export const launch = () => chromium.launch({
    executablePath: '/usr/bin/chromium-headless-shell', // half the work of the one with windows
    args: ['--no-sandbox', '--disable-gpu', '--no-proxy-server', '--disable-dev-shm-usage'],
});

/** A page of a fresh context; what goes wrong in it is kept in page.wrongs. */
export async function open(browser, depot, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options });
    context.setDefaultTimeout(WAIT_MS);
    const page = await context.newPage();
    page.wrongs = [];
    page.on('pageerror', (error) => page.wrongs.push(error.message));
    page.on('dialog', (dialog) => {
        page.wrongs.push(`a dialog: ${dialog.message()}`);
        dialog.dismiss();
    });
    page.on('console', (message) => {
        if (/Content Security Policy|violates/i.test(message.text())) {
            page.wrongs.push(message.text());
        }
    });
    await page.addInitScript(() => {
        addEventListener('securitypolicyviolation', (event) => {
            globalThis.violations = [...(globalThis.violations ?? []), `${event.violatedDirective} ${event.blockedURI}`];
        });
    });
    page.base = depot.url;
    return page;
}

export async function logIn(page, name = 'admin', password = PASSWORD) {
    await page.goto(`${page.base}/`);
    await page.fill('input[name=name]', name);
    await page.fill('input[name=password]', password);
    await page.click('button[type=submit]');
    await page.waitForSelector('.shell');
    return page;
}

/** Goes to a place of the page and waits until it has asked for everything. */
export async function visit(page, hash) {
    await page.evaluate((to) => {
        location.hash = to;
    }, hash);
    await page.waitForFunction(() => document.querySelector('main h1, .door h1') && !document.querySelector('.loading'));
}

/** Presses one of a page's buttons, writes a reason where one is asked for, and says yes. */
export async function press(page, name, reason) {
    await page.locator('main .actions').getByRole('button', typeof name === 'string' ? { name, exact: true } : { name }).click();
    const dialog = page.locator('dialog[open]');
    await dialog.waitFor();
    if (reason) {
        await dialog.locator('input[name=reason]').fill(reason);
    }
    await dialog.locator('button[type=submit]').click();
    await dialog.waitFor({ state: 'detached' });
}

/** Nothing has gone wrong in it so far. */
export async function isSound(page) {
    const { owned, violations } = await page.evaluate(() => ({ owned: globalThis.owned, violations: globalThis.violations }));
    assert.deepEqual(page.wrongs, []);
    assert.equal(owned, undefined, 'a script of somebody else ran');
    assert.equal(violations, undefined);
}

/** axe's findings that are serious or critical; rules: all of WCAG 2.2 AA when not given. */
export async function findings(page, rules) {
    await page.evaluate(`if (!globalThis.axe) { ${AXE} }`);
    return page.evaluate(async (only) => {
        const { violations } = await globalThis.axe.run(document, {
            runOnly: only ? { type: 'rule', values: only } : { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] },
            resultTypes: ['violations'],
        });
        return violations.filter(({ impact }) => ['serious', 'critical'].includes(impact))
            .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(' | ')}`);
    }, rules);
}

/** Until check() doesn't throw; its last error, after a while. */
export async function until(check, ms = WAIT_MS) {
    const end = Date.now() + ms;
    for (;;) {
        try {
            return await check();
        } catch (error) {
            if (Date.now() > end) {
                throw error;
            }
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    }
}
