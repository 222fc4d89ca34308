/**
 * In-order issue of up to two instructions a cycle with results that take time (Cortex-M7, M33), by the rules
 * of a core's timing table.
 */
import type { CoreTiming, OperandPort, ScoreboardRules } from '../targets/core-timing.js';
import { type Pipeline, tableCost } from './block-cost.js';
import { bit, type ThumbInstruction } from './thumb-instruction.js';

const FP_REGISTERS = 32;
const CORE_REGISTERS = 16;

/** The last writer of each register and the cycle in which it issued. */
interface Results {
  readonly writer: (ThumbInstruction | undefined)[];
  readonly at: Int32Array;
}

const emptyResults = (registers: number): Results => ({
  writer: new Array<ThumbInstruction | undefined>(registers).fill(undefined),
  at: new Int32Array(registers),
});

/** Latency from a writer to a port; a base that was written back is there in the next cycle. */
type Latency = (writer: ThumbInstruction, port: OperandPort, mask: number) => number;

/** A pipeline that is empty; each call issues one instruction and returns how far it moved the clock. */
export function createScoreboard(timing: CoreTiming, rules: ScoreboardRules): Pipeline {
  const core = emptyResults(CORE_REGISTERS);
  const floats = emptyResults(FP_REGISTERS);
  let now = 0;
  let fpFree = 0;
  /** May still take a partner, in cycle now − 1. */
  let open: ThumbInstruction | undefined;

  const latency: Latency = (writer, port, mask) => {
    if (writer.class === 'undefined' || (writer.baseWriteback & mask) !== 0) return 1;
    return rules.latency[port][writer.class] ?? 1;
  };
  const record = (instruction: ThumbInstruction, cycle: number): void => {
    note(core, instruction, instruction.writes, cycle);
    note(floats, instruction, instruction.fpWrites, cycle);
    const busy = instruction.class === 'undefined' ? 0 : (rules.fpBusy[instruction.class] ?? 0);
    if (isFloat(instruction)) fpFree = Math.max(fpFree, cycle + busy);
  };

  return (current) => {
    let ready = coreReady(core, current, latency);
    if (isFloat(current)) ready = Math.max(ready, fpFree, floatReady(floats, current, latency));
    if (open !== undefined && ready < now && mayPair(rules, open, current)) {
      record(current, now - 1);
      open = undefined;
      return 0;
    }
    const before = now;
    const at = Math.max(now, ready);
    const flags =
      current.setsFlags && current.class !== 'undefined' ? (rules.flagSetting[current.class] ?? 0) : 0;
    now = at + Math.max(1, tableCost(timing, current)) + flags;
    record(current, at);
    const alone = (rules.alone as readonly string[]).includes(current.class);
    open = alone ? undefined : current;
    return now - before;
  };
}

function note(results: Results, writer: ThumbInstruction, mask: number, cycle: number): void {
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    const register = 31 - Math.clz32(rest & -rest);
    results.writer[register] = writer;
    results.at[register] = cycle;
  }
}

/** First cycle in which the core registers that `current` reads can be consumed. */
function coreReady(results: Results, current: ThumbInstruction, latency: Latency): number {
  let ready = Number.NEGATIVE_INFINITY;
  for (let register = 0; register < CORE_REGISTERS; register++) {
    const mask = bit(register);
    const writer = results.writer[register];
    if ((current.reads & mask) === 0 || writer === undefined) continue;
    for (const port of portsOf(current, mask)) {
      ready = Math.max(ready, results.at[register]! + latency(writer, port, mask));
    }
  }
  return ready;
}

/** Where a register is consumed; one register may stand in two places. */
function portsOf(instruction: ThumbInstruction, mask: number): readonly OperandPort[] {
  const ports: OperandPort[] = [];
  if (instruction.shiftedReads & mask) ports.push('early');
  if (instruction.addressReads & mask) ports.push('address');
  if (instruction.accumulateReads & mask) ports.push('accumulate');
  if (instruction.storeReads & mask) ports.push('store');
  if (instruction.dataReads & mask)
    ports.push(instruction.class.startsWith('multiply') ? 'multiply' : 'data');
  return ports;
}

function floatReady(results: Results, current: ThumbInstruction, latency: Latency): number {
  const port: OperandPort = current.class.startsWith('fp_store') ? 'store' : 'data';
  const wait = (mask: number, where: OperandPort): number => {
    let ready = Number.NEGATIVE_INFINITY;
    for (let rest = mask; rest !== 0; rest &= rest - 1) {
      const register = 31 - Math.clz32(rest & -rest);
      const writer = results.writer[register];
      if (writer !== undefined) ready = Math.max(ready, results.at[register]! + latency(writer, where, 0));
    }
    return ready;
  };
  return Math.max(wait(current.fpReads, port), wait(current.fpAccumulateReads, 'accumulate'));
}

function mayPair(rules: ScoreboardRules, older: ThumbInstruction, younger: ThumbInstruction): boolean {
  if (rules.narrowPairsOnly && (older.size === 4 || younger.size === 4)) return false;
  const listed = (names: readonly string[] | undefined, { class: kind }: ThumbInstruction): boolean =>
    names?.includes(kind) === true;
  if (listed(rules.alone, younger) || listed(rules.olderOnly, younger)) return false;
  if (rules.youngerOnly !== undefined && !listed(rules.youngerOnly, younger) && older.class !== 'nop')
    return false;
  if (rules.exclusive.some((group) => listed(group, older) && listed(group, younger))) return false;
  return (older.writes & younger.writes) === 0 && (older.fpWrites & younger.fpWrites) === 0;
}

const isFloat = ({ class: kind }: ThumbInstruction): boolean => kind.startsWith('fp_');
