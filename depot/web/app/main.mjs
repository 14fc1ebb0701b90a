// SPDX-License-Identifier: Apache-2.0
// The page's beginning: says whether the depot is ready.
import { h, render } from './vendor/preact.mjs';
import { useEffect, useState } from './vendor/hooks.mjs';
import htm from './vendor/htm.mjs';

const html = htm.bind(h);

function Page() {
    const [state, setState] = useState('…');
    useEffect(() => {
        fetch('/ready')
            .then((answer) => answer.json())
            .then((answer) => setState(answer.state ?? answer.detail))
            .catch(() => setState('out of reach'));
    }, []);
    return html`<main><h1>Slipway depot</h1><p>This depot is <strong>${state}</strong>.</p></main>`;
}

render(html`<${Page} />`, document.getElementById('page'));
