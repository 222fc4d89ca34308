/**
 * The inner kernel of vector products with 8-bit weights: four output channels of one column at a time.
 *
 *   void <instance>_run(const uint32_t *column, const uint32_t *stream, void *out, const struct qmcu_vector_run *run)
 *
 * Weight lanes hold two channels as in matrix.ts. The sums of the upper ones are taken out after every SEGMENT_PAIRS pairs,
 * within which they stay below 2^23 whatever the weights are: 256 · 128 · 128. 19 cycles per 4 k and 4 channels.
 *
 * Stream of a block of four channels: b0 b1 b2 b3 | (w01 w23) per pair of k | constants of finish.ts.
 */
import type { KernelInstance } from '../../ir/bound-plan.js';
import type { FirmwareMode } from '../../numeric/requantize.js';
import { Assembly, assemblyFile } from './assembly.js';
import { emitPack, emitScale, type FinishOptions, finishOf, isDoubled, PACKED_STORE } from './finish.js';

/** Single-precision registers; s1 to s5 are `struct qmcu_vector_run` in its order. */
const COLUMN = 's0';
const STREAM_END = 's1';
const COLUMN_END = 's2';
const ZERO = 's3';
const BOUNDS = ['s4', 's5'] as const;
const OUT = 's6';
const SEGMENT_END = 's7';

/** A multiple of every unroll. */
const SEGMENT_PAIRS = 128;

/** Sums of channels 0 to 3 at the end of a block; r4 and r6 are the raw sums of a segment. */
const CHANNELS = [['r5'], ['r8'], ['r7'], ['r9']] as const;

/** Two pairs of k: 16 multiply-accumulates. */
function emitTwoPairs(a: Assembly, at: number): void {
  const words = ['r10', 'r11', 'r12', 'lr'];
  a.emit(
    `ldr r2, [r0, #${4 * at}]`,
    `ldr r3, [r0, #${4 * at + 4}]`,
    ...words.map((word, i) => `ldr ${word}, [r1, #${8 * at + 4 * i}]`),
    'smlad r4, r10, r2, r4',
    'smlad r6, r11, r2, r6',
    'smlad r4, r12, r3, r4',
    'smlad r6, lr, r3, r6',
    ...words.map((word) => `sxtb16 ${word}, ${word}`),
    'smlad r5, r10, r2, r5',
    'smlad r7, r11, r2, r7',
    'smlad r5, r12, r3, r5',
    'smlad r7, lr, r3, r7',
  );
}

function emitSegments(a: Assembly, unroll: number): void {
  a.label('.Lsegment');
  a.emit(
    `add r2, r0, #${4 * SEGMENT_PAIRS}`,
    `vmov r3, ${COLUMN_END}`,
    'cmp r2, r3',
    'it hi',
    'movhi r2, r3',
  );
  a.emit(`vmov ${SEGMENT_END}, r2`);
  a.label('.Lpairs');
  for (let at = 0; at < unroll; at += 2) emitTwoPairs(a, at);
  a.emit(`add r0, r0, #${4 * unroll}`, `vmov r2, ${SEGMENT_END}`, `add r1, r1, #${8 * unroll}`);
  a.emit('cmp r0, r2', 'bne .Lpairs');
  a.emit('sub r4, r4, r5', 'sub r6, r6, r7', 'add r8, r8, r4, asr #8', 'add r9, r9, r6, asr #8');
  a.emit('mov r4, r5', 'mov r6, r7', `vmov r2, ${COLUMN_END}`, 'cmp r0, r2', 'bne .Lsegment');
}

function vectorRun(name: string, unroll: number, finish: FinishOptions): string {
  const { store, bytes } = PACKED_STORE[finish.outputBits];
  const a = new Assembly();
  a.emit('push {r4-r11, lr}', 'vldmia r3, {s1-s5}', `vmov ${COLUMN}, r0`, `vmov ${OUT}, r2`);
  a.label('.Lblock');
  a.emit(
    `vmov r0, ${COLUMN}`,
    'ldr r5, [r1], #4',
    'ldr r8, [r1], #4',
    'ldr r7, [r1], #4',
    'ldr r9, [r1], #4',
  );
  a.emit('mov r4, r5', 'mov r6, r7');
  emitSegments(a, unroll);
  if (isDoubled(finish.mode)) for (const [sum] of CHANNELS) a.emit(`lsl ${sum}, ${sum}, #1`);
  emitScale(a, finish, CHANNELS, ZERO);
  emitPack(a, finish, CHANNELS, BOUNDS);
  a.emit(`vmov r0, ${OUT}`, `${store} ${CHANNELS[0][0]}, [r0], #${bytes}`, `vmov ${OUT}, r0`);
  a.emit(`vmov r2, ${STREAM_END}`, 'cmp r1, r2', 'bne .Lblock', 'pop {r4-r11, pc}');
  return a.functionText(name);
}

/** Parameters: `u` pairs per turn; those of finishOf. */
export function vectorColumns(kernel: KernelInstance, mode: FirmwareMode): string {
  const { u = 0 } = kernel.parameters ?? {};
  return assemblyFile(`Inner loop of ${kernel.name}: src/codegen/asm/vector.ts.`, [
    vectorRun(`${kernel.name}_run`, u, finishOf(kernel, mode)),
  ]);
}
