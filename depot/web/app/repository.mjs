// SPDX-License-Identifier: Apache-2.0
// The published TUF repository as this page finds it: which role is signed by which keys, and until
// when. It is read to be shown; devices verify it by themselves.
import { useCallback, useEffect, useState } from './html.mjs';
import { listen } from './live.mjs';

const BASE = '/repository/metadata/';
const ROOTS_MAX = 256;
const ROLES_MAX = 64;

/** The signed part of a file; null when there is none. */
async function read(name) {
    const answer = await fetch(`${BASE}${name}`, { cache: 'no-cache' });
    if (!answer.ok) {
        return null;
    }
    return (await answer.json()).signed ?? null;
}

async function newestRoot() {
    let root = null;
    for (let version = 1; version <= ROOTS_MAX; version++) {
        const next = await read(`${version}.root.json`);
        if (next === null) {
            return root;
        }
        root = next;
    }
    return root;
}

const rowOf = (role, signed, { keyids, threshold }) => ({
    role, version: signed.version, expires: signed.expires, threshold, keys: keyids,
});

/** Top-level roles, and those of the product: PRODUCT-CHANNEL and PRODUCT-CHANNEL-rollout. */
export async function readRoles(product) {
    const [root, timestamp] = await Promise.all([newestRoot(), read('timestamp.json')]);
    if (root === null || timestamp === null) {
        return [];
    }
    const rows = [rowOf('root', root, root.roles.root), rowOf('timestamp', timestamp, root.roles.timestamp)];
    const snapshot = await read(`${timestamp.meta['snapshot.json'].version}.snapshot.json`);
    if (snapshot === null) {
        return rows;
    }
    rows.push(rowOf('snapshot', snapshot, root.roles.snapshot));
    const targets = await read(`${snapshot.meta['targets.json'].version}.targets.json`);
    if (targets === null) {
        return rows;
    }
    rows.push(rowOf('targets', targets, root.roles.targets));
    const own = (targets.delegations?.roles ?? []).filter(({ name }) => name.startsWith(`${product}-`) && snapshot.meta[`${name}.json`]);
    for (const role of own.slice(0, ROLES_MAX)) {
        const signed = await read(`${snapshot.meta[`${role.name}.json`].version}.${encodeURIComponent(role.name)}.json`);
        if (signed !== null) {
            rows.push(rowOf(role.name, signed, role));
        }
    }
    return rows;
}

/** For <Answer>: {data: {roles}, refusal, reload}; looked at again when a release changes. */
export function useRepository(product) {
    const [answer, setAnswer] = useState({ data: null, refusal: null });
    const load = useCallback(async () => {
        try {
            const roles = await readRoles(product);
            setAnswer({ data: { roles }, refusal: null });
        } catch (error) {
            setAnswer((old) => ({ ...old, refusal: new Error(`the repository can’t be read: ${error.message}`) }));
        }
    }, [product]);
    useEffect(() => {
        load();
        return listen((event) => event.kind === 'release' && event.product === product && load());
    }, [load]);
    return { ...answer, reload: load };
}
