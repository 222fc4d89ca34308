/** Runs one form on both engines from the same random states and compares everything. */
import { createRandom, type Random } from '../../src/support/random.js';
import type { CoreId } from '../../src/targets/target.js';
import { type Encoded, encode, type Fields, type Form } from './forms/form.js';
import {
  CODE_AT,
  CODE_BYTES,
  describeDifference,
  type Engine,
  equalStates,
  FPSCR,
  hex,
  PC,
  RAM_BYTES,
  RAM_MIDDLE,
  S0,
  SP,
  STATE_WORDS,
  XPSR,
} from './state.js';

export interface FormResult {
  readonly cases: number;
  readonly faults: number;
  /** The first few differences, each in one line. */
  readonly differences: readonly string[];
}

/** Encodings are reused for this many operand sets. */
const SETS_PER_ENCODING = 20;

/** Numbers at the edges of every comparison, shift and saturation. */
const EDGES = [
  0, 1, 2, 31, 32, 33, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
];
EDGES.push(0x80008000, 0x7fff7fff, 0x00ff00ff, 0x80808080, 0xffff8000, 0x8000ffff);
const FLOAT_EDGES = [0, 0x80000000, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001];
FLOAT_EDGES.push(
  0xffc12345,
  0xff812345,
  1,
  0x80000001,
  0x007fffff,
  0x00800000,
  0x7f7fffff,
  0xff7fffff,
  0x4f000000,
);
FLOAT_EDGES.push(
  0xcf000000,
  0x3effffff,
  0x3f000000,
  0x3fc00000,
  0x40200000,
  0x7ff00000,
  0x7ff80000,
  0xfff00000,
);
FLOAT_EDGES.push(
  0x3ff00000,
  0xbff00000,
  0x00100000,
  0x41e00000,
  0x7fefffff,
  0x7c00,
  0x3c00,
  0xfbff,
  0x7e01,
  0x7d01,
);

function word(random: Random): number {
  const choice = random.next();
  if (choice < 0.25) return random.pick(EDGES);
  if (choice < 0.35) return random.integer(0, 64);
  return random.integer(0, 0xffffffff);
}

function float(random: Random): number {
  const choice = random.next();
  if (choice < 0.3) return random.pick(FLOAT_EDGES);
  // exponents that lie close, so that sums cancel and products round
  if (choice < 0.7)
    return (
      ((random.integer(0, 1) << 31) | (random.integer(120, 134) << 23) | random.integer(0, 0x7fffff)) >>> 0
    );
  if (choice < 0.8)
    return (
      ((random.integer(0, 1) << 31) | (random.integer(1016, 1030) << 20) | random.integer(0, 0xfffff)) >>> 0
    );
  return random.integer(0, 0xffffffff);
}

export function randomState(random: Random, state: Uint32Array): void {
  for (let index = 0; index < 15; index++) state[index] = word(random);
  state[SP] = RAM_MIDDLE + 4 * random.integer(-200, 200);
  state[PC] = CODE_AT;
  state[XPSR] = random.integer(0, 0xffffffff) & 0xf80f0000;
  for (let index = 0; index < 32; index++) state[S0 + index] = float(random);
  // default mode half of the time; all cumulative bits random
  const modes = random.next() < 0.5 ? 0 : random.integer(0, 31) << 22;
  state[FPSCR] = ((random.integer(0, 15) << 28) | modes | (random.integer(0, 0xff) & 0x9f)) >>> 0;
}

/** Makes the address operands hit the RAM window. */
export function prepareMemory(form: Form, fields: Fields, random: Random, state: Uint32Array): void {
  const { memory } = form;
  if (memory !== undefined && memory.base !== 'pc') {
    const align = memory.align ?? 1;
    const step = memory.base === 'sp' ? 4 : align;
    const base = RAM_MIDDLE + step * Math.floor(random.integer(-1024, 1024) / step);
    if (memory.base === 'sp') state[SP] = base;
    else state[fields[memory.base]!] = base >>> 0;
    if (memory.index !== undefined) state[fields[memory.index]!] = random.integer(0, 255);
  }
  if (form.nearestOnly) state[FPSCR] = state[FPSCR]! & ~0x00c00000;
  form.prepare?.(state, fields, random);
}

