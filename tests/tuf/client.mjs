// SPDX-License-Identifier: Apache-2.0
// Runs `slipway tuf` and `slipway repo fetch` as processes against a simulator, in a temporary directory of the case,
// and checks how they ended.
//
//     const { repo, client, server } = await start(t);        a repository, served; a client that knows its root
//     await client.refreshes();                               must succeed
//     await client.refuses('rollback');                       must exit 1 and say `refused: rollback: …`
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeRole, Repository } from './repository.mjs';
import { Simulator } from './simulator.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROGRAM = path.resolve(process.env.SLIPWAY_BIN_DIR ?? path.join(ROOT, 'build/bin'), 'slipway');
const LATER = path.join(ROOT, 'tests/clock/later');
const PROCESS_SECONDS = 40;

// Runs a program to its end: { status, signal, stdout, stderr, seconds }.
export async function execute(command, args, env = {}) {
    const began = Date.now();
    const child = spawn(command, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, TZ: 'UTC', ...env },
    });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr']) {
        child[stream].setEncoding('utf8').on('data', (text) => (output[stream] += text));
    }
    const timer = setTimeout(() => child.kill('SIGKILL'), PROCESS_SECONDS * 1000);
    const [status, signal] = await new Promise((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (...end) => resolve(end));
    }).finally(() => clearTimeout(timer));
    return { status, signal, ...output, seconds: (Date.now() - began) / 1000 };
}

function describe(result) {
    return `exit ${result.status ?? result.signal} after ${result.seconds} s, saying: ${result.stderr}${result.stdout}`;
}

export function checkSuccess(t, result) {
    t.ok(result.status === 0, `should have succeeded: ${describe(result)}`);
}

// What isn't the fault of metadata or targets is a failure and no refusal.
const FAILURES = ['unavailable', 'not-found'];

// words: the reason, or several of which any will do.
export function checkRefusal(t, result, words, status = 1) {
    t.ok(result.status === status, `should have been refused with exit ${status}: ${describe(result)}`);
    const [, verdict, reason] = /^(refused|failed): ([a-z-]+): \S/m.exec(result.stderr) ?? [];
    t.ok([words].flat().includes(reason), `should have been refused as ${words}: ${describe(result)}`);
    t.ok(verdict === 'refused' || FAILURES.includes(reason), `should have said "refused": ${describe(result)}`);
}

export class Client {
    constructor(t, server, dir) {
        this.t = t;
        this.server = server;
        this.dir = dir;
        this.metadataDir = path.join(dir, 'metadata');
        this.targetDir = path.join(dir, 'targets');
        fs.mkdirSync(this.metadataDir);
        fs.mkdirSync(this.targetDir);
    }

    // Options: at (a Date or "2035-01-01 00:00:00"), metadataUrl, targetsUrl, wrap (a command to run it under), env.
    run(args, { at, wrap = [], env } = {}) {
        const command = [...wrap, PROGRAM, ...args];
        if (at) {
            // Not before that time, and less than a second after it.
            const start = at instanceof Date ? at : new Date(`${at.replace(' ', 'T')}Z`);
            command.unshift(LATER, `${Math.ceil((start - Date.now()) / 1000)}`);
        }
        return execute(command[0], command.slice(1), env);
    }

