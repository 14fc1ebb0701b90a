// SPDX-License-Identifier: Apache-2.0
// Jobs: what runners do for this product, what they left, and starting, cancelling, trying again by hand.
import { call, may, pathOf } from '../api.mjs';
import { Ask } from '../dialog.mjs';
import { Exports } from '../export.mjs';
import { html, useEffect, useState } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Action, Answer, Card, Empty, Facts, Field, Form, Note, Page, State, Table } from '../parts.mjs';
import { go, link } from '../route.mjs';
import { short, size, span, Time, took, words } from '../text.mjs';

const PAGE = 50;
const STATES = ['queued', 'running', 'passed', 'warned', 'failed', 'error', 'cancelled'];
const LOG_SHOWN = 512 * 1024;

const isGoing = ({ state }) => state === 'queued' || state === 'running';

/** What it is about: a build, or the place of a source. */
const About = ({ job, product }) => (job.build
    ? html`<a href=${link('p', product, 'builds', job.build)}><code>${short(job.build)}</code></a>`
    : html`<code>${job.ref ?? ''}${job.commit ? ` ${short(job.commit)}` : ''}</code>`);

const columnsOf = (product) => [
    { name: 'Job', of: (row) => html`<a href=${link('p', product, 'jobs', row.id)}>№ ${row.id}</a> ${row.job}` },
    { name: 'State', of: (row) => html`<${State} of=${row.state} />${row.attempt > 1 && html` <span class="tag">attempt ${row.attempt}</span>`}` },
    { name: 'About', of: (row) => html`<${About} job=${row} product=${product} />` },
    { name: 'Because', of: (row) => html`${words(row.cause)} <span class="faint">${row.made_by}</span>` },
    { name: 'Runner', of: (row) => row.runner },
    { name: 'Took', number: true, of: (row) => (row.began ? took(row.began, row.ended) : '') },
    { name: 'Made', of: (row) => html`<${Time} at=${row.made} />` },
];

/** The jobs of one build, on its page. */
export function JobsOf({ product, build }) {
    const answer = useCall(`${pathOf(product, 'jobs')}?build=${encodeURIComponent(build)}`, ['job'], product);
    const rows = answer.data?.jobs ?? [];
    return rows.length > 0 && html`<${Card} title="Jobs"><${Table} label="Jobs" rows=${rows} keyOf=${(row) => row.id} columns=${columnsOf(product)} /></${Card}>`;
}

// --- by hand ---

function ByHand({ product, jobs }) {
    const names = Object.keys(jobs);
    const [name, setName] = useState(names[0]);
    const isTest = jobs[name]?.kind === 'test';
    const builds = useCall(isTest ? `${pathOf(product, 'builds')}?limit=50` : null, ['build'], product);
    const send = async (fields) => {
        const body = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
        const { id } = await call('POST', pathOf(product, 'jobs'), body);
        go(link('p', product, 'jobs', id));
    };
    return html`<${Form} label="Run a job" submit="Run it" send=${send}><div class="fields">
        <${Field} label="Job"><select name="job" value=${name} onChange=${(event) => setName(event.currentTarget.value)}>${names.map((of) => html`<option value=${of} selected=${of === name}>${of} (${jobs[of].kind})</option>`)}</select></${Field}>
        ${isTest
            ? html`<${Field} label="Build"><select name="build" required>${(builds.data?.builds ?? []).map((row) => html`<option value=${row.id}>${short(row.id)} (${row.state})</option>`)}</select></${Field}>`
            : html`<${Field} label="Ref" hint="a branch or a tag of its source"><input name="ref" required defaultValue="main" maxlength="200" /></${Field}>
                <${Field} label="Commit" hint="left out: the newest there"><input name="commit" maxlength="64" pattern="[0-9a-f]{7,64}" /></${Field}>`}
    </div></${Form}>`;
}

