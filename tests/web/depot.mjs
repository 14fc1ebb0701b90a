// SPDX-License-Identifier: Apache-2.0
// A depot for the page's tests: started as a process, filled over its API. What only a fleet and a
// signing service could bring (releases, reports of devices) is written into its database.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const ROOT = new URL('../../', import.meta.url).pathname;
export const BIN = process.env.SLIPWAY_BIN_DIR ?? path.join(ROOT, 'build/bin');
const START_MS = 10000;

export const PASSWORD = 'the first password';
/** Markup in every field: shown as what it is, and run by nobody. */
export const HOSTILE = '<img src=x onerror="window.owned=1"><script>window.owned=1</script>\'"&';

/** In a directory that delivery_setup of tests/pipeline.bash has filled: settings, an administrator, keys, a repository. */
export class Depot {
    constructor(directory) {
        this.directory = directory;
        this.conf = this.file('depot.conf');
        this.token = fs.readFileSync(this.file('admin.token'), 'utf8').trim();
    }

    file(name) {
        return path.join(this.directory, name);
    }

    async start() {
        const log = fs.openSync(this.file('log'), 'a');
        this.process = spawn(path.join(BIN, 'slipway-depot'), ['run', '--config', this.conf], { stdio: ['ignore', 'pipe', log] });
        fs.closeSync(log);
        this.url = await new Promise((resolve, reject) => {
            let text = '';
            const timer = setTimeout(() => reject(new Error('the depot didn’t start')), START_MS);
            this.process.stdout.on('data', (data) => {
                text += data;
                const found = /listening on (\S+)/.exec(text);
                if (found) {
                    clearTimeout(timer);
                    resolve(found[1]);
                }
            });
            this.process.on('exit', () => reject(new Error(fs.readFileSync(this.file('log'), 'utf8'))));
        });
    }

    async stop() {
        if (this.process?.exitCode === null) {
            const ended = new Promise((resolve) => this.process.once('exit', resolve));
            this.process.kill('SIGTERM');
            await ended;
        }
    }

    async call(method, address, body, more = {}) {
        const answer = await fetch(this.url + address, {
            method,
            headers: { Authorization: `Bearer ${this.token}`, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...more.headers },
            body: more.bytes ?? (body === undefined ? undefined : JSON.stringify(body)),
        });
        const text = await answer.text();
        return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : text };
    }

    async get(address) {
        const { status, body } = await this.call('GET', address);
        assert.equal(status, 200, `${address}: ${JSON.stringify(body)}`);
        return body;
    }

    async make(method, address, body) {
        const answer = await this.call(method, address, body);
        assert.ok(answer.status < 300, `${method} ${address}: ${answer.status} ${JSON.stringify(answer.body)}`);
        return answer.body;
    }

    sql(text) {
        execFileSync('sqlite3', ['-cmd', '.timeout 5000', this.file('depot.db'), text], { stdio: 'pipe' });
    }

    /** What a query finds: objects. */
    rows(text) {
        return JSON.parse(execFileSync('sqlite3', ['-json', '-cmd', '.timeout 5000', this.file('depot.db'), text], { encoding: 'utf8' }) || '[]');
    }

    /** Puts a file into the depot and says what it is; more: a job, a build, a name. */
    async upload(product, name, kind, more = {}) {
        const bytes = fs.readFileSync(this.file(name));
        const digest = crypto.createHash('sha256').update(bytes).digest('hex');
        const sent = await this.call('PATCH', `/api/v1/blobs/${digest}`, undefined, {
            bytes, headers: { 'Content-Type': 'application/octet-stream', 'Upload-Offset': '0', 'Upload-Length': String(bytes.length) },
        });
        assert.equal(sent.status, 201, JSON.stringify(sent.body));
        return this.make('POST', `/api/v1/products/${product}/artifacts`, { kind, blob: digest, ...more });
    }

    /** Builds a bundle and uploads it, maybe as what a job left; its content digest. */
    async build(product, content, more) {
        fs.writeFileSync(this.file('page.image'), content);
        execFileSync(path.join(BIN, 'slipway'), ['bundle', 'create', 'page.bundle', '--file', 'app=page.image', '--targets-version', '1',
            '--product', product, '--build-type', 'user', '--force'], { stdio: 'pipe', cwd: this.directory });
        return (await this.upload(product, 'page.bundle', 'bundle', more)).build.id;
    }
}

const FOREVER = 9000000000000000; // the signing service isn’t asked about releases that are only rows
const text = (value) => `'${String(value).replaceAll("'", "''")}'`;

