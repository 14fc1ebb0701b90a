// SPDX-License-Identifier: Apache-2.0
// Writes repositories with releases of the product lamp, channel stable, to a directory, as a web server would serve them.
//
//     node tests/tuf/publish-releases.mjs DIR FIRST.bundle SECOND.bundle
//
// makes DIR/root.json (the root to trust), DIR/first with release 1, DIR/second with release 2 beside it, and what wrong
// hands could make of it next: DIR/counter and DIR/channel list the second bundle once more, as release 3 and as one of
// another channel; in DIR/stranger somebody else has signed for the releases.
import fs from 'node:fs';
import path from 'node:path';
import { Repository } from './repository.mjs';

const ROLE = 'lamp-stable';

function writeAll(dir, files) {
    for (const [name, bytes] of files) {
        const file = path.join(dir, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, bytes);
    }
}

// What is generated from a bundle by `repo add`, typed here by somebody who may be wrong.
function custom(counter, channel = 'stable') {
    return {
        slipway: {
            build_type: 'unspecified',
            channel,
            hardware_ids: [],
            product: 'lamp',
            release_counter: counter,
            release_version: '',
            urgency: 'unspecified',
        },
    };
}

const [, , dir, first, second] = process.argv;
const [bundle1, bundle2] = [first, second].map((file) => fs.readFileSync(file));

const repo = new Repository();
repo.delegate('targets', ROLE, { paths: ['lamp/stable/*'] });
repo.addTarget(ROLE, 'lamp/stable/1.bundle', bundle1, { custom: custom(1) });
repo.publishAll();
writeAll(path.join(dir, 'first'), repo.files);
fs.writeFileSync(path.join(dir, 'root.json'), repo.rootBytes(1));
repo.addTarget(ROLE, 'lamp/stable/2.bundle', bundle2, { custom: custom(2) });
repo.publishAll();
writeAll(path.join(dir, 'second'), repo.files);
for (const [name, said] of Object.entries({ counter: custom(3), channel: custom(3, 'beta') })) {
    repo.addTarget(ROLE, 'lamp/stable/3.bundle', bundle2, { custom: said });
    repo.publishAll();
    writeAll(path.join(dir, name), repo.files);
}
delete repo.roles[ROLE].signed.targets['lamp/stable/3.bundle'];
repo.forge(ROLE, [repo.newKey()]);
repo.publish('snapshot', 'timestamp');
writeAll(path.join(dir, 'stranger'), repo.files);
