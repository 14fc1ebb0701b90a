// SPDX-License-Identifier: Apache-2.0
// Calls to the depot, and who is logged in. Everything that the page shows comes through here.

/** Why a call didn't do what was asked: the depot's reason, and its words for people. */
export class Refusal extends Error {
    constructor(status, reason, detail) {
        super(detail);
        this.status = status;
        this.reason = reason;
    }
}

const watchers = new Set();
const state = { session: null, asked: false, heardAt: 0, failedAt: 0, skewMs: 0 };

const tell = () => watchers.forEach((watcher) => watcher());

/** Calls watcher when somebody logs in or out, and when the depot is lost or found again. */
export function watchApi(watcher) {
    watchers.add(watcher);
    return () => watchers.delete(watcher);
}

export const session = () => state.session;
export const isAsked = () => state.asked;
/** The depot's clock: browsers' are wrong now and then, and ages are told by the depot's. */
export const nowMs = () => Date.now() + state.skewMs;

/** When the depot answered last, and whether it has failed to since then. */
export const reach = () => ({ heardAt: state.heardAt, isLost: state.failedAt > state.heardAt });

export function heard() {
    const wasLost = reach().isLost;
    state.heardAt = Date.now();
    if (wasLost) {
        tell();
    }
}

function lost() {
    const wasLost = reach().isLost;
    state.failedAt = Math.max(Date.now(), state.heardAt + 1);
    if (!wasLost) {
        tell();
    }
}

function setSession(value) {
    state.session = value;
    state.asked = true;
    tell();
}

async function refusalOf(answer) {
    try {
        const { reason, detail } = await answer.json();
        return new Refusal(answer.status, reason, detail || reason);
    } catch {
        return new Refusal(answer.status, 'unknown', `the depot answered with status ${answer.status}`);
    }
}

async function send(method, path, body) {
    const headers = {};
    if (body !== undefined) {
        headers['Content-Type'] = 'application/json';
    }
    if (method !== 'GET' && state.session) {
        headers['X-Slipway-CSRF'] = state.session.csrf;
    }
    try {
        const answer = await fetch(path, {
            method,
            headers,
            body: body === undefined ? undefined : JSON.stringify(body),
            cache: 'no-store',
        });
        const date = Date.parse(answer.headers.get('Date') ?? '');
        if (!Number.isNaN(date) && Math.abs(date - Date.now()) > 2000) {
            state.skewMs = date - Date.now();
        }
        heard();
        return answer;
    } catch {
        lost();
        throw new Refusal(0, 'out-of-reach', 'the depot is out of reach');
    }
}

/** A 401 may be about a password that was asked for once more, too: the session is over when it says so itself. */
async function checkSession() {
    const { status } = await send('GET', '/api/v1/session');
    if (status === 401) {
        setSession(null);
    }
}

/** The answer as JSON; throws a Refusal. */
export async function call(method, path, body) {
    const answer = await send(method, path, body);
    if (answer.status === 401 && state.session) {
        await checkSession();
    }
    if (answer.status === 503) {
        lost();
    }
    if (!answer.ok) {
        throw await refusalOf(answer);
    }
    const text = await answer.text();
    return text === '' ? null : JSON.parse(text);
}

export const get = (path) => call('GET', path);

/** The address of a call about a product: pathOf('lamp', 'rollouts', 3). */
export const pathOf = (product, ...rest) =>
    `/api/v1/products/${[product, ...rest].map(encodeURIComponent).join('/')}`;

// --- who is here ---

export async function resume() {
    try {
        setSession(await get('/api/v1/session'));
    } catch (refusal) {
        if (refusal.status === 401) {
            setSession(null);
        }
        throw refusal;
    }
}

export async function logIn(name, password, code) {
    setSession(await call('POST', '/api/v1/session', code ? { name, password, code } : { name, password }));
}

export async function logOut() {
    await call('DELETE', '/api/v1/session');
    setSession(null);
}

const RIGHTS = {
    see: ['viewer', 'developer', 'release-manager', 'approver', 'administrator'],
    develop: ['developer', 'release-manager', 'administrator'],
    release: ['release-manager', 'administrator'],
    approve: ['approver', 'administrator'],
    halt: ['developer', 'release-manager', 'approver', 'administrator'],
    administer: ['administrator'],
};

/** Whether a button makes sense for who is here; the depot decides for itself. product '*': all. */
export function may(right, product) {
    return (state.session?.roles ?? []).some(
        (grant) =>
            (grant.product === '*' || grant.product === product) && RIGHTS[right].includes(grant.role),
    );
}
