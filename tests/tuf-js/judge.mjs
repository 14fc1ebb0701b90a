// SPDX-License-Identifier: Apache-2.0
// Lets tuf-js, other people's TUF client, judge a repository of ours: called by tests/tuf-js.bats and the crash scenarios.
//
//   node judge.mjs MODULES REPOSITORY STATE TARGET…    refresh, then find and download each target; exits 0 when all went well
//   node judge.mjs MODULES --states DIR                every DIR/*/ is a repository; DIR/*/client is a client's state from before
//
// REPOSITORY is a URL or a directory with metadata/ and targets/ below it. STATE is the client's directory; its root.json is
// what is trusted first. --states prints TAP.
import { createRequire } from 'node:module';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const [modules, ...words] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(modules), 'index.js'));
const { BaseFetcher, Updater } = require('tuf-js');
const { DownloadHTTPError } = require('./node_modules/tuf-js/dist/error.js');

// Files of a directory as a web server would give them: what isn't there is an HTTP 404.
class DirectoryFetcher extends BaseFetcher {
  async fetch(url) {
    const file = decodeURIComponent(new URL(url).pathname);
    if (!fs.existsSync(file)) throw new DownloadHTTPError(`${file} isn't there`, 404);
    return fs.createReadStream(file);
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

// A client that saw the repository before (client/) goes on in a copy of its state, and gets what is in DIR/targets.txt.
async function judgeStates(directory) {
  const names = fs.readdirSync(directory).sort();
  let failed = 0;
  for (const [index, name] of names.entries()) {
    const repository = path.join(directory, name);
    const state = fs.mkdtempSync(path.join(os.tmpdir(), 'slipway-tuf-js-'));
    try {
      fs.cpSync(path.join(repository, 'client'), state, { recursive: true });
      const list = path.join(repository, 'targets.txt');
      const targets = fs.existsSync(list) ? fs.readFileSync(list, 'utf8').split('\n').filter(Boolean) : [];
      await judge(repository, state, targets);
      console.log(`ok ${index + 1} - tuf-js takes ${name}`);
    } catch (error) {
      failed++;
      console.log(`# ${error.stack.split('\n').slice(0, 4).join('\n# ')}`);
      console.log(`not ok ${index + 1} - tuf-js takes ${name}`);
    } finally {
      fs.rmSync(state, { recursive: true, force: true });
    }
  }
  console.log(`1..${names.length}`);
  return failed === 0 && names.length > 0;
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
