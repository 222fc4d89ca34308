/**
 * The inner loop of depthwise convolutions over planes: output rows of one channel, four columns at a time.
 *
 *   void <instance>_rows(const void *plane, const uint32_t *record, uint8_t *out, const struct qmcu_plane_run *run)
 *   void <instance>_merge(the same)
 *
 * `rows` writes whole bytes: at narrow outputs those of the first channel in its byte, the others' bits being zero. `merge` adds
 * another channel's bits to them.
 *
 * A plane is one channel's rows as int16, padding included, `pitch` bytes a row; the rows of four channels alternate
 * (firmware-templates/kernels/depthwise_conv2d_planes.h draws it), so that the next row is 4 · pitch bytes further. Every
 * load is an aligned word of two columns. Taps stand in registers as pairs, so that SMLAD serves two of them.
 *
 * Larger kernels than 3×3 read them row by row from words that the caller has spread (`taps`): at stride 1 the pairs (0 1), (1 2),
 * (2 3) …, at stride 2 (0 1), (2 3) … and the last tap alone.
 *
 * Record: bias | M (mulhi) or M R right (tflm, single), as in finish.ts | int8 taps, whole words per filter row. Mode `tflm` wants
 * the accumulator doubled: its bias is stored doubled, its taps are doubled as they are unpacked.
 */
import type { FirmwareMode } from '../../numeric/requantize.js';
import type { Width } from '../../numeric/widths.js';
import { Assembly } from './assembly.js';
import { isDoubled } from './finish.js';
import { Pointer } from './pointer.js';
import { emitPark, emitRowPairs } from './row-pairs.js';

export interface PlaneShape {
  /** Side of the filter: 3, 5 or 7. */
  readonly kernel: number;
  /** Columns and rows from one output to the next; the first is 1 or 2. */
  readonly strideX: number;
  readonly strideY: number;
  /** Bytes of one channel's row. */
  readonly pitch: number;
  /** Output columns. */
  readonly width: number;
  /** Width of outputs, and bytes from one pixel of them to the next. */
  readonly outputBits: Width;
  readonly pixelBytes: number;
  /** The clamp is narrower than the output's range. */
  readonly clamp: boolean;
  /** Two rows per lane; 3×3 alone. The run's `low` is then the bytes from the near row of outputs to the far one. */
  readonly rowPairs: boolean;
}

/** The filter that stands in registers all the time. */
const SMALL = 3;
/** Output columns of one block. */
const BLOCK = 4;
/** Blocks that are written out without a loop, and per turn of one. */
const MOST_UNROLL = 6;
const LEAST_UNROLL = 4;
/** The same of larger filters, whose blocks are long. */
const LARGE_UNROLL = 2;

const ACCUMULATORS = ['r9', 'r10', 'r11', 'r12'] as const;
/** Single-precision registers: the record, then `struct qmcu_plane_run`, then what is parked. */
const S = {
  bias: 's0',
  multiplier: 's1',
  rounding: 's2',
  right: 's3',
  end: 's4',
  zero: 's5',
  low: 's6',
  high: 's7',
  shift: 's8',
  taps: 's9',
  out: 's10',
  columns: 's11',
} as const;

/** A tap, or two neighbouring ones, in registers. */
interface TapRegisters {
  pair(row: number, tap: number): string;
  /** Register, and which half of it. */
  single(row: number, tap: number): readonly [string, 'b' | 't'];
  /** Registers for loaded words. */
  readonly free: readonly string[];
}

/** (w0 w1) and (w1 w2) of each row. */
const DENSE: TapRegisters = {
  pair: (row, tap) => `r${3 + 2 * row + tap}`,
  single: (row, tap) => (tap === 0 ? [`r${3 + 2 * row}`, 'b'] : [`r${4 + 2 * row}`, 't']),
  free: ['r1', 'lr'],
};

/** At stride 2 windows start at even columns: (w0 w1) of each row, and w2 of two rows in one register. */
const STRIDED: TapRegisters = {
  pair: (row) => `r${3 + 2 * row}`,
  single: (row) => (['r4', 'r4', 'r6'] as const).map((r, i) => [r, i === 1 ? 't' : 'b'] as const)[row]!,
  free: ['r1', 'lr', 'r8'],
};

