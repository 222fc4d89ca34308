/**
 * The report of `verify`: what was compared, cycles per layer, memory against the board's limits.
 * The field names are public (README.md): they stay stable. All that differs between two identical runs
 * stands under `timing`.
 */
import type { Board, CoreInfo } from '../targets/target.js';
import type { BoardLogReport } from './board-log-report.js';
import type { CrossCheckReport } from './cross-check.js';
import { estimateLatency, type LatencyEstimate } from './latency.js';
import { roundTo } from './units.js';

/** One layer as emulated and compared. */
export interface VerifiedLayer {
  readonly name: string;
  readonly op: string;
  /** Name of the kernel that computed it; empty where nothing is computed. */
  readonly kernel: string;
  /** Why no kernel that is preferred to it. */
  readonly kernelWhy: string;
  /** [height, width, channels] */
  readonly outputShape: readonly number[];
  readonly macs: number;
  readonly cycles: number;
  /** Bytes of the feature map compared with the simulation; 0 where the map does not exist (fused, in place). */
  readonly comparedBytes: number;
  readonly equal: boolean;
  /** Why nothing was compared. */
  readonly note?: string;
}

export interface Difference {
  readonly layer: string;
  readonly y: number;
  readonly x: number;
  readonly channel: number;
  readonly expected: number;
  readonly actual: number;
  /** How many values of the layer differ. */
  readonly count: number;
  /** The engine whose bytes differ from the simulation's. */
  readonly engine: string;
}

/** Bytes of memory as measured on the emulated core and in the ELF file. */
export interface MemoryFigures {
  readonly arenaBytes: number;
  readonly stackBytes: number;
  /** .data and .bss without arena and input buffer. */
  readonly staticSramBytes: number;
  /** The input buffer where it lies outside the arena, else 0. */
  readonly inputBytes: number;
  /** The input is asked for piece by piece and never stored whole. */
  readonly inputStreamed: boolean;
  readonly flashBytes: number;
  /** What the write watch saw: the arena to its last byte, variables written, and the painted stack. */
  readonly measured: {
    readonly arenaBytes: number;
    readonly staticSramBytes: number;
    readonly paintedStackBytes: number;
    readonly reservedStackBytes: number;
  };
}

/** Stack overflow, arena overrun, stray write or fault, named by layer. */
export interface ReportedProblem {
  readonly engine: string;
  readonly kind: string;
  readonly layer?: string;
  readonly symbol?: string;
  readonly message: string;
}

export interface VerifyFacts {
  readonly model: string;
  readonly mode: string;
  readonly engine: string;
  readonly toolchain: string;
  readonly board: Board;
  readonly core: CoreInfo;
  /** True when it ran on a copy of the board with more memory. */
  readonly virtualBoard: boolean;
  readonly input: string;
  readonly layers: readonly VerifiedLayer[];
  readonly difference?: Difference;
  readonly problems: readonly ReportedProblem[];
  /** Cycles of the whole inference per engine that ran. */
  readonly cyclesByEngine: Readonly<Record<string, number>>;
  /** The second engine against the first, or why there was none. */
  readonly crossCheck?: CrossCheckReport;
  /** What a real board printed of the same inference. */
  readonly boardLog?: BoardLogReport;
  readonly outputs: readonly NetworkOutput[];
  readonly memory: MemoryFigures;
  readonly timing: Readonly<Record<string, number>>;
}

export interface NetworkOutput {
  readonly name: string;
  readonly shape: readonly number[];
  /** Stored integers, as in the model file. */
  readonly values: readonly number[];
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly fits: boolean;
  readonly target: string;
  readonly engine: string;
  readonly mode: string;
  readonly model: string;
  readonly input: string;
  readonly board: {
    readonly name: string;
    readonly core: string;
    readonly coreName: string;
    readonly clockHz: number;
    readonly sramBytes: number;
    readonly flashBytes: number;
    readonly virtual: boolean;
  };
  readonly toolchain: string;
  readonly layers: readonly (VerifiedLayer & { readonly share: number })[];
  readonly firstDifference: Difference | null;
  readonly problems: readonly ReportedProblem[];
  readonly crossCheck: CrossCheckReport | null;
  /** Present with --log. */
  readonly boardLog?: BoardLogReport;
  readonly outputs: readonly NetworkOutput[];
  readonly totals: VerifyTotals;
  readonly timing: Readonly<Record<string, number>>;
}

export interface VerifyTotals extends MemoryFigures {
  readonly macs: number;
  readonly cycles: number;
  readonly cyclesByEngine: Readonly<Record<string, number>>;
  readonly latencyMs: LatencyEstimate;
  readonly comparedBytes: number;
  /** arena + stack + other static + input outside the arena */
  readonly peakSramBytes: number;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function buildVerifyReport(facts: VerifyFacts): VerifyReport {
  const { board, layers, memory } = facts;
  const cycles = sum(layers.map((layer) => layer.cycles));
  const peakSramBytes = memory.arenaBytes + memory.stackBytes + memory.staticSramBytes + memory.inputBytes;
  return {
    ok:
      layers.every((layer) => layer.equal) &&
      facts.problems.length === 0 &&
      facts.crossCheck?.state !== 'different' &&
      facts.boardLog?.ok !== false,
    fits: !facts.virtualBoard && peakSramBytes <= board.sram.bytes && memory.flashBytes <= board.flash.bytes,
    target: board.id,
    engine: facts.engine,
    mode: facts.mode,
    model: facts.model,
    input: facts.input,
    board: {
      name: board.name,
      core: board.core,
      coreName: facts.core.name,
      clockHz: board.clockHz,
      sramBytes: board.sram.bytes,
      flashBytes: board.flash.bytes,
      virtual: facts.virtualBoard,
    },
    toolchain: facts.toolchain,
    layers: layers.map((layer) => ({
      ...layer,
      share: cycles === 0 ? 0 : roundTo(layer.cycles / cycles, 4),
    })),
    firstDifference: facts.difference ?? null,
    problems: facts.problems,
    crossCheck: facts.crossCheck ?? null,
    ...(facts.boardLog === undefined ? {} : { boardLog: facts.boardLog }),
    outputs: facts.outputs,
    totals: {
      macs: sum(layers.map((layer) => layer.macs)),
      cycles,
      cyclesByEngine: facts.cyclesByEngine,
      latencyMs: estimateLatency(cycles, board, facts.core),
      comparedBytes: sum(layers.map((layer) => layer.comparedBytes)),
      ...memory,
      peakSramBytes,
    },
    timing: facts.timing,
  };
}
