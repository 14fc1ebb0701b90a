// SPDX-License-Identifier: Apache-2.0
// Runs the page's cases in one browser over one depot and prints TAP; called by tests/depot-page.bats and by people.
//
//     SLIPWAY_PAGE_MODULES=$(tools/fetch-page-tests) node tests/web/run.mjs [PATTERN]
import { launch, logIn, open, isSound } from './browser.mjs';
import { access } from './cases-access.mjs';
import { pages } from './cases-pages.mjs';
import { releasing } from './cases-releasing.mjs';
import { rollouts } from './cases-rollouts.mjs';
import { settings } from './cases-settings.mjs';
import { Depot, fill } from './depot.mjs';

const pattern = new RegExp(process.argv[2] ?? '');
const cases = [...pages, ...rollouts, ...releasing, ...settings, ...access].filter(([name]) => pattern.test(name));

const depot = new Depot();
let browser = null;
let bad = 0;
try {
    await depot.start();
    depot.build_id = await fill(depot);
    browser = await launch();
    const first = await logIn(await open(browser, depot));
    const storageState = await first.context().storageState();
    await first.context().close();
    for (const [at, [name, run]] of cases.entries()) {
        // A page of one's own, logged in already.
        const page = await open(browser, depot, { storageState });
        const began = Date.now();
        try {
            await page.goto(`${depot.url}/`);
            await page.waitForSelector('.shell');
            await run({ page, depot, browser, storageState });
            await isSound(page);
            console.log(`ok ${at + 1} - ${name} # ${Date.now() - began} ms`);
        } catch (error) {
            bad++;
            console.log(`not ok ${at + 1} - ${name}\n${String(error.stack ?? error).replace(/^/gm, '# ')}`);
            if (process.env.SLIPWAY_PAGE_PICTURES) {
                await page.screenshot({ path: `${process.env.SLIPWAY_PAGE_PICTURES}/${at + 1}.png` }).catch(() => {});
            }
        }
        await page.context().close();
    }
} finally {
    await browser?.close();
    await depot.remove();
}
console.log(`1..${cases.length}`);
process.exitCode = bad > 0 || cases.length === 0 ? 1 : 0;
