/**
 * The end of a matrix kernel that writes planes of int16 (src/ir/planes-layout.ts): four scaled channels of two pixels, each
 * channel into its own row. Outputs are cut as what they are, signed at 8 bits.
 *
 * Two neighbours in one word of their row are the rule. Where the output's address has bit 0 set, the second pixel stands
 * elsewhere: so many bytes on as `pixel` says, or, where that is 0, nowhere.
 */
import type { Width } from '../../numeric/widths.js';
import type { Assembly } from './assembly.js';
import type { ChannelRegisters, FinishOptions } from './finish.js';

/** Single-precision registers: constants of a call, and where the outputs go. */
export interface PlaneRegisters {
  readonly pixel: string;
  /** Bytes from four channels to the next four. */
  readonly group: string;
  readonly out: string;
  /** The clamp, twice: (low, low) and (high, high). */
  readonly bounds: readonly [string, string];
}

/** r0, r2, r3, r12 are free; values fit int16. `pitch`: bytes from a channel's row to the next one's. */
export function emitStorePlanes(
  a: Assembly,
  { outputBits, clamp }: FinishOptions,
  channels: readonly ChannelRegisters[],
  s: PlaneRegisters,
  pitch: number,
): void {
  if (clamp) a.emit(`vmov r2, ${s.bounds[0]}`, `vmov r3, ${s.bounds[1]}`);
  for (const [first, second] of channels as readonly [string, string][])
    a.emit(`pkhbt ${first}, ${first}, ${second}, lsl #16`, ...cut(first, outputBits, clamp));
  a.emit(`vmov r0, ${s.out}`, 'lsls r3, r0, #31', 'bne .Lapart');
  channels.forEach(([pair], c) => {
    a.emit(`str ${pair}, [r0, #${pitch * c}]`);
  });
  a.label('.Lstored');
  a.emit(`vmov r12, ${s.group}`, 'add r0, r0, r12', `vmov ${s.out}, r0`);
}

/** Behind the function's return: the two pixels one by one, the second one first. */
export function emitStoreApart(
  a: Assembly,
  channels: readonly ChannelRegisters[],
  s: PlaneRegisters,
  pitch: number,
): void {
  a.label('.Lapart');
  a.emit('bic r0, r0, #1', `vmov r3, ${s.pixel}`, 'add r3, r3, r0');
  channels.forEach(([first, second], c) => {
    a.emit(`lsr ${second}, ${first}, #16`, `strh ${second}, [r3, #${pitch * c}]`);
  });
  channels.forEach(([first], c) => {
    a.emit(`strh ${first}, [r0, #${pitch * c}]`);
  });
  a.emit('orr r0, r0, #1', 'b .Lstored');
}

/** Both pixels at once. */
function cut(pair: string, bits: Width, clamp: boolean): string[] {
  if (!clamp) return [`${bits === 8 ? 's' : 'u'}sat16 ${pair}, #${bits}, ${pair}`];
  return [
    `ssub16 r12, ${pair}, r2`,
    `sel ${pair}, ${pair}, r2`,
    `ssub16 r12, r3, ${pair}`,
    `sel ${pair}, ${pair}, r3`,
  ];
}
