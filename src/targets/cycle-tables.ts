/** THE list of timing tables: one per core, applied by every engine that counts cycles. */
import type { CoreTiming } from './core-timing.js';
import { CORTEX_M4_TIMING } from './cortex-m4.js';
import { CORTEX_M7_TIMING } from './cortex-m7.js';
import { CORTEX_M33_TIMING } from './cortex-m33.js';
import type { CoreId } from './target.js';

export const CORE_TIMINGS: Readonly<Record<CoreId, CoreTiming>> = {
  m4: CORTEX_M4_TIMING,
  m7: CORTEX_M7_TIMING,
  m33: CORTEX_M33_TIMING,
};
