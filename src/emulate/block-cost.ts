/**
 * Static cost of a run of instructions on a core, from the core's timing table. It is the second reading of
 * those tables: the built-in core applies the same rules to what it executes, instruction by instruction.
 *
 * A run starts with an empty pipeline, which is what a taken branch leaves; `history` gives what ran just
 * before when it was entered by falling through. What only execution can tell is taken as follows: a division
 * has a quotient of 8 bits (kernels divide sums of bytes by their number), accesses are aligned, instructions
 * under an IT are executed.
 */
import {
  type CoreTiming,
  isSequential,
  type SequentialRules,
  type TimingClass,
} from '../targets/core-timing.js';
import { createScoreboard } from './scoreboard.js';
import { bit, PC, type ThumbInstruction } from './thumb-instruction.js';

/** Cycles of one run and what its last instruction adds, depending on where it goes. */
export interface BlockCost {
  readonly cycles: number;
  /** Added when execution continues anywhere but behind the run. */
  readonly taken: number;
  /** Added when it falls through. */
  readonly notTaken: number;
}

/** Gives the cycles of one instruction after another, in program order. */
export type Pipeline = (instruction: ThumbInstruction) => number;

const ASSUMED_QUOTIENT_BITS = 8;

/** True when the instruction may send execution elsewhere: it ends a run. */
export function endsRun(instruction: ThumbInstruction): boolean {
  const { class: kind } = instruction;
  const branch =
    kind === 'branch' || kind === 'branch_link' || kind === 'branch_indirect' || kind === 'table_branch';
  return branch || (instruction.writes & bit(PC)) !== 0;
}

/** Cost of `run`, entered with an empty pipeline or behind `history`. */
export function blockCost(
  timing: CoreTiming,
  run: readonly ThumbInstruction[],
  history: readonly ThumbInstruction[] = [],
): BlockCost {
  const step = isSequential(timing.pipeline)
    ? createSequential(timing, timing.pipeline)
    : createScoreboard(timing, timing.pipeline);
  for (const instruction of history) step(instruction);
  let cycles = 0;
  for (const instruction of run) cycles += step(instruction) + divisionExtra(timing, instruction);
  return { cycles, ...exitCost(timing, [...history, ...run]) };
}

/** Cycles of the instruction's class: base and per register, rounded up; classes without a row take 1. */
export function tableCost(timing: CoreTiming, { class: kind, transferCount }: ThumbInstruction): number {
  const row = kind === 'undefined' ? undefined : timing.cost[kind];
  return (row?.base ?? 1) + Math.ceil((row?.perRegister ?? 0) * transferCount);
}

function divisionExtra({ divide }: CoreTiming, { class: kind }: ThumbInstruction): number {
  return kind === 'divide'
    ? Math.min(Math.ceil(ASSUMED_QUOTIENT_BITS / divide.bitsPerCycle), divide.mostExtra)
    : 0;
}

function exitCost({ branches }: CoreTiming, run: readonly ThumbInstruction[]): Omit<BlockCost, 'cycles'> {
  const last = run[run.length - 1];
  const { direct, indirect, loaded } = branches;
  if (last === undefined || !endsRun(last)) return { taken: indirect, notTaken: 0 };
  if (last.branchTarget === undefined)
    return { taken: last.accessBytes === 0 ? indirect : loaded, notTaken: 0 };
  const backward = last.branchTarget <= last.address;
  const justSet = last.readsFlags && run[run.length - 2]?.setsFlags === true;
  return {
    taken:
      direct +
      (justSet ? branches.afterFlags : 0) +
      (last.readsFlags && !backward ? branches.takenForward : 0),
    notTaken: last.conditional && backward ? branches.notTakenBackward : 0,
  };
}

const isLoad = (kind: InstructionKind): boolean => kind === 'load' || kind === 'load_narrow';
const isStore = (kind: InstructionKind): boolean => kind === 'store' || kind === 'store_narrow';
const isFpArithmetic = (kind: InstructionKind): boolean => FP_ARITHMETIC.has(kind);

type InstructionKind = ThumbInstruction['class'];

const FP_ARITHMETIC: ReadonlySet<InstructionKind> = new Set<TimingClass>([
  'fp_add',
  'fp_multiply',
  'fp_convert',
  'fp_compare',
  'fp_multiply_accumulate',
  'fp_fused',
  'fp_divide',
  'fp_square_root',
  'fp_add_double',
  'fp_multiply_double',
  'fp_fused_double',
  'fp_divide_double',
  'fp_square_root_double',
]);

/** One instruction after the other: only the one just before matters. */
function createSequential(timing: CoreTiming, rules: SequentialRules): Pipeline {
  let previous: ThumbInstruction | undefined;
  return (current) => {
    let cycles = tableCost(timing, current);
    if (isStore(current.class) && current.registerOffset) cycles += rules.registerOffsetStore;
    if (previous !== undefined) {
      if (current.accessBytes !== 0) cycles = afterNeighbour(rules, previous, current, cycles);
      const waits = isFpArithmetic(previous.class) && (previous.fpWrites & current.fpReads) !== 0;
      if (waits) cycles += rules.fpDependency;
    }
    previous = current;
    return cycles;
  };
}

/** `cycles` of an access, given the instruction before it. */
function afterNeighbour(
  rules: SequentialRules,
  previous: ThumbInstruction,
  current: ThumbInstruction,
  cycles: number,
): number {
  const waits = (previous.writes & current.addressReads) !== 0;
  if (previous.accessBytes === 0) return waits ? cycles + rules.addressDependency : cycles;
  const chained = (previous.baseWriteback & current.addressReads & current.baseWriteback) !== 0;
  if (isLoad(previous.class) || previous.class === 'fp_load') {
    if (waits && !(chained && rules.writebackChain === 0)) return cycles;
    if (isLoad(current.class) || current.class === 'fp_load') return cycles - rules.loadSaving;
    return isStore(current.class) && cycles > 1 ? cycles - rules.storeSaving : cycles;
  }
  const stores = isStore(previous.class) && isStore(current.class);
  return stores && chained ? cycles + rules.writebackChain : cycles;
}
