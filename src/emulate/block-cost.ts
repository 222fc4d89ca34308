/**
 * Static cost of a run of instructions on a core, from its cycle table.
 *
 * A run starts with an empty pipeline: after a taken branch, or after any branch that fell through. Costs of
 * a run cut in two (Unicorn cuts at page ends) are the same as uncut when the instruction before the cut is
 * given as `before`; the scoreboard then sees one instruction of history, which is all that it needs up to
 * latencies of three cycles.
 */
import type {
  ClassCost,
  CycleTable,
  InstructionClass,
  OperandPort,
  ScoreboardPipeline,
  SequentialPipeline,
} from '../targets/cycle-tables.js';
import { bit, PC, type ThumbInstruction } from './thumb-instruction.js';

/** Cycles of one run and what its last instruction adds, depending on where it goes. */
export interface BlockCost {
  readonly cycles: number;
  /** Added when execution continues anywhere but behind the run. */
  readonly taken: number;
  /** Added when it falls through. */
  readonly notTaken: number;
}

/** True when the instruction may send execution elsewhere: it ends a run. */
export function endsRun(instruction: ThumbInstruction): boolean {
  return isBranch(instruction.class) || (instruction.writes & bit(PC)) !== 0;
}

/** Cost of `run`, entered with an empty pipeline or, if given, right behind `before`. */
export function blockCost(
  table: CycleTable,
  run: readonly ThumbInstruction[],
  before?: ThumbInstruction,
): BlockCost {
  const previous = before === undefined || endsRun(before) ? undefined : before;
  return table.pipeline.kind === 'sequential'
    ? sequentialCost(table, table.pipeline, run, previous)
    : scoreboardCost(table, table.pipeline, run, previous);
}

function isBranch(kind: InstructionClass): boolean {
  return kind === 'branch' || kind === 'branch_link' || kind === 'branch_indirect' || kind === 'table_branch';
}

const issueCycles = (cost: ClassCost, instruction: ThumbInstruction): number =>
  Math.max(1, Math.floor(cost.base + cost.perRegister * instruction.transferCount));

// --- one instruction after the other --------------------------------------------------------------------

function sequentialCost(
  table: CycleTable,
  pipeline: SequentialPipeline,
  run: readonly ThumbInstruction[],
  before: ThumbInstruction | undefined,
): BlockCost {
  let cycles = 0;
  let previous = before;
  for (const current of run) {
    cycles += sequentialStep(table, pipeline, previous, current);
    previous = current;
  }
  const last = run[run.length - 1];
  const afterLoad = last !== undefined && last.accessBytes !== 0 && endsRun(last);
  return { cycles, taken: afterLoad ? pipeline.refillAfterLoad : pipeline.refill, notTaken: 0 };
}

const isSingleAccess = (instruction: ThumbInstruction): boolean =>
  instruction.class === 'load' || instruction.class === 'store';

/** Cycles of `current` right behind `previous` (undefined: the pipeline is empty). */
function sequentialStep(
  table: CycleTable,
  pipeline: SequentialPipeline,
  previous: ThumbInstruction | undefined,
  current: ThumbInstruction,
): number {
  let cycles = issueCycles(table.cost[current.class], current);
  if (current.class === 'store' && current.registerOffset) cycles += pipeline.registerOffsetStore;
  if (previous === undefined || current.accessBytes === 0) return cycles;
  const overlap = previous.writes & current.addressReads;
  const afterAccess = previous.accessBytes !== 0;
  if (!afterAccess) return cycles + (overlap === 0 ? 0 : pipeline.addressDependency);
  if (!isSingleAccess(current) || !isSingleAccess(previous)) return cycles;
  if (previous.class === 'load') {
    // an address that waits for the load keeps its full cost; an immediate store has nothing to save
    if (overlap === 0 && cycles > 1) cycles -= pipeline.pipelinedLoadSaving;
    return cycles;
  }
  const chained = current.class === 'store' && (previous.baseWriteback & current.addressReads) !== 0;
  return chained ? cycles + pipeline.writebackChain : cycles;
}

// --- in-order issue with a scoreboard -------------------------------------------------------------------

/** Issue state while walking a run: when each register's writer issued, and who may be paired with. */
interface IssueState {
  /** Cycle at which the current instruction could issue at the earliest. */
  cycle: number;
  readonly writer: (ThumbInstruction | undefined)[];
  readonly writtenAt: Int32Array;
  /** The instruction that issued alone so far in cycle `cycle − 1` and may take a younger partner. */
  open: ThumbInstruction | undefined;
}

