/**
 * Generates the multiplying kernel of pair lanes (src/ir/pair-lanes.ts): two columns or one times all output channels, block by
 * block of eight, for ARMv7E-M and ARMv8-M with DSP instructions and an FPU. All core registers are taken, so weights
 * pass through s0–s15, sixteen steps at a time: 17.6 cycles per step of 32 (a8) or 64 (a2) multiply-accumulates.
 *
 * Fields have few bits. The packer cuts k into segments, block by block, so that none but the highest can overflow;
 * between two segments they are moved to the stack.
 *
 * Weight stream per block (src/bind/pair-lane-stream.ts writes it):
 *   bytes of the first segment's weights | start values of the four pairs | weights
 *   | (bytes, in the second segment 2 more | four offsets | weights) per further segment
 *   | 0 after the only segment, 1 after the last of several
 *   | a8, per pair: M, addend, M of the high channel, and with `shifted` both L; for `accumulators` the addend alone
 *   | a2, per channel: M, addend, and with `shifted` L; for `accumulators` the addend alone
 *
 * Calls as in pixel-lanes.ts; accumulators are [pixel][8].
 */
import {
  PAIR_BLOCK_CHANNELS,
  PAIR_COLUMN_GROUP_BYTES,
  PAIR_GROUP_STEPS,
  PAIR_GROUP_WEIGHT_BYTES,
  PAIR_MASK,
  PAIR_SHIFT,
  type PairLanes,
} from '../../ir/pair-lanes.js';
import type { Width } from '../../numeric/widths.js';
import { Assembly } from './assembly.js';
import type { LaneColumns, LaneFinish } from './pixel-lanes.js';

const PAIRS = [0, 1, 2, 3] as const;
const GROUPS_PER_TURN = 2;
const accumulator = (pair: number, column: number): string => `r${4 + 2 * pair + column}`;

/** FPU registers beside the weights; restored for the caller. */
const S = {
  lanes: 's16',
  segmentEnd: 's17',
  nextSegment: 's18',
  zeroPoint: 's19',
  output: 's20',
  pixelBytes: 's21',
  streamEnd: 's22',
  stream: 's23',
} as const;
const SAVED_RANGE = '{s16-s23}';
/** Two words on the stack per accumulator: fields of finished segments. */
const STACK_BYTES = 64;
const saved = (pair: number, column: number, word = 0): string =>
  `[sp, #${16 * pair + 8 * column + 4 * word}]`;

export function pairLanesKernel(
  name: string,
  lanes: PairLanes,
  finish: LaneFinish,
  columns: LaneColumns,
): string {
  return new Generator(name, lanes, finish, columns).generate();
}

class Generator {
  private readonly f = new Assembly();
  private readonly columns: readonly number[];

  constructor(
    private readonly name: string,
    private readonly lanes: PairLanes,
    private readonly finish: LaneFinish,
    columns: LaneColumns,
  ) {
    this.columns = columns === 2 ? [0, 1] : [0];
  }

  generate(): string {
    this.prologue();
    this.label('block');
    this.f.emit(`vmov r0, ${S.lanes}`, 'ldm r1!, {r2, r4, r6, r8, r10}');
    for (const pair of PAIRS)
      for (const column of this.columns.slice(1))
        this.f.emit(`mov ${accumulator(pair, column)}, ${accumulator(pair, 0)}`);
    this.startSegment();
    this.label('turn');
    this.f.emit('vldmia r1!, {s0-s15}', `vmov ${S.stream}, r1`);
    for (let group = 0; group < GROUPS_PER_TURN; group++) {
      this.label(`group${group}`);
      for (let step = 0; step < PAIR_GROUP_STEPS; step++) this.step(group, step);
    }
    this.endTurn();
    this.finishBlock(false);
    this.label('several');
    this.f.emit(`bne ${this.local('more')}`);
    this.finishBlock(true);
    this.label('more');
    this.f.emit('tst r2, #2', `beq ${this.local('later')}`, 'sub r2, r2, #2');
    this.endSegment(true);
    this.label('later');
    this.endSegment(false);
    this.label('half');
    this.f.emit('vldmia r1!, {s8-s15}', `vmov ${S.stream}, r1`);
    this.f.emit(`sub r0, r0, #${this.groupBytes}`, `b ${this.local('group1')}`);
    return this.f.functionText(this.name);
  }

  private get groupBytes(): number {
    return PAIR_COLUMN_GROUP_BYTES * this.columns.length;
  }

  /** Offset of a column's lane sum from the end of the group. */
  private lastSum(column: number): number {
    return 4 * (column - this.columns.length);
  }

  private local(id: string): string {
    return `.L${this.name}_${id}`;
  }

  private label(id: string): void {
    this.f.label(this.local(id));
  }

