/**
 * Checks, after each step, that it stored only where the bound plan lets it: its output, its scratch, the
 * stack. A kernel that writes one byte further is named with the layer and the place, whether or not the
 * byte mattered this time.
 */
import type { BoundPlan, BoundTensor } from '../ir/bound-plan.js';
import { SRAM } from './board-memory.js';
import type { Machine } from './machine.js';
import { type ByteRange, markedRanges, outside, totalBytes } from './memory-watch.js';

/** Places relative to the start of SRAM. */
export interface SramPlaces {
  readonly stack: ByteRange;
  readonly arena: ByteRange;
  /** .data and .bss: variables of the firmware outside the arena. */
  readonly statics: readonly ByteRange[];
}

export interface StrayWrites {
  /** Where: in the arena but outside the step's own ranges, behind the arena, or elsewhere in SRAM. */
  readonly place: 'arena' | 'behind_arena' | 'sram';
  /** First stray byte: arena offset, or SRAM offset for `sram`. */
  readonly offset: number;
  readonly bytes: number;
}

/** Where a tensor's bytes stand in the arena: one range, or one per row of a view whose rows lie apart. */
export function rowRanges({ plan }: BoundPlan, placed: BoundTensor): readonly ByteRange[] {
  const { offset, bytes, rowPitch } = placed;
  const height = plan.tensors[placed.tensor]!.shape[0];
  const row = bytes / height;
  if (rowPitch === undefined || rowPitch === row) return [{ start: offset, end: offset + bytes }];
  return Array.from({ length: height }, (_, y) => {
    const start = offset + y * rowPitch;
    return { start, end: start + row };
  });
}

export class StepWatch {
  /** Every byte stored to since reset, one byte per byte of SRAM. */
  readonly ever: Uint8Array;
  private readonly machine: Machine;
  private readonly bound: BoundPlan;
  private readonly places: SramPlaces;

  constructor(machine: Machine, bound: BoundPlan, places: SramPlaces, sramBytes: number) {
    this.machine = machine;
    this.bound = bound;
    this.places = places;
    this.ever = new Uint8Array(sramBytes);
  }

  /** Takes the stores made since the last call and forgets them in the machine. */
  take(): Uint8Array {
    const marks = this.machine.writtenBytes(SRAM);
    this.machine.clearWrittenBytes();
    for (let index = marks.indexOf(1); index >= 0; index = marks.indexOf(1, index)) {
      const end = marks.indexOf(0, index);
      this.ever.fill(1, index, end < 0 ? marks.length : end);
      if (end < 0) break;
      index = end;
    }
    return marks;
  }

  /** Stores of step `index` outside its ranges, of `marks` as returned by `take`. */
  strayWrites(marks: Uint8Array, index: number): readonly StrayWrites[] {
    const { arena, stack, statics } = this.places;
    const own = this.ownRanges(index);
    const stray = outside(markedRanges(marks), [stack, ...statics, ...own]);
    return [
      this.strayIn('arena', stray, arena),
      this.strayIn('behind_arena', stray, { start: arena.end, end: marks.length }),
      this.strayIn('sram', stray, { start: 0, end: arena.start }),
    ].filter((found) => found !== undefined);
  }

  /** The step's output and scratch, relative to SRAM. */
  private ownRanges(index: number): readonly ByteRange[] {
    const { plan, tensors, steps } = this.bound;
    const output = tensors.find((placed) => placed.tensor === plan.steps[index]!.output);
    const scratch = steps.find((step) => step.index === index)?.scratch ?? null;
    const start = this.places.arena.start;
    return [
      ...(output === undefined ? [] : rowRanges(this.bound, output)),
      ...(scratch === null ? [] : [{ start: scratch.offset, end: scratch.offset + scratch.bytes }]),
    ].map((range) => ({ start: start + range.start, end: start + range.end }));
  }

  private strayIn(
    place: StrayWrites['place'],
    stray: readonly ByteRange[],
    area: ByteRange,
  ): StrayWrites | undefined {
    const inside = outside(stray, outside([{ start: 0, end: this.ever.length }], [area]));
    const first = inside[0];
    if (first === undefined) return undefined;
    const base = place === 'sram' ? 0 : this.places.arena.start;
    return { place, offset: first.start - base, bytes: totalBytes(inside) };
  }
}