    #options({ metadataUrl = this.server.metadataUrl } = {}) {
        return ['tuf', '--metadata-dir', this.metadataDir, '--metadata-url', metadataUrl];
    }

    // Runs `tuf init` with these bytes as the root to trust.
    async init(bytes, options) {
        const file = path.join(this.dir, 'trusted.json');
        fs.writeFileSync(file, bytes);
        return this.run(['tuf', '--metadata-dir', this.metadataDir, 'init', file], options);
    }

    refresh(options) {
        return this.run([...this.#options(options), 'refresh'], options);
    }

    // names: one target or an array of them.
    download(names, options = {}) {
        const targets = [names].flat().flatMap((name) => ['--target-name', name]);
        const base = [
            '--target-base-url',
            options.targetsUrl ?? this.server.targetsUrl,
            '--target-dir',
            this.targetDir,
        ];
        return this.run([...this.#options(options), ...targets, ...base, 'download'], options);
    }

    // Runs `repo fetch` from servers, in this order of mirrors.
    fetch(names, servers, options = {}) {
        const from = servers.flatMap((server) => ['--from', server.url.replace(/\/$/, '')]);
        const root = path.join(this.dir, 'trusted.json');
        fs.writeFileSync(root, options.root ?? servers[0].repo.rootBytes(1));
        const dirs = ['--dir', this.targetDir, '--metadata-dir', this.metadataDir];
        const more = options.budget ? ['--budget', options.budget] : [];
        return this.run(['repo', 'fetch', ...[names].flat(), ...from, '--root', root, ...dirs, ...more], options);
    }

    async refreshes(options) {
        checkSuccess(this.t, await this.refresh(options));
    }

    async refuses(words, options) {
        checkRefusal(this.t, await this.refresh(options), words);
    }

    async downloads(names, options) {
        checkSuccess(this.t, await this.download(names, options));
    }

    async refusesDownload(words, names, options) {
        checkRefusal(this.t, await this.download(names, options), words);
    }

    // The versions that it trusts, by role: { root: 1, timestamp: 2, … }.
    trusted() {
        const names = fs.readdirSync(this.metadataDir).filter((name) => name.endsWith('.json'));
        return Object.fromEntries(
            names.sort().map((name) => {
                const { signed } = JSON.parse(fs.readFileSync(path.join(this.metadataDir, name), 'utf8'));
                return [decodeURIComponent(name.slice(0, -'.json'.length)), signed.version];
            }),
        );
    }

    checkTrusted(expected) {
        const sorted = Object.fromEntries(Object.entries(expected).sort(([a], [b]) => (a < b ? -1 : 1)));
        this.t.equal(this.trusted(), sorted, 'what the client trusts');
    }

    stored(role) {
        return fs.readFileSync(path.join(this.metadataDir, `${encodeRole(role)}.json`));
    }

    // Writes a file of its state, as another run of the client would have left it.
    store(role, bytes) {
        fs.writeFileSync(path.join(this.metadataDir, `${encodeRole(role)}.json`), bytes);
    }

    forget(role) {
        fs.rmSync(path.join(this.metadataDir, `${encodeRole(role)}.json`));
    }

    copyState() {
        const names = fs.readdirSync(this.metadataDir).filter((name) => name.endsWith('.json'));
        return new Map(names.map((name) => [name, fs.readFileSync(path.join(this.metadataDir, name))]));
    }

    restoreState(state) {
        fs.rmSync(this.metadataDir, { recursive: true });
        fs.mkdirSync(this.metadataDir);
        state.forEach((bytes, name) => fs.writeFileSync(path.join(this.metadataDir, name), bytes));
    }

    // What is in the target directory, leftovers included: contents by file name.
    downloaded() {
        const names = fs.readdirSync(this.targetDir, { recursive: true });
        const files = names.sort().filter((name) => fs.statSync(path.join(this.targetDir, name)).isFile());
        return Object.fromEntries(
            files.map((name) => [name, fs.readFileSync(path.join(this.targetDir, name), 'utf8')]),
        );
    }

    checkDownloaded(...contents) {
        this.t.equal(Object.values(this.downloaded()).sort(), contents.sort(), 'what was downloaded');
    }

    // Nothing may appear in the case's directory beside the two directories that the client was given.
    checkNothingElse() {
        this.t.equal(fs.readdirSync(this.dir).sort(), ['metadata', 'targets'], 'files beside the two directories');
    }
}

export async function serve(t, repo) {
    const server = await new Simulator(repo).start();
    t.cleanup(() => server.stop());
    return server;
}

export function temporaryDirectory(t) {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'slipway-tuf-'));
    t.cleanup(() => fs.rmSync(dir, { recursive: true, force: true }));
    return dir;
}

// A served repository and a client that trusts its root as if it had run `tuf init`, which the cases of init show to do
// just that. options are the repository's, and init: false for a client without a root.
export async function start(t, options = {}) {
    const repo = new Repository(options);
    const server = await serve(t, repo);
    const client = new Client(t, server, temporaryDirectory(t));
    if (options.init !== false) {
        client.store('root', repo.rootBytes(1));
    }
    return { repo, server, client };
}

// The roles that a server was asked for after the four top-level files, and what targets.
export function visited(server) {
    return server
        .takeRequests()
        .slice(4)
        .map((name) => name.replace(/^\d+\.(.*)\.json$/, '$1'));
}

// The third parties' repositories beside the project, or null.
export function thirdPartyRepository(name) {
    const vectors = process.env.SLIPWAY_THIRD_PARTY_VECTORS ?? path.join(ROOT, '../shared/vectors/third-party');
    const dir = path.join(vectors, 'tuf-repositories', name);
    return fs.existsSync(dir) ? dir : null;
}
