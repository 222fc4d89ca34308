/** THE target list: cores and boards. */
export { BOARDS, findBoard, virtualBoard } from './boards.js';
export { CORE_IDS, CORES, coreOf } from './cores.js';
export { CORE_TIMINGS } from './cycle-tables.js';
export type { Board, CoreId, CoreInfo, KernelFeature } from './target.js';
