// SPDX-License-Identifier: Apache-2.0
// A tiny test runner: cases register themselves with test(), run() runs them a few at a time and prints flat TAP in the
// order of registration. A case that checks nothing, hangs or throws has failed.
import assert from 'node:assert/strict';
import os from 'node:os';

const CASE_SECONDS = 60;
const cases = [];

class Skipped extends Error {}

// What a case gets: checks that count, and things to undo when it's over.
export class Checks {
    constructor(name) {
        this.name = name;
        this.count = 0;
        this.undo = [];
    }

    ok(value, message) {
        this.count++;
        assert.ok(value, message);
    }

    equal(actual, expected, message) {
        this.count++;
        assert.deepEqual(actual, expected, message && `${message}: ${JSON.stringify(actual)}`);
    }

    notEqual(actual, unexpected, message) {
        this.count++;
        assert.notDeepEqual(actual, unexpected, message);
    }

    match(text, pattern, message) {
        this.count++;
        assert.match(text, pattern, message);
    }

    throws(what, pattern) {
        this.count++;
        assert.throws(what, pattern);
    }

    fail(message) {
        this.count++;
        assert.fail(message);
    }

    // Ends the case without a verdict.
    skip(reason) {
        throw new Skipped(reason);
    }

    // Runs when the case is over, the last one first.
    cleanup(action) {
        this.undo.push(action);
    }
}

// A case that mostly waits says { idle: true }: it runs beside the others instead of taking a turn.
export function test(name, body, { idle = false } = {}) {
    if (cases.some((other) => other.name === name)) {
        throw new Error(`two cases are called ${name}`);
    }
    cases.push({ name, body, idle });
}

async function withTimeLimit(promise) {
    let timer;
    const limit = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`not over after ${CASE_SECONDS} s`)), CASE_SECONDS * 1000);
    });
    try {
        return await Promise.race([promise, limit]);
    } finally {
        clearTimeout(timer);
    }
}

// Runs one case; returns its lines of TAP but for the number.
export async function verdictOf({ name, body }) {
    const checks = new Checks(name);
    let error = null;
    try {
        await withTimeLimit(Promise.resolve(body(checks)));
        if (checks.count === 0) {
            error = new Error('the case checked nothing');
        }
    } catch (caught) {
        error = caught;
    }
    for (const action of checks.undo.reverse()) {
        try {
            await action();
        } catch (caught) {
            error ??= caught;
        }
    }
    if (error instanceof Skipped) {
        return { passed: true, line: `${name} # SKIP ${error.message}`, notes: '' };
    }
    return { passed: error === null, line: name, notes: error?.stack ?? '' };
}

function print(number, { passed, line, notes }, write) {
    write(`${passed ? 'ok' : 'not ok'} ${number} - ${line}\n`);
    for (const note of notes.split('\n').filter((text) => text !== '')) {
        write(`# ${note}\n`);
    }
}

// Runs the cases whose names match, and returns whether all passed. No case at all isn't a pass.
export async function run(pattern = /(?:)/, write = (text) => process.stdout.write(text)) {
    const chosen = cases.filter(({ name }) => pattern.test(name));
    const verdicts = [];
    let printed = 0;
    const judge = async (index) => {
        verdicts[index] = await verdictOf(chosen[index]);
        while (verdicts[printed]) {
            print(printed + 1, verdicts[printed], write);
            printed++;
        }
    };
    const numbers = Array.from(chosen.keys());
    const busy = numbers.filter((index) => !chosen[index].idle);
    const worker = async () => {
        while (busy.length > 0) {
            await judge(busy.shift());
        }
    };
    const idle = numbers.filter((index) => chosen[index].idle).map(judge);
    await Promise.all([...idle, ...Array.from({ length: 2 * os.cpus().length }, worker)]);
    write(`1..${chosen.length}\n`);
    return chosen.length > 0 && verdicts.every(({ passed }) => passed);
}
