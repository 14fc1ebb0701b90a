// SPDX-License-Identifier: Apache-2.0
// The page's beginning: who is here, where they are, and which page that is.
import { isAsked, reach, resume, session, watchApi } from './api.mjs';
import { html, render, useEffect, useState } from './html.mjs';
import { startLive, stopLive } from './live.mjs';
import { Account } from './pages/account.mjs';
import { Audit } from './pages/audit.mjs';
import { Build, Builds } from './pages/builds.mjs';
import { Consents } from './pages/consents.mjs';
import { Device, Fleet } from './pages/fleet.mjs';
import { Job, Jobs } from './pages/jobs.mjs';
import { Away, Duty, duty, Invitation, Login } from './pages/login.mjs';
import { Now } from './pages/now.mjs';
import { People } from './pages/people.mjs';
import { Readiness } from './pages/readiness.mjs';
import { Release, Releases, Signing } from './pages/releases.mjs';
import { Rollout } from './pages/rollout.mjs';
import { NewRollout } from './pages/rollout-new.mjs';
import { Rollouts } from './pages/rollouts.mjs';
import { Settings } from './pages/settings.mjs';
import { Empty, Page } from './parts.mjs';
import { useRoute } from './route.mjs';
import { Shell } from './shell.mjs';

const RETRY_MS = 3000;

const Nowhere = () => html`<${Page} title="Nothing here"><${Empty} title="There is no such page">Perhaps the address was cut short.</${Empty}></${Page}>`;

// #/p/PRODUCT/…
const OF_PRODUCT = {
    rollouts: ({ product, rest, query }) => {
        if (rest.length === 0) {
            return html`<${Rollouts} product=${product} />`;
        }
        return rest[0] === 'new'
            ? html`<${NewRollout} product=${product} query=${query} />`
            : html`<${Rollout} key=${rest[0]} product=${product} id=${rest[0]} />`;
    },
    fleet: ({ product, rest, query }) => (rest.length === 0
        ? html`<${Fleet} product=${product} query=${query} />`
        : html`<${Device} key=${rest[0]} product=${product} id=${rest[0]} />`),
    builds: ({ product, rest, query }) => (rest.length === 0
        ? html`<${Builds} product=${product} query=${query} />`
        : html`<${Build} key=${rest[0]} product=${product} id=${rest[0]} />`),
    releases: ({ product, rest }) => (rest.length === 0
        ? html`<${Releases} product=${product} />`
        : html`<${Release} key=${rest[0]} product=${product} version=${rest[0]} />`),
    jobs: ({ product, rest, query }) => (rest.length === 0
        ? html`<${Jobs} product=${product} query=${query} />`
        : html`<${Job} key=${rest[0]} product=${product} id=${rest[0]} />`),
    consents: ({ product }) => html`<${Consents} key=${product} product=${product} />`,
    signing: ({ product }) => html`<${Signing} product=${product} />`,
    readiness: ({ product }) => html`<${Readiness} product=${product} />`,
    settings: ({ product }) => html`<${Settings} key=${product} product=${product} />`,
    audit: ({ product, query }) => html`<${Audit} product=${product} query=${query} />`,
};

function pageOf({ parts, query }) {
    const [first, product, section, ...rest] = parts;
    if (first === undefined) {
        return html`<${Now} />`;
    }
    if (first === 'p' && product !== undefined) {
        if (section === undefined) {
            return html`<${Now} key=${product} product=${product} />`;
        }
        return Object.hasOwn(OF_PRODUCT, section) ? OF_PRODUCT[section]({ product, rest, query }) : html`<${Nowhere} />`;
    }
    switch (first) {
    case 'account':
        return html`<${Account} />`;
    case 'people':
        return html`<${People} />`;
    case 'audit':
        return html`<${Audit} query=${query} />`;
    default:
        return html`<${Nowhere} />`;
    }
}

function useSession() {
    const [, draw] = useState(0);
    useEffect(() => watchApi(() => draw((n) => n + 1)), []);
    useEffect(() => {
        let timer = null;
        const ask = () => resume().catch((refusal) => {
            if (refusal.status !== 401) {
                timer = setTimeout(ask, RETRY_MS);
            }
        });
        ask();
        return () => clearTimeout(timer);
    }, []);
    return session();
}

function App() {
    const who = useSession();
    const route = useRoute();
    const isIn = who !== null && duty() === null;
    useEffect(() => {
        if (isIn) {
            startLive();
            return stopLive;
        }
        return undefined;
    }, [isIn, who?.csrf]);
    if (route.parts[0] === 'invitation') {
        return html`<${Invitation} secret=${route.parts[1] ?? ''} />`;
    }
    if (!isAsked()) {
        return reach().isLost ? html`<${Away} message="The depot doesn't answer." />` : null;
    }
    if (who === null) {
        return html`<${Login} />`;
    }
    return isIn ? html`<${Shell} route=${route}>${pageOf(route)}</${Shell}>` : html`<${Duty} />`;
}

render(html`<${App} />`, document.getElementById('page'));