  private prologue(): void {
    const { f } = this;
    f.emit('push {r4-r11, lr}', `vpush ${SAVED_RANGE}`, `sub sp, sp, #${STACK_BYTES}`);
    f.emit(`vmov ${S.lanes}, r0`, `vmov ${S.output}, r2`);
    if (this.finish.kind !== 'accumulators')
      f.emit(`vldr ${S.streamEnd}, [r3]`, `vldr ${S.zeroPoint}, [r3, #4]`, `vldr ${S.pixelBytes}, [r3, #8]`);
  }

  private epilogue(): void {
    this.f.emit(`add sp, sp, #${STACK_BYTES}`, `vpop ${SAVED_RANGE}`, 'pop {r4-r11, pc}');
  }

  /** r2: bytes of weights. An odd number of groups starts with the second half of a turn. */
  private startSegment(): void {
    this.label('segment');
    this.f.emit('add r3, r1, r2', `vmov ${S.segmentEnd}, r3`);
    this.f.emit(`movw r12, #${PAIR_MASK & 0xffff}`, `movt r12, #${PAIR_MASK >>> 16}`);
    this.f.emit(`tst r2, #${PAIR_GROUP_WEIGHT_BYTES}`, `bne ${this.local('half')}`);
  }

  /** Two k of two columns and eight channels. */
  private step(group: number, step: number): void {
    const x = group * this.groupBytes + 4 * this.columns.length * step;
    for (const column of this.columns)
      this.f.emit(`ldr ${column === 0 ? 'r2' : 'r3'}, [r0, #${x + 4 * column}]`);
    this.f.emit(`vmov r1, s${PAIR_GROUP_STEPS * group + step}`);
    for (const pair of PAIRS) {
      this.f.emit(`and lr, r12, r1${pair === 0 ? '' : `, ror #${4 * pair}`}`);
      for (const column of this.columns) {
        const register = accumulator(pair, column);
        this.f.emit(`smlad ${register}, lr, ${column === 0 ? 'r2' : 'r3'}, ${register}`);
      }
    }
  }

  private endTurn(): void {
    this.f.emit(
      `add r0, r0, #${GROUPS_PER_TURN * this.groupBytes}`,
      `vmov r1, ${S.stream}`,
      `vmov r2, ${S.segmentEnd}`,
      'cmp r1, r2',
      `bne ${this.local('turn')}`,
      'ldr r2, [r1], #4',
      'cmp r2, #1',
      `bhs ${this.local('several')}`,
    );
  }

  /**
   * Moves all fields but the highest to the stack, to what stands there unless `first`, and starts them at the next
   * segment's offsets. r2: bytes of that segment.
   */
  private endSegment(first: boolean): void {
    const { f } = this;
    const { fieldBits, pixelsPerColumn } = this.lanes;
    f.emit(`vmov ${S.nextSegment}, r2`);
    for (const pair of PAIRS) {
      f.emit('ldr r12, [r1], #4');
      for (const column of this.columns) {
        const register = accumulator(pair, column);
        f.emit(`ldr r2, [r0, #${this.lastSum(column)}]`, `sub r2, ${register}, r2`);
        f.emit(`ubfx r2, r2, #0, #${pixelsPerColumn === 1 ? fieldBits : 3 * fieldBits}`);
        f.emit(`sub ${register}, ${register}, r2`, `add ${register}, ${register}, r12`);
        if (pixelsPerColumn === 2) {
          // The middle field apart, so that sums of the outer two have twice the bits.
          f.emit(`ubfx r3, r2, #${fieldBits}, #${fieldBits}`, `sub r2, r2, r3, lsl #${fieldBits}`);
          this.save('r3', saved(pair, column, 1), first);
        }
        this.save('r2', saved(pair, column), first);
      }
    }
    f.emit(`vmov r2, ${S.nextSegment}`, `b ${this.local('segment')}`);
  }

  private save(value: string, place: string, first: boolean): void {
    if (!first) this.f.emit(`ldr lr, ${place}`, `add ${value}, ${value}, lr`);
    this.f.emit(`str ${value}, ${place}`);
  }

  /** From accumulators to the output. `several`: fields of earlier segments are added. */
  private finishBlock(several: boolean): void {
    const { f, finish } = this;
    for (const column of this.columns)
      f.emit(`ldr ${column === 0 ? 'r2' : 'r3'}, [r0, #${this.lastSum(column)}]`);
    for (const pair of PAIRS)
      for (const column of this.columns) {
        const register = accumulator(pair, column);
        f.emit(`sub ${register}, ${register}, ${column === 0 ? 'r2' : 'r3'}`);
      }
    f.emit(`vmov r0, ${finish.kind === 'accumulators' ? S.output : S.zeroPoint}`);
    for (const pair of PAIRS) {
      if (this.lanes.pixelsPerColumn === 1) {
        this.finishSingles(pair, several);
      } else {
        for (const column of this.columns) this.finishTwo(pair, column, several);
        f.emit(`add r1, r1, #${8 * this.channelWords}`);
      }
    }
    if (several) {
      f.emit(`b ${this.local('store')}`);
      return;
    }
    this.label('store');
    if (finish.kind === 'accumulators') {
      f.emit('mov r0, r1');
      this.epilogue();
      return;
    }
    this.store(finish.outputBits);
    f.emit(`vmov r2, ${S.streamEnd}`, 'cmp r1, r2', `bne ${this.local('block')}`);
    this.epilogue();
  }

  /** Words of constants per channel. */
  private get channelWords(): number {
    return { scaled: 2, shifted: 3, accumulators: 1 }[this.finish.kind];
  }

  /** Loads a channel's multiplier to r2, if any, and its addend to r3. `high`: the pair's second channel. */
  private loadConstants(high: boolean): void {
    const at = high ? 4 * this.channelWords : 0;
    if (this.finish.kind === 'accumulators') this.f.emit(`ldr r3, [r1, #${at}]`);
    else this.f.emit(`ldr r2, [r1, #${at}]`, `ldr r3, [r1, #${at + 4}]`);
  }

  /** Scales a channel's values. */
  private scale(values: readonly string[], high: boolean): void {
    const { f, finish } = this;
    if (finish.kind === 'accumulators') return;
    if (finish.kind === 'shifted') {
      f.emit(`ldr r3, [r1, #${(high ? 12 : 0) + 8}]`);
      for (const value of values) f.emit(`lsl ${value}, ${value}, r3`);
    }
    for (const value of values) f.emit(`smmlar ${value}, ${value}, r2, r0`);
  }

  private saturate(register: string): void {
    if (this.finish.kind !== 'accumulators')
      this.f.emit(`usat16 ${register}, #${this.finish.outputBits}, ${register}`);
  }

  private keepSum(value: string, pixel: number, channel: number): void {
    this.f.emit(`str ${value}, [r0, #${4 * (PAIR_BLOCK_CHANNELS * pixel + channel)}]`);
  }

  /** a8: the two channels of one pixel, for both columns; accumulators end as (low | high << 16). */
  private finishSingles(pair: number, several: boolean): void {
    const { f, finish, lanes } = this;
    const quick = finish.kind === 'scaled' && !several;
    const [low, high] = lanes.channels[pair]!;
    if (quick) f.emit('ldm r1!, {r2, r3, r12}');
    else f.emit(finish.kind === 'accumulators' ? 'ldr r3, [r1]' : 'ldm r1, {r2, r3}');
    for (const column of this.columns) {
      const register = accumulator(pair, column);
      f.emit(`ubfx lr, ${register}, #0, #${lanes.fieldBits}`);
      f.emit(`asr ${register}, ${register}, #${PAIR_SHIFT}`, 'add lr, lr, r3');
      if (several) f.emit(`ldr r12, ${saved(pair, column)}`, 'add lr, lr, r12');
      if (finish.kind === 'accumulators') {
        this.keepSum('lr', column, low);
        this.keepSum(register, column, high);
        continue;
      }
      if (finish.kind === 'shifted') {
        f.emit('ldr r12, [r1, #12]', 'lsl lr, lr, r12');
        f.emit('ldr r12, [r1, #16]', `lsl ${register}, ${register}, r12`);
      }
      if (!quick) f.emit('ldr r12, [r1, #8]');
      f.emit('smmlar lr, lr, r2, r0', `smmlar ${register}, ${register}, r12, r0`);
      f.emit(`pkhbt ${register}, lr, ${register}, lsl #16`);
      this.saturate(register);
    }
    if (!quick) f.emit(`add r1, r1, #${{ scaled: 12, shifted: 20, accumulators: 4 }[finish.kind]}`);
  }

  /** a2: two channels of two pixels; the accumulator ends with a pixel per half, its channels side by side. */
  private finishTwo(pair: number, column: number, several: boolean): void {
    const { f, finish, lanes } = this;
    const { fieldBits } = lanes;
    const register = accumulator(pair, column);
    const [low, high] = lanes.channels[pair]!;
    const [first, second] = [2 * column, 2 * column + 1];
    if (several) f.emit(`ldr r2, ${saved(pair, column)}`, `ldr r3, ${saved(pair, column, 1)}`);
    f.emit(`ubfx r12, ${register}, #0, #${fieldBits}`, `ubfx lr, ${register}, #${fieldBits}, #${fieldBits}`);
    if (several) f.emit('add lr, lr, r3', `ubfx r2, r2, #0, #${PAIR_SHIFT}`, 'add r12, r12, r2');
    this.loadConstants(false);
    f.emit('add r12, r12, r3', 'add lr, lr, r3');
    this.scale(['r12', 'lr'], false);
    if (finish.kind === 'accumulators') {
      this.keepSum('r12', first, low);
      this.keepSum('lr', second, low);
    } else {
      f.emit('pkhbt r12, r12, lr, lsl #16');
      this.saturate('r12');
    }
    f.emit(`ubfx lr, ${register}, #${PAIR_SHIFT}, #${fieldBits}`);
    if (several) f.emit(`ldr r2, ${saved(pair, column)}`, `add lr, lr, r2, lsr #${PAIR_SHIFT}`);
    this.loadConstants(true);
    f.emit('add lr, lr, r3', `add ${register}, r3, ${register}, lsr #${PAIR_SHIFT + fieldBits}`);
    this.scale(['lr', register], true);
    if (finish.kind === 'accumulators') {
      this.keepSum('lr', first, high);
      this.keepSum(register, second, high);
      return;
    }
    f.emit(`pkhbt ${register}, lr, ${register}, lsl #16`);
    this.saturate(register);
    f.emit(`orr ${register}, r12, ${register}, lsl #${finish.outputBits}`);
  }

  /** Packs and stores eight channels of every pixel; r1 is kept. The first pixel is stored last and steps the pointer. */
  private store(bits: Width): void {
    const { f, lanes } = this;
    f.emit(`vmov r0, ${S.output}`, `vmov r2, ${S.pixelBytes}`);
    const pixels = this.columns.flatMap((column) =>
      lanes.pixelsPerColumn === 1 ? [this.packOne(column, bits)] : this.packTwo(column, bits),
    );
    const instruction = bits === 2 ? 'strh' : 'str';
    pixels.slice(1).forEach((words, i) => {
      f.emit(`add r3, ${i === 0 ? 'r0' : 'r3'}, r2`);
      words.forEach((word, at) => {
        f.emit(`${instruction} ${word}, [r3, #${4 * at}]`);
      });
    });
    pixels[0]!.slice(1).forEach((word, i) => {
      f.emit(`${instruction} ${word}, [r0, #${4 * i + 4}]`);
    });
    f.emit(`${instruction} ${pixels[0]![0]}, [r0], #${bits}`, `vmov ${S.output}, r0`);
  }

  /** Words of a pixel whose accumulators hold (low | high << 16) of channels 0|2, 1|3, 4|6, 5|7. */
  private packOne(column: number, bits: Width): string[] {
    const { f } = this;
    const [a, b, c, d] = PAIRS.map((pair) => accumulator(pair, column));
    f.emit(`orr ${a}, ${a}, ${b}, lsl #${bits}`, `orr ${c}, ${c}, ${d}, lsl #${bits}`);
    if (bits === 8) {
      for (const word of [a, c]) f.emit(`eor ${word}, ${word}, #0x80808080`);
      return [a!, c!];
    }
    // Channels 2 and 3 stand 16 bits behind 0 and 1.
    for (const word of [a, c]) f.emit(`orr ${word}, ${word}, ${word}, lsr #${16 - 2 * bits}`);
    if (bits === 4) f.emit(`pkhbt ${a}, ${a}, ${c}, lsl #16`);
    else f.emit(`uxtb ${a}, ${a}`, `orr ${a}, ${a}, ${c}, lsl #8`);
    return [a!];
  }

  /** Words of both pixels of a column whose accumulators hold a pixel per half, two channels each. */
  private packTwo(column: number, bits: Width): string[][] {
    const { f } = this;
    const [a, b, c, d] = PAIRS.map((pair) => accumulator(pair, column));
    if (bits === 8) {
      const split = (low: string, high: string): [string, string] => {
        f.emit(
          `pkhtb r12, ${high}, ${low}, asr #16`,
          `pkhbt ${low}, ${low}, ${high}, lsl #16`,
          `mov ${high}, r12`,
        );
        for (const word of [low, high]) f.emit(`eor ${word}, ${word}, #0x80808080`);
        return [low, high];
      };
      const [first0, second0] = split(a!, b!);
      const [first1, second1] = split(c!, d!);
      return [
        [first0, first1],
        [second0, second1],
      ];
    }
    f.emit(`orr ${a}, ${a}, ${b}, lsl #${2 * bits}`, `orr ${c}, ${c}, ${d}, lsl #${2 * bits}`);
    if (bits === 4) {
      f.emit(`pkhbt ${b}, ${a}, ${c}, lsl #16`, `pkhtb ${d}, ${c}, ${a}, asr #16`);
      return [[b!], [d!]];
    }
    f.emit(`orr ${a}, ${a}, ${c}, lsl #8`, `lsr ${b}, ${a}, #16`);
    return [[a!], [b!]];
  }
}
