// SPDX-License-Identifier: Apache-2.0
// Keeps what is shown true: the depot's stream of events, a look now and then whether it is still
// there, and `useCall`, which asks again when an event says that its answer has changed.
import { get, heard, reach, watchApi } from './api.mjs';
import { useCallback, useEffect, useRef, useState } from './html.mjs';

const KINDS = ['build', 'job', 'stage', 'signing', 'release', 'rollout', 'device', 'approval', 'people'];
const CHECK_MS = 10000; // whether the depot is there, when nothing else asks
const GATHER_MS = 250; // events that come together are one reason to ask
const AGAIN_MS = 30000; // what no event tells: ages, expiry, last-seen

const listeners = new Set();
let source = null;
let timer = null;

const pass = (event) => listeners.forEach((listener) => listener(event));

function check() {
    get('/ready').catch(() => {}); // api.mjs remembers what came of it
}

function connect() {
    source?.close();
    source = new EventSource('/api/v1/events');
    source.onopen = heard;
    source.onerror = () => {
        check();
        // A browser gives up on a stream that was refused; one that broke it opens again by itself.
        if (source?.readyState === EventSource.CLOSED) {
            setTimeout(() => source && connect(), 3000);
        }
    };
    for (const kind of KINDS) {
        source.addEventListener(kind, (message) => {
            heard();
            pass({ kind, ...JSON.parse(message.data) });
        });
    }
    source.addEventListener('missed', () => pass({ kind: 'missed' }));
}

/** While somebody is logged in. */
export function startLive() {
    if (!source) {
        connect();
        timer = setInterval(check, CHECK_MS);
    }
}

export function stopLive() {
    clearInterval(timer);
    source?.close();
    source = null;
}

/** Calls listener with each event, {kind, product, subject, data}; 'missed': anything may have changed. */
export function listen(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
}

const matches = (event, kinds, product) =>
    event.kind === 'missed' ||
    (kinds.includes(event.kind) && (!product || event.product === product || event.product === '*'));

/**
 * The answer of a GET, asked again when an event of these kinds arrives, and each half minute.
 * path null: doesn't ask. {data, refusal, isOld, reload}: data stays when asking again fails.
 */
export function useCall(path, kinds = [], product = '') {
    const [answer, setAnswer] = useState({ path: null, data: null, refusal: null });
    const newest = useRef(0);
    const load = useCallback(async () => {
        const number = ++newest.current;
        if (path === null) {
            return;
        }
        try {
            const data = await get(path);
            if (number === newest.current) {
                setAnswer({ path, data, refusal: null });
            }
        } catch (refusal) {
            if (number === newest.current) {
                setAnswer((old) => ({ path, data: old.path === path ? old.data : null, refusal }));
            }
        }
    }, [path]);
    useEffect(() => {
        let gathering = null;
        load();
        const again = setInterval(load, AGAIN_MS);
        const stop = listen((event) => {
            if (matches(event, kinds, product) && gathering === null) {
                gathering = setTimeout(() => {
                    gathering = null;
                    load();
                }, GATHER_MS);
            }
        });
        // What was lost is asked for as soon as the depot is there again.
        let wasLost = reach().isLost;
        const stopWatching = watchApi(() => {
            if (wasLost && !reach().isLost) {
                load();
            }
            wasLost = reach().isLost;
        });
        return () => {
            clearInterval(again);
            clearTimeout(gathering);
            stop();
            stopWatching();
            newest.current++;
        };
    }, [path, kinds.join(' '), product]);
    const isOfPath = answer.path === path;
    return {
        data: isOfPath ? answer.data : null,
        refusal: isOfPath ? answer.refusal : null,
        reload: load,
    };
}
