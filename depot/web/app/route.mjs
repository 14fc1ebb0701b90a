// SPDX-License-Identifier: Apache-2.0
// Where somebody is: #/lamp/rollouts/3?state=failed. In the part of the address that isn't sent to
// the depot, so that every page is index.html.
import { useEffect, useState } from './html.mjs';

export function read(hash) {
    const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
    const parts = path.split('/').filter((part) => part !== '');
    const decode = (part) => {
        try {
            return decodeURIComponent(part);
        } catch {
            return part;
        }
    };
    return { parts: parts.map(decode), query: new URLSearchParams(query) };
}

/** link('p', 'lamp', 'rollouts', 3) is '#/p/lamp/rollouts/3'. */
export const link = (...parts) => `#/${parts.map((part) => encodeURIComponent(part)).join('/')}`;

export function go(to) {
    location.hash = to;
}

export function useRoute() {
    const [hash, setHash] = useState(location.hash);
    useEffect(() => {
        const change = () => setHash(location.hash);
        addEventListener('hashchange', change);
        return () => removeEventListener('hashchange', change);
    }, []);
    return read(hash);
}
