// SPDX-License-Identifier: Apache-2.0
// The fleet at a glance, its devices, and one device with its slots and timeline.
import { call, may, pathOf } from '../api.mjs';
import { Ask } from '../dialog.mjs';
import { html, useState } from '../html.mjs';
import { useCall } from '../live.mjs';
import { Action, Answer, Bar, Card, Copy, Empty, Facts, Field, Figure, Form, Note, Page, State, Table } from '../parts.mjs';
import { go, link } from '../route.mjs';
import { count, short, span, Time, words } from '../text.mjs';
import { Versions } from './versions.mjs';

const PAGE = 50;
const FILTERS = ['name', 'state', 'version', 'hardware', 'tag', 'channel', 'healthy', 'online'];

const Counts = ({ rows, whole, name, to }) => html`<ul class="counts">${rows.slice(0, 8).map((row) => html`<li><a href=${to(row.is)}>${name(row.is)}</a><${Bar} label=${name(row.is)} whole=${whole} parts=${[{ name: 'devices', value: row.count, kind: 'going' }]} /><span class="number">${count(row.count)}</span></li>`)}</ul>`;

function Overview({ product }) {
    const answer = useCall(pathOf(product, 'fleet'), ['device', 'rollout'], product);
    const filter = (name, value) => `${link('p', product, 'fleet')}?${new URLSearchParams({ [name]: value })}`;
    return html`<${Answer} of=${answer}>${(fleet) => {
        const pending = fleet.states.find((row) => row.is === 'pending')?.count ?? 0;
        return html`<div class="figures">
            <${Figure} name="Devices" note=${html`counted <${Time} at=${fleet.counted} />`}>${count(fleet.devices)}</${Figure}>
            <${Figure} name="Online"><a href=${filter('online', '1')}>${count(fleet.online)}</a></${Figure}>
            <${Figure} name="Failing" kind=${fleet.failing > 0 ? 'bad' : ''}><a href=${filter('healthy', '0')}>${count(fleet.failing)}</a></${Figure}>
            <${Figure} name="Wait for your yes" kind=${pending + fleet.replacements > 0 ? 'warn' : ''}><a href=${filter('state', 'pending')}>${count(pending + fleet.replacements)}</a></${Figure}>
        </div>
        <${Card} title="Versions over time"><${Versions} product=${product} fleet=${fleet} /></${Card}>
        <div class="columns">
            <${Card} title="Versions"><${Counts} rows=${fleet.versions} whole=${fleet.devices} name=${(is) => (is === '0' ? 'none yet' : `version ${is}`)} to=${(is) => filter('version', is)} /></${Card}>
            <${Card} title="Hardware"><${Counts} rows=${fleet.hardware} whole=${fleet.devices} name=${(is) => is || 'unknown'} to=${(is) => filter('hardware', is)} /></${Card}>
        </div>`;
    }}</${Answer}>`;
}

function Filter({ product, query }) {
    const submit = (event) => {
        event.preventDefault();
        const wanted = [...new FormData(event.currentTarget)].filter(([, value]) => value !== '');
        go(`${link('p', product, 'fleet')}?${new URLSearchParams(wanted)}`);
    };
    const of = (name) => query.get(name) ?? '';
    const select = (name, label, values) => html`<${Field} label=${label}><select name=${name}>${values.map(([value, text]) => html`<option value=${value} selected=${value === of(name)}>${text}</option>`)}</select></${Field}>`;
    return html`<form class="fields" role="search" key=${query.toString()} onSubmit=${submit}>
        <${Field} label="Name begins with"><input type="search" name="name" defaultValue=${of('name')} /></${Field}>
        <${Field} label="Tag"><input type="search" name="tag" defaultValue=${of('tag')} /></${Field}>
        <${Field} label="Version"><input type="number" min="0" name="version" defaultValue=${of('version')} /></${Field}>
        <${Field} label="Hardware"><input name="hardware" defaultValue=${of('hardware')} /></${Field}>
        ${select('state', 'State', [['', 'any'], ['enrolled', 'enrolled'], ['pending', 'pending'], ['registered', 'registered'], ['revoked', 'revoked']])}
        ${select('healthy', 'Health', [['', 'any'], ['1', 'healthy'], ['0', 'failing']])}
        ${select('online', 'Seen', [['', 'any'], ['1', 'online'], ['0', 'silent']])}
        <button type="submit">Search</button>
    </form>`;
}

const Health = ({ of }) => html`<${State} kind=${of.healthy ? 'good' : 'bad'}>${of.healthy ? 'healthy' : of.boot_state === 'rolled-back' ? 'rolled back' : 'failing'}</${State}>`;

