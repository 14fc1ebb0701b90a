// SPDX-License-Identifier: Apache-2.0
// Getting in, what one may not do, and the audit trail's proof.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { findings, logIn, open, until, visit } from './browser.mjs';
import { rollout } from './depot.mjs';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

// RFC 6238, of a secret in base32.
function codeOf(secret, step) {
    const bits = [...secret.replace(/=+$/, '')].map((letter) => ALPHABET.indexOf(letter).toString(2).padStart(5, '0')).join('');
    const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const hash = crypto.createHmac('sha1', key).update(counter).digest();
    const at = hash.at(-1) & 15;
    return String((hash.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, '0');
}

const stepNow = () => Math.floor(Date.now() / 30000);

async function person(depot, name, roles) {
    const password = `${name} has a password`;
    const { invitation } = await depot.make('POST', '/api/v1/people', { name, kind: 'person', roles });
    await depot.make('POST', '/api/v1/invitation', { secret: invitation, password });
    return password;
}

export const access = [
    ['a wrong password is refused, in the same words as a wrong name', async ({ depot, browser }) => {
        const door = await open(browser, depot);
        await door.goto(`${depot.url}/`);
        await door.waitForSelector('input[name=name]');
        assert.deepEqual(await findings(door), []);
        const { left, right, width } = await door.evaluate(() => ({ ...document.querySelector('.door .card').getBoundingClientRect().toJSON(), width: innerWidth }));
        assert.ok(Math.abs(left - (width - right)) < 2, 'the door stands in the middle');
        const words = [];
        for (const name of ['nobody-here', 'dora']) {
            await door.fill('input[name=name]', name);
            await door.fill('input[name=password]', 'not the password');
            await door.click('button[type=submit]');
            await door.locator('.note.bad').waitFor();
            words.push(await door.locator('.note.bad').innerText());
        }
        assert.equal(words[0], words[1]);
        assert.equal(await door.locator('.shell').count(), 0);
        await door.context().close();
    }],
    ['a second factor is set up, and asked for from then on', async ({ depot, browser }) => {
        const password = await person(depot, 'eva', [{ product: 'desk', role: 'viewer' }]);
        const eva = await logIn(await open(browser, depot), 'eva', password);
        await visit(eva, '#/account');
        const card = eva.locator('form[aria-label="Second factor"]');
        await card.locator('input[name=password]').fill(password);
        await card.locator('button[type=submit]').click();
        const secret = await eva.locator('.copy code').first().getAttribute('title');
        await eva.locator('input[name=code]').fill(codeOf(secret, stepNow()));
        await eva.getByRole('button', { name: 'That\'s it' }).click();
        await eva.locator('.facts .state.good', { hasText: 'on' }).waitFor();
        await eva.getByRole('button', { name: 'Log out' }).click();
        await eva.locator('form[aria-label="Log in"]').waitFor();
        await eva.fill('input[name=name]', 'eva');
        await eva.fill('input[name=password]', password);
        await eva.click('button[type=submit]');
        await eva.locator('.note.bad').waitFor();
        await eva.getByRole('button', { name: 'I have a second factor' }).click();
        await eva.fill('input[name=name]', 'eva');
        await eva.fill('input[name=password]', password);
        await eva.fill('input[name=code]', codeOf(secret, stepNow() + 1)); // each code once
        await eva.click('button[type=submit]');
        await eva.waitForSelector('.shell');
        await eva.context().close();
    }],
    ['a password is changed, and other sessions end', async ({ depot, browser }) => {
        const old = await person(depot, 'pat', []);
        const fresh = 'another one, and longer';
        const here = await logIn(await open(browser, depot), 'pat', old);
        const there = await logIn(await open(browser, depot), 'pat', old);
        const card = here.locator('form[aria-label="Password"]');
        const change = async (password, again) => {
            await card.locator('input[name=password]').fill(password);
            await card.locator('input[name=fresh]').fill(fresh);
            await card.locator('input[name=again]').fill(again);
            await card.locator('button[type=submit]').click();
        };
        await visit(here, '#/account');
        await change('not the old one', fresh);
        await card.locator('.note.bad').waitFor();
        await change(old, `${fresh}r`);
        await card.locator('.note.bad', { hasText: 'different' }).waitFor();
        await change(old, fresh);
        await here.locator('.note.good', { hasText: 'Changed' }).waitFor();
        await visit(there, '#/account');
        await there.locator('form[aria-label="Log in"]').waitFor();
        const statusOf = async (password) => (await depot.call('POST', '/api/v1/session', { name: 'pat', password }, { headers: { Authorization: '' } })).status;
        assert.deepEqual([await statusOf(old), await statusOf(fresh)], [401, 200]);
        const rows = () => depot.rows("SELECT COUNT(*) AS n FROM sessions WHERE person = 'pat'")[0].n;
        assert.equal(rows(), 2);
        await here.getByRole('button', { name: 'End my other sessions' }).click();
        await here.locator('dialog[open] button[type=submit]').click();
        await here.locator('.note.good', { hasText: /^Your other sessions have ended/ }).waitFor();
        assert.equal(rows(), 1);
        await visit(here, '#/');
        await here.waitForSelector('.shell');
        await here.context().close();
        await there.context().close();
    }],
    ['who may only look has no buttons, and sees no other product', async ({ depot, browser }) => {
        const password = await person(depot, 'vic', [{ product: 'desk', role: 'viewer' }]);
        const vic = await logIn(await open(browser, depot), 'vic', password);
        const id = await rollout(depot);
        await visit(vic, `#/p/desk/rollouts/${id}`);
        await vic.locator('.verdict').waitFor();
        assert.equal(await vic.locator('.page-head .actions button').count(), 0);
        assert.equal(await vic.locator('button.halt').count(), 0);
        await visit(vic, '#/p/desk/settings');
        assert.equal(await vic.locator('main form').count(), 0);
        await visit(vic, '#/p/fan/rollouts');
        await vic.locator('.note.bad').waitFor();
        assert.equal(await vic.locator('select.product option[value=fan]:not([selected])').count() <= 1, true);
        assert.equal(await vic.locator('.nav', { hasText: 'People' }).count(), 0);
        await vic.context().close();
    }],
    ['a session that ended leads to the door', async ({ depot, browser }) => {
        const password = await person(depot, 'sam', [{ product: 'desk', role: 'viewer' }]);
        const page = await logIn(await open(browser, depot), 'sam', password);
        depot.sql("DELETE FROM sessions WHERE person = 'sam'");
        await page.evaluate(() => {
            location.hash = '#/account';
        });
        await page.locator('form[aria-label="Log in"]').waitFor();
        await logIn(page, 'sam', password);
        await page.context().close();
    }],
    ['the proof of the trail is computed here, and finds what was changed', async ({ depot, browser }) => {
        const page = await logIn(await open(browser, depot));
        await depot.make('PATCH', '/api/v1/products/fan', { title: 'Lüfter “\\" \u2028 🌀' });
        await visit(page, '#/audit');
        await page.getByRole('button', { name: 'Check the whole chain here' }).click();
        await page.locator('.note.good', { hasText: 'as they were written' }).waitFor();
        depot.sql("UPDATE audit SET who = 'eve' WHERE number = 3");
        await page.getByRole('button', { name: 'Check the whole chain here' }).click();
        await page.locator('.note.bad', { hasText: 'Entry 3 isn’t as it was written' }).waitFor();
        depot.sql('DELETE FROM audit WHERE number = 2');
        await page.getByRole('button', { name: 'Check the whole chain here' }).click();
        await page.locator('.note.bad', { hasText: 'Entry 2 is gone' }).waitFor();
        await page.getByLabel('What').fill('product.make');
        await page.getByRole('button', { name: 'Search' }).click();
        await until(async () => assert.ok((await page.locator('main tbody tr').count()) >= 1));
        await page.context().close();
    }],
];
