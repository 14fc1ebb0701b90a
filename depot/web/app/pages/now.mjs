// SPDX-License-Identifier: Apache-2.0
// The first screen, at 3 a.m. on a phone: what is broken, since when, why, what happens next if
// nobody does anything, and one HALT.
import { may, nowMs, pathOf } from '../api.mjs';
import { html } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Answer, Card, Empty, Page, State } from '../parts.mjs';
import { link } from '../route.mjs';
import { count, devices, percent, Time, words } from '../text.mjs';
import { Halt, phaseOf, Progress, progressOf, why } from './health.mjs';

const isBroken = (rollout) => rollout.state === 'halted' || rollout.needs_decision;
// It fails somewhere already: whoever looks wants its HALT before what is merely stuck.
const isHurting = (rollout) => progressOf(rollout).bad > 0;
const isGoing = (rollout) => ['running', 'paused', 'scheduled'].includes(rollout.state);

// Reasons come with the whole rollout; only what is broken asks for them.
function Reasons({ rollout }) {
    const { data } = useCall(pathOf(rollout.product, 'rollouts', rollout.id), ['rollout'], rollout.product);
    if (!data || data.reasons.length === 0) {
        return null;
    }
    return html`<ul class="reasons">${data.reasons.slice(0, 3).map((reason) => html`<li><span class="reason-count">${count(reason.count)}</span> <code>${reason.reason || 'no reason given'}</code> <span class="faint">on ${reason.hardware || 'unknown hardware'}</span></li>`)}</ul>`;
}

function RolloutCard({ rollout, reload, isWhole }) {
    const { good, bad, whole } = progressOf(rollout);
    const asks = rollout.state === 'running' && rollout.consent?.mode === 'administrator' && rollout.consent.said !== 'yes';
    const kind = rollout.state === 'halted' ? 'bad' : rollout.needs_decision || rollout.state === 'paused' || asks ? 'warn' : 'going';
    return html`<article class=${`trouble ${kind} row`}>
        <header>
            <h2><a href=${link('p', rollout.product, 'rollouts', rollout.id)}>${rollout.product} ${rollout.release_version}</a> <span class="faint">to ${rollout.group}</span></h2>
            <p class="trouble-state"><${State} of=${rollout.state} kind=${kind}>${rollout.needs_decision ? 'needs a decision' : rollout.state}</${State}>
                ${rollout.by_rule && html` <span class="tag">by the health rule</span>`}${rollout.emergency && html` <span class="tag bad">emergency</span>`}${asks && html` <span class="tag warn">waits for a yes</span>`}
                <span class="faint">since <${Time} at=${rollout.since} whole /></span></p>
        </header>
        <div class="trouble-body">
            <${Progress} rollout=${rollout} />
            <p class="faint">Phase ${rollout.phase + 1} of ${rollout.phases.length} (${percent(phaseOf(rollout).ppm)}). ${devices(whole)} in it so far: ${count(good)} updated, ${count(bad)} failed.</p>
            <p>${why(rollout)}</p>
            ${isWhole && html`<${Reasons} rollout=${rollout} />`}
            <p class="next"><strong>If nobody does anything:</strong> ${rollout.next}</p>
        </div>
        <div class="trouble-end"><${Halt} rollout=${rollout} done=${reload} /><a class="button" href=${link('p', rollout.product, 'rollouts', rollout.id)}>Look closer</a></div>
    </article>`;
}

const Stuck = ({ title, to, since, reason, kind }) => html`<article class=${`trouble ${kind} row`}>
    <header><h2><a href=${to}>${title}</a></h2>${since && html`<p class="trouble-state"><span class="faint">since <${Time} at=${since} whole /></span></p>`}</header>
    <div class="trouble-body"><p>${reason}</p></div>
</article>`;

const FAILED_MS = 24 * 3600 * 1000; // a job that couldn't run is news for so long

const CHECKS = {
    signing: ['The signing service is away', 'Releases, and the repository’s refresh, wait for it. HALT works without it.'],
    repository: null,
    path: null,
    approvers: null,
    drill: null,
};

/** Of what readiness knows, what is broken now: not what is merely unprepared. */
const expiring = (checks) => checks.filter(({ ok, name }) => !ok && CHECKS[name] !== null)
    .map(({ name, detail }) => ({ name, title: CHECKS[name]?.[0] ?? `Role ${name} runs out`, reason: CHECKS[name]?.[1] ?? `Devices refuse the repository when it has: ${detail}.` }));

