// SPDX-License-Identifier: Apache-2.0
// What the page's tests deliver: images that are built, endorsed, tested, approved, signed by the signing service and
// published, and virtual devices that are members of the fleet (`slipway device connect`).
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BIN } from './depot.mjs';
import { until } from './browser.mjs';

const DELIVERED_MS = 60000;
const OFFERED_MS = 20000;

export const LAMP = '/api/v1/products/lamp';
/** Two stages; everything that a release needs is asked for in the last. */
export const PIPELINE = {
    stages: {
        daily: { gates: [{ endorsed: true }] },
        production: { gates: [{ test: 'system' }, { approvals: 1 }, { signed: 'lamp-prod' }], channel: 'stable', key: 'lamp-prod' },
    },
    emergency: { gates: [{ approvals: 1 }] },
};

export class Delivery {
    constructor(depot) {
        this.depot = depot;
        this.signing = ['--signer', `unix:${depot.file('signer.sock')}`, '--log', process.env.log_vkey];
    }

    /** {status, output}: of the command line, in the delivery's directory. */
    slipway(...words) {
        return new Promise((resolve) => {
            execFile(path.join(BIN, 'slipway'), words, { cwd: this.depot.directory, timeout: DELIVERED_MS }, (error, out, err) =>
                resolve({ status: error ? error.code ?? 1 : 0, output: out + err }));
        });
    }

    async done(...words) {
        const { status, output } = await this.slipway(...words);
        assert.equal(status, 0, `slipway ${words.join(' ')}: ${output}`);
        return output;
    }

    /** The product, its groups, a token for devices; and numbers that leave room below the first release. */
    async setUp() {
        const { depot } = this;
        await depot.make('POST', '/api/v1/products', { name: 'lamp', title: 'Lamp' });
        await depot.make('PUT', `${LAMP}/pipeline`, PIPELINE);
        await depot.make('PUT', `${LAMP}/release-number`, { next: 10 });
        await depot.make('PUT', `${LAMP}/groups/house`, { query: { all: [{ attribute: 'hardware', is: 'lamp-1' }] }, consent: 'automatic' });
        await depot.make('PUT', `${LAMP}/groups/porch`, { query: { all: [{ attribute: 'hardware', is: 'porch-1' }] }, consent: 'administrator' });
        const { token } = await depot.make('POST', `${LAMP}/enrolment-tokens`, { title: 'line', class: 'prod', channel: 'stable', uses: 20 });
        fs.writeFileSync(depot.file('line.token'), `${token}\n`, { mode: 0o600 });
    }

    /** Takes an image to production; {build, release}: its published number. */
    async deliver(name, image) {
        const { depot } = this;
        const at = (file) => `${name}.${file}`;
        fs.writeFileSync(depot.file(at('image')), image);
        await this.done('bundle', 'create', at('bundle'), '--file', `app=${at('image')}`, '--targets-version', '1', '--product', 'lamp', '--build-type', 'user',
            '--release-version', name);
        const { build: { id: build } } = await depot.upload('lamp', at('bundle'), 'bundle');
        await this.done('build', 'endorse', at('bundle'), '--key', 'ci.key', '--builder-id', 'https://ci.example/lamp', '--build-type', 'https://ci.example/type',
            '--source', 'git+https://git.example/lamp', '--output', at('endorsement'));
        await depot.upload('lamp', at('endorsement'), 'endorsement');
        await this.done('build', 'test-result', at('bundle'), '--key', 'lab.key', '--suite', 'system', '--result', 'passed', '--output', at('result'));
        await depot.upload('lamp', at('result'), 'test-result');
        await until(async () => assert.equal((await depot.get(`${LAMP}/builds/${build}/pipeline`)).next.stage, 'production'), DELIVERED_MS);
        await depot.make('POST', `${LAMP}/builds/${build}/approve`, { stage: 'production' });
        await this.approve(build);
        return { build, release: await this.published(build) };
    }

    async releaseOf(build) {
        const { releases } = await this.depot.get(`${LAMP}/releases?build=${build}&limit=1`);
        return releases[0];
    }

    /** Approves the newest request about a build, by the approver's own key. */
    async approve(build, version = 0) {
        const request = await until(async () => {
            const release = await this.releaseOf(build);
            assert.ok(release?.version > version && release.state === 'signing' && release.reason.includes('waits for'), JSON.stringify(release));
            return release.request;
        }, DELIVERED_MS);
        await this.done('sign', 'approve', request, ...this.signing, '--approver-key', 'ada.key', '--yes');
    }

    async published(build) {
        return until(async () => {
            const { version, state } = await this.releaseOf(build);
            assert.equal(state, 'published');
            return version;
        }, DELIVERED_MS);
    }

    /** One check-in of a device, and whatever it finds to do. */
    connect(device, { hardware = 'lamp-1', token = true, more = [] } = {}) {
        return this.slipway('device', 'connect', '--once', '--depot', this.depot.url, '--product', 'lamp', '--device', device, '--hardware', hardware,
            '--identity', `${device}.key`, '--root', 'repo/metadata/1.root.json', '--metadata-dir', `${device}.metadata`, '--flash', `${device}.flash`,
            '--factory-root', 'prod-root.root', '--slot', 'app:256K', ...(token ? ['--enrolment-token-file', 'line.token'] : []), ...more);
    }

    /** Checks in until it is offered something, which is true of every replica a second later; what it said. */
    async update(device, options) {
        return until(async () => {
            const { output } = await this.connect(device, options);
            assert.match(output, /offered/, output);
            return output;
        }, OFFERED_MS);
    }

    async isOfferedNothing(device, options) {
        const { output } = await this.connect(device, options);
        assert.ok(!output.includes('offered'), output);
    }

    /** A rollout of a release to a group, as a draft. */
    async rollout(release, group, plan) {
        const { id } = await this.depot.make('POST', `${LAMP}/rollouts`, { release, group, plan });
        return id;
    }
}
