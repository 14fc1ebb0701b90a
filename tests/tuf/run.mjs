// SPDX-License-Identifier: Apache-2.0
// Runs the cases of this folder and prints TAP; called by tools/suites.bash and by people.
//
//     node tests/tuf/run.mjs [PATTERN]      only the cases whose names match the regular expression
//
// The program is $SLIPWAY_BIN_DIR/slipway, or build/bin/slipway.
import fs from 'node:fs';
import { run } from './tap.mjs';

const files = fs.readdirSync(new URL('.', import.meta.url)).filter((name) => /^cases-.*\.mjs$/.test(name));
for (const file of files.sort()) {
    await import(new URL(file, import.meta.url));
}
process.exitCode = (await run(new RegExp(process.argv[2] ?? ''))) ? 0 : 1;
