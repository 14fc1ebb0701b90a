// SPDX-License-Identifier: Apache-2.0
// Runs the page's cases in one browser over one depot and prints TAP; called by tests/web/run, whose directory it gets.
// SLIPWAY_PAGE_PICTURES names a directory for pictures of pages whose case failed.
import { launch, logIn, open, isSound } from './browser.mjs';
import { access } from './cases-access.mjs';
import { alone, deliveries } from './cases-delivery.mjs';
import { jobs } from './cases-jobs.mjs';
import { pages } from './cases-pages.mjs';
import { releasing } from './cases-releasing.mjs';
import { rollouts } from './cases-rollouts.mjs';
import { settings } from './cases-settings.mjs';
import { Delivery } from './delivery.mjs';
import { Depot, fill } from './depot.mjs';

const pattern = new RegExp(process.argv[3] ?? '');
const chosen = (cases) => cases.filter(([name]) => pattern.test(name));

const depot = new Depot(process.argv[2]);
const told = { good: 0, wrong: 0 };
let browser = null;

async function picture(page, number) {
    if (process.env.SLIPWAY_PAGE_PICTURES) {
        await page.screenshot({ path: `${process.env.SLIPWAY_PAGE_PICTURES}/${number}.png` }).catch(() => {});
    }
}

/** Runs cases one after the other, each in a page of its own that is logged in already. */
async function lane(cases, with_) {
    for (const [name, run] of cases) {
        const page = await open(browser, depot, { storageState: with_.storageState });
        const began = Date.now();
        try {
            await page.goto(`${depot.url}/`);
            await page.waitForSelector('.shell');
            await run({ page, depot, browser, ...with_ });
            await isSound(page);
            told.good++;
            console.log(`ok ${told.good + told.wrong} - ${name} # ${Date.now() - began} ms`);
        } catch (error) {
            told.wrong++;
            const number = told.good + told.wrong;
            console.log(`not ok ${number} - ${name}\n${String(error.stack ?? error).replace(/^/gm, '# ')}`);
            await picture(page, number);
        }
        await page.context().close();
    }
}

async function start() {
    await depot.start();
    depot.build_id = await fill(depot);
    const delivery = new Delivery(depot);
    await delivery.setUp();
    // While others have their turn.
    const good = delivery.deliver('good', 'an image that comes up');
    const bad = good.then(() => delivery.deliver('bad', 'slipway virtual image: never healthy\n'));
    bad.catch(() => {}); // whoever needs it says so
    browser = await launch();
    const first = await logIn(await open(browser, depot));
    const storageState = await first.context().storageState();
    await first.context().close();
    return { storageState, delivery, good, bad };
}

try {
    const with_ = await start();
    await lane(chosen(pages), with_); // one of them stops the depot for a while
    // Devices take their time: others have theirs meanwhile.
    await Promise.all([
        lane(chosen([...rollouts, ...releasing, ...settings, ...access]), with_),
        lane(chosen([...jobs, ...deliveries]), with_),
    ]);
    await lane(chosen(alone), with_);
} finally {
    await browser?.close();
    await depot.stop();
}
console.log(`1..${told.good + told.wrong}`);
process.exitCode = told.wrong > 0 || told.good === 0 ? 1 : 0;
