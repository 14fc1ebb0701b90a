// SPDX-License-Identifier: Apache-2.0
// Lets tuf-js, other people's TUF client, judge a repository of ours: called by tests/tuf-js.bats and tests/tuf-js-crash.bats.
//
//   node judge.mjs MODULES REPOSITORY STATE TARGET…    refresh, then find and download each target; exits 0 when all went well
//   node judge.mjs MODULES --states DIR                every DIR/*/ is what a crash left, as host/tuf/writer/test_crash.h says
//
// REPOSITORY is a URL or a directory with metadata/ and targets/ below it. STATE is the client's directory; its root.json is
// what is trusted first. --states prints TAP.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';

const AT_A_TIME = 8; // clients: each waits for files most of the time

const [modules, ...words] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), 'index.js'));
const { BaseFetcher, Updater } = require('tuf-js');
const { DownloadHTTPError } = require('./node_modules/tuf-js/dist/error.js');

// Files of a directory as a web server would give them: what isn't there is an HTTP 404.
class DirectoryFetcher extends BaseFetcher {
  async fetch(url) {
    const file = decodeURIComponent(new URL(url).pathname);
    if (!fs.existsSync(file)) throw new DownloadHTTPError(`${file} isn't there`, 404);
    return Readable.from([fs.readFileSync(file)]);
  }
}

function updater(repository, state) {
  const isDirectory = !/^https?:/.test(repository);
  const base = isDirectory ? `file://${path.resolve(repository)}` : repository.replace(/\/$/, '');
  const downloads = path.join(state, 'downloads');
  fs.mkdirSync(downloads, { recursive: true });
  return new Updater({
    metadataDir: state,
    metadataBaseUrl: `${base}/metadata`,
    targetDir: downloads,
    targetBaseUrl: `${base}/targets`,
    ...(isDirectory ? { fetcher: new DirectoryFetcher() } : {}),
    config: { fetchRetries: 0, fetchTimeout: 10000 },
  });
}

async function judge(repository, state, targets) {
  const client = updater(repository, state);
  await client.refresh();
  for (const name of targets) {
    const info = await client.getTargetInfo(name);
    if (!info) throw new Error(`${name}: not found`);
    await client.downloadTarget(info);
  }
}

// "root VERSION", then "ROLE: TARGET HASH" for each target; who lists it doesn't matter.
function readState(file) {
  const [root, ...targets] = fs.readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return [root, ...targets.map((line) => line.replace(/^[^:]*: /, '')).sort()];
}

// What a client sees after a refresh, in the same form: it looks for these targets, and gets those that it finds.
async function see(repository, state, names) {
  const client = updater(repository, state);
  await client.refresh();
  const found = [];
  for (const name of names) {
    const info = await client.getTargetInfo(name);
    if (!info) continue;
    found.push(`${name} ${info.hashes.sha256.slice(0, 8)}`);
    if (!(await client.findCachedTarget(info))) await client.downloadTarget(info);
  }
  const root = JSON.parse(fs.readFileSync(path.join(state, 'root.json'), 'utf8')).signed;
  return [`root ${root.version}`, ...found.sort()].join('\n');
}

// Runs with a copy of a client's files, in a directory that is gone afterwards.
async function withCopy(files, run) {
  const state = fs.mkdtempSync(path.join(os.tmpdir(), 'slipway-tuf-js-'));
  try {
    fs.cpSync(files, state, { recursive: true });
    await run(state);
  } finally {
    fs.rmSync(state, { recursive: true, force: true });
  }
}

// A client sees the old state or the new one in what the fault left, and the new one after it was done again: both one
// that goes on from what the fault left, and one that didn't look then.
async function judgeState(directory, client) {
  const before = readState(path.join(directory, 'old-state'));
  const after = readState(path.join(directory, 'new-state'));
  const names = [...new Set([...before.slice(1), ...after.slice(1)].map((line) => line.replace(/ [0-9a-f]{8}$/, '')))];
  const look = async (repository, state, ...right) => {
    const seen = await see(repository, state, names);
    if (!right.some((lines) => lines.join('\n') === seen)) throw new Error(`sees neither the old state nor the new: ${seen}`);
  };
  const files = path.join(directory, client);
  const again = path.join(directory, 'again');
  await withCopy(files, (state) => look(again, state, after));
  if (fs.existsSync(path.join(directory, 'metadata'))) {
    await withCopy(files, async (state) => {
      await look(directory, state, before, after);
      await look(again, state, after);
    });
  }
}

async function judgeStates(directory) {
  const names = fs.readdirSync(directory).sort();
  const cases = names.flatMap((name) => ['client', 'fresh'].map((client) => ({ name, client })));
  const waiting = [...cases];
  const work = async () => {
    for (let each = waiting.shift(); each; each = waiting.shift()) {
      each.error = await judgeState(path.join(directory, each.name), each.client).then(() => undefined, (error) => error);
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  for (const [index, { name, client, error }] of cases.entries()) {
    if (error) console.log(`# ${error.stack.split('\n').slice(0, 4).join('\n# ')}`);
    console.log(`${error ? 'not ok' : 'ok'} ${index + 1} - tuf-js, ${client}, takes ${name}`);
  }
  console.log(`1..${cases.length}`);
  return cases.length > 0 && cases.every(({ error }) => !error);
}

if (words[0] === '--states') {
  process.exitCode = (await judgeStates(words[1])) ? 0 : 1;
} else {
  const [repository, state, ...targets] = words;
  try {
    await judge(repository, state, targets);
  } catch (error) {
    console.error(`${error.name}: ${error.message}`);
    process.exitCode = 1;
  }
}
