// SPDX-License-Identifier: Apache-2.0
// Writes a simulated repository to a directory, as a web server would serve it, before and after a release.
//
//     node tests/tuf/publish.mjs DIR
//
// makes DIR/root.json (the root to trust), DIR/first and DIR/second, each with metadata/ and targets/. In them are
// team/app ("release 1", then "release 2") and team/image, 3,000,000 bytes that stay the same; DIR/image is a copy. The
// second has another root, by the same keys.
import fs from 'node:fs';
import path from 'node:path';
import { Repository } from './repository.mjs';

const IMAGE_SIZE = 3000000;

// Bytes that don't repeat, and are the same in every run.
function makeImage() {
    const bytes = Buffer.alloc(IMAGE_SIZE);
    let state = 1;
    for (let at = 0; at < IMAGE_SIZE; at += 4) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        bytes.writeUInt32LE(state, at);
    }
    return bytes;
}

function writeAll(dir, files) {
    for (const [name, bytes] of files) {
        const file = path.join(dir, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, bytes);
    }
}

const dir = process.argv[2];
const image = makeImage();
const repo = new Repository();
repo.delegate('targets', 'team', { paths: ['team/*'] });
repo.addTarget('team', 'team/app', 'release 1\n');
repo.addTarget('team', 'team/image', image);
repo.publishAll();
writeAll(path.join(dir, 'first'), repo.files);
repo.addTarget('team', 'team/app', 'release 2\n');
repo.publish('root');
repo.publishAll();
writeAll(path.join(dir, 'second'), repo.files);
fs.writeFileSync(path.join(dir, 'root.json'), repo.rootBytes(1));
fs.writeFileSync(path.join(dir, 'image'), image);
