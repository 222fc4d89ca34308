/**
 * Takes four channels of packed NHWC apart into planes of two rows per lane (row-pairs.ts): bits 0…11 hold one row's value, the top
 * four another row's, of 4-bit inputs less 8.
 *
 *   void <instance>_gather(const void *pixels, void *row, uint32_t rows, const void *far)
 *
 * `pixels` and `row` as of gather-planes.ts; `far`: the pixels of the row that stands in the upper bits.
 */
import { Assembly } from './assembly.js';
import type { GatherShape } from './gather-planes.js';
import { Pointer } from './pointer.js';

/** Inputs that fit the upper bits of a lane. */
type PairBits = 2 | 4;

const CHANNELS = [0, 1, 2, 3];
const LOAD = { 4: 'ldrh', 2: 'ldrb' } as const;
const LOW_MASK = 'r11';
const HIGH_MASK = 'r10';
/** Where the upper value stands in its lane. */
const HIGH_BIT = 12;
/** Pairs of columns per turn of a loop. */
const TURN = 6;

export function gatherRowPairs(name: string, shape: GatherShape): string {
  const a = new Assembly();
  const bits = shape.inputBits as PairBits;
  const near = new Pointer(a, 'r0', 'r12');
  const far = new Pointer(a, 'r3', 'r12');
  let at = 2 * shape.left;
  let left = shape.columns;
  const move = (bytes: number): void => {
    near.move(bytes);
    far.move(bytes);
  };
  const single = (): void => {
    emitSingle(a, bits, shape.pitch, [near.reach(0), far.reach(0)], at);
    move(shape.pixelBytes);
    at += 2;
    left--;
  };
  const pair = (): void => {
    const loads = [near, far].map((pointer) => [
      pointer.reach(0, shape.pixelBytes),
      pointer.reach(shape.pixelBytes),
    ]);
    emitPair(a, bits, shape.pitch, loads.flat(), at);
    move(2 * shape.pixelBytes);
    at += 4;
  };
  const settle = (): void => {
    near.settle();
    far.settle();
  };
  a.emit('push {r4-r11, lr}');
  a.emit(`mov ${LOW_MASK}, #${bits === 4 ? '0x000f000f' : '0x00030003'}`);
  a.emit(`mov ${HIGH_MASK}, #${bits === 4 ? '0xf000f000' : '0x30003000'}`);
  a.label('.Lgather');
  if (shape.left % 2 === 1) single();
  const turns = left >= 4 * TURN ? Math.floor(left / (2 * TURN)) : 0;
  if (turns > 0) {
    settle();
    a.emit(`mov r12, #${turns}`, 'vmov s0, r12');
    a.label('.Lpairs');
    for (let i = 0; i < TURN; i++) pair();
    settle();
    at -= 4 * TURN;
    a.emit(`add r1, r1, #${4 * TURN}`, 'vmov r12, s0', 'subs r12, r12, #1', 'vmov s0, r12', 'bne .Lpairs');
    left -= 2 * TURN * turns;
  }
  for (; left > 1; left -= 2) pair();
  if (left === 1) single();
  move(shape.rowBytes - shape.columns * shape.pixelBytes);
  settle();
  a.emit(`addw r1, r1, #${4 * shape.pitch - turns * TURN * 4}`, 'subs r2, r2, #1', 'bne .Lgather');
  a.emit('pop {r4-r11, pc}');
  return a.functionText(name);
}

/** Two columns of both rows. */
function emitPair(a: Assembly, bits: PairBits, pitch: number, loads: readonly string[], at: number): void {
  const words = ['r4', 'r5', 'r6', 'r7'] as const;
  words.forEach((word, i) => {
    a.emit(`${LOAD[bits]} ${word}, ${loads[i]}`);
  });
  a.emit('orr r4, r4, r5, lsl #16', 'orr r6, r6, r7, lsl #16');
  if (bits === 4) a.emit('eor r6, r6, #0x88888888');
  const lanes = ['r5', 'r7', 'r8', 'r9'] as const;
  for (const c of CHANNELS) {
    a.emit(`and ${lanes[c]}, ${LOW_MASK}, r4${rotated(c * bits)}`);
    a.emit(`and r12, ${HIGH_MASK}, r6${rotated(c * bits - HIGH_BIT)}`, `orr ${lanes[c]}, ${lanes[c]}, r12`);
  }
  for (const c of CHANNELS) a.emit(`str ${lanes[c]}, [r1, #${c * pitch + at}]`);
}

const rotated = (bits: number): string => (bits === 0 ? '' : `, ror #${(bits + 32) % 32}`);

/** One column, whose word it shares with padding. */
function emitSingle(
  a: Assembly,
  bits: PairBits,
  pitch: number,
  loads: readonly [string, string],
  at: number,
): void {
  a.emit(`${LOAD[bits]} r4, ${loads[0]}`, `${LOAD[bits]} r5, ${loads[1]}`);
  if (bits === 4) a.emit('eor r5, r5, #0x88888888');
  for (const c of CHANNELS) {
    a.emit(`ubfx r6, r4, #${c * bits}, #${bits}`, `ubfx r7, r5, #${c * bits}, #${bits}`);
    a.emit(`orr r6, r6, r7, lsl #${HIGH_BIT}`, `strh r6, [r1, #${c * pitch + at}]`);
  }
}