/** One product: reports what is wrong, and what goes on. */
function OfProduct({ product, title, isAlone }) {
    const rollouts = useCall(`${pathOf(product, 'rollouts')}?state=open&limit=200`, ['rollout', 'device'], product);
    const newest = useCall(`${pathOf(product, 'rollouts')}?limit=1`, ['rollout'], product);
    const releases = useCall(`${pathOf(product, 'releases')}?limit=20`, ['release', 'signing'], product);
    const builds = useCall(`${pathOf(product, 'builds')}?state=failed&limit=5`, ['build', 'stage'], product);
    const readiness = useCall(pathOf(product, 'readiness'), ['release', 'signing'], product);
    const jobs = useCall(`${pathOf(product, 'jobs')}?state=error&limit=3`, ['job'], product);
    const rows = rollouts.data?.rollouts ?? [];
    const broken = rows.filter(isBroken);
    const going = rows.filter((row) => isGoing(row) && !isBroken(row));
    const stuck = (releases.data?.releases ?? []).filter(({ reason, state }) => reason && state !== 'withdrawn' && state !== 'published');
    const failed = builds.data?.builds ?? [];
    const out = expiring(readiness.data?.checks ?? []);
    const dead = (jobs.data?.jobs ?? []).filter(({ ended }) => nowMs() - Date.parse(ended) < FAILED_MS);
    const isQuiet = broken.length + going.length + stuck.length + failed.length + out.length + dead.length === 0;
    return html`<section class=${`product-now ${isQuiet ? 'quiet' : ''}`} aria-label=${title || product}>
        ${!isAlone && html`<h2 class="product-name"><a href=${link('p', product)}>${title || product}</a></h2>`}
        <${Answer} of=${rollouts}>${() => html`
            ${broken.map((rollout) => html`<${RolloutCard} key=${rollout.id} rollout=${rollout} reload=${rollouts.reload} isWhole />`)}
            ${going.filter(isHurting).map((rollout) => html`<${RolloutCard} key=${rollout.id} rollout=${rollout} reload=${rollouts.reload} isWhole />`)}
            ${out.map(({ name, title: text, reason }) => html`<${Stuck} key=${`c${name}`} kind="bad" title=${text} to=${link('p', product, 'readiness')} reason=${reason} />`)}
            ${stuck.map((release) => html`<${Stuck} key=${`r${release.version}`} kind="warn" title=${`${release.kind === 'drill' ? 'The rehearsal, release' : 'Release'} ${release.release_version} (${release.version}) is ${release.state}`} to=${link('p', product, 'releases', release.version)} since=${release.since} reason=${release.reason} />`)}
            ${failed.map((build) => html`<${Stuck} key=${build.id} kind="warn" title=${`Build ${build.id.slice(0, 12)} failed`} to=${link('p', product, 'builds', build.id)} since=${build.state_since} reason=${`It was uploaded by ${build.made_by}, and goes no further.`} />`)}
            ${dead.map((job) => html`<${Stuck} key=${`j${job.id}`} kind="warn" title=${`Job ${job.id} (${job.job}) couldn’t run`} to=${link('p', product, 'jobs', job.id)} since=${job.ended} reason=${job.detail ?? ''} />`)}
            ${going.filter((rollout) => !isHurting(rollout)).map((rollout) => html`<${RolloutCard} key=${rollout.id} rollout=${rollout} reload=${rollouts.reload} />`)}
            ${isQuiet && html`<${Card}>${isAlone ? html`<${Quiet} title=${title || product} product=${product} last=${newest.data?.rollouts[0]} />` : html`<p><${State} kind="good">Nothing is broken, and nothing is going on.</${State}></p>`}</${Card}>`}`}</${Answer}>
    </section>`;
}

const Quiet = ({ product, title, last }) => html`<${Empty} title="Nothing is broken, and nothing is going on">
    ${last
        ? html`The last rollout, <a href=${link('p', product, 'rollouts', last.id)}>№ ${last.id}</a>, is ${words(last.state)} <${Time} at=${last.since} />.`
        : html`${title} has had no rollout yet.`}
</${Empty}>`;

export function Now({ product }) {
    const answer = useCall('/api/v1/products', ['people']);
    const all = answer.data?.products ?? [];
    const shown = product ? all.filter(({ name }) => name === product) : all;
    return html`<${Page} title=${product ? 'Now' : 'Everything, now'} lead="What is broken, what goes on, and what happens next.">
        <${Answer} of=${answer}>${() => (shown.length === 0
            ? html`<${Card}><${Empty} title=${product ? 'There is no such product, or you have no role in it' : 'No product yet'}>${may('administer', '*') ? html`<a href="#/people">Make the first one.</a>` : 'An administrator gives you a role.'}</${Empty}></${Card}>`
            : html`<div class="products">${shown.map(({ name, title }) => html`<${OfProduct} key=${name} product=${name} title=${title} isAlone=${product !== undefined} />`)}</div>`)}</${Answer}>
    </${Page}>`;
}
