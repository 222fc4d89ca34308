/** A board's log beside simulation and estimate, as `verify --log` reports it: bytes by CRC, cycles as ratios. */
import type { Board, CoreInfo } from '../targets/target.js';
import { roundTo } from './units.js';

export interface BoardLogLayer {
  readonly name: string;
  /** `equal`, `different`, or `missing` where the log breaks off before. */
  readonly verdict: 'equal' | 'different' | 'missing';
  readonly expectedCrc: number;
  readonly crc: number | null;
  /** As the board counted; null where it did not. */
  readonly cycles: number | null;
  readonly estimatedCycles: number;
  /** Measured over estimated at zero wait states; null where either is missing or the layer waits for its input. */
  readonly ratio: number | null;
}

export interface BoardLogReport {
  readonly log: string;
  readonly board: string;
  readonly core: string;
  readonly ok: boolean;
  readonly complete: boolean;
  readonly layers: readonly BoardLogLayer[];
  readonly equalLayers: number;
  readonly outputsEqual: boolean;
  /** Name of the first layer that is not equal. */
  readonly firstDifference: string | null;
  /** Null when the board counted nothing. */
  readonly cycles: {
    readonly measured: number;
    readonly estimated: number;
    readonly ratio: number;
    /** What the estimate says for this board: its core's uncertainty and its memory. */
    readonly low: number;
    readonly high: number;
    readonly within: boolean;
  } | null;
}

export interface BoardLogFacts {
  readonly log: string;
  readonly board: Board;
  readonly core: CoreInfo;
  readonly complete: boolean;
  readonly outputsEqual: boolean;
  readonly layers: readonly {
    readonly name: string;
    readonly expectedCrc: number;
    readonly crc: number | null;
    /** 0: not counted. */
    readonly cycles: number;
    readonly estimatedCycles: number;
    /** Its cycles are the application's: it delivers a piece of the input. */
    readonly isRequest: boolean;
  }[];
}

export function buildBoardLogReport(facts: BoardLogFacts): BoardLogReport {
  const layers = facts.layers.map((layer): BoardLogLayer => {
    const isCounted = layer.cycles > 0 && layer.estimatedCycles > 0 && !layer.isRequest;
    return {
      name: layer.name,
      verdict: layer.crc === null ? 'missing' : layer.crc === layer.expectedCrc ? 'equal' : 'different',
      ...{ expectedCrc: layer.expectedCrc, crc: layer.crc },
      cycles: layer.cycles > 0 ? layer.cycles : null,
      estimatedCycles: layer.estimatedCycles,
      ratio: isCounted ? roundTo(layer.cycles / layer.estimatedCycles, 4) : null,
    };
  });
  const equalLayers = layers.filter(({ verdict }) => verdict === 'equal').length;
  return {
    ...{ log: facts.log, board: facts.board.id, core: facts.core.id },
    ok: equalLayers === layers.length && facts.complete && facts.outputsEqual,
    ...{ complete: facts.complete, layers, equalLayers, outputsEqual: facts.outputsEqual },
    firstDifference: layers.find(({ verdict }) => verdict !== 'equal')?.name ?? null,
    cycles: compareCycles(layers, facts),
  };
}

/** Over the layers that both have counted. */
function compareCycles(
  layers: readonly BoardLogLayer[],
  { board, core }: BoardLogFacts,
): BoardLogReport['cycles'] {
  const counted = layers.filter(({ ratio }) => ratio !== null);
  if (counted.length === 0) return null;
  const measured = counted.reduce((total, layer) => total + layer.cycles!, 0);
  const estimated = counted.reduce((total, layer) => total + layer.estimatedCycles, 0);
  const { relative } = core.uncertainty;
  const low = Math.round(estimated * board.memoryFactor.low * (1 - relative));
  const high = Math.round(estimated * board.memoryFactor.high * (1 + relative));
  const within = measured >= low && measured <= high;
  return { measured, estimated, ratio: roundTo(measured / estimated, 4), low, high, within };
}
