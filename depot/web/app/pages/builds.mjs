// SPDX-License-Identifier: Apache-2.0
// Builds, and each one's way from commit to device.
import { may, pathOf } from '../api.mjs';
import { Exports } from '../export.mjs';
import { html, useState } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Answer, Card, Copy, Empty, Facts, Field, Form, Note, Page, Shape, State, Table } from '../parts.mjs';
import { go, link } from '../route.mjs';
import { count, devices, short, size, Time, words } from '../text.mjs';
import { JobsOf } from './jobs.mjs';
import { Qualification } from './stages.mjs';

const PAGE = 50;
const STATES = ['new', 'daily', 'internal', 'candidate', 'production', 'failed', 'withdrawn'];

export function Builds({ product, query }) {
    const state = query.get('state') ?? '';
    const [limit, setLimit] = useState(PAGE);
    const answer = useCall(`${pathOf(product, 'builds')}?limit=${limit}${state && `&state=${encodeURIComponent(state)}`}`, ['build', 'stage'], product);
    const rows = answer.data?.builds ?? [];
    const flat = rows.map(({ id, state: at, state_since: since, size: bytes, build_type: type, hardware, made, made_by: by }) =>
        ({ build: id, state: at, since, size: bytes, type, hardware: hardware.join(' '), made, made_by: by }));
    return html`<${Page} title="Builds" lead="What came out of a compiler, and how far each is qualified." actions=${html`<${Exports} name=${`${product}-builds`} rows=${flat} />`}>
        <${Card} title="All" actions=${html`<label class="inline">State <select value=${state} onChange=${({ currentTarget }) => go(`${link('p', product, 'builds')}${currentTarget.value && `?state=${currentTarget.value}`}`)}>
            <option value="">any</option>${STATES.map((name) => html`<option selected=${name === state}>${name}</option>`)}</select></label>`}>
        <${Answer} of=${answer}>${() => html`<${Table} label="Builds" rows=${rows} keyOf=${(row) => row.id}
            empty=${html`<${Empty} title="No build">A build server uploads them with <code>slipway product upload</code>.</${Empty}>`}
            columns=${[
                { name: 'Build', of: (row) => html`<a href=${link('p', product, 'builds', row.id)}><code>${short(row.id)}</code></a>` },
                { name: 'State', of: (row) => html`<${State} of=${row.state} />` },
                { name: 'Since', of: (row) => html`<${Time} at=${row.state_since} />` },
                { name: 'Type', of: (row) => row.build_type },
                { name: 'Hardware', of: (row) => row.hardware.join(', ') },
                { name: 'Size', number: true, of: (row) => size(row.size) },
                { name: 'Uploaded', of: (row) => html`<${Time} at=${row.made} /> <span class="faint">by ${row.made_by}</span>` },
            ]} />${rows.length === limit && limit < 500 && html`<button type="button" onClick=${() => setLimit(500)}>Show more</button>`}`}</${Answer}></${Card}>
        <${Affected} product=${product} />
    </${Page}>`;
}

/** "Which devices run what contains X" */
function Affected({ product }) {
    const [asked, setAsked] = useState(null);
    const answer = useCall(asked && `${pathOf(product, 'affected')}?${asked}`);
    const send = async ({ what }) => {
        const name = what.startsWith('pkg:') ? 'purl' : 'id';
        setAsked(new URLSearchParams({ [name]: what.trim() }).toString());
    };
    return html`<${Card} title="What contains it?" note="A package (pkg:deb/debian/zlib) or an advisory (CVE-…, GHSA-…): the builds whose SBOM lists it, and the devices that run them.">
        <${Form} label="What contains it?" submit="Look" send=${send}><${Field} label="Package or advisory"><input type="search" name="what" required /></${Field}></${Form}>
        ${asked && html`<${Answer} of=${answer}>${(found) => html`<div aria-live="polite"><p><strong>${devices(found.devices)}</strong> in ${count(found.builds.length)} builds${found.summary ? html`: ${found.summary}` : '.'}
                ${found.builds_without_sbom > 0 && html` <span class="faint">${count(found.builds_without_sbom)} builds have no SBOM: nobody knows of them.</span>`}</p>
            ${found.truncated && html`<${Note} kind="warn">There are more; this list was cut.</${Note}>`}
            <${Table} label="Builds that contain it" rows=${found.builds} keyOf=${(row) => row.id} empty=${html`<${Empty} title="No build contains it" />`} columns=${[
                { name: 'Build', of: (row) => html`<a href=${link('p', product, 'builds', row.id)}><code>${short(row.id)}</code></a>` },
                { name: 'Packages', of: (row) => row.packages.map(({ name, version }) => `${name} ${version}`).join(', ') },
                { name: 'Releases', of: (row) => row.releases.map(({ version, release_version: named, devices: number }) => `${named || version}: ${devices(number)}`).join(', ') },
            ]} /></div>`}</${Answer}>`}
    </${Card}>`;
}

