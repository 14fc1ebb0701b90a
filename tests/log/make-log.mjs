// SPDX-License-Identifier: Apache-2.0
// Writes logs for tests/audit.bats: node make-log.mjs KIND DIR [ARGUMENT…]. Prints the log's verifier key.
import fs from 'node:fs';
import { keyOf, lampLog, targets, verifierKey } from './log.mjs';

const [kind, directory, ...more] = process.argv.slice(2);
const kinds = {
    // good DIR RELEASES
    good: (releases) => lampLog(Number(releases)),
    // witnessed DIR RELEASES: by w1 and w2
    witnessed: (releases) => {
        const log = lampLog(Number(releases));
        for (const name of ['w1', 'w2']) {
            const key = keyOf(name);
            log.witnesses.push({ name, key });
            fs.writeFileSync(`${name}.vkey`, verifierKey(name, 4, key.raw));
        }
        return log;
    },
    // forked DIR RELEASES: as many entries, the last release another
    forked: (releases) => {
        const log = lampLog(Number(releases) - 1);
        log.signed('lamp', Number(releases), targets(Number(releases), 'other'), '2026-01-02T00:00:00Z');
        return log;
    },
    // twice DIR: a version with two contents
    twice: () => {
        const log = lampLog(3);
        log.signed('lamp', 2, targets(2, 'other'), '2026-01-03T00:00:00Z');
        return log;
    },
    // back DIR: time falls
    back: () => {
        const log = lampLog(1);
        log.start('2025-12-31T23:59:59Z', 1);
        return log;
    },
    // hidden DIR: a release without a signature's record
    hidden: () => {
        const log = lampLog(1);
        log.release('lamp', 2, targets(2, 'image'));
        return log;
    },
    // usurped DIR: a policy that somebody else signed
    usurped: () => {
        const log = lampLog(1);
        log.policy(2, '2026-01-03T00:00:00Z', keyOf('eve'));
        return log;
    },
    // loosened DIR: a policy with a shorter delay, at once; delayed DIR: when the one before allows it
    loosened: () => {
        const log = lampLog(1);
        log.policy(2, '2026-01-03T00:00:00Z', log.administrator, '2026-01-03T00:00:00Z', { loosening_delay_s: 60 });
        return log;
    },
    delayed: () => {
        const log = lampLog(1);
        log.policy(2, '2026-01-03T00:00:00Z', log.administrator, '2026-01-04T00:00:00Z', { loosening_delay_s: 60 });
        return log;
    },
    // moved DIR: another machine took over, as the administrator stated; seized DIR: as somebody else did
    moved: () => {
        const log = lampLog(1);
        log.takeover('2026-01-03T00:00:00Z', 2, 'there');
        log.start('2026-01-03T00:00:01Z', 2, 'there');
        return log;
    },
    seized: () => {
        const log = lampLog(1);
        log.takeover('2026-01-03T00:00:00Z', 2, 'there', keyOf('eve'));
        return log;
    },
    // elsewhere DIR: a start on another machine
    elsewhere: () => {
        const log = lampLog(1);
        log.start('2026-01-03T00:00:00Z', 1, 'there');
        return log;
    },
    // mouthed DIR: a request in somebody's name
    mouthed: () => {
        const log = lampLog(1);
        log.request(2, '2026-01-03T00:00:00Z', keyOf('eve'));
        return log;
    },
    // stolen DIR: a release signed by a key that no policy names
    stolen: () => {
        const log = lampLog(1);
        log.signing = keyOf('eve');
        log.signed('lamp', 2, targets(2, 'image'), '2026-01-03T00:00:00Z');
        return log;
    },
    // unsigned DIR: a release whose signature isn't one
    unsigned: () => {
        const log = lampLog(1);
        log.signed('lamp', 2, targets(2, 'image'), '2026-01-03T00:00:00Z', { signature: '00'.repeat(64) });
        return log;
    },
    // unasked DIR: a release whose request isn't in the log; misversioned DIR: whose metadata are of another version
    unasked: () => {
        const log = lampLog(1);
        log.signed('lamp', 2, targets(2, 'image'), '2026-01-03T00:00:00Z', { request: '00'.repeat(32) });
        return log;
    },
    misversioned: () => {
        const log = lampLog(1);
        log.signed('lamp', 2, targets(3, 'image'), '2026-01-03T00:00:00Z');
        return log;
    },
    // unapproved DIR: a release that its policy wants to be approved by somebody
    unapproved: () => {
        const log = lampLog(1);
        log.policy(2, '2026-01-03T00:00:00Z', log.administrator, '2026-01-03T00:00:00Z', { rules: [{ product: 'lamp', class: 'test',
            use: 'targets', channels: ['stable'], requesters: ['ada'], approvals: { count: 1, people: ['ada'] } }] });
        log.signed('lamp', 2, targets(2, 'image'), '2026-01-03T00:00:00Z');
        return log;
    },
    // terminal DIR: what a terminal would obey
    terminal: () => {
        const log = lampLog(1);
        log.record({ kind: 'refusal', time: '2026-01-03T00:00:00Z', reason: 'not-permitted', detail: '\u001b[2Jgone' });
        return log;
    },
    // bundle DIR METADATA VERSION: a log that has this file as a release's metadata
    bundle: (file, version) => {
        const log = lampLog(1);
        log.signed('lamp', Number(version), fs.readFileSync(file), '2026-01-03T00:00:00Z');
        return log;
    },
};
const log = kinds[kind](...more);
log.write(directory);
fs.writeFileSync('log.pem', log.key.pem, { mode: 0o600 });
process.stdout.write(log.vkey);
