/**
 * Outputs of planes that hold two rows per lane (gather-row-pairs.ts): each accumulator is 4096 · far + near, |near| < 2048, which the
 * binder proves from the weights. Mode `mulhi`, outputs of 8 or 4 bits without a narrower clamp.
 */
import type { Width } from '../../numeric/widths.js';
import type { Assembly } from './assembly.js';
import type { Pointer } from './pointer.js';

/** Bits of an accumulator that hold the near row's sum. */
const NEAR_BITS = 12;

/** Registers that hold taps between blocks, and where they are kept meanwhile. */
const PARKED = [
  ['r3', 's12'],
  ['r4', 's13'],
  ['r5', 's14'],
  ['r6', 's15'],
] as const;

const parked = (merges: boolean): typeof PARKED | readonly (typeof PARKED)[number][] =>
  merges ? PARKED : PARKED.slice(0, 2);

/** Once, when taps stand in their registers. */
export function emitPark(a: Assembly, merges: boolean): void {
  for (const [register, place] of parked(merges)) a.emit(`vmov ${place}, ${register}`);
}

export interface RowPairBlock {
  readonly accumulators: readonly string[];
  /** 8 or 4. */
  readonly outputBits: Width;
  /** The even channel's bits stand in the bytes already. */
  readonly merges: boolean;
  readonly pixelBytes: number;
  /** Single-precision registers of the multiplier, the zero point and the bytes from the near output row to the far one. */
  readonly multiplier: string;
  readonly zero: string;
  readonly far: string;
}

/** Scales, cuts and stores two outputs per accumulator at `out`, which is r2. */
export function emitRowPairs(a: Assembly, out: Pointer, block: RowPairBlock): void {
  const { accumulators, outputBits, merges, pixelBytes } = block;
  out.reach(0, (accumulators.length - 1) * pixelBytes);
  a.emit(`vmov r1, ${block.multiplier}`, `vmov lr, ${block.zero}`, `vmov r4, ${block.far}`, 'add r4, r4, r2');
  for (const far of accumulators) {
    const near = 'r3';
    const at = out.reach(0);
    const farAt = at.replace('r2', 'r4');
    a.emit(`sbfx ${near}, ${far}, #0, #${NEAR_BITS}`, `sub ${far}, ${far}, ${near}`);
    a.emit(`asr ${far}, ${far}, #${NEAR_BITS}`);
    if (merges) a.emit(`ldrb r5, ${at}`, `ldrb r6, ${farAt}`);
    for (const sum of [near, far]) a.emit(`smmlar ${sum}, ${sum}, r1, lr`);
    for (const sum of [near, far])
      a.emit(`${outputBits === 8 ? 's' : 'u'}sat ${sum}, #${outputBits}, ${sum}`);
    if (merges) a.emit(`orr ${near}, r5, ${near}, lsl #4`, `orr ${far}, r6, ${far}, lsl #4`);
    a.emit(`strb ${near}, ${at}`, `strb ${far}, ${farAt}`);
    out.move(pixelBytes);
  }
  for (const [register, place] of parked(merges)) a.emit(`vmov ${register}, ${place}`);
}