// --- one build ---

const Step = ({ kind, title, children }) => html`<li><span class="way-mark"><${Shape} kind=${kind} /></span><h3>${title}</h3><div>${children}</div></li>`;

const ofKind = (build, kind) => build.artifacts.filter((artifact) => artifact.kind === kind);

function Commit({ endorsements }) {
    return html`<${Step} kind=${endorsements.length > 0 ? 'good' : 'idle'} title="Commit">${endorsements.length > 0
        ? endorsements.map(({ source, commit, builder, signers }) => html`<p>${source || 'a source that isn’t named'}, ${commit ? html`<code title=${commit}>${short(commit)}</code>` : 'no commit named'}</p>
            <p class="faint">endorsed by ${builder || 'nobody named'}${signers?.length > 0 && html`, key ${signers.map((key) => html`<code class="pair" title=${key}>${key.slice(0, 12)}</code>`)}`}</p>`)
        : html`<p class="faint">Nobody has endorsed it: it isn’t known from what it was built.</p>`}</${Step}>`;
}

function Made({ product, build, jobs }) {
    const job = jobs.find(({ kind, id }) => kind === 'build' && build.artifacts.some((artifact) => artifact.job === id)) ?? jobs.find(({ kind }) => kind === 'build');
    return html`<${Step} kind="good" title="Build"><p><${Time} at=${build.made} whole /> by ${build.made_by}, ${size(build.size)}${job && html`, <a href=${link('p', product, 'jobs', job.id)}>job ${job.id}</a>`}</p></${Step}>`;
}

function Tests({ product, tests }) {
    const worst = tests.some(({ outcome }) => outcome === 'FAILED') ? 'bad' : tests.some(({ outcome }) => outcome === 'WARNED') ? 'warn' : 'good';
    return html`<${Step} kind=${tests.length > 0 ? worst : 'idle'} title="Tests">${tests.length > 0
        ? tests.map(({ suite, outcome, url, job, made_by: by }) => html`<p><${State} of=${outcome} /> ${suite} <span class="faint">from ${by}</span>${job > 0 && html` <a href=${link('p', product, 'jobs', job)}>job ${job}</a>`}${url && /^https?:/.test(url) ? html` <a href=${url} rel="noreferrer noopener">its log</a>` : ''}</p>`)
        : html`<p class="faint">No result yet.</p>`}</${Step}>`;
}

function Stages({ build, stages }) {
    const isStuck = ['failed', 'withdrawn'].includes(build.state);
    return html`<${Step} kind=${isStuck ? 'bad' : stages.length > 0 ? 'good' : 'idle'} title="Stages">${stages.length > 0
        ? stages.map(({ stage, entered }) => html`<p>${stage} <span class="faint"><${Time} at=${entered} whole /></span></p>`)
        : html`<p class="faint">It has entered none yet.</p>`}${isStuck && html`<p><${State} of=${build.state} /></p>`}</${Step}>`;
}

/** How many devices run one of these releases now. */
const running = (fleet, releases) => {
    const numbers = new Set(releases.map(({ version }) => String(version)));
    return (fleet?.versions ?? []).filter(({ is }) => numbers.has(is));
};

/** From the commit over build, tests, stages, signatures and rollouts to the devices. */
function Way({ product, build, releases, rollouts, stages, jobs, fleet }) {
    const own = releases.filter((release) => release.build === build.id);
    const numbers = new Set(own.map(({ version }) => version));
    const offered = rollouts.filter(({ release }) => numbers.has(release));
    const on = running(fleet, own);
    const isBroken = offered.some(({ state }) => state === 'halted');
    return html`<ol class="way">
        <${Commit} endorsements=${ofKind(build, 'endorsement')} />
        <${Made} product=${product} build=${build} jobs=${jobs} />
        <${Tests} product=${product} tests=${ofKind(build, 'test-result')} />
        <${Stages} build=${build} stages=${stages} />
        <${Step} kind=${own.some(({ state }) => state === 'published') ? 'good' : own.length > 0 ? 'waiting' : 'idle'} title="Signed releases">${own.length > 0
            ? own.map((release) => html`<p><${State} of=${release.state} /> <a href=${link('p', product, 'releases', release.version)}>${release.release_version || 'release'} (${release.version})</a> with ${release.key}, channel ${release.channel}</p>`)
            : html`<p class="faint">No release holds it yet.</p>`}</${Step}>
        <${Step} kind=${isBroken ? 'bad' : offered.length === 0 ? 'idle' : offered.every(({ state }) => state === 'done') ? 'good' : 'going'} title="Rollouts">${offered.length > 0
            ? offered.map((rollout) => html`<p><${State} of=${rollout.state} /> <a href=${link('p', product, 'rollouts', rollout.id)}>Rollout ${rollout.id}</a> to ${rollout.group}: ${count(rollout.phases.reduce((sum, phase) => sum + phase.succeeded, 0))} updated, ${count(rollout.phases.reduce((sum, phase) => sum + phase.failed + phase.silent, 0))} failed</p>`)
            : html`<p class="faint">No device has been offered it.</p>`}</${Step}>
        <${Step} kind=${on.length > 0 ? 'good' : 'idle'} title="Devices">${on.length > 0
            ? on.map((row) => html`<p><a href=${`${link('p', product, 'fleet')}?version=${row.is}`}>${devices(row.count)}</a> run version ${row.is} now</p>`)
            : html`<p class="faint">No device runs it now.</p>`}</${Step}>
    </ol>`;
}

