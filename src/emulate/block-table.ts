/**
 * What is known about every basic block seen so far: instruction count, cycles, how its end continues and how
 * it moves the stack pointer. Plain typed arrays indexed by block number, because the block hook reads them
 * some ten million times a second; numbers are found through a table indexed by (address − origin) / 2.
 */
import type { CoreTiming } from '../targets/core-timing.js';
import { blockCost, endsRun } from './block-cost.js';
import { classifyRange, type ThumbInstruction } from './classify-thumb.js';
import type { MemoryRegion } from './machine.js';

/** Stack pointer movement within one block, in bytes relative to its value at the block's entry. */
export interface StackEffect {
  /** Lowest point before any change that is not static; 0 when SP is never lowered. */
  readonly lowest: number;
  /** A change that depends on a register (or on an IT condition) is among the instructions. */
  readonly dynamic: boolean;
  /** From the last such change to the block's end: total movement, and its lowest point (≤ 0). */
  readonly afterDynamic: number;
  readonly lowestAfterDynamic: number;
}

const INITIAL_CAPACITY = 1024;

export class BlockTable {
  /** Number of each block's first instruction; index (address − origin) >> 1, 0 = not seen. */
  private readonly numberAt: readonly Int32Array[];
  private readonly regions: readonly MemoryRegion[];
  private readonly readCode: (address: number, length: number) => Uint8Array;
  private readonly timing: CoreTiming;
  private used = 1;

  bytes = new Int32Array(INITIAL_CAPACITY);
  instructions = new Int32Array(INITIAL_CAPACITY);
  cycles = new Float64Array(INITIAL_CAPACITY);
  taken = new Float64Array(INITIAL_CAPACITY);
  notTaken = new Float64Array(INITIAL_CAPACITY);
  /** Cycles when entered by falling through from `joinedWith`. */
  joinedWith = new Int32Array(INITIAL_CAPACITY);
  joinedCycles = new Float64Array(INITIAL_CAPACITY);
  /** Bytes by which the block lowers SP at most (≥ 0); −1 when SP moves by a register's value. */
  stackDip = new Int32Array(INITIAL_CAPACITY);
  private readonly addresses: number[] = [0];
  private readonly effects: (StackEffect | undefined)[] = [undefined];

  constructor(
    timing: CoreTiming,
    executable: readonly MemoryRegion[],
    readCode: (address: number, length: number) => Uint8Array,
  ) {
    this.timing = timing;
    this.regions = executable;
    this.numberAt = executable.map((region) => new Int32Array((region.bytes >>> 1) + 1));
    this.readCode = readCode;
  }

  /** Number of the block of `size` bytes at `address`, described on first sight. */
  find(address: number, size: number): number {
    for (let index = 0; index < this.regions.length; index++) {
      const slot = (address - this.regions[index]!.origin) >> 1;
      const numbers = this.numberAt[index]!;
      if (slot < 0 || slot >= numbers.length) continue;
      const known = numbers[slot]!;
      if (known !== 0 && this.bytes[known] === size) return known;
      const fresh = this.describe(address, size);
      numbers[slot] = fresh;
      return fresh;
    }
    return this.describe(address, size);
  }

  /** Cycles of `block` when execution fell through into it from `previous`, whose results it may wait for. */
  cyclesBehind(block: number, previous: number): number {
    if (this.joinedWith[block] === previous) return this.joinedCycles[block]!;
    const cost = blockCost(this.timing, this.decode(block), this.decode(previous));
    this.joinedWith[block] = previous;
    this.joinedCycles[block] = cost.cycles;
    return cost.cycles;
  }

  stackEffect(block: number): StackEffect {
    return this.effects[block]!;
  }

  decode(block: number): readonly ThumbInstruction[] {
    const address = this.addresses[block]!;
    return classifyRange(this.readCode(address, this.bytes[block]!), address);
  }

  /** Cycles and instructions of the part of `block` that stands before `pc`. */
  before(block: number, pc: number): { readonly instructions: number; readonly cycles: number } {
    const part = this.decode(block).filter((instruction) => instruction.address < pc);
    return { instructions: part.length, cycles: blockCost(this.timing, part).cycles };
  }

  private describe(address: number, size: number): number {
    const block = this.used++;
    if (block >= this.bytes.length) this.grow();
    const run = classifyRange(this.readCode(address, size), address);
    const cost = blockCost(this.timing, run);
    const last = run[run.length - 1];
    const ends = last !== undefined && endsRun(last);
    this.addresses[block] = address;
    this.bytes[block] = size;
    this.instructions[block] = run.length;
    this.cycles[block] = cost.cycles;
    this.taken[block] = cost.taken;
    const conditional = last !== undefined && (last.conditional || underIt(run).has(last.address));
    this.notTaken[block] = ends && !conditional ? cost.taken : cost.notTaken;
    const effect = stackEffect(run);
    this.effects[block] = effect;
    this.stackDip[block] = effect.dynamic ? -1 : -effect.lowest;
    return block;
  }

  private grow(): void {
    this.bytes = doubled(this.bytes);
    this.instructions = doubled(this.instructions);
    this.cycles = doubled(this.cycles);
    this.taken = doubled(this.taken);
    this.notTaken = doubled(this.notTaken);
    this.joinedWith = doubled(this.joinedWith);
    this.joinedCycles = doubled(this.joinedCycles);
    this.stackDip = doubled(this.stackDip);
  }
}

type TableArray = Int32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

function doubled<T extends TableArray>(array: T): T {
  const copy = new (array.constructor as new (length: number) => T)(array.length * 2);
  copy.set(array);
  return copy;
}

/** Addresses of the instructions that an IT in the same run makes conditional. */
function underIt(run: readonly ThumbInstruction[]): ReadonlySet<number> {
  const conditional = new Set<number>();
  let remaining = 0;
  for (const instruction of run) {
    if (remaining > 0) {
      conditional.add(instruction.address);
      remaining--;
    }
    if (instruction.class === 'it') remaining = instruction.itCount;
  }
  return conditional;
}

/** Where a run moves SP; exact but for a second register-dependent change in the same run. */
export function stackEffect(run: readonly ThumbInstruction[]): StackEffect {
  const conditional = underIt(run);
  let total = 0;
  let lowest = 0;
  let dynamic = false;
  let after = 0;
  let lowestAfter = 0;
  for (const instruction of run) {
    const delta = instruction.spDelta;
    if (delta === 0) continue;
    if (Number.isNaN(delta) || conditional.has(instruction.address)) {
      dynamic = true;
      after = 0;
      lowestAfter = 0;
    } else if (dynamic) {
      after += delta;
      lowestAfter = Math.min(lowestAfter, after);
    } else {
      total += delta;
      lowest = Math.min(lowest, total);
    }
  }
  return { lowest, dynamic, afterDynamic: after, lowestAfterDynamic: lowestAfter };
}

/** Address of the first instruction of `run` that brings SP below `limit`, entered with `sp`. */
export function firstBelow(run: readonly ThumbInstruction[], sp: number, limit: number): number {
  let current = sp;
  for (const instruction of run) {
    if (!Number.isNaN(instruction.spDelta)) current += instruction.spDelta;
    if (current < limit) return instruction.address;
  }
  return run[0]?.address ?? 0;
}
