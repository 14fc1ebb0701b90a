// SPDX-License-Identifier: Apache-2.0
// What asks before something is done. The browser's own dialog element: it keeps the focus in, and
// Escape closes it.
import { html, useEffect, useRef, useState } from './html.mjs';
import { Note } from './parts.mjs';

export function Dialog({ title, close, children, wide }) {
    const element = useRef(null);
    useEffect(() => {
        const before = document.activeElement;
        element.current.showModal();
        return () => before?.focus?.();
    }, []);
    return html`<dialog ref=${element} class=${wide ? 'wide' : ''} aria-labelledby="dialog-title" onClose=${close} onCancel=${close}>
        <h2 id="dialog-title">${title}</h2>${children}
    </dialog>`;
}

/**
 * A button that asks first. `question` says what will happen; `reason`: a line of words goes with it, `fields`: more to fill in.
 * run(reason, values of all fields) may throw; the dialog then stays, and says why.
 */
export function Ask({ button, kind = '', title, question, yes, run, reason, fields, disabled }) {
    const [open, setOpen] = useState(false);
    const [busy, setBusy] = useState(false);
    const [wrong, setWrong] = useState('');
    const close = () => {
        setOpen(false);
        setWrong('');
    };
    const submit = async (event) => {
        event.preventDefault();
        const values = Object.fromEntries(new FormData(event.currentTarget));
        setBusy(true);
        try {
            await run(values.reason?.trim() ?? '', values);
            setBusy(false);
            close();
        } catch (refusal) {
            setBusy(false);
            setWrong(refusal.message);
        }
    };
    return html`<button type="button" class=${kind} disabled=${disabled} onClick=${() => setOpen(true)}>${button}</button>
        ${open && html`<${Dialog} title=${title} close=${close}>
            <form onSubmit=${submit}>
                <div class="question">${question}</div>${fields}
                ${reason && html`<label class="field"><span class="field-name">${reason}</span><input name="reason" maxlength="400" autocomplete="off" /></label>`}
                ${wrong && html`<${Note}>${wrong}</${Note}>`}
                <div class="form-end">
                    <button type="button" class="quiet" onClick=${close}>Leave it</button>
                    <button type="submit" class=${kind || 'primary'} disabled=${busy} aria-busy=${busy} autofocus>${yes ?? button}</button>
                </div>
            </form>
        </${Dialog}>`}`;
}
