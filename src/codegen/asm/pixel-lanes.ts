/**
 * Generates the multiplying kernel of pixel lanes (src/ir/pixel-lanes.ts): four or two pixels times all output channels,
 * block by block of four, for ARMv7E-M and ARMv8-M with DSP instructions and an FPU, whose registers s0–s15 hold what does
 * not change and the low fields of finished segments.
 *
 * Low fields have few bits. The packer cuts k into segments, block by block, so that no low field can overflow; between
 * two segments low fields are moved away. Instructions per 2 k · 16 outputs: 15 at w4, 17 at w8, 14 at w2.
 *
 * Weight stream per block (src/bind/pixel-lane-stream.ts writes it):
 *   bytes of the first segment's weights | start values of the four accumulators | weights
 *   | (bytes | four offsets | weights) per further segment | 0 after the only segment, 1 after the last of several
 *   | per channel: multiplier, addend and, with `shifted`, L; for `accumulators` the addend alone
 *
 * Calls: void f(const void *lanes, const void *stream, void *output, const struct { const void *stream_end;
 * int32_t zero_point; uint32_t pixel_bytes; } *), all blocks; for `accumulators` one block:
 * const void *f(const void *lanes, const void *stream, int32_t accumulators[][4]), which returns the next block.
 */
import {
  COLUMN_GROUP_BYTES,
  GROUPS_PER_TURN,
  groupWeightBytes,
  type LaneAccumulator,
  type LaneFinishKind,
  type PixelLanes,
  STEPS_PER_GROUP,
} from '../../ir/pixel-lanes.js';
import type { Width } from '../../numeric/widths.js';
import { Assembly } from './assembly.js';

/** Columns of lanes in a tile: two, or one to save memory. */
export type LaneColumns = 1 | 2;

export type LaneFinish =
  | { readonly kind: Exclude<LaneFinishKind, 'accumulators'>; readonly outputBits: Width }
  | { readonly kind: 'accumulators' };

/** First register of the accumulators: number i of pixels 0|1 is r(4 + 2i), of pixels 2|3 the one after it. */
const accumulatorRegister = (index: number, pair: number): string => `r${4 + 2 * index + pair}`;

/** FPU registers. */
const S = {
  lanes: 's0',
  segmentEnd: 's1',
  nextSegment: 's2',
  zeroPoint: 's3',
  output: 's4',
  pixelBytes: 's5',
  streamEnd: 's6',
} as const;
/** Low fields of finished segments. */
const saved = (index: number, pair: number): string => `s${8 + 2 * index + pair}`;

/** `columns` pairs of pixels. */
export function pixelLanesKernel(
  name: string,
  lanes: PixelLanes,
  finish: LaneFinish,
  columns: LaneColumns,
): string {
  return new Generator(name, lanes, finish, columns).generate();
}

class Generator {
  private readonly f = new Assembly();
  private readonly indices: readonly number[];
  private readonly pairs: readonly number[];

  constructor(
    private readonly name: string,
    private readonly lanes: PixelLanes,
    private readonly finish: LaneFinish,
    columns: LaneColumns,
  ) {
    this.pairs = columns === 2 ? [0, 1] : [0];
    this.indices = lanes.accumulators.map((_, index) => index);
  }

  generate(): string {
    this.prologue();
    this.f.emit(`b ${this.local('block')}`);
    this.startPartTurn();
    this.label('block');
    this.startBlock();
    this.startSegment();
    for (let group = 0; group < GROUPS_PER_TURN; group++) {
      this.label(`group${group}`);
      for (let step = 0; step < STEPS_PER_GROUP; step++) this.step(group, step);
    }
    this.endTurn();
    this.finishBlock(false);
    this.label('several');
    this.f.emit(`bne ${this.local('more')}`);
    this.finishBlock(true);
    this.label('more');
    this.endSegment();
    return this.f.functionText(this.name);
  }

  private get groupBytes(): number {
    return COLUMN_GROUP_BYTES * this.pairs.length;
  }

  /** Offset of a pair's lane sum from the end of the group. */
  private lastSum(pair: number): number {
    return -4 - COLUMN_GROUP_BYTES * (this.pairs.length - 1 - pair);
  }

  private local(id: string): string {
    return `.L${this.name}_${id}`;
  }

  private label(id: string): void {
    this.f.label(this.local(id));
  }

