// SPDX-License-Identifier: Apache-2.0
// Settings and people: each form and button by its effect in the depot; and who may not.
import assert from 'node:assert/strict';
import { logIn, open, until, visit } from './browser.mjs';
import { HOSTILE } from './depot.mjs';

const form = (page, name) => page.locator(`form[aria-label="${name}"]`);
const submit = (page, name) => form(page, name).locator('button[type=submit]').click();

async function confirm(page, button) {
    await button.click();
    await page.locator('dialog[open] button[type=submit]').click();
    await page.waitForSelector('dialog', { state: 'detached' });
}

export const settings = [
    ['title and retention of a product are changed', async ({ page, depot }) => {
        await visit(page, '#/p/fan/settings');
        await form(page, 'Product').locator('input[name=title]').fill('Ceiling fan');
        await form(page, 'Product').locator('input[name=keep]').fill('12');
        await submit(page, 'Product');
        await until(async () => {
            const { title, keep_days: days } = await depot.get('/api/v1/products/fan');
            assert.deepEqual([title, days], ['Ceiling fan', 12]);
        });
    }],
    ['a group is made, changed and removed', async ({ page, depot }) => {
        const show = async () => (await depot.call('GET', '/api/v1/products/fan/groups/attic'));
        await visit(page, '#/p/fan/settings');
        await form(page, 'Group').locator('input[name=name]').fill('attic');
        await form(page, 'Group').locator('input[name=query]').fill('{"all": [{"tag": "attic"}');
        await submit(page, 'Group');
        await form(page, 'Group').locator('.note.bad', { hasText: 'isn’t JSON' }).waitFor();
        await form(page, 'Group').locator('input[name=query]').fill('{"all": [{"tag": "attic"}]}');
        await submit(page, 'Group');
        await until(async () => assert.deepEqual((await show()).body.query, { all: [{ tag: 'attic' }] }));
        const row = page.locator('tr', { hasText: 'attic' });
        await row.getByRole('button', { name: 'Change' }).click();
        await form(page, 'Group').locator('select[name=consent]').selectOption('ask');
        await submit(page, 'Group');
        await until(async () => assert.equal((await show()).body.consent, 'ask'));
        await confirm(page, row.getByRole('button', { name: 'Remove' }));
        await until(async () => assert.equal((await show()).status, 404));
    }],
    ['an enrolment token is made, shown once, and revoked', async ({ page, depot }) => {
        const list = async () => (await depot.get('/api/v1/products/fan/enrolment-tokens')).enrolment_tokens;
        await visit(page, '#/p/fan/settings');
        await form(page, 'New enrolment token').locator('input[name=title]').fill(HOSTILE.slice(0, 60));
        await form(page, 'New enrolment token').locator('input[name=uses]').fill('7');
        await submit(page, 'New enrolment token');
        await page.locator('.note.good', { hasText: 'only time' }).waitFor();
        assert.equal((await list())[0].uses_left, 7);
        await confirm(page, page.locator('tr', { hasText: 'onerror' }).getByRole('button', { name: 'Revoke' }));
        await until(async () => assert.ok((await list())[0].revoked));
    }],
    ['a pipeline is saved as a new version, or refused with the place', async ({ page, depot }) => {
        await visit(page, '#/p/fan/settings');
        const area = form(page, 'Pipeline').locator('textarea');
        await area.fill('{"stages": {"daily": {"gates": [{"wish": 1}]}}}');
        await submit(page, 'Pipeline');
        await form(page, 'Pipeline').locator('.note.bad').waitFor();
        await area.fill('{"stages": {"daily": {"gates": [{"approvals": 2}]}}}');
        await submit(page, 'Pipeline');
        await until(async () => assert.match(JSON.stringify(await depot.get('/api/v1/products/fan/pipeline')), /"approvals":2/));
    }],
    ['somebody is invited, chooses a password, gets roles, and is disabled', async ({ page, depot, browser }) => {
        const show = async () => (await depot.get('/api/v1/people')).people.find(({ name }) => name === 'ben');
        await visit(page, '#/people');
        await form(page, 'New person').locator('input[name=name]').fill('ben');
        await form(page, 'New person').locator('select[name=role]').selectOption('viewer');
        await form(page, 'New person').locator('select[name=product]').selectOption('fan');
        await submit(page, 'New person');
        const link = await page.locator('.note.good code').getAttribute('title');
        const guest = await open(browser, depot);
        await guest.goto(`${depot.url}/${link.slice(link.indexOf('#'))}`);
        await guest.locator('input[name=password]').fill('ben has a password');
        await guest.locator('input[name=again]').fill('ben has a password');
        await guest.locator('button[type=submit]').click();
        await guest.getByRole('button', { name: 'Log in' }).click();
        await logIn(guest, 'ben', 'ben has a password');
        assert.deepEqual((await show()).roles, [{ product: 'fan', role: 'viewer' }]);

        const person = page.locator('li.person', { hasText: 'ben' });
        await person.getByRole('button', { name: 'Roles' }).click();
        await person.getByLabel('developer of desk').check();
        await person.getByRole('button', { name: 'Save the roles' }).click();
        await until(async () => assert.equal((await show()).roles.length, 2));
        await guest.reload();
        await guest.locator('select.product option[value=desk]').waitFor({ state: 'attached' });
        await confirm(page, person.getByRole('button', { name: 'Disable' }));
        await until(async () => assert.equal((await show()).disabled, true));
        await guest.evaluate(() => {
            location.hash = '#/account';
        });
        await guest.locator('form[aria-label="Log in"]').waitFor();
        await guest.context().close();
        await person.getByRole('button', { name: 'Enable' }).click();
        await until(async () => assert.equal((await show()).disabled, false));
        await confirm(page, person.getByRole('button', { name: 'Invite again' }));
        const again = await page.locator('.note.good code').getAttribute('title');
        const { name } = await depot.make('POST', '/api/v1/invitation', { secret: again.split('/').at(-1), password: 'ben has another one' });
        assert.equal(name, 'ben');
        const wrong = () => depot.call('POST', '/api/v1/session', { name: 'ben', password: 'wrong' }, { headers: { Authorization: '' } });
        for (let time = 0; time < 5; time++) {
            assert.equal((await wrong()).status, 401);
        }
        await page.reload();
        await until(async () => assert.equal((await show()).locked, true));
        await person.getByRole('button', { name: 'Unlock' }).click();
        await until(async () => assert.equal((await show()).locked, false));
    }],
    ['a second factor that was lost is removed', async ({ page, depot }) => {
        await depot.make('POST', '/api/v1/people', { name: 'lou', kind: 'person', password: 'lou lost the phone', roles: [] });
        depot.sql("UPDATE people SET totp = x'00' WHERE name = 'lou'");
        await visit(page, '#/people');
        const row = page.locator('li.person', { hasText: 'lou' });
        await confirm(page, row.getByRole('button', { name: 'Remove second factor' }));
        await row.getByText('no second factor').waitFor();
        assert.equal((await depot.get('/api/v1/people')).people.find((one) => one.name === 'lou').totp, false);
        assert.equal(depot.rows("SELECT COUNT(*) AS n FROM audit WHERE subject = 'lou' AND action LIKE '%totp%'")[0].n, 1);
    }],
    ['a role is given and taken away in one product', async ({ page, depot }) => {
        const roles = async () => (await depot.get('/api/v1/products/fan/people')).people.filter(({ name, product }) => name === 'cy' && product === 'fan').map(({ role }) => role);
        await depot.make('POST', '/api/v1/people', { name: 'cy', kind: 'person', roles: [] });
        await visit(page, '#/p/fan/settings');
        await form(page, 'Give a role').locator('input[name=name]').fill('cy');
        await form(page, 'Give a role').locator('select[name=role]').selectOption('approver');
        await submit(page, 'Give a role');
        await until(async () => assert.deepEqual(await roles(), ['approver']));
        await confirm(page, page.locator('tr', { hasText: 'cy' }).getByRole('button', { name: 'Take away' }));
        await until(async () => assert.deepEqual(await roles(), []));
    }],
    ['a product is made', async ({ page, depot }) => {
        await visit(page, '#/people');
        await form(page, 'New product').locator('input[name=name]').fill('kettle');
        await submit(page, 'New product');
        await until(async () => assert.equal((await depot.call('GET', '/api/v1/products/kettle')).status, 200));
    }],
    ['an API token is made, works, and is revoked', async ({ page, depot }) => {
        await visit(page, '#/account');
        await form(page, 'New token').locator('input[name=title]').fill('for a build server');
        await submit(page, 'New token');
        const token = await page.locator('.note.good code').getAttribute('title');
        const status = async () => (await depot.call('GET', '/api/v1/products', undefined, { headers: { Authorization: `Bearer ${token}` } })).status;
        assert.equal(await status(), 200);
        await confirm(page, page.locator('tr', { hasText: 'for a build server' }).getByRole('button', { name: 'Revoke' }));
        await until(async () => assert.equal(await status(), 401));
    }],
];