/** `merges`: outputs are added to the bytes that are there. */
/** One row at a time from r3 on; `count` taps, `words` registers. */
const streamed = (count: number, stride: number): TapRegisters & { readonly words: readonly string[] } => {
  const words = stride === 1 ? count - 1 : (count + 1) / 2;
  const registers = ['r3', 'r4', 'r5', 'r6', 'r7', 'r8'];
  return {
    words: registers.slice(0, words),
    pair: (_, tap) => registers[tap / stride]!,
    single: (_, tap) => {
      if (tap === 0) return ['r3', 'b'];
      return [registers[words - 1]!, stride === 1 ? 't' : 'b'];
    },
    free: ['r1', 'lr', ...registers.slice(words)],
  };
};

export function planeRows(name: string, shape: PlaneShape, mode: FirmwareMode, merges: boolean): string {
  return new Generator(name, shape, mode, merges).generate();
}

class Generator {
  private readonly a = new Assembly();
  private readonly taps: TapRegisters;
  private readonly large: ReturnType<typeof streamed>;
  private readonly isSmall: boolean;
  private readonly out: Pointer;
  /** Start of labels. */
  private readonly local: string;

  constructor(
    private readonly name: string,
    private readonly shape: PlaneShape,
    private readonly mode: FirmwareMode,
    private readonly merges: boolean,
  ) {
    this.isSmall = shape.kernel === SMALL;
    this.large = streamed(shape.kernel, shape.strideX);
    this.taps = !this.isSmall ? this.large : shape.strideX === 1 ? DENSE : STRIDED;
    this.out = new Pointer(this.a, 'r2', 'r1');
    this.local = `.L${name}`;
  }

  generate(): string {
    const { pitch, strideX, strideY, width } = this.shape;
    this.prologue();
    this.a.label(`${this.local}_row`);
    const blocks = Math.floor(width / BLOCK);
    const looped = blocks > (this.isSmall ? MOST_UNROLL : LARGE_UNROLL);
    if (looped) this.loop(blocks);
    else for (let block = 0; block < blocks; block++) this.block(BLOCK, block);
    if (width % BLOCK > 0) this.block(width % BLOCK, looped ? 0 : blocks);
    this.out.settle();
    const walked = looped ? 2 * BLOCK * strideX * blocks : 0;
    this.advancePlane(4 * pitch * strideY - walked);
    this.a.emit(`vmov r1, ${S.end}`, 'cmp r0, r1', `bne ${this.local}_row`, 'pop {r4-r11, pc}');
    return this.a.functionText(this.name);
  }

  private advancePlane(bytes: number): void {
    const plane = new Pointer(this.a, 'r0', 'r1');
    plane.move(bytes);
    plane.settle();
  }

  private prologue(): void {
    const { a } = this;
    a.emit('push {r4-r11, lr}');
    a.emit(this.mode === 'mulhi' ? `vldmia r1!, {${S.bias}-${S.multiplier}}` : `vldmia r1!, {s0-s3}`);
    a.emit(`vldmia r3, {${S.end}-${S.taps}}`, `vmov r3, ${S.end}`, 'add r3, r3, r0', `vmov ${S.end}, r3`);
    if (!this.isSmall) return;
    a.emit('ldm r1, {r10, r11, r12}');
    for (let row = 0; row < SMALL; row++) {
      const packed = `r${10 + row}`;
      // (w0 w2), (w1 0) → (w0 w1), (w1 w2).
      a.emit(`sxtb16 r9, ${packed}`, `sxtb16 lr, ${packed}, ror #8`);
      if (isDoubled(this.mode)) a.emit('sadd16 r9, r9, r9', 'sadd16 lr, lr, lr');
      a.emit(`pkhbt ${DENSE.pair(row, 0)}, r9, lr, lsl #16`, `pkhbt ${DENSE.pair(row, 1)}, lr, r9`);
    }
    if (this.taps === STRIDED) a.emit('asr r4, r4, #16', 'pkhbt r4, r4, r6', 'asr r6, r8, #16');
    if (this.shape.rowPairs) emitPark(a, this.merges);
  }

