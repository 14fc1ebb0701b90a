// SPDX-License-Identifier: Apache-2.0
// How far a build is qualified: its stages, the gates before the next one, and why each doesn't hold.
import { call, may, pathOf, session } from '../api.mjs';
import { Ask } from '../dialog.mjs';
import { html, useEffect } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Card, Field, Form, Note, State } from '../parts.mjs';
import { percent, span, Time, words } from '../text.mjs';

const SOON_MS = 2000;

export const STAGES = ['daily', 'internal', 'candidate', 'production'];

/** A gate of a pipeline in words. */
export function gateText(gate) {
    if (gate.test) {
        return `tests of ${gate.test}`;
    }
    if (gate.endorsed) {
        return 'endorsed by a builder';
    }
    if (gate.soak_s !== undefined) {
        return `${span(gate.soak_s)} in the stage before`;
    }
    if (gate.healthy) {
        return `${percent(gate.healthy.percent * 10000)} of at least ${gate.healthy.devices} devices healthy`;
    }
    if (gate.approvals !== undefined) {
        return `${gate.approvals} ${gate.approvals === 1 ? 'approval' : 'approvals'}`;
    }
    return gate.signed ? `signed with ${gate.signed}` : JSON.stringify(gate);
}

function Gates({ next }) {
    return html`<ul class="gates">${(next.gates ?? []).map((row) => html`<li><${State} kind=${row.holds ? 'good' : 'waiting'}>${gateText(row.gate)}</${State}>${!row.holds && row.why && html`<span class="faint">${row.why}</span>`}</li>`)}
        ${next.freeze !== undefined && html`<li><${State} kind="warn">frozen</${State}><span class="faint">${next.freeze}</span></li>`}</ul>`;
}

function Approvals({ of }) {
    return of.approvals.length > 0 && html`<p class="faint said">Approved: ${of.approvals.map((row) => html`<span class="pair">${row.person} for ${row.stage} <${Time} at=${row.time} />${row.comment && `: “${row.comment}”`}</span>`)}</p>`;
}

const KINDS = [['feature', 'a feature release'], ['patch', 'a patch: fixes only'], ['emergency', 'an emergency: the short path']];

function Kind({ of, act }) {
    const send = ({ kind, text, what }) => act('kind', {
        kind, changes: text.trim() === '' ? [] : [{ kind: what, id: '', text: text.trim() }],
    });
    return html`<details><summary>Kind of release: ${of.kind}</summary>
        <${Form} label="Kind of release" submit="Change it" kind="" send=${send}><div class="fields">
            <${Field} label="Kind"><select name="kind">${KINDS.map(([value, text]) => html`<option value=${value} selected=${value === of.kind}>${text}</option>`)}</select></${Field}>
            <${Field} label="What changed"><input name="text" maxlength="400" /></${Field}>
            <${Field} label="Which is"><select name="what"><option>fix</option><option>security</option><option>feature</option></select></${Field}>
        </div></${Form}></details>`;
}

/** The card on a build's page; nothing where the build is in no pipeline. */
export function Qualification({ product, build }) {
    const answer = useCall(pathOf(product, 'builds', build.id, 'pipeline'), ['stage', 'job', 'approval', 'signing', 'build', 'release'], product);
    const of = answer.data;
    // A build that has just come begins its way a moment later, and nothing tells.
    const isToCome = build.state === 'new' && answer.refusal?.status === 404;
    useEffect(() => {
        const timer = isToCome ? setInterval(answer.reload, SOON_MS) : null;
        return () => clearInterval(timer);
    }, [isToCome, answer.reload]);
    if (!of) {
        return null;
    }
    const act = async (verb, body) => {
        await call('POST', pathOf(product, 'builds', build.id, verb), body);
        answer.reload();
    };
    const entered = new Map(of.stages.map(({ stage, entered: at }) => [stage, at]));
    const next = of.next;
    const last = Math.max(-1, ...STAGES.map((stage, at) => (entered.has(stage) ? at : -1)), STAGES.indexOf(next?.stage));
    const isMine = of.approvals.some((row) => row.stage === next?.stage && row.person === session().person);
    const wantsApproval = next?.gates?.some((row) => row.gate.approvals !== undefined && !row.holds);
    return html`<${Card} title="Qualification" actions=${html`
        ${next && wantsApproval && may('approve', product) && !isMine && html`<${Ask} button=${`Approve ${next.stage}`} kind="primary" title=${`Approve this build for ${next.stage}?`}
            question=${html`<p>Your name counts once, for this build and this stage. This is your yes here; production signatures are approved with your own key, on your own machine.</p>`} reason="A comment"
            run=${(comment) => act('approve', comment ? { stage: next.stage, comment } : { stage: next.stage })} />`}
        ${of.state === 'failed' && !build.removed && may('release', product) && html`<${Ask} button="Try again" title="Take it through once more?" question="What failed or was refused is asked again." run=${() => act('retry', {})} />`}
        ${of.state !== 'withdrawn' && may('release', product) && html`<${Ask} button="Withdraw" kind="danger" title="Withdraw this build?" question="It goes no further. Its releases are withdrawn on their own pages." reason="Why" run=${(reason) => act('withdraw', { reason: reason || 'withdrawn' })} />`}`}>
        ${of.reason && html`<${Note} kind=${of.state === 'failed' ? 'bad' : 'warn'}>${of.reason}</${Note}>`}
        <ol class="phases">${STAGES.map((stage) => html`<li class=${next?.stage === stage ? 'current' : ''}>
            <strong>${stage}</strong>
            ${entered.has(stage) ? html`<${State} kind="good">entered <${Time} at=${entered.get(stage)} /></${State}>`
                : next?.stage === stage ? html`<${State} kind="waiting">waits for</${State}>`
                    : html`<${State} kind="idle">${STAGES.indexOf(stage) < last ? 'left out' : 'not yet'}</${State}>`}
            ${next?.stage === stage && html`<${Gates} next=${next} />`}
        </li>`)}</ol>
        <${Approvals} of=${of} />
        ${may('release', product) && html`<${Kind} of=${of} act=${act} />`}
    </${Card}>`;
}

export const kindText = (kind) => KINDS.find(([name]) => name === kind)?.[1] ?? words(kind);
