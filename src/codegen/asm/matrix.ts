/**
 * The inner kernel of matrix products with 8-bit or 4-bit weights: all output channels of two pixels whose columns are ready.
 *
 *   void <instance>_run(const uint32_t *columns, const uint32_t *stream, void *out, const struct qmcu_matrix_run *run)
 *
 * Columns are interleaved pairs of int16 (firmware-templates/kernels/column.h). A weight lane holds two channels of one k as
 * the integer 256·w1 + w0. SMLAD on the raw word gives 256·S1 + S0, SMLAD on its SXTB16 gives S0, and S1 is the
 * difference shifted by 8: exact while |S1| < 2^23, which binding proves. One unpack serves four weights: 15 cycles per
 * 2 k, 2 pixels, 4 channels on a Cortex-M4.
 *
 * Stream of a block of four channels: raw01 b0 raw23 b2 | (w01 w23) per pair of k | constants of finish.ts, with
 * raw01 = 256·b1 + b0 and b the bias. 4-bit weights: matrix-nibbles.ts.
 */
import type { KernelInstance } from '../../ir/bound-plan.js';
import type { FirmwareMode } from '../../numeric/requantize.js';
import type { Width } from '../../numeric/widths.js';
import { Assembly, assemblyFile } from './assembly.js';
import {
  type ChannelRegisters,
  emitPack,
  emitScale,
  type FinishOptions,
  finishOf,
  isDoubled,
  PACKED_STORE,
} from './finish.js';
import {
  emitNibbleExtract,
  emitNibblePair,
  emitNibbleSums,
  NIBBLE_CHANNELS,
  type PairOffsets,
  type SumRegisters,
} from './matrix-nibbles.js';
import { emitStoreApart, emitStorePlanes, type PlaneRegisters } from './store-planes.js';

/** Single-precision registers: constants of a call. s1 to s7 are `struct qmcu_matrix_run` in its order. */
const COLUMNS = 's0';
const STREAM_END = 's1';
const PITCH = 's2';
const ZERO = 's3';
const COLUMNS_END = 's4';
const BOUNDS = ['s5', 's6'] as const;
const OUT = 's7';
/** Sums of both columns, for 4-bit weights. */
const SUMS = ['s8', 's9'] as const;

/** Accumulators of the channels (0, 1, 2, 3), a register per pixel; raw sums stand where channels 1 and 3 end up. */
const MATRIX_CHANNELS = [
  ['r6', 'r7'],
  ['r4', 'r5'],
  ['r10', 'r11'],
  ['r8', 'r9'],
] as const;

interface MatrixShape {
  /** Pairs of k per turn of the loop. */
  readonly unroll: number;
  /** One turn serves the whole column. */
  readonly single: boolean;
}

/**
 * One pair of k: 16 multiply-accumulates. In the first pair of a block the second pixel's accumulators are not set yet:
 * they start from the first pixel's, which hold the bias.
 */
function emitPair(a: Assembly, at: PairOffsets, isFirst: boolean): void {
  const second = (own: string, first: string): string => (isFirst ? first : own);
  a.emit(
    `ldr r2, [r0, #${at.first}]`,
    `ldr r3, [r0, #${at.second}]`,
    `ldr r12, [r1, #${at.weights}]`,
    `ldr lr, [r1, #${at.weights + 4}]`,
    `smlad r5, r12, r3, ${second('r5', 'r4')}`,
    'smlad r4, r12, r2, r4',
    `smlad r9, lr, r3, ${second('r9', 'r8')}`,
    'smlad r8, lr, r2, r8',
    'sxtb16 r12, r12',
    'sxtb16 lr, lr',
    `smlad r7, r12, r3, ${second('r7', 'r6')}`,
    'smlad r6, r12, r2, r6',
    `smlad r11, lr, r3, ${second('r11', 'r10')}`,
    'smlad r10, lr, r2, r10',
  );
}

/** Loads a block's biases and walks the columns; r1 ends at the block's constants. */
function emitColumns(a: Assembly, { unroll, single }: MatrixShape, form: MatrixForm): void {
  a.emit(`vmov r0, ${COLUMNS}`, 'ldm r1!, {r4, r6, r8, r10}');
  if (!single) {
    a.emit('mov r5, r4', 'mov r7, r6', 'mov r9, r8', 'mov r11, r10');
    a.label('.Lpairs');
  }
  for (let u = 0; u < unroll; u++) {
    const at = { first: 8 * u, second: 8 * u + 4, weights: form.pairBytes * u };
    form.emitPair(a, at, single && u === 0);
  }
  if (!single) a.emit(`add r0, r0, #${8 * unroll}`, `vmov r2, ${COLUMNS_END}`);
  a.emit(`add r1, r1, #${form.pairBytes * unroll}`);
  if (!single) a.emit('cmp r0, r2', 'bne .Lpairs');
}

/** Raw sums to channels 1 and 3. */
function emitExtract(a: Assembly, mode: FirmwareMode): void {
  const doubled = isDoubled(mode);
  for (const [low, raw] of [MATRIX_CHANNELS.slice(0, 2), MATRIX_CHANNELS.slice(2)] as const) {
    for (const pixel of [0, 1]) {
      const [sum, difference] = [low![pixel]!, raw![pixel]!];
      a.emit(
        `sub ${difference}, ${difference}, ${sum}`,
        `asr ${difference}, ${difference}, #${doubled ? 7 : 8}`,
      );
      if (doubled) a.emit(`lsl ${sum}, ${sum}, #1`);
    }
  }
}