  /** A first turn of fewer blocks starts in the middle, with pointers set back. */
  private loop(blocks: number): void {
    const { a, out } = this;
    const step = 2 * BLOCK * this.shape.strideX;
    const unroll = this.isSmall ? bestUnroll(blocks) : LARGE_UNROLL;
    const skip = Math.ceil(blocks / unroll) * unroll - blocks;
    a.emit(`movw r1, #${step * blocks}`, 'add r1, r1, r0', `vmov ${S.columns}, r1`);
    out.settle();
    if (skip > 0) {
      a.emit(`subw r0, r0, #${step * skip}`);
      this.enterAt(skip);
    }
    a.label(`${this.local}_columns`);
    for (let block = 0; block < unroll; block++) {
      if (block === skip && skip > 0) a.label(`${this.local}_first`);
      this.block(BLOCK, block);
    }
    out.settle();
    a.emit(
      `addw r0, r0, #${step * unroll}`,
      `vmov r1, ${S.columns}`,
      'cmp r0, r1',
      `bne ${this.local}_columns`,
    );
  }

  /** r2 as it stands at the start of block `skip`, when its first output is the row's first. */
  private enterAt(skip: number): void {
    const { pixelBytes } = this.shape;
    const rehearsal = new Pointer(new Assembly(), 'r2', 'r1');
    for (let i = 0; i < BLOCK * skip; i++) {
      if ((this.merges || this.shape.rowPairs) && i % BLOCK === 0)
        rehearsal.reach(0, (BLOCK - 1) * pixelBytes);
      rehearsal.reach(0);
      rehearsal.move(pixelBytes);
    }
    const pending = rehearsal.pending;
    const back = new Pointer(this.a, 'r2', 'r1');
    back.move(-pending);
    back.settle();
    this.a.emit(`b ${this.local}_first`);
  }

  /** `count` outputs; `index` says how far right of r0. */
  private block(count: number, index: number): void {
    const accumulators = ACCUMULATORS.slice(0, count);
    this.accumulate(accumulators, 2 * BLOCK * this.shape.strideX * index);
    if (this.shape.rowPairs) {
      this.finishPairs(accumulators);
      return;
    }
    this.scale(accumulators);
    this.cut(accumulators);
    if (this.merges) this.merge(accumulators);
    for (const accumulator of accumulators) {
      this.a.emit(`strb ${accumulator}, ${this.out.reach(0)}`);
      this.out.move(this.shape.pixelBytes);
    }
  }

  private finishPairs(accumulators: readonly string[]): void {
    const { outputBits, pixelBytes } = this.shape;
    const { multiplier, zero, low: far } = S;
    const how = { outputBits, pixelBytes, merges: this.merges, multiplier, zero, far };
    emitRowPairs(this.a, this.out, { accumulators, ...how });
  }

  /** Four-bit outputs have one place to go to, others are shifted by `shift`. Loads leave the pointer as it is. */
  private merge(accumulators: readonly string[]): void {
    const { a, out } = this;
    const { outputBits, pixelBytes } = this.shape;
    const place = outputBits === 4 ? ', lsl #4' : '';
    if (outputBits !== 4) {
      a.emit(`vmov r1, ${S.shift}`);
      for (const x of accumulators) a.emit(`lsl ${x}, ${x}, r1`);
    }
    const reach = (BLOCK - 1) * pixelBytes;
    out.reach(0, reach);
    for (let i = 0; i < accumulators.length; i += 2) {
      const group = accumulators.slice(i, i + 2);
      group.forEach((_, k) => {
        a.emit(`ldrb ${['r1', 'lr'][k]}, ${out.reach((i + k) * pixelBytes)}`);
      });
      group.forEach((x, k) => {
        a.emit(`orr ${x}, ${['r1', 'lr'][k]}, ${x}${place}`);
      });
    }
  }

  private accumulate(accumulators: readonly string[], at: number): void {
    const { a, isSmall } = this;
    const { kernel, strideX } = this.shape;
    a.emit(`vmov ${accumulators.at(-1)}, ${S.bias}`);
    const words = Math.ceil(((accumulators.length - 1) * strideX + kernel) / 2);
    const loads = Array.from({ length: kernel * words }, (_, i) => ({
      row: Math.floor(i / words),
      word: i % words,
    }));
    const started = new Set<string>();
    if (isSmall) {
      this.multiply(loads, accumulators, at, started);
      return;
    }
    a.emit(`vmov ${S.out}, r2`, `vmov r2, ${S.taps}`);
    for (let row = 0; row < kernel; row++) {
      a.emit(`ldm r2!, {${this.large.words.join(', ')}}`);
      this.multiply(loads.slice(row * words, (row + 1) * words), accumulators, at, started);
    }
  }