function List({ product, query }) {
    const [after, setAfter] = useState([]);
    const wanted = new URLSearchParams(FILTERS.map((name) => [name, query.get(name) ?? '']).filter(([, value]) => value !== ''));
    const search = wanted.toString();
    const exportOf = (format) => `${pathOf(product, 'fleet', 'export')}?${search}${search && '&'}format=${format}`;
    if (after.length > 0) {
        wanted.set('after', after.at(-1));
    }
    wanted.set('limit', PAGE);
    const answer = useCall(`${pathOf(product, 'devices')}?${wanted}`, ['device'], product);
    return html`<${Card} title="Devices" note="A file holds at most 20 000 of them: a search narrows them down." actions=${html`<a class="button quiet" href=${exportOf('csv')} download>CSV</a><a class="button quiet" href=${exportOf('json')} download>JSON</a>`}>
        <${Filter} product=${product} query=${query} />
        <${Answer} of=${answer}>${({ devices, next }) => html`<${Table} label="Devices" rows=${devices} keyOf=${(row) => row.device}
            empty=${html`<${Empty} title=${search ? 'No device is like that' : 'No device yet'}>${!search && 'The first one enrols with a token, which you make in the settings.'}</${Empty}>`}
            columns=${[
                { name: 'Device', of: (row) => html`<a href=${link('p', product, 'fleet', row.device)}>${row.device}</a>${row.replacement && html` <span class="tag warn">new key</span>`}` },
                { name: 'State', of: (row) => (row.state === 'enrolled' ? html`<${Health} of=${row} />` : html`<${State} of=${row.state} />`) },
                { name: 'Version', number: true, of: (row) => row.version || '–' },
                { name: 'Hardware', of: (row) => row.hardware },
                { name: 'Channel', of: (row) => row.channel },
                { name: 'Tags', of: (row) => row.tags.join(', ') },
                { name: 'Seen', of: (row) => html`<${Time} at=${row.seen} />` },
            ]} />
            <div class="pages">${after.length > 0 && html`<button type="button" onClick=${() => setAfter(after.slice(0, -1))}>Back</button>`}
            ${next && html`<button type="button" onClick=${() => setAfter([...after, next])}>Next</button>`}</div>`}</${Answer}>
    </${Card}>`;
}

export const Fleet = ({ product, query }) => html`<${Page} title="Fleet" lead="What devices run, and how they are.">
    <${Overview} product=${product} /><${List} key=${query.toString()} product=${product} query=${query} />
</${Page}>`;

// --- one device ---

const HISTORY = { outcome: (data) => data.result, enrol: () => 'good', state: (data) => data.boot_state };

function Moment({ product, of }) {
    const { data } = of;
    const word = HISTORY[of.kind]?.(data) ?? '';
    const kind = { success: 'good', good: 'good', confirmed: 'good', failed: 'bad', refused: 'bad', 'rolled-back': 'bad', declined: 'over', trial: 'going' }[word] ?? 'idle';
    return html`<li><span class="faint"><${Time} at=${of.time} /></span><div><${State} kind=${kind}>${words(of.kind)}${word && word !== 'good' ? `: ${words(word)}` : ''}${data.progress_percent !== undefined ? ` ${data.progress_percent} %` : ''}</${State}>
        ${of.release > 0 && html` <a href=${link('p', product, 'releases', of.release)}>release ${of.release}</a>`}${of.rollout > 0 && html` in <a href=${link('p', product, 'rollouts', of.rollout)}>rollout ${of.rollout}</a>`}
        ${data.reason && html` <code>${data.reason}</code>`}${data.detail && html` <span class="faint">${data.detail}</span>`}${data.consent_by && html` <span class="faint">${data.consent_yes ? 'yes' : 'no'} by ${data.consent_by}</span>`}</div></li>`;
}

function Waiting({ device, act }) {
    const key = device.replacement ? device.new_key : device.key;
    const digest = typeof key === 'object' ? key?.id : key;
    return html`<${Note} kind="warn"><p><strong>${device.replacement ? 'It came back with another key.' : 'It waits to be let in.'}</strong> Compare this with what the device shows before you say yes:</p>
        <p><${Copy} text=${digest ?? ''} /></p>
        <div class="actions"><${Ask} button="Let it in" kind="primary" title=${`Let ${device.device} in?`} question="With exactly this key. Whoever holds it is this device from now on." run=${(_, { channel }) => act('approve', channel ? { key: digest, channel } : { key: digest })}
            fields=${!device.replacement && html`<${Field} label="Channel" hint="which releases it is for"><input name="channel" required maxlength="64" defaultValue=${device.channel || 'stable'} /></${Field}>`} />
        <${Ask} button="Reject" kind="danger" title=${`Reject ${device.device}?`} question="It may ask again." run=${() => act('reject', {})} /></div></${Note}>`;
}