export class Differential {
  readonly core: CoreId;
  private readonly ours: Engine;
  private theirs: Engine;
  private readonly openReference: () => Engine;
  private readonly before = new Uint32Array(STATE_WORDS);
  private readonly ourState = new Uint32Array(STATE_WORDS);
  private readonly theirState = new Uint32Array(STATE_WORDS);

  constructor(core: CoreId, ours: Engine, openReference: () => Engine) {
    this.core = core;
    this.ours = ours;
    this.openReference = openReference;
    this.theirs = openReference();
  }

  /** A new reference: some undefined instructions leave Unicorn unable to execute anything. */
  reopenReference(): void {
    this.theirs.close();
    this.theirs = this.openReference();
  }

  /** `cases` operand sets of the form, replayable from `seed`. */
  run(form: Form, cases: number, seed: number): FormResult {
    const random = createRandom(seed);
    this.fillMemory(random);
    const differences: string[] = [];
    let faults = 0;
    for (let index = 0; index < cases && differences.length < 3; index += SETS_PER_ENCODING) {
      const encoded = encode(form, random);
      const inIt = !form.notInIt && !form.branch && random.next() < 0.25;
      const code = inIt ? conditional(encoded, random) : encoded.code;
      for (let set = 0; set < SETS_PER_ENCODING && index + set < cases; set++) {
        randomState(random, this.before);
        prepareMemory(form, encoded.fields, random, this.before);
        const difference = this.compare(code, form.branch ?? false, form.qIgnored ?? false);
        if (difference === 'fault') faults++;
        else if (difference !== undefined) {
          differences.push(
            `${form.name} ${[...code].map((half) => half.toString(16).padStart(4, '0')).join(' ')}: ${difference}`,
          );
          this.fillMemory(random);
          if (differences.length >= 3) break;
        }
      }
    }
    return { cases, faults, differences };
  }

  /** Undefined when equal, `fault` when both refuse. */
  compare(code: Uint16Array, branches: boolean, qIgnored: boolean): string | undefined {
    this.ourState.set(this.before);
    this.theirState.set(this.before);
    const ours = this.ours.execute(code, branches, this.ourState);
    const theirs = this.theirs.execute(code, branches, this.theirState);
    if (ours === 'fault' && theirs === 'fault') return 'fault';
    // Unicorn goes on to fetch from where it branched to, which may be nowhere
    const fetchFault = branches && theirs === 'fault' && ours === 'done';
    if (ours !== theirs && !fetchFault)
      return `built-in ${ours}, reference ${theirs}, pc ${hex(this.ourState[PC]!)}`;
    if (!equalStates(this.ourState, this.theirState, qIgnored)) {
      return describeDifference(this.before, this.ourState, this.theirState);
    }
    return Buffer.compare(this.ours.ram(), this.theirs.ram()) === 0 ? undefined : 'memory differs';
  }

  get state(): Uint32Array {
    return this.before;
  }

  fillMemory(random: Random): void {
    const code = randomBytes(random, CODE_BYTES);
    const ram = randomBytes(random, RAM_BYTES);
    for (const engine of [this.ours, this.theirs]) {
      engine.writeCode(code);
      engine.writeRam(ram);
    }
  }

  close(): void {
    this.ours.close();
    this.theirs.close();
  }
}

export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(0, 255));
}

/** IT <cond>, then the instruction. */
function conditional(encoded: Encoded, random: Random): Uint16Array {
  return Uint16Array.from([0xbf08 | (random.integer(0, 13) << 4), ...encoded.code]);
}
