/**
 * 4-bit weights in the matrix kernel of matrix.ts: one word per pair of k holds four channels.
 *
 *   lane = 4096·w3 + 256·(w2 + 8) + 16·(w1 + 8) + (w0 + 8)
 *
 * Four products from three unpacks: R, the raw word; B, its low bytes (UXTB16); L, nibble 0 of those; T, nibble 2 in
 * place. With X the column's sum: S0 = L − 8X, S1 = (B − L)/16 − 8X, S2 = T/256 − 8X, S3 = (R − T − B)/4096, exact while
 * |S3| < 2^19 and |S2 + 8X| < 2^23, which binding proves. 15 cycles per 2 k, 2 pixels, 4 channels, as with 8 bits.
 */
import type { FirmwareMode } from '../../numeric/requantize.js';
import type { Assembly } from './assembly.js';
import { isDoubled } from './finish.js';

/** Where the inputs of both pixels and the weights of a pair stand, in bytes from r0 and r1. */
export interface PairOffsets {
  readonly first: number;
  readonly second: number;
  readonly weights: number;
}

/** Single-precision registers, one per column. */
export type SumRegisters = readonly [string, string];

/** Channels 0 to 3 after extraction: L, B, T, R. */
export const NIBBLE_CHANNELS = [
  ['r8', 'r9'],
  ['r6', 'r7'],
  ['r10', 'r11'],
  ['r4', 'r5'],
] as const;

/** One pair of k; in a block's first one the second pixel starts from the first one's biases. */
export function emitNibblePair(a: Assembly, at: PairOffsets, isFirst: boolean): void {
  const multiply = (weights: string, first: string, second: string): void => {
    a.emit(`smlad ${second}, ${weights}, r3, ${isFirst ? first : second}`);
    a.emit(`smlad ${first}, ${weights}, r2, ${first}`);
  };
  a.emit(`ldr r2, [r0, #${at.first}]`, `ldr r3, [r0, #${at.second}]`, `ldr r12, [r1, #${at.weights}]`);
  multiply('r12', 'r4', 'r5');
  a.emit('uxtb16 lr, r12');
  multiply('lr', 'r6', 'r7');
  a.emit('and lr, lr, #0x000f000f');
  multiply('lr', 'r8', 'r9');
  a.emit('and r12, r12, #0x0f000f00');
  multiply('r12', 'r10', 'r11');
}

/**
 * Sums of both columns, from the words `offset` bytes from r0 on, 8-fold (16-fold where accumulators are doubled) into
 * the registers `sums`. Uses r2.
 */
export function emitNibbleSums(
  a: Assembly,
  mode: FirmwareMode,
  at: readonly [string, string],
  sums: SumRegisters,
): void {
  at.forEach((address, pixel) => {
    a.emit(`ldr r2, ${address}`, `lsl r2, r2, #${isDoubled(mode) ? 4 : 3}`, `vmov ${sums[pixel]}, r2`);
  });
}

/** Takes sums of channels apart; `sums` are those of emitNibbleSums. */
export function emitNibbleExtract(a: Assembly, mode: FirmwareMode, sums: SumRegisters): void {
  const doubled = isDoubled(mode) ? 1 : 0;
  a.emit(`vmov r2, ${sums[0]}`, `vmov r3, ${sums[1]}`);
  for (const pixel of [0, 1] as const) {
    const [low, bytes, top, raw] = NIBBLE_CHANNELS.map((channel) => channel[pixel]) as [
      string,
      string,
      string,
      string,
    ];
    const sum = pixel === 0 ? 'r2' : 'r3';
    a.emit(
      `sub ${raw}, ${raw}, ${top}`,
      `sub ${raw}, ${raw}, ${bytes}`,
      `asr ${raw}, ${raw}, #${12 - doubled}`,
    );
    a.emit(`sub ${bytes}, ${bytes}, ${low}`, `rsb ${bytes}, ${sum}, ${bytes}, asr #${4 - doubled}`);
    a.emit(`rsb ${top}, ${sum}, ${top}, asr #${8 - doubled}`);
    a.emit(doubled ? `rsb ${low}, ${sum}, ${low}, lsl #1` : `sub ${low}, ${low}, ${sum}`);
  }
}
