/**
 * How often each instruction ran and what it cost, read from the built-in core's traces. A trace counts only how often
 * it was left at each exit, and where a fault left it; everything before that ran as often as it was left there or later.
 * Records: assembly/cortex-m/trace.ts (traces), timing/extras.ts (data-dependent cycles), calls.ts (call tree).
 */
import type { CortexMModule } from './builtin-wasm.js';

export interface InstructionCount {
  readonly address: number;
  /** Times it was reached; instructions skipped in an IT block count. */
  readonly executions: number;
  readonly cycles: number;
}

/** One function on one call path. */
export interface CallNode {
  /** Address of the function's first instruction (of the instruction at which the profile started, for the root). */
  readonly address: number;
  readonly calls: number;
  /** In the function itself, callees excluded. */
  readonly instructions: number;
  readonly cycles: number;
  readonly children: readonly CallNode[];
}

export interface RawProfile {
  readonly instructions: number;
  readonly cycles: number;
  /** By ascending address. */
  readonly counts: readonly InstructionCount[];
  readonly callTree: CallNode;
}

const HEADER_BYTES = 16;
const OPERATION_BYTES = 16;
const EXIT_BYTES = 32;
const NODE_BYTES = 40;

/** An instruction of a trace (address −1: an exit between two of them). */
interface Step {
  readonly address: number;
  readonly cycles: number;
  /** Times the trace was left here, cycles that each took beyond the sum, and cycles of not leaving. */
  readonly left: number;
  readonly leavingCycles: number;
  readonly stayingCycles: number;
}

export class ProfileCounts {
  private readonly totals = new Map<number, { executions: number; cycles: number }>();

  /** Adds everything counted since the traces were decoded. */
  addTraces(module: CortexMModule): void {
    const view = new DataView(module.memory.buffer);
    const end = module.functions.tracesEnd();
    for (let header = module.layout.TRACES; header < end; header = view.getUint32(header + 4, true)) {
      this.addTrace(readTrace(view, module.layout.FIRST_EXIT, header));
    }
  }

  addExtras(module: CortexMModule): void {
    const { EXTRAS, EXTRAS_COUNT } = module.layout;
    const view = new DataView(module.memory.buffer);
    for (let entry = EXTRAS; entry < EXTRAS + EXTRAS_COUNT * 8; entry += 8) {
      const key = view.getUint32(entry, true);
      if (key !== 0) this.add((key & ~1) >>> 0, 0, view.getInt32(entry + 4, true));
    }
  }

  sorted(): readonly InstructionCount[] {
    return [...this.totals]
      .map(([address, { executions, cycles }]) => ({ address, executions, cycles }))
      .sort((a, b) => a.address - b.address);
  }

  private addTrace(steps: readonly Step[]): void {
    let through = 0;
    for (let index = steps.length - 1; index >= 0; index--) {
      const step = steps[index]!;
      const stayed = through;
      through += step.left;
      if (through === 0) continue;
      const cycles = through * step.cycles + step.left * step.leavingCycles + stayed * step.stayingCycles;
      if (step.address >= 0) this.add(step.address, through, cycles);
    }
  }

  private add(address: number, executions: number, cycles: number): void {
    const total = this.totals.get(address);
    if (total === undefined) this.totals.set(address, { executions, cycles });
    else {
      total.executions += executions;
      total.cycles += cycles;
    }
  }
}

/** The trace was left between two instructions. */
const leftBetween = (left: number): Step => ({
  address: -1,
  cycles: 0,
  left,
  leavingCycles: 0,
  stayingCycles: 0,
});

function readTrace(view: DataView, firstExit: number, header: number): readonly Step[] {
  const end = view.getUint32(header + 4, true);
  const isExit = (at: number): boolean => view.getUint16(at, true) >= firstExit;
  const fault = view.getUint32(header + 8, true);
  const faulted = fault === 0 ? undefined : view.getUint32(fault + 12, true);
  const steps: Step[] = [];
  let before = 0;
  let at = header + HEADER_BYTES;
  for (let instructions = 0; at < end; ) {
    // stops and links count no instruction; they share the address of the one behind them
    const isFree = isExit(at) && view.getUint32(at + 20, true) === instructions;
    if (isFree) {
      steps.push(leftBetween(view.getUint32(at + 24, true)));
      at += EXIT_BYTES;
      continue;
    }
    const step = {
      address: view.getUint32(at + 12, true),
      cycles: 0,
      left: 0,
      leavingCycles: 0,
      stayingCycles: 0,
    };
    // what faulted has not happened, all before it has
    if (step.address === faulted) steps.push(leftBetween(1));
    instructions++;
    while (at < end && view.getUint32(at + 12, true) === step.address) {
      step.cycles += view.getUint8(at + 7);
      if (!isExit(at)) {
        at += OPERATION_BYTES;
        continue;
      }
      step.left = view.getUint32(at + 24, true);
      step.leavingCycles = view.getUint32(at + 16, true) - before - step.cycles;
      step.stayingCycles = view.getUint8(at + 6);
      at += EXIT_BYTES;
    }
    before += step.cycles + step.stayingCycles;
    steps.push(step);
  }
  return steps;
}

/** The tree whose nodes lie from CALL_TREE up to `end`; the root comes first. */
export function readCallTree(module: CortexMModule, end: number): CallNode {
  const view = new DataView(module.memory.buffer);
  const { CALL_TREE } = module.layout;
  const read = (node: number): CallNode => {
    const children: CallNode[] = [];
    for (let child = view.getUint32(node + 8, true); child !== 0; child = view.getUint32(child + 12, true)) {
      children.push(read(child));
    }
    return {
      address: view.getUint32(node, true),
      calls: view.getUint32(node + 32, true),
      instructions: Number(view.getBigUint64(node + 24, true)),
      cycles: Number(view.getBigUint64(node + 16, true)),
      children,
    };
  };
  if (end < CALL_TREE + NODE_BYTES) return { address: 0, calls: 0, instructions: 0, cycles: 0, children: [] };
  return read(CALL_TREE);
}
