/** Cycles → an interval of milliseconds with what it rests on: never one bare number. */
import type { Board, CoreInfo } from '../targets/target.js';
import { formatMilliseconds, roundTo } from './units.js';

export interface LatencyEstimate {
  readonly low: number;
  readonly mid: number;
  readonly high: number;
  readonly basis: string;
}

/** cycles ÷ clock, times the board's memory factor, widened by the core model's own uncertainty. */
export function estimateLatency(cycles: number, board: Board, core: CoreInfo): LatencyEstimate {
  const zeroWaitMs = (cycles / board.clockHz) * 1000;
  const { relative } = core.uncertainty;
  const { memoryFactor } = board;
  return {
    low: roundTo(zeroWaitMs * memoryFactor.low * (1 - relative), 3),
    mid: roundTo(zeroWaitMs * memoryFactor.mid, 3),
    high: roundTo(zeroWaitMs * memoryFactor.high * (1 + relative), 3),
    basis:
      `${core.name} cycle model ±${Math.round(relative * 100)} % (${core.uncertainty.basis}); ` +
      `memory ×${memoryFactor.low}–${memoryFactor.high} (${memoryFactor.basis})`,
  };
}

export const formatLatency = (estimate: LatencyEstimate): string =>
  `${formatMilliseconds(estimate.mid)} (${formatMilliseconds(estimate.low)} – ${formatMilliseconds(estimate.high)})`;
