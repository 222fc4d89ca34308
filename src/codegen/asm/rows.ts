/**
 * The inner kernel of convolutions over a ring of widened rows, with 8-bit or 4-bit weights: all output channels of neighbouring
 * outputs, two at a time. The product is that of matrix.ts; the second window is the first one plus a constant.
 *
 *   void <instance>_run(const struct rows_run *run, uint32_t count, const qmcu_word *sums)
 *
 * called by firmware-templates/kernels/conv2d_rows.c; `sums` of the windows, for 4-bit weights only.
 */
import type { KernelInstance } from '../../ir/bound-plan.js';
import type { FirmwareMode } from '../../numeric/requantize.js';
import { Assembly, assemblyFile } from './assembly.js';
import { emitPack, emitScale, type FinishOptions, finishOf } from './finish.js';
import { emitStore, type MatrixForm, matrixForm } from './matrix.js';
import { emitNibbleSums, type SumRegisters } from './matrix-nibbles.js';

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
/** Behind the rows of 4-bit weights, which have two registers fewer. */
const SUMS: SumRegisters = ['s12', 's13'];

/** Rows of the window that fit s7 to s13, with 4-bit weights s7 to s11. */
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
function emitWindow(a: Assembly, { unroll, turns, rows, step }: RowsShape, form: MatrixForm): void {
  a.emit(`vmov r0, ${rowRegister(0)}`, 'ldm r1!, {r4, r6, r8, r10}');
  if (turns > 1) a.emit('mov r5, r4', 'mov r7, r6', 'mov r9, r8', 'mov r11, r10');
  for (let row = 0; row < rows; row++) {
    if (row > 0) a.emit(`vmov r0, ${rowRegister(row)}`);
    if (turns > 1) {
      a.emit(`add r2, r0, #${4 * unroll * turns}`, `vmov ${SEGMENT_END}, r2`);
      a.label(`.Lrow${row}`);
    }
    for (let u = 0; u < unroll; u++) {
      const at = { first: 4 * u, second: 4 * u + step, weights: form.pairBytes * u };
      form.emitPair(a, at, turns === 1 && row === 0 && u === 0);
    }
    a.emit(`add r1, r1, #${form.pairBytes * unroll}`);
    if (turns > 1)
      a.emit(`vmov r2, ${SEGMENT_END}`, `add r0, r0, #${4 * unroll}`, 'cmp r0, r2', `bne .Lrow${row}`);
  }
}

/** On the stack: how many pairs of outputs are left, then the next sums. */
const COUNT = '[sp]';
const NEXT_SUMS = '[sp, #4]';

function emitSums(a: Assembly, mode: FirmwareMode): void {
  a.emit(`ldr r3, ${NEXT_SUMS}`);
  emitNibbleSums(a, mode, ['[r3], #4', '[r3], #4'], SUMS);
  a.emit(`str r3, ${NEXT_SUMS}`);
}

/** On to the next two outputs: windows, output, count. */
function emitAdvance(a: Assembly, { rows, step }: RowsShape): void {
  a.emit(`ldr r3, ${COUNT}`, `vmov r0, ${PAIR_OUT}`, `vmov r2, ${PITCH}`);
  a.emit(
    'subs r3, r3, #1',
    'beq .Lend',
    `str r3, ${COUNT}`,
    'add r0, r0, r2, lsl #1',
    `vmov ${PAIR_OUT}, r0`,
  );
  for (let row = 0; row < rows; row++) {
    a.emit(`vmov r2, ${rowRegister(row)}`, `add r2, r2, #${2 * step}`, `vmov ${rowRegister(row)}, r2`);
  }
  a.emit('b .Lpair');
  a.label('.Lend');
  a.emit('add sp, sp, #8', 'pop {r4-r11, pc}');
}

function rowsRun(name: string, shape: RowsShape, finish: FinishOptions, form: MatrixForm): string {
  const a = new Assembly();
  a.emit('push {r4-r11, lr}', 'push {r1, r2}', `vldmia r0, {${STREAM}-${rowRegister(shape.rows - 1)}}`);
  a.label('.Lpair');
  if (form.needsSums) emitSums(a, finish.mode);
  a.emit(`vmov r1, ${STREAM}`, `vmov r2, ${PAIR_OUT}`, `vmov ${OUT}, r2`);
  a.label('.Lblock');
  emitWindow(a, shape, form);
  form.emitExtract(a, finish.mode, SUMS);
  emitScale(a, finish, form.channels, ZERO);
  emitPack(a, finish, form.channels, BOUNDS);
  emitStore(a, finish.outputBits, form.channels[0]!, PITCH, OUT);
  a.emit(`vmov r2, ${STREAM_END}`, 'cmp r1, r2', 'bne .Lblock');
  emitAdvance(a, shape);
  return a.functionText(name);
}

/** Parameters: `u` pairs per turn, `t` turns, `g` rows, `d` bytes to the second window; those of finishOf. */
export function matrixRows(kernel: KernelInstance, mode: FirmwareMode): string {
  const { u = 0, t = 0, g = 0, d = 0 } = kernel.parameters ?? {};
  const shape = { unroll: u, turns: t, rows: g, step: d };
  return assemblyFile(`Inner loop of ${kernel.name}: src/codegen/asm/rows.ts.`, [
    rowsRun(`${kernel.name}_run`, shape, finishOf(kernel, mode), matrixForm(kernel)),
  ]);
}