  /** Loads words, as many together as registers are free, and adds what they give. */
  private multiply(
    loads: readonly { readonly row: number; readonly word: number }[],
    accumulators: readonly string[],
    at: number,
    started: Set<string>,
  ): void {
    const { a, taps } = this;
    const { strideX, pitch } = this.shape;
    const count = accumulators.length;
    const bias = accumulators.at(-1)!;
    const spare = ACCUMULATORS.slice(count);
    // The third accumulator starts after the first word has been used.
    const late = count === BLOCK && strideX === 1 && started.size === 0 ? [ACCUMULATORS[2]] : [];
    for (let first = 0; first < loads.length; ) {
      const registers = [...(first === 0 ? late : []), ...taps.free, ...spare];
      const group = loads.slice(first, first + registers.length);
      group.forEach(({ row, word }, i) => {
        a.emit(`ldr ${registers[i]}, [r0, #${4 * pitch * row + at + 4 * word}]`);
      });
      group.forEach(({ row, word }, i) => {
        accumulators.forEach((accumulator, output) => {
          const product = this.product(row, 2 * word - output * strideX, registers[i]!);
          if (product === undefined) return;
          const addend = started.has(accumulator) ? accumulator : bias;
          a.emit(`${product.op} ${accumulator}, ${product.operands}, ${addend}`);
          started.add(accumulator);
        });
      });
      first += group.length;
    }
  }

  /** What a word whose low half meets `tap` of a filter row adds. */
  private product(row: number, tap: number, word: string): { op: string; operands: string } | undefined {
    const { kernel } = this.shape;
    if (tap < -1 || tap >= kernel) return undefined;
    if (tap >= 0 && tap + 1 < kernel)
      return { op: 'smlad', operands: `${this.taps.pair(row, tap)}, ${word}` };
    const [register, half] = this.taps.single(row, Math.max(tap, 0));
    return { op: `smla${half}${tap < 0 ? 't' : 'b'}`, operands: `${register}, ${word}` };
  }

  private scale(accumulators: readonly string[]): void {
    const { a, mode } = this;
    if (mode === 'tflm' && this.isSmall) a.emit(`vmov ${S.out}, r2`);
    a.emit(`vmov r1, ${S.multiplier}`, `vmov lr, ${mode === 'mulhi' ? S.zero : S.rounding}`);
    for (const x of accumulators) {
      if (mode === 'mulhi') a.emit(`smmlar ${x}, ${x}, r1, lr`);
      else if (mode === 'single') a.emit(`smmla ${x}, ${x}, r1, lr`);
      else a.emit(`add r2, lr, ${x}, asr #31`, `smmlar ${x}, ${x}, r1, r2`);
    }
    if (mode !== 'mulhi') {
      a.emit(`vmov r1, ${S.right}`);
      for (const x of accumulators) a.emit(`asr ${x}, ${x}, r1`);
    }
    if (mode === 'tflm' || !this.isSmall) a.emit(`vmov r2, ${S.out}`);
  }

  private cut(accumulators: readonly string[]): void {
    const { a } = this;
    const { outputBits } = this.shape;
    for (const x of accumulators) a.emit(`${outputBits === 8 ? 's' : 'u'}sat ${x}, #${outputBits}, ${x}`);
    if (!this.shape.clamp) return;
    a.emit(`vmov r1, ${S.low}`, `vmov lr, ${S.high}`);
    for (let i = 0; i < accumulators.length; i += 2) {
      const [pair, other] = [ACCUMULATORS[i]!, ACCUMULATORS[i + 1]!];
      const both = i + 1 < accumulators.length;
      if (both) a.emit(`pkhbt ${pair}, ${pair}, ${other}, lsl #16`);
      a.emit(`ssub16 ${other}, ${pair}, r1`, `sel ${pair}, ${pair}, r1`);
      a.emit(`ssub16 ${other}, lr, ${pair}`, `sel ${pair}, ${pair}, lr`);
      if (both) a.emit(`asr ${other}, ${pair}, #16`);
    }
  }
}

/** Blocks per turn such that the first turn skips few. */
function bestUnroll(blocks: number): number {
  let best = MOST_UNROLL;
  const skipped = (unroll: number): number => Math.ceil(blocks / unroll) * unroll - blocks;
  for (let u = MOST_UNROLL; u >= LEAST_UNROLL; u--) if (skipped(u) < skipped(best)) best = u;
  return best;
}
