/**
 * Generates the expansion of packed 4- and 2-bit activations of two pixels to shared lanes (src/ir/pixel-lanes.ts).
 *
 * Call: uint32_t f(const void *a, const void *b, void *lanes, uint32_t words, uint32_t sum): `words` words of packed
 * values of each pixel to groups of lanes, as far apart as `columns` of them are long. With stored weight offsets each group ends with the running sum of its
 * lanes and all before it, times the offset; `sum` is where it starts, and the result where it ends. Sources may
 * stand at any address.
 */
import { COLUMN_GROUP_BYTES, type PixelLanes, wordLength } from '../../ir/pixel-lanes.js';
import { Assembly } from './assembly.js';
import type { LaneColumns } from './pixel-lanes.js';

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
/** The same halfword twice. */
const both = (half: number): number => ((half << 16) | half) >>> 0;
const WORDS_PER_GROUP = 4;
/** Saved registers stand between the stack pointer and the fifth argument. */
const SAVED_BYTES = 36;

export function expandLanesKernel(name: string, lanes: PixelLanes, columns: LaneColumns): string {
  const groupBytes = COLUMN_GROUP_BYTES * columns;
  const { inputBits, fieldBits, highOffset, accumulators } = lanes;
  const f = new Assembly();
  const loop = `.L${name}_word`;
  const field = (1 << inputBits) - 1;
  const weightOffset = Math.max(...accumulators.map((accumulator) => accumulator.weightOffset));
  f.emit('push {r4-r11, lr}', `ldr r10, [sp, #${SAVED_BYTES}]`);
  f.emit(`mov r12, #${hex(both(field))}`, `mov lr, #${hex(both(field << fieldBits))}`);
  if (weightOffset > 0) f.emit(`mov r11, #${hex(both(weightOffset))}`);
  f.label(loop);
  f.emit('ldr r4, [r0], #4', 'ldr r5, [r1], #4', 'subs r3, r3, #1');
  // b − 2^(bits − 1) in two's complement is b with its top bit changed.
  if (highOffset > 0) f.emit(`eor r5, r5, #${hex(0x11111111 * (inputBits === 4 ? 8 : 0xa))}`);
  const words = wordLength(inputBits) / 2;
  for (let word = 0; word < words; word++) {
    const rotateLow = inputBits * word;
    const rotateHigh = (inputBits * word - fieldBits + 32) % 32;
    const at = (word >> 2) * groupBytes + 4 * (word % WORDS_PER_GROUP);
    f.emit(`and r6, r12, r4${rotated(rotateLow)}`, `and r7, lr, r5${rotated(rotateHigh)}`, 'orr r6, r6, r7');
    if (weightOffset > 0) f.emit('smlad r10, r6, r11, r10');
    f.emit(`str r6, [r2, #${at}]`);
    if (weightOffset > 0 && word % WORDS_PER_GROUP === WORDS_PER_GROUP - 1)
      f.emit(`str r10, [r2, #${at + 4}]`);
  }
  f.emit(`add r2, r2, #${(words / WORDS_PER_GROUP) * groupBytes}`, `bne ${loop}`);
  f.emit('mov r0, r10', 'pop {r4-r11, pc}');
  return f.functionText(name);
}

const rotated = (by: number): string => (by === 0 ? '' : `, ror #${by}`);
