/** Every instruction form that the built-in core decodes and that Unicorn can check. */
import { DSP_FORMS } from './dsp.js';
import { FLOAT_FORMS } from './float.js';
import type { Form } from './form.js';
import { MEMORY_FORMS } from './memory.js';
import { NARROW_BRANCH_FORMS, NARROW_FORMS, NARROW_MEMORY_FORMS } from './narrow.js';
import { WIDE_BRANCH_FORMS, WIDE_FORMS } from './wide.js';

export const FORMS: readonly Form[] = [
  ...NARROW_FORMS,
  ...NARROW_MEMORY_FORMS,
  ...NARROW_BRANCH_FORMS,
  ...WIDE_FORMS,
  ...WIDE_BRANCH_FORMS,
  ...DSP_FORMS,
  ...MEMORY_FORMS,
  ...FLOAT_FORMS,
];