  private prologue(): void {
    const { f } = this;
    f.emit('push {r4-r11, lr}', `vmov ${S.lanes}, r0`, `vmov ${S.output}, r2`);
    if (this.finish.kind !== 'accumulators')
      f.emit(`vldr ${S.streamEnd}, [r3]`, `vldr ${S.zeroPoint}, [r3, #4]`, `vldr ${S.pixelBytes}, [r3, #8]`);
    this.clearSaved();
  }

  private clearSaved(): void {
    this.f.emit('movs r2, #0');
    for (const index of this.indices)
      for (const pair of this.pairs) this.f.emit(`vmov ${saved(index, pair)}, r2`);
  }

  private startBlock(): void {
    const { f } = this;
    f.emit(`vmov r0, ${S.lanes}`, 'ldm r1!, {r2, r4, r6, r8, r10}');
    for (const index of this.indices)
      for (const pair of this.pairs.slice(1))
        f.emit(`mov ${accumulatorRegister(index, pair)}, ${accumulatorRegister(index, 0)}`);
  }

  /** Mask of the bytes of weights that make up less than a whole turn. */
  private get partTurnMask(): number {
    return groupWeightBytes(this.lanes.weightBits) * (GROUPS_PER_TURN - 1);
  }

  /** A first turn of fewer groups starts in the middle of the loop, with pointers set back. r2: bytes of weights. */
  private startPartTurn(): void {
    const weightShift = Math.log2(groupWeightBytes(this.lanes.weightBits));
    this.label('part');
    this.f.emit(
      'rsb r3, r2, #0',
      `ubfx r3, r3, #${weightShift}, #2`,
      `sub r1, r1, r3, lsl #${weightShift}`,
      // Five words per column.
      'add r2, r3, r3, lsl #2',
      `sub r0, r0, r2, lsl #${this.pairs.length === 2 ? 3 : 2}`,
      'tbh [pc, r3, lsl #1]',
    );
    this.label('table');
    for (let group = 0; group < GROUPS_PER_TURN; group++)
      this.f.emit(`.hword (${this.local(`group${group}`)} - ${this.local('table')}) / 2`);
  }

  /** r2: bytes of weights. */
  private startSegment(): void {
    this.label('segment');
    this.f.emit(
      'add r3, r1, r2',
      `vmov ${S.segmentEnd}, r3`,
      `tst r2, #${this.partTurnMask}`,
      `bne ${this.local('part')}`,
    );
  }

  private endTurn(): void {
    const { f } = this;
    const weightBytes = groupWeightBytes(this.lanes.weightBits);
    f.emit(
      `add r0, r0, #${this.groupBytes * GROUPS_PER_TURN}`,
      `add r1, r1, #${weightBytes * GROUPS_PER_TURN}`,
      `vmov r2, ${S.segmentEnd}`,
      'cmp r1, r2',
      `bne ${this.local('group0')}`,
      'ldr r2, [r1], #4',
      'cmp r2, #1',
      `bhs ${this.local('several')}`,
    );
  }

  /** Two k of 16 outputs. */
  private step(group: number, step: number): void {
    const { f } = this;
    const x = group * this.groupBytes + 4 * step;
    const load = this.pairs.map(
      (pair) => `ldr ${pair === 0 ? 'r2' : 'r3'}, [r0, #${x + COLUMN_GROUP_BYTES * pair}]`,
    );
    const weight = (words: number): string =>
      `[r1, #${group * groupWeightBytes(this.lanes.weightBits) + 4 * words}]`;
    switch (this.lanes.weightBits) {
      case 8:
        f.emit(...load, `ldr r12, ${weight(2 * step)}`, 'sxtb16 lr, r12', 'sxtb16 r12, r12, ror #8');
        this.multiply('lr', 0);
        this.multiply('r12', 1);
        f.emit(`ldr r12, ${weight(2 * step + 1)}`, 'sxtb16 lr, r12', 'sxtb16 r12, r12, ror #8');
        this.multiply('lr', 2);
        this.multiply('r12', 3);
        break;
      case 4:
        f.emit(...load, `ldr r12, ${weight(step)}`, 'sxtb16 lr, r12');
        this.nestedPair('lr', 0);
        f.emit('sxtb16 r12, r12, ror #8');
        this.nestedPair('r12', 2);
        break;
      case 2:
        // One word of weights serves two steps.
        if (step % 2 === 0) f.emit(...load, `ldr r12, ${weight(step / 2)}`, 'sxtb16 lr, r12');
        else f.emit(...load, 'sxtb16 lr, r12, ror #8');
        this.multiply('lr', 0);
        f.emit('and lr, lr, #0x003f003f');
        this.multiply('lr', 1);
        f.emit('and lr, lr, #0x000f000f');
        this.multiply('lr', 2);
        f.emit('and lr, lr, #0x00030003');
        this.multiply('lr', 3);
        break;
    }
  }

