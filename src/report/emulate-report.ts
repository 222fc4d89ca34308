/**
 * The report of `emulate`: what a program cost, by function, source line and block, and what it did to memory. The field
 * names are public (README.md): they stay stable. All that differs between two identical runs stands under `timing`.
 */
import type { Board, CoreInfo } from '../targets/target.js';
import { roundTo } from './units.js';

export interface FunctionCost {
  readonly name: string;
  /** 0 for what was only jumped into: the first function, tail calls. */
  readonly calls: number;
  /** In the function itself, callees excluded. */
  readonly instructions: number;
  readonly cycles: number;
}

export interface LineCost {
  readonly file: string;
  readonly line: number;
  readonly instructions: number;
  readonly cycles: number;
}

export interface BlockCost {
  readonly function: string;
  readonly address: number;
  readonly executions: number;
  readonly instructions: number;
  readonly cycles: number;
  readonly code: readonly {
    readonly address: number;
    readonly text: string;
    readonly executions: number;
    readonly cycles: number;
  }[];
}

/** From one place to another, or the whole run. */
export interface PassageFacts {
  readonly instructions: number;
  readonly cycles: number;
  readonly peakStackBytes: number;
  readonly functions: readonly FunctionCost[];
  readonly flashCycles: { readonly code: number; readonly data: number };
  readonly milliseconds: number;
}

export interface FrameFacts {
  readonly function: string;
  /** Address of the call, and its source line where it is known. */
  readonly calledFrom: number;
  readonly place?: string;
}

/** How the run ended. */
export type EndFacts =
  | { readonly kind: 'reached'; readonly address: number; readonly symbol: string }
  | { readonly kind: 'passages' }
  | { readonly kind: 'exit'; readonly status: number }
  | { readonly kind: 'halted'; readonly address: number; readonly symbol: string }
  | {
      readonly kind: 'fault';
      readonly fault: string;
      readonly message: string;
      readonly pc: number;
      readonly encoding: number | null;
      readonly address: number | null;
      readonly symbol: string;
      /** Source line of the instruction, where it is known. */
      readonly place: string | null;
      /** Outermost first. */
      readonly callPath: readonly FrameFacts[];
    };

export interface MemoryUse {
  readonly name: string;
  readonly origin: number;
  readonly bytes: number;
  readonly writtenBytes: number;
  /** One behind the highest byte written; 0 when none was. */
  readonly highestWritten: number;
  readonly objects: readonly {
    readonly name: string;
    readonly address: number;
    readonly bytes: number;
    readonly written: number;
  }[];
}

export interface EmulateFacts {
  readonly elf: string;
  readonly core: CoreInfo;
  readonly board?: Board;
  readonly startSymbol: string;
  readonly startAddress: number;
  readonly vectorTable: number | null;
  /** As given on the command line. */
  readonly from: string | null;
  readonly to: string | null;
  readonly passages: readonly PassageFacts[];
  readonly functions: readonly FunctionCost[];
  /** With a detailed profile only. */
  readonly lines?: readonly LineCost[];
  readonly blocks?: readonly BlockCost[];
  /** Why there are no source lines; empty when there are. */
  readonly noLines?: string;
  /** Where the flash model comes from, when one was used. */
  readonly flashBasis?: string;
  readonly end: EndFacts;
  readonly total: { readonly instructions: number; readonly cycles: number };
  readonly peakStackBytes: number;
  readonly output: string;
  readonly memory: readonly MemoryUse[];
  readonly totalMs: number;
}

export interface PassageReport {
  readonly core: string;
  readonly instructions: number;
  readonly cycles: number;
  readonly peakStackBytes: number;
  readonly functions: readonly FunctionCost[];
  readonly timing: { readonly mips: number };
}

export interface EmulateReport extends PassageReport {
  readonly elf: string;
  readonly coreName: string;
  readonly board: string | null;
  readonly start: {
    readonly symbol: string;
    readonly address: number;
    readonly vectorTable: number | null;
  };
  readonly from: string | null;
  readonly to: string | null;
  /** With `from`: one record per passage; the fields above are their sums (the stack: the deepest). */
  readonly passages?: readonly PassageReport[];
  readonly estimate: { readonly low: number; readonly high: number; readonly basis: string };
  /** With --wait-states: cycles that flash added, part of `cycles` but not of `estimate`. */
  readonly flash?: { readonly codeCycles: number; readonly dataCycles: number; readonly basis: string };
  readonly lines?: readonly LineCost[];
  readonly blocks?: readonly BlockCost[];
  readonly noLines?: string;
  readonly end: EndFacts;
  readonly total: { readonly instructions: number; readonly cycles: number; readonly peakStackBytes: number };
  readonly output: string;
  readonly memory: readonly MemoryUse[];
  readonly timing: { readonly mips: number; readonly totalMs: number };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mips = (instructions: number, milliseconds: number): number =>
  milliseconds <= 0 ? 0 : roundTo(instructions / milliseconds / 1000, 3);

export function buildEmulateReport(facts: EmulateFacts): EmulateReport {
  const { core, board, passages } = facts;
  const instructions = sum(passages.map((passage) => passage.instructions));
  const cycles = sum(passages.map((passage) => passage.cycles));
  const { relative, basis } = core.uncertainty;
  const codeCycles = sum(passages.map((passage) => passage.flashCycles.code));
  const dataCycles = sum(passages.map((passage) => passage.flashCycles.data));
  const zeroWait = cycles - codeCycles - dataCycles;
  const milliseconds = sum(passages.map((passage) => passage.milliseconds));
  return {
    core: core.id,
    ...{ instructions, cycles },
    peakStackBytes: Math.max(0, ...passages.map((passage) => passage.peakStackBytes)),
    functions: facts.functions,
    elf: facts.elf,
    coreName: core.name,
    board: board?.id ?? null,
    start: { symbol: facts.startSymbol, address: facts.startAddress, vectorTable: facts.vectorTable },
    ...{ from: facts.from, to: facts.to },
    ...(facts.from === null ? {} : { passages: passages.map((passage) => passageReport(core.id, passage)) }),
    estimate: {
      low: Math.round(zeroWait * (1 - relative)),
      high: Math.round(zeroWait * (1 + relative)),
      basis: `${core.name} cycle model at zero wait states ±${Math.round(relative * 100)} % (${basis})`,
    },
    ...(facts.flashBasis === undefined ? {} : { flash: { codeCycles, dataCycles, basis: facts.flashBasis } }),
    ...(facts.lines === undefined ? {} : { lines: facts.lines }),
    ...(facts.noLines === undefined || facts.noLines === '' ? {} : { noLines: facts.noLines }),
    ...(facts.blocks === undefined ? {} : { blocks: facts.blocks }),
    end: facts.end,
    total: { ...facts.total, peakStackBytes: facts.peakStackBytes },
    output: facts.output,
    memory: facts.memory,
    timing: { mips: mips(instructions, milliseconds), totalMs: roundTo(facts.totalMs, 1) },
  };
}

const passageReport = (core: string, passage: PassageFacts): PassageReport => ({
  core,
  instructions: passage.instructions,
  cycles: passage.cycles,
  peakStackBytes: passage.peakStackBytes,
  functions: passage.functions,
  timing: { mips: mips(passage.instructions, passage.milliseconds) },
});
