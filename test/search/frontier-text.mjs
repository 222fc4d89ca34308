/** src/search/FRONTIER.md: BitOPs against points lost, method by method, and what each needs for a given loss. */
import { COMPARED_DROPS, NETWORKS } from './table-cases.mjs';

export const FRONTIER_COLUMNS = [
  ...['network', 'case', 'share', 'bitops', 'arena_bytes', 'within_limits', 'images', 'points_lost'],
  ...['half_width_95', 'agreement', 'score_sqnr_db', 'held_out_sqnr_db', 'seconds', 'code'],
];

/** `refined`: further plans under corrected figures, the quietest kept. */
export const FRONTIER_CASES = [
  ['VDQS refined', { method: 'vdqs', refined: true }],
  ['VDQS', { method: 'vdqs' }],
  ['integer program', { method: 'integer-program' }],
  ['greedy', { method: 'greedy' }],
  ['memory-driven', { method: 'memory-driven' }],
  ['evolutionary', { method: 'evolutionary' }],
  ['integer program refined', { method: 'integer-program', refined: true }],
  ['greedy refined', { method: 'greedy', refined: true }],
];

/** Steps that halve the cost. */
const STEPS_PER_HALF = 4;

export const sharesOf = ({ frontier: [first, last] }) =>
  Array.from({ length: last - first + 1 }, (_, i) => 2 ** (-(first + i) / STEPS_PER_HALF));
export const renderFrontier = () => '';