/** The second pixel first: with a pitch of 0 the first one stays. Leaves the output behind the block. */
export function emitStore(
  a: Assembly,
  outputBits: Width,
  [first, second]: ChannelRegisters,
  pitch: string,
  out: string,
): void {
  const { store, bytes } = PACKED_STORE[outputBits];
  a.emit(
    `vmov r2, ${pitch}`,
    `vmov r0, ${out}`,
    `${store} ${second}, [r0, r2]`,
    `${store} ${first}, [r0], #${bytes}`,
    `vmov ${out}, r0`,
  );
}

/** How a width of weights is multiplied and its sums taken apart. */
export interface MatrixForm {
  /** Narrow weights are stored with an offset: their sums take those of the columns. */
  readonly needsSums: boolean;
  readonly pairBytes: number;
  readonly channels: readonly ChannelRegisters[];
  emitPair(a: Assembly, at: PairOffsets, isFirst: boolean): void;
  emitExtract(a: Assembly, mode: FirmwareMode, sums: SumRegisters): void;
}

const BYTES: MatrixForm = {
  needsSums: false,
  pairBytes: 8,
  channels: MATRIX_CHANNELS,
  emitPair,
  emitExtract,
};

const NIBBLES: MatrixForm = {
  needsSums: true,
  pairBytes: 4,
  channels: NIBBLE_CHANNELS,
  emitPair: emitNibblePair,
  emitExtract: emitNibbleExtract,
};

export const matrixForm = ({ weightBits }: KernelInstance): MatrixForm =>
  weightBits === 4 ? NIBBLES : BYTES;

/** From scaled channels to memory. */
interface MatrixOutput {
  emitStart?(a: Assembly): void;
  emit(a: Assembly, finish: FinishOptions, channels: readonly ChannelRegisters[]): void;
  /** Behind the function's return. */
  emitEnd?(a: Assembly, channels: readonly ChannelRegisters[]): void;
}

const PIXELS: MatrixOutput = {
  emit(a, finish, channels) {
    emitPack(a, finish, channels, BOUNDS);
    emitStore(a, finish.outputBits, channels[0]!, PITCH, OUT);
  },
};

const PLANES: PlaneRegisters = { pixel: PITCH, group: 's10', out: OUT, bounds: BOUNDS };
/** Of the field that `struct qmcu_matrix_run` has for planes. */
const GROUP_OFFSET = 24;

/** Planes whose rows have `pitch` bytes. */
const planesOutput = (pitch: number): MatrixOutput => ({
  emitStart: (a) => a.emit(`vldr ${PLANES.group}, [r3, #${GROUP_OFFSET}]`),
  emit: (a, finish, channels) => emitStorePlanes(a, finish, channels, PLANES, pitch),
  emitEnd: (a, channels) => emitStoreApart(a, channels, PLANES, pitch),
});

function matrixRun(
  name: string,
  shape: MatrixShape,
  finish: FinishOptions,
  form: MatrixForm,
  output: MatrixOutput,
): string {
  const a = new Assembly();
  a.emit(
    'push {r4-r11, lr}',
    `vldmia r3, {s1-${finish.clamp ? BOUNDS[1] : COLUMNS_END}}`,
    `vmov ${COLUMNS}, r0`,
    `vmov ${OUT}, r2`,
  );
  output.emitStart?.(a);
  if (form.needsSums) emitNibbleSums(a, finish.mode, ['[r0, #-8]', '[r0, #-4]'], SUMS);
  a.label('.Lblock');
  emitColumns(a, shape, form);
  form.emitExtract(a, finish.mode, SUMS);
  emitScale(a, finish, form.channels, ZERO);
  output.emit(a, finish, form.channels);
  a.emit(`vmov r2, ${STREAM_END}`, 'cmp r1, r2', 'bne .Lblock', 'pop {r4-r11, pc}');
  output.emitEnd?.(a, form.channels);
  return a.functionText(name);
}

/** Parameters: `u` pairs per turn, `s` 1 when one turn is all; those of finishOf. */
export const matrixColumns = (kernel: KernelInstance, mode: FirmwareMode): string =>
  columnsFile(kernel, mode, PIXELS);

/** The same with outputs in planes; parameter `p`: bytes of a channel's row. */
export const matrixPlanes = (kernel: KernelInstance, mode: FirmwareMode): string =>
  columnsFile(kernel, mode, planesOutput(kernel.parameters?.p ?? 0));

function columnsFile(kernel: KernelInstance, mode: FirmwareMode, output: MatrixOutput): string {
  const { u = 0, s = 0 } = kernel.parameters ?? {};
  const finish = finishOf(kernel, mode);
  return assemblyFile(`Inner loop of ${kernel.name}: src/codegen/asm/matrix.ts.`, [
    matrixRun(`${kernel.name}_run`, { unroll: u, single: s === 1 }, finish, matrixForm(kernel), output),
  ]);
}