function Artifacts({ product, build }) {
    const content = (artifact) => pathOf(product, 'artifacts', artifact.id, 'content');
    return html`<${Table} label="Artifacts" rows=${build.artifacts} keyOf=${(row) => row.id}
        empty=${html`<${Empty} title="Nothing beside the bundle">Endorsements, test results, SBOMs and logs come here.</${Empty}>`}
        columns=${[
            { name: 'Kind', of: (row) => words(row.kind) },
            { name: 'Name', of: (row) => html`<a href=${content(row)} download title=${row.name}>${row.name.length === 64 ? `${short(row.name)}…` : row.name}</a>` },
            { name: 'Says', of: (row) => row.outcome ? html`<${State} of=${row.outcome} />` : row.format ? `${row.format}, ${count(row.packages)} packages` : row.builder },
            { name: 'Size', number: true, of: (row) => size(row.size) },
            { name: 'Came', of: (row) => html`<${Time} at=${row.made} /> <span class="faint">from ${row.made_by}</span>` },
        ]} />`;
}

export function Build({ product, id }) {
    const answer = useCall(pathOf(product, 'builds', id), ['build', 'stage', 'job'], product);
    const releases = useCall(`${pathOf(product, 'releases')}?build=${encodeURIComponent(id)}`, ['release', 'signing'], product);
    const rollouts = useCall(`${pathOf(product, 'rollouts')}?limit=200`, ['rollout'], product);
    const pipeline = useCall(pathOf(product, 'builds', id, 'pipeline'), ['stage', 'build'], product);
    const jobs = useCall(`${pathOf(product, 'jobs')}?build=${encodeURIComponent(id)}`, ['job'], product);
    const fleet = useCall(pathOf(product, 'fleet'), ['device', 'rollout'], product);
    return html`<${Answer} of=${answer}>${(build) => html`<${Page} title=${`Build ${short(id)}`} lead=${html`<${State} of=${build.state} /> since <${Time} at=${build.state_since} whole />`}
        actions=${may('see', product) && !build.removed && html`<a class="button" href=${pathOf(product, 'builds', id, 'bundle')} download>Bundle</a>`}>
        ${build.missing > 0 && html`<${Note}>The store has lost ${count(build.missing)} of its files.</${Note}>`}
        ${build.removed && html`<${Note} kind="warn">Its files went by retention, <${Time} at=${build.removed} />.</${Note}>`}
        <${Qualification} product=${product} build=${build} />
        <div class="columns">
            <${Card} title="Its way"><${Way} product=${product} build=${build} releases=${releases.data?.releases ?? []} rollouts=${rollouts.data?.rollouts ?? []}
                stages=${pipeline.data?.stages ?? []} jobs=${jobs.data?.jobs ?? []} fleet=${fleet.data} /></${Card}>
            <${Card} title="What it is"><${Facts} of=${[
                ['Content digest', html`<${Copy} text=${build.id}>${build.id.slice(0, 16)}…</${Copy}>`],
                ['Type', build.build_type],
                ['Hardware', build.hardware.join(', ') || 'any'],
                ['Came with version', build.version],
            ]} />
            <${Table} label="Images" rows=${build.targets} empty=${html`<p class="faint">It holds no images.</p>`} columns=${[
                { name: 'Image', of: (row) => row.name },
                { name: 'Slot', of: (row) => row.slot },
                { name: 'Length', number: true, of: (row) => size(row.length) },
            ]} /></${Card}>
        </div>
        <${JobsOf} product=${product} build=${id} />
        <${Card} title="Artifacts"><${Artifacts} product=${product} build=${build} /></${Card}>
    </${Page}>`}</${Answer}>`;
}