/** A product with a build, releases, a group, devices, rollouts in several states. */
export async function fill(depot) {
    const now = Date.now() * 1000;
    await depot.make('POST', '/api/v1/products', { name: 'desk', title: HOSTILE.slice(0, 60) });
    await depot.make('POST', '/api/v1/products', { name: 'fan' });
    await depot.make('PUT', '/api/v1/products/desk/pipeline', {
        stages: { daily: { gates: [{ approvals: 1 }] }, internal: { gates: [{ endorsed: true }] } },
    });
    const build = await depot.build('desk', 'an image');
    for (let version = 1; version <= 4; version++) {
        const state = version < 4 ? 'published' : 'signing';
        depot.sql(`INSERT INTO releases (product, version, build, stage, channel, key_name, key_class, kind, release_version, urgency,
            min_installed_version, hardware, notes, changes, state, state_us, reason, prepared_blob, request, blob, size, path, role, is_complete,
            replaces, made_us, made_by, published_us, retry_us) VALUES ('desk', ${version}, '${build}', 'production', 'stable', 'desk-prod', 'prod', 'feature',
            ${text(version === 4 ? HOSTILE : `${version}.0`)}, 'routine', 0, '[]', ${text(HOSTILE)}, ${text(JSON.stringify([{ kind: 'fix', id: HOSTILE, text: HOSTILE }]))},
            '${state}', ${now}, ${text(version === 4 ? HOSTILE : '')}, '', ${text(version === 4 ? 'request-4' : '')}, '', 4711, '', 'desk-stable-rollout', 0, 0, ${now}, 'admin', ${now}, ${FOREVER})`);
    }
    await depot.make('PUT', '/api/v1/products/desk/groups/homes', { query: { all: [{ tag: 'home' }] }, consent: 'automatic' });
    depot.sql(`WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 99) INSERT INTO devices (product, id, state, key_pem,
        new_key_pem, epoch, restores, class, hardware, channel, attributes, tags, utc_offset_s, version, root_version, boot_state, slots, sequence,
        report_answer, healthy, pin, log_wanted, made_us, seen_us, reported_us, enrolled_us) SELECT 'desk', printf('desk-%03d', i), 'enrolled', '', '', 1, 0,
        'prod', CASE WHEN i = 7 THEN ${text(HOSTILE)} ELSE 'desk-1' END, 'stable', ${text(JSON.stringify({ room: HOSTILE }))}, '["home"]', 3600, 1, 1, 'confirmed',
        ${text(JSON.stringify([{ name: HOSTILE, slot: 'a', version: 1, sha256: build }]))}, 1, '', i % 25 <> 0, 0, 0, ${now}, ${now}, ${now}, ${now} FROM n;
        INSERT INTO device_tags SELECT 'desk', id, 'home' FROM devices;
        INSERT INTO device_history (product, device, epoch, sequence, time_us, kind, release, rollout, data) VALUES ('desk', 'desk-007', 1, 1, ${now}, 'outcome', 2, 1,
            ${text(JSON.stringify({ result: 'failed', reason: HOSTILE, detail: HOSTILE }))})`);
    return build;
}

export const PLAN = { phases: [{ ppm: 100000, failure_ppm: 300000 }, { ppm: 1000000 }], health: { failure_ppm: 20000, silence_s: 86400 } };

/** Makes a rollout to all homes; started, when it shall. */
export async function rollout(depot, start = true, plan = PLAN) {
    const { id } = await depot.make('POST', '/api/v1/products/desk/rollouts', { release: 2, group: 'homes', plan });
    if (start) {
        await depot.make('POST', `/api/v1/products/desk/rollouts/${id}/start`, {});
    }
    return id;
}

/** Devices of the first phase report: so many failed, so many succeeded. */
export function report(depot, id, failed, succeeded) {
    const now = Date.now() * 1000;
    depot.sql(`BEGIN IMMEDIATE; INSERT INTO rollout_devices (rollout, product, device, phase, state, reason, began_us, ended_us, attempt) SELECT ${id}, 'desk', id, 0,
        CASE WHEN row < ${failed} THEN 'failed' ELSE 'succeeded' END, CASE WHEN row < ${failed} THEN ${text(HOSTILE)} ELSE '' END, ${now}, ${now} + row * 1000000, 1
        FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) - 1 AS row FROM devices WHERE product = 'desk' LIMIT ${failed + succeeded});
        UPDATE rollout_phases SET failed = ${failed}, succeeded = ${succeeded}, offered = ${failed + succeeded} WHERE rollout = ${id} AND phase = 0; COMMIT`);
}
