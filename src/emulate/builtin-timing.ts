/** Writes a core's timing table into the built-in core's memory; offsets as in assembly/cortex-m/timing/tables.ts. */
import {
  type CoreTiming,
  isSequential,
  OPERAND_PORTS,
  type PerClass,
  type ScoreboardRules,
  TIMING_CLASSES,
  type TimingClass,
} from '../targets/core-timing.js';

const CLASS_SLOTS = 64;
const BASE = 64;
const PER_REGISTER = 128;
const LATENCY = 192;
const FP_BUSY = 576;
const PAIRING = 640;
const GROUPS = 704;
const FLAG_SETTING = 768;
const TABLE_BYTES = 832;
const PAIR = { never: 1, olderOnly: 2, notYounger: 4 } as const;

/** The table as the 832 bytes that the core reads. */
export function encodeTiming(timing: CoreTiming): Uint8Array {
  const bytes = new Uint8Array(TABLE_BYTES);
  bytes.set(header(timing));
  TIMING_CLASSES.forEach((name, index) => {
    const cost = timing.cost[name] ?? { base: 1 };
    bytes[BASE + index] = cost.base;
    bytes[PER_REGISTER + index] = (cost.perRegister ?? 0) * 2;
  });
  if (!isSequential(timing.pipeline)) encodeScoreboard(bytes, timing.pipeline);
  return bytes;
}

function header(timing: CoreTiming): readonly number[] {
  const { divide, unaligned, exceptions, branches, pipeline } = timing;
  const rules = isSequential(pipeline) ? pipeline : undefined;
  return [
    rules === undefined ? 1 : 0,
    timing.skipped,
    divide.bitsPerCycle,
    divide.mostExtra,
    unaligned.read.perPart,
    unaligned.read.fixed,
    unaligned.write.perPart,
    unaligned.write.fixed,
    exceptions.entry,
    exceptions.return,
    branches.direct,
    branches.indirect,
    branches.loaded,
    branches.straddling,
    branches.afterFlags,
    branches.notTakenBackward,
    branches.takenForward,
    rules?.loadSaving ?? 0,
    rules?.storeSaving ?? 0,
    rules?.registerOffsetStore ?? 0,
    rules?.addressDependency ?? 0,
    rules?.writebackChain ?? 0,
    rules?.fpDependency ?? 0,
    !isSequential(pipeline) && pipeline.narrowPairsOnly ? 1 : 0,
  ];
}

function encodeScoreboard(bytes: Uint8Array, rules: ScoreboardRules): void {
  OPERAND_PORTS.forEach((port, index) => {
    fill(bytes, LATENCY + index * CLASS_SLOTS, rules.latency[port], 1);
  });
  fill(bytes, FP_BUSY, rules.fpBusy, 0);
  fill(bytes, FLAG_SETTING, rules.flagSetting, 0);
  const flag = (names: readonly TimingClass[], value: number): void => {
    for (const name of names) bytes[PAIRING + TIMING_CLASSES.indexOf(name)]! |= value;
  };
  flag(rules.alone, PAIR.never);
  flag(rules.olderOnly, PAIR.olderOnly);
  const { youngerOnly } = rules;
  if (youngerOnly !== undefined) {
    flag(
      TIMING_CLASSES.filter((name) => !youngerOnly.includes(name)),
      PAIR.notYounger,
    );
  }
  rules.exclusive.forEach((names, group) => {
    for (const name of names) bytes[GROUPS + TIMING_CLASSES.indexOf(name)]! |= 1 << group;
  });
}

function fill(bytes: Uint8Array, at: number, values: PerClass<number>, otherwise: number): void {
  TIMING_CLASSES.forEach((name, index) => {
    bytes[at + index] = values[name] ?? otherwise;
  });
}