function Change({ device, save }) {
    const send = ({ channel, tags, pin }) => save({ channel, tags: tags.split(/[\s,]+/).filter((tag) => tag !== ''), pin: Number(pin) });
    return html`<${Form} key=${JSON.stringify([device.channel, device.tags, device.pin])} label="Device" submit="Save" send=${send}><div class="fields">
        <${Field} label="Channel"><input name="channel" required defaultValue=${device.channel} /></${Field}>
        <${Field} label="Tags"><input name="tags" defaultValue=${device.tags.join(' ')} /></${Field}>
        <${Field} label="Pinned to at most" hint="version; 0: not pinned"><input name="pin" type="number" min="0" defaultValue=${device.pin} required /></${Field}>
    </div></${Form}>`;
}

function Logs({ product, device }) {
    const answer = useCall(pathOf(product, 'devices', device, 'logs'), ['device'], product);
    const rows = answer.data?.logs ?? [];
    return rows.length > 0 && html`<${Table} label="Logs" rows=${rows} keyOf=${(row) => row.id} columns=${[
        { name: 'Log', of: (row) => html`<a href=${pathOf(product, 'devices', device, 'logs', row.id)} download>№ ${row.id}</a>` },
        { name: 'Came', of: (row) => html`<${Time} at=${row.time ?? row.made} />` },
    ]} />`;
}

export function Device({ product, id }) {
    const answer = useCall(pathOf(product, 'devices', id), ['device', 'rollout'], product);
    const act = async (verb, body = {}) => {
        await call('POST', pathOf(product, 'devices', id, verb), body);
        answer.reload();
    };
    const save = async (body) => {
        await call('PATCH', pathOf(product, 'devices', id), body);
        answer.reload();
    };
    return html`<${Answer} of=${answer}>${(device) => html`<${Page} title=${device.device} lead=${html`${device.hardware || 'unknown hardware'}, class ${device.class}, ${device.channel ? `channel ${device.channel}` : 'no channel yet'}`}
        actions=${may('develop', product) && html`<${Action} disabled=${device.log_wanted} run=${() => act('ask-log')}>${device.log_wanted ? 'Log asked for' : 'Ask for its log'}</${Action}>
            ${device.state !== 'revoked' && html`<${Ask} button="Revoke" kind="danger" title=${`Revoke ${device.device}?`} question="It is refused from now on, until somebody lets it in again." run=${() => act('revoke')} />`}`}>
        ${(device.state === 'pending' || device.replacement) && may('develop', product) && html`<${Waiting} device=${device} act=${act} />`}
        <div class="figures">
            <${Figure} name="Version" note=${device.boot_state && words(device.boot_state)}>${device.version || '–'}</${Figure}>
            <${Figure} name="State"><${device.state === 'enrolled' ? Health : State} of=${device.state === 'enrolled' ? device : device.state} /></${Figure}>
            <${Figure} name="Seen" note=${device.online ? 'online' : 'silent'}><${Time} at=${device.seen} /></${Figure}>
            <${Figure} name="Reported"><${Time} at=${device.reported} /></${Figure}>
        </div>
        <div class="columns">
            <${Card} title="Slots"><${Table} label="Slots" rows=${device.slots} empty=${html`<${Empty} title="Not reported yet" />`} columns=${[
                { name: 'Image', of: (row) => row.name },
                { name: 'Slot', of: (row) => row.slot },
                { name: 'Version', number: true, of: (row) => row.version },
                { name: 'SHA-256', of: (row) => row.sha256 && html`<${Copy} text=${row.sha256}>${short(row.sha256)}…</${Copy}>` },
            ]} /></${Card}>
            <${Card} title="What it says"><${Facts} of=${[
                ['Root version', device.root_version],
                ['Enrolment', html`epoch ${device.epoch}, <${Time} at=${device.enrolled} />`],
                ['Reports', count(device.sequence)],
                ['Its clock', device.utc_offset_s === 0 ? 'UTC' : `UTC ${device.utc_offset_s < 0 ? '−' : '+'} ${span(Math.abs(device.utc_offset_s))}`],
                ...Object.entries(device.attributes).map(([name, value]) => [name, value]),
            ]} /></${Card}>
        </div>
        ${may('develop', product) && html`<${Card} title="Channel, tags, pin"><${Change} device=${device} save=${save} /></${Card}>`}
        <${Card} title="Timeline"><${Logs} product=${product} device=${id} />${device.history.length === 0 ? html`<${Empty} title="Nothing yet" />` : html`<ol class="timeline">${device.history.map((of) => html`<${Moment} key=${`${of.epoch}.${of.sequence}`} product=${product} of=${of} />`)}</ol>`}</${Card}>
    </${Page}>`}</${Answer}>`;
}
