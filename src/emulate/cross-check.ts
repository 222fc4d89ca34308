/**
 * Two engines side by side: registers and memory of both wherever the network stands still, between two layers.
 * The first engine's run is recorded, the second's compared with it, so that neither knows of the other.
 */
import { badInput } from '../support/errors.js';
import type { Machine } from './machine.js';

export interface WatchedMemory {
  readonly origin: number;
  readonly bytes: number;
}

/** The first thing in which the second engine differs from the first. */
export interface StateDifference {
  /** Step that has just ended; −1 before the first. */
  readonly step: number;
  /** `r0` … `pc`, `flags`, `s0` … `s31`, `memory`, or `steps` when one of them stopped earlier. */
  readonly what: string;
  /** Of the first differing byte, for `memory`. */
  readonly address?: number;
  readonly first: number;
  readonly second: number;
  /** Differing bytes of memory at this stop. */
  readonly count?: number;
}

export interface CrossCheck {
  /** Stops at which both were compared. */
  readonly stops: number;
  /** Registers compared per stop. */
  readonly registers: number;
  /** Bytes of memory compared in all. */
  readonly memoryBytes: number;
  readonly difference?: StateDifference;
}

interface State {
  readonly registers: readonly number[];
  readonly floats: readonly number[];
  readonly memory: Uint8Array;
}

const CORE_REGISTERS = ['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11', 'r12'];
const NAMES = [...CORE_REGISTERS, 'sp', 'lr', 'pc', 'flags'];
/** N, Z, C, V and GE; Q is left out: Unicorn sets it wrongly after SMLAD. The rest of xPSR is not the program's. */
const FLAGS = 0xf00f0000;
const FLOAT_COUNT = 32;

/** Give `record` and then `compare` to `emulateNetwork` as `onStop`, one run each. */
export class StateComparison {
  private readonly memory: WatchedMemory;
  private readonly states = new Map<number, State>();
  private stops = 0;
  private registers = 0;
  private difference: StateDifference | undefined;

  constructor(memory: WatchedMemory) {
    this.memory = memory;
  }

  readonly record = (machine: Machine, step: number): void => {
    this.states.set(step, this.stateOf(machine));
  };

  /** Drops what it has compared, so that memory holds one run's states at most. */
  readonly compare = (machine: Machine, step: number): void => {
    const expected = this.states.get(step);
    this.states.delete(step);
    if (expected === undefined) {
      this.difference ??= { step, what: 'steps', first: step - 1, second: step };
      return;
    }
    const state = this.stateOf(machine);
    this.stops += 1;
    this.registers = NAMES.length + Math.min(state.floats.length, expected.floats.length);
    this.difference ??= firstDifference(step, expected, state, this.memory.origin);
  };

  result(): CrossCheck {
    const [missed] = this.states.keys();
    const { stops, registers } = this;
    if (missed !== undefined) {
      this.difference ??= { step: missed, what: 'steps', first: missed, second: missed - 1 };
    }
    const memoryBytes = stops * this.memory.bytes;
    return {
      ...{ stops, registers, memoryBytes },
      ...(this.difference === undefined ? {} : { difference: this.difference }),
    };
  }

  private stateOf(machine: Machine): State {
    const { origin, bytes } = this.memory;
    const count = machine.readFloatRegister === undefined ? 0 : FLOAT_COUNT;
    return {
      registers: NAMES.map((name, index) => {
        const value = machine.readRegister(index) >>> 0;
        return name === 'flags' ? (value & FLAGS) >>> 0 : value;
      }),
      floats: Array.from({ length: count }, (_, index) => machine.readFloatRegister!(index) >>> 0),
      memory: machine.read(origin, bytes),
    };
  }
}

function firstDifference(
  step: number,
  first: State,
  second: State,
  origin: number,
): StateDifference | undefined {
  const named = [
    ...NAMES.map((name, i) => ({ name, a: first.registers[i]!, b: second.registers[i]! })),
    ...first.floats
      .slice(0, second.floats.length)
      .map((a, i) => ({ name: `s${i}`, a, b: second.floats[i]! })),
  ].find(({ a, b }) => a !== b);
  if (named !== undefined) return { step, what: named.name, first: named.a, second: named.b };
  if (first.memory.length !== second.memory.length) {
    throw badInput('emulate/cross-check', 'the engines have memories of different sizes');
  }
  if (Buffer.compare(first.memory, second.memory) === 0) return undefined;
  let count = 0;
  let at = -1;
  first.memory.forEach((byte, index) => {
    if (byte === second.memory[index]) return;
    if (at < 0) at = index;
    count += 1;
  });
  return {
    ...{ step, what: 'memory', address: origin + at, count },
    ...{ first: first.memory[at]!, second: second.memory[at]! },
  };
}