function scoreboardCost(
  table: CycleTable,
  pipeline: ScoreboardPipeline,
  run: readonly ThumbInstruction[],
  before: ThumbInstruction | undefined,
): BlockCost {
  const state: IssueState = {
    cycle: 0,
    writer: new Array<ThumbInstruction | undefined>(16).fill(undefined),
    writtenAt: new Int32Array(16),
    open: undefined,
  };
  if (before !== undefined) issue(table, pipeline, state, before);
  const start = state.cycle;
  let flagsBefore = before?.setsFlags ?? false;
  let flagsAtEnd = false;
  for (const current of run) {
    issue(table, pipeline, state, current);
    flagsAtEnd = flagsBefore;
    flagsBefore = current.setsFlags;
  }
  const last = run[run.length - 1];
  return { cycles: state.cycle - start, ...scoreboardExit(pipeline, last, flagsAtEnd) };
}

function scoreboardExit(
  pipeline: ScoreboardPipeline,
  last: ThumbInstruction | undefined,
  afterFlags: boolean,
): { readonly taken: number; readonly notTaken: number } {
  if (last === undefined || !endsRun(last)) return { taken: pipeline.takenIndirect, notTaken: 0 };
  const direct = last.branchTarget !== undefined;
  const backward = direct && last.branchTarget <= last.address;
  return {
    taken:
      (direct ? pipeline.takenDirect : pipeline.takenIndirect) + (afterFlags ? pipeline.takenAfterFlags : 0),
    notTaken: last.conditional && backward ? pipeline.loopExit : 0,
  };
}

function issue(
  table: CycleTable,
  pipeline: ScoreboardPipeline,
  state: IssueState,
  current: ThumbInstruction,
): void {
  const older = state.open;
  const slot = older === undefined ? -1 : state.cycle - 1;
  if (older !== undefined && mayPair(pipeline, older, current) && readyAt(pipeline, state, current) <= slot) {
    record(state, current, slot);
    state.open = undefined;
    return;
  }
  const at = Math.max(state.cycle, readyAt(pipeline, state, current));
  record(state, current, at);
  state.cycle = at + issueCycles(table.cost[current.class], current);
  state.open = pipeline.pairing.alone.includes(current.class) ? undefined : current;
}

function record(state: IssueState, instruction: ThumbInstruction, cycle: number): void {
  for (let register = 0; register < 16; register++) {
    if ((instruction.writes & bit(register)) === 0) continue;
    state.writer[register] = instruction;
    state.writtenAt[register] = cycle;
  }
}

function mayPair(pipeline: ScoreboardPipeline, older: ThumbInstruction, younger: ThumbInstruction): boolean {
  const rules = pipeline.pairing;
  if (rules.narrowOnly && (older.size === 4 || younger.size === 4)) return false;
  if (rules.alone.includes(younger.class) || rules.olderOnly.includes(younger.class)) return false;
  if (rules.youngerClasses !== undefined) {
    if (!rules.youngerClasses.includes(younger.class) && older.class !== 'nop') return false;
  }
  if (older.writes & younger.writes) return false;
  for (const group of rules.exclusiveGroups) {
    if (group.includes(older.class) && group.includes(younger.class)) return false;
  }
  return true;
}

/** First cycle in which every operand of `current` is ready. */
function readyAt(pipeline: ScoreboardPipeline, state: IssueState, current: ThumbInstruction): number {
  let ready = 0;
  for (let register = 0; register < 16; register++) {
    const mask = bit(register);
    if ((current.reads & mask) === 0) continue;
    const writer = state.writer[register];
    if (writer === undefined) continue;
    const latency = resultLatency(pipeline, writer, register, portOf(current, mask));
    ready = Math.max(ready, state.writtenAt[register]! + latency);
  }
  return ready;
}

function portOf(instruction: ThumbInstruction, mask: number): OperandPort {
  if (instruction.addressReads & mask) return 'address';
  if (instruction.shiftedReads & mask) return 'early';
  if (instruction.class.startsWith('multiply') && (instruction.accumulateReads & mask) === 0) return 'early';
  if (instruction.accumulateReads & mask) return 'accumulate';
  if (instruction.storeReads & mask) return 'store';
  return 'data';
}

function resultLatency(
  pipeline: ScoreboardPipeline,
  writer: ThumbInstruction,
  register: number,
  port: OperandPort,
): number {
  if (writer.baseWriteback & bit(register)) return 1;
  const latency = pipeline.latency[port][writer.class] ?? 1;
  const narrow = writer.class === 'load' && writer.accessBytes < 4 && latency > 0;
  return latency + (narrow ? pipeline.narrowLoadLatency : 0);
}