  private nestedPair(operand: string, index: number): void {
    this.multiply(operand, index);
    this.f.emit(`and ${operand}, ${operand}, #0x000f000f`);
    this.multiply(operand, index + 1);
  }

  private multiply(operand: string, index: number): void {
    for (const pair of this.pairs) {
      const register = accumulatorRegister(index, pair);
      this.f.emit(`smlad ${register}, ${operand}, ${pair === 0 ? 'r2' : 'r3'}, ${register}`);
    }
  }

  /** Takes what an accumulator contains of the next one off it, or puts it back. */
  private nest(operation: 'add' | 'sub'): void {
    const nested = this.indices.filter((index) => this.lanes.accumulators[index]!.shift > 0);
    const order = operation === 'sub' ? nested : nested.reverse();
    for (const index of order)
      for (const pair of this.pairs) {
        const register = accumulatorRegister(index, pair);
        this.f.emit(`${operation} ${register}, ${register}, ${accumulatorRegister(index + 1, pair)}`);
      }
  }

  private get hasOffsets(): boolean {
    return this.lanes.accumulators.some((accumulator) => accumulator.weightOffset !== 0);
  }

  /** Moves low fields to their saved sums and starts them at the next segment's offsets. r2: bytes of that segment. */
  private endSegment(): void {
    const { f } = this;
    const { fieldBits } = this.lanes;
    f.emit(`vmov ${S.nextSegment}, r2`);
    this.nest('sub');
    this.lanes.accumulators.forEach(({ shift, weightOffset }, index) => {
      f.emit('ldr r12, [r1], #4');
      for (const pair of this.pairs) {
        const register = accumulatorRegister(index, pair);
        if (weightOffset !== 0) {
          f.emit(`ldr lr, [r0, #${this.lastSum(pair)}]`, `sub r2, ${register}, lr${shifted(shift)}`);
          f.emit(`ubfx r2, r2, #${shift}, #${fieldBits}`);
        } else {
          f.emit(`ubfx r2, ${register}, #${shift}, #${fieldBits}`);
        }
        f.emit(`vmov r3, ${saved(index, pair)}`, 'add r3, r3, r2', `vmov ${saved(index, pair)}, r3`);
        f.emit('sub r2, r12, r2', `add ${register}, ${register}, r2${shifted(shift)}`);
      }
    });
    this.nest('add');
    f.emit(`vmov r2, ${S.nextSegment}`, `b ${this.local('segment')}`);
  }

  /** From accumulators to the output. `several`: low fields of earlier segments are added and cleared. */
  private finishBlock(several: boolean): void {
    const { f, finish } = this;
    this.nest('sub');
    if (this.hasOffsets) this.takeOffOffsets();
    f.emit(finish.kind === 'accumulators' ? `vmov r0, ${S.output}` : `vmov r0, ${S.zeroPoint}`);
    for (const channel of [0, 1, 2, 3]) {
      const index = this.lanes.accumulators.findIndex((accumulator) => accumulator.channel === channel);
      this.finishChannel(index, this.lanes.accumulators[index]!, several);
    }
    if (several) {
      this.clearSaved();
      f.emit(`b ${this.local('store')}`);
      return;
    }
    this.label('store');
    if (finish.kind === 'accumulators') {
      f.emit('mov r0, r1', 'pop {r4-r11, pc}');
      return;
    }
    this.store(finish.outputBits);
    f.emit(`vmov r2, ${S.streamEnd}`, 'cmp r1, r2', `bne ${this.local('block')}`, 'pop {r4-r11, pc}');
  }

  private takeOffOffsets(): void {
    for (const pair of this.pairs)
      this.f.emit(`ldr ${pair === 0 ? 'r2' : 'r3'}, [r0, #${this.lastSum(pair)}]`);
    this.lanes.accumulators.forEach(({ shift, weightOffset }, index) => {
      if (weightOffset === 0) return;
      for (const pair of this.pairs) {
        const register = accumulatorRegister(index, pair);
        this.f.emit(`sub ${register}, ${register}, ${pair === 0 ? 'r2' : 'r3'}${shifted(shift)}`);
      }
    });
  }

