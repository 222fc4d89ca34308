/**
 * The inner kernel of convolutions over a ring of widened rows, with 8-bit weights: all output channels of neighbouring
 * outputs, two at a time. The product is that of matrix.ts; the second window is the first one plus a constant.
 *
 *   void <instance>_run(const struct rows_run *run, uint32_t count)     (firmware-templates/kernels/conv2d_rows.c)
 */
import type { KernelInstance } from '../../ir/bound-plan.js';
import type { FirmwareMode } from '../../numeric/requantize.js';
import type { Width } from '../../numeric/widths.js';
import { Assembly, assemblyFile } from './assembly.js';
import { emitPack, emitScale, type FinishOptions } from './finish.js';
import { emitExtract, emitPair, emitStore, MATRIX_CHANNELS } from './matrix.js';

/** Single-precision registers: s0 up to the rows are `struct rows_run` in its order. */
const STREAM = 's0';
const STREAM_END = 's1';
const PITCH = 's2';
const ZERO = 's3';
const PAIR_OUT = 's4';
const BOUNDS = ['s5', 's6'] as const;
const FIRST_ROW = 7;
const OUT = 's14';
const SEGMENT_END = 's15';

/** Rows of the window that fit s7 to s13. */
export interface RowsShape {
  /** Pairs of k per turn, turns per row of the window, rows. */
  readonly unroll: number;
  readonly turns: number;
  readonly rows: number;
  /** Bytes from the first window to the second. */
  readonly step: number;
}

const rowRegister = (row: number): string => `s${FIRST_ROW + row}`;

/** One block of four channels: r1 ends at its constants. */
function emitWindow(a: Assembly, { unroll, turns, rows, step }: RowsShape): void {
  a.emit(`vmov r0, ${rowRegister(0)}`, 'ldm r1!, {r4, r6, r8, r10}');
  if (turns > 1) a.emit('mov r5, r4', 'mov r7, r6', 'mov r9, r8', 'mov r11, r10');
  for (let row = 0; row < rows; row++) {
    if (row > 0) a.emit(`vmov r0, ${rowRegister(row)}`);
    if (turns > 1) {
      a.emit(`add r2, r0, #${4 * unroll * turns}`, `vmov ${SEGMENT_END}, r2`);
      a.label(`.Lrow${row}`);
    }
    for (let u = 0; u < unroll; u++) {
      emitPair(
        a,
        { first: 4 * u, second: 4 * u + step, weights: 8 * u },
        turns === 1 && row === 0 && u === 0,
      );
    }
    a.emit(`add r1, r1, #${8 * unroll}`);
    if (turns > 1)
      a.emit(`vmov r2, ${SEGMENT_END}`, `add r0, r0, #${4 * unroll}`, 'cmp r0, r2', `bne .Lrow${row}`);
  }
}

/** On to the next two outputs: windows, output, count; the count stands on the stack. */
function emitAdvance(a: Assembly, { rows, step }: RowsShape): void {
  a.emit('ldr r3, [sp]', `vmov r0, ${PAIR_OUT}`, `vmov r2, ${PITCH}`);
  a.emit('subs r3, r3, #1', 'beq .Lend', 'str r3, [sp]', 'add r0, r0, r2, lsl #1', `vmov ${PAIR_OUT}, r0`);
  for (let row = 0; row < rows; row++) {
    a.emit(`vmov r2, ${rowRegister(row)}`, `add r2, r2, #${2 * step}`, `vmov ${rowRegister(row)}, r2`);
  }
  a.emit('b .Lpair');
  a.label('.Lend');
  a.emit('pop {r3-r11, pc}');
}

function rowsRun(name: string, shape: RowsShape, finish: FinishOptions): string {
  const a = new Assembly();
  a.emit('mov r3, r1', 'push {r3-r11, lr}', `vldmia r0, {${STREAM}-${rowRegister(shape.rows - 1)}}`);
  a.label('.Lpair');
  a.emit(`vmov r1, ${STREAM}`, `vmov r2, ${PAIR_OUT}`, `vmov ${OUT}, r2`);
  a.label('.Lblock');
  emitWindow(a, shape);
  emitExtract(a, finish.mode);
  emitScale(a, finish.mode, MATRIX_CHANNELS, ZERO);
  emitPack(a, finish, MATRIX_CHANNELS, BOUNDS);
  emitStore(a, finish.outputBits, MATRIX_CHANNELS[0], PITCH, OUT);
  a.emit(`vmov r2, ${STREAM_END}`, 'cmp r1, r2', 'bne .Lblock');
  emitAdvance(a, shape);
  return a.functionText(name);
}

/** Parameters: `u` pairs per turn, `t` turns, `g` rows, `d` bytes to the second window, `o`, `c` as in matrix.ts. */
export function matrixRows(kernel: KernelInstance, mode: FirmwareMode): string {
  const { u = 0, t = 0, g = 0, d = 0, o = 8, c = 0 } = kernel.parameters ?? {};
  const finish = { mode, outputBits: o as Width, clamp: c === 1 };
  return assemblyFile(`Inner loop of ${kernel.name}: src/codegen/asm/rows.ts.`, [
    rowsRun(`${kernel.name}_run`, { unroll: u, turns: t, rows: g, step: d }, finish),
  ]);
}
