// SPDX-License-Identifier: Apache-2.0
// What every module of the page builds with: preact's hooks, and `html`, which writes elements.
// Texts that are put into `html` are texts, whatever is in them: nothing here makes markup of data.
import { Fragment, h, render } from './vendor/preact.mjs';
import htm from './vendor/htm.mjs';

export { useCallback, useEffect, useMemo, useRef, useState } from './vendor/hooks.mjs';
export { Fragment, render };
export const html = htm.bind(h);