  /** Low fields to r12 and lr, high fields in place, and the finish of the four outputs. */
  private finishChannel(index: number, { shift, channel }: LaneAccumulator, several: boolean): void {
    const { f, finish } = this;
    const { fieldBits } = this.lanes;
    const low = this.pairs.map((pair) => (pair === 0 ? 'r12' : 'lr'));
    const high = this.pairs.map((pair) => accumulatorRegister(index, pair));
    const scaled = finish.kind !== 'accumulators';
    if (scaled && !several) f.emit('ldm r1!, {r2, r3}');
    else if (scaled) f.emit('ldr r3, [r1, #4]');
    else f.emit('ldr r3, [r1], #4');
    for (const pair of this.pairs) f.emit(`ubfx ${low[pair]}, ${high[pair]}, #${shift}, #${fieldBits}`);
    for (const pair of this.pairs) f.emit(`add ${high[pair]}, r3, ${high[pair]}, lsr #${shift + fieldBits}`);
    for (const pair of this.pairs) f.emit(`add ${low[pair]}, ${low[pair]}, r3`);
    if (several) {
      for (const pair of this.pairs)
        f.emit(`vmov r2, ${saved(index, pair)}`, `add ${low[pair]}, ${low[pair]}, r2`);
      if (scaled) f.emit('ldr r2, [r1], #8');
    }
    if (finish.kind === 'accumulators') {
      const sums = this.pairs.flatMap((pair) => [low[pair], high[pair]]);
      sums.forEach((sum, pixel) => {
        f.emit(`str ${sum}, [r0, #${16 * pixel + 4 * channel}]`);
      });
      return;
    }
    const values = [...low, ...high];
    if (finish.kind === 'shifted') {
      f.emit('ldr r3, [r1], #4');
      for (const value of values) f.emit(`lsl ${value}, ${value}, r3`);
    }
    for (const value of values) f.emit(`smmlar ${value}, ${value}, r2, r0`);
    for (const pair of this.pairs) f.emit(`pkhbt ${high[pair]}, ${low[pair]}, ${high[pair]}, lsl #16`);
    for (const pair of this.pairs) f.emit(`usat16 ${high[pair]}, #${finish.outputBits}, ${high[pair]}`);
  }

  /** Registers of channel 0…3 of a pair, each with the first pixel's value in its low half. */
  private outputs(pair: number): readonly string[] {
    return [0, 1, 2, 3].map((channel) =>
      accumulatorRegister(
        this.lanes.accumulators.findIndex((accumulator) => accumulator.channel === channel),
        pair,
      ),
    );
  }

  /** Packs and stores four channels of four pixels; r1 is kept. */
  private store(bits: Width): void {
    const { f } = this;
    f.emit(`vmov r0, ${S.output}`, `vmov r2, ${S.pixelBytes}`);
    const [instruction, bytes] = ({ 8: ['str', 4], 4: ['strh', 2], 2: ['strb', 1] } as const)[bits];
    const words = this.pairs.flatMap((pair) =>
      bits === 8 ? this.packBytes(pair) : this.packNarrow(pair, bits),
    );
    // The first pixel is stored last, so that its store steps the pointer.
    words.slice(1).forEach((word, i) => {
      f.emit(`add r3, ${i === 0 ? 'r0' : 'r3'}, r2`, `${instruction} ${word}, [r3]`);
    });
    f.emit(`${instruction} ${words[0]}, [r0], #${bytes}`, `vmov ${S.output}, r0`);
  }

  /** Offset binary to int8: the zero point was 128 too high. */
  private packBytes(pair: number): [string, string] {
    const [a, b, c, d] = this.outputs(pair);
    this.f.emit(`orr ${a}, ${a}, ${b}, lsl #8`, `orr ${c}, ${c}, ${d}, lsl #8`);
    this.f.emit(`pkhbt ${b}, ${a}, ${c}, lsl #16`, `pkhtb ${d}, ${c}, ${a}, asr #16`);
    for (const word of [b, d]) this.f.emit(`eor ${word}, ${word}, #0x80808080`);
    return [b!, d!];
  }

  private packNarrow(pair: number, bits: 4 | 2): [string, string] {
    const [a, b, c, d] = this.outputs(pair);
    this.f.emit(`orr ${a}, ${a}, ${b}, lsl #${bits}`, `orr ${c}, ${c}, ${d}, lsl #${bits}`);
    this.f.emit(`orr ${a}, ${a}, ${c}, lsl #${2 * bits}`, `lsr ${b}, ${a}, #16`);
    return [a!, b!];
  }
}

const shifted = (shift: number): string => (shift === 0 ? '' : `, lsl #${shift}`);