function Run({ product }) {
    const answer = useCall(pathOf(product, 'pipeline'), ['stage'], product);
    const jobs = answer.data?.pipeline?.jobs ?? {};
    if (!answer.data && !answer.refusal) {
        return null;
    }
    return html`<${Card} title="Run one by hand">${Object.keys(jobs).length > 0
        ? html`<${ByHand} product=${product} jobs=${jobs} />`
        : html`<${Empty} title="The pipeline names no jobs">Add <code>jobs</code> to it in the <a href=${link('p', product, 'settings')}>settings</a>; what each does is in the settings of the runners.</${Empty}>`}</${Card}>`;
}

export function Jobs({ product, query }) {
    const state = query.get('state') ?? '';
    const [limit, setLimit] = useState(PAGE);
    const answer = useCall(`${pathOf(product, 'jobs')}?limit=${limit}${state && `&state=${encodeURIComponent(state)}`}`, ['job'], product);
    const rows = answer.data?.jobs ?? [];
    return html`<${Page} title="Jobs" lead="What runners build and test." actions=${html`<${Exports} name=${`${product}-jobs`} rows=${rows} />`}>
        <${Card} title="All" actions=${html`<label class="inline">State <select value=${state} onChange=${({ currentTarget }) => go(`${link('p', product, 'jobs')}${currentTarget.value && `?state=${currentTarget.value}`}`)}>
            <option value="">any</option>${STATES.map((name) => html`<option selected=${name === state}>${name}</option>`)}</select></label>`}>
            <${Answer} of=${answer}>${() => html`<${Table} label="Jobs" rows=${rows} keyOf=${(row) => row.id} columns=${columnsOf(product)}
                empty=${html`<${Empty} title="No job">Triggers and stages of the pipeline start them, or somebody does by hand.</${Empty}>`} />
                ${answer.data.next && limit < 500 && html`<button type="button" onClick=${() => setLimit(500)}>Show more</button>`}`}</${Answer}>
        </${Card}>
        ${may('develop', product) && html`<${Run} product=${product} />`}
    </${Page}>`;
}

// --- one ---

const NEXT = {
    queued: 'It waits for a runner that has this job and its labels.',
    running: 'Its runner is heard every few seconds; when that falls silent for a minute, the job is taken from it and tried again, or is an error.',
    passed: 'Nothing: it is over, and what it left counts.',
    warned: 'Nothing: it is over, and what it left counts.',
    failed: 'Nothing: it is over, and what it was for waits for another that passes.',
    error: 'Nothing: somebody tries it again, or nobody does.',
    cancelled: 'Nothing: somebody tries it again, or nobody does.',
};

const VERDICTS = { passed: 'good', warned: 'warn', failed: 'bad', error: 'bad', running: 'going', queued: 'waiting', cancelled: 'over' };

/** The text of a log; devices of people who look at it are spared what is very long. */
function Log({ product, artifact }) {
    const [text, setText] = useState(null);
    const path = pathOf(product, 'artifacts', artifact.id, 'content');
    useEffect(() => {
        let isWanted = artifact.size <= LOG_SHOWN;
        if (isWanted) {
            fetch(path).then((answer) => (answer.ok ? answer.text() : Promise.reject(new Error('gone'))))
                .then((got) => isWanted && setText(got)).catch(() => isWanted && setText(''));
        }
        return () => {
            isWanted = false;
        };
    }, [path]);
    return html`<p><a href=${path} download>${artifact.name}</a> <span class="faint">${size(artifact.size)}, <${Time} at=${artifact.made} /></span></p>
        ${text !== null && html`<pre class="log" tabindex="0" role="region" aria-label=${`Log ${artifact.name}`}>${text}</pre>`}`;
}

function Left({ product, id }) {
    const answer = useCall(`${pathOf(product, 'artifacts')}?job=${id}`, ['job', 'build'], product);
    return html`<${Answer} of=${answer}>${({ artifacts }) => {
        const logs = artifacts.filter(({ kind }) => kind === 'log');
        const rest = artifacts.filter(({ kind }) => kind !== 'log');
        return html`<${Card} title="Log">${logs.length > 0
            ? logs.map((artifact) => html`<${Log} key=${artifact.id} product=${product} artifact=${artifact} />`)
            : html`<${Empty} title="No log yet">A runner uploads it when the job ends.</${Empty}>`}</${Card}>
        ${rest.length > 0 && html`<${Card} title="What it left"><${Table} label="What it left" rows=${rest} keyOf=${(row) => row.id} columns=${[
            { name: 'Kind', of: (row) => words(row.kind) },
            { name: 'Name', of: (row) => html`<a href=${pathOf(product, 'artifacts', row.id, 'content')} download>${row.name}</a>` },
            { name: 'Build', of: (row) => row.build && html`<a href=${link('p', product, 'builds', row.build)}><code>${short(row.build)}</code></a>` },
            { name: 'Says', of: (row) => row.outcome && html`<${State} of=${row.outcome} />` },
            { name: 'Size', number: true, of: (row) => size(row.size) },
        ]} /></${Card}>`}`;
    }}</${Answer}>`;
}

const Attempts = ({ job }) => html`<${Table} label="Attempts" rows=${job.attempts ?? []} keyOf=${(row) => row.attempt} empty=${html`<${Empty} title="No runner has taken it yet" />`} columns=${[
    { name: 'Attempt', number: true, of: (row) => row.attempt },
    { name: 'Runner', of: (row) => html`${row.runner} <span class="faint">${row.machine}</span>` },
    { name: 'Began', of: (row) => html`<${Time} at=${row.began} />` },
    { name: 'Heard', of: (row) => html`<${Time} at=${row.heard} />` },
    { name: 'Took', number: true, of: (row) => took(row.began, row.ended) },
    { name: 'Ended', of: (row) => (row.outcome ? html`<${State} of=${row.outcome} />` : html`<${State} of="running" />`) },
    { name: 'Why', of: (row) => row.detail || row.note },
]} />`;

function Buttons({ product, job, reload }) {
    const act = (verb) => async () => {
        await call('POST', pathOf(product, 'jobs', job.id, verb), {});
        reload();
    };
    return may('develop', product) && html`
        ${['error', 'cancelled'].includes(job.state) && html`<${Action} kind="primary" run=${act('retry')}>Try again</${Action}>`}
        ${isGoing(job) && html`<${Ask} button="Cancel" kind="danger" title=${`Cancel job ${job.id}?`} question="Its runner stops it at its next heartbeat; what it would have left doesn’t count." run=${act('cancel')} />`}`;
}

export function Job({ product, id }) {
    const answer = useCall(pathOf(product, 'jobs', id), ['job'], product);
    return html`<${Answer} of=${answer}>${(job) => html`<${Page} title=${`Job ${job.id}: ${job.job}`} lead=${html`${job.kind === 'test' ? 'A test of' : 'A build of'} <${About} job=${job} product=${product} />`}
        actions=${html`<${Buttons} product=${product} job=${job} reload=${answer.reload} />`}>
        <section class=${`verdict ${VERDICTS[job.state]}`} aria-label="Where it is">
            <p class="verdict-state"><${State} of=${job.state} /> <span class="faint">since <${Time} at=${job.ended ?? job.began ?? job.made} whole /></span></p>
            ${(job.detail || job.note) && html`<p>${job.detail || job.note}</p>`}
            <p><strong>If nobody does anything:</strong> ${NEXT[job.state]}</p>
        </section>
        ${job.state === 'error' && !may('develop', product) && html`<${Note} kind="warn">A developer can try it again.</${Note}>`}
        <${Card} title="What it is"><${Facts} of=${[
            ['Because', `${words(job.cause)}, ${job.made_by}`],
            ['Made', html`<${Time} at=${job.made} whole />`],
            job.labels?.length > 0 && ['Wants a runner with', job.labels.join(', ')],
            job.timeout_s && ['Time limit', span(job.timeout_s)],
            ['Attempts', `${job.attempt}${job.retries ? `; tried again by itself ${job.retries === 1 ? 'once' : `up to ${job.retries} times`}` : ''}`],
            job.commit && ['Commit', html`<code>${job.commit}</code>`],
        ]} /></${Card}>
        <${Card} title="Attempts"><${Attempts} job=${job} /></${Card}>
        <${Left} product=${product} id=${job.id} />
    </${Page}>`}</${Answer}>`;
}
