/**
 * Generates the expansion of packed activations to a column of pair lanes (src/ir/pair-lanes.ts): of one pixel of bytes,
 * or of two pixels of 2-bit values.
 *
 * Call: uint32_t f(const void *a, const void *b, void *lanes, uint32_t words, uint32_t sum), as in expand-lanes.ts; `lanes`
 * is the column's first word, whole groups are written, and `b` is not read for bytes.
 */
import { PAIR_COLUMN_GROUP_BYTES, PAIR_GROUP_STEPS, type PairLanes } from '../../ir/pair-lanes.js';
import { Assembly } from './assembly.js';
import type { LaneColumns } from './pixel-lanes.js';

/** Saved registers stand between the stack pointer and the fifth argument. */
const SAVED_BYTES = 36;

export function expandPairsKernel(name: string, lanes: PairLanes, columns: LaneColumns): string {
  const f = new Assembly();
  const loop = `.L${name}_group`;
  const expandGroup = lanes.inputBits === 8 ? expandBytes : expandNarrow;
  f.emit('push {r4-r11, lr}', `ldr r10, [sp, #${SAVED_BYTES}]`);
  f.emit('mov r11, #0x00010001');
  if (lanes.inputBits === 2)
    f.emit(
      'mov r12, #0x003f003f',
      'movw lr, #0x1f80',
      'movt lr, #0x1f80',
      'movw r9, #0x0183',
      'movt r9, #0x0183',
    );
  f.label(loop);
  expandGroup(f, columns);
  f.emit(`str r10, [r2, #${4 * columns * PAIR_GROUP_STEPS}]`);
  f.emit(`add r2, r2, #${PAIR_COLUMN_GROUP_BYTES * columns}`, `bne ${loop}`);
  f.emit('mov r0, r10', 'pop {r4-r11, pc}');
  return f.functionText(name);
}

/** Adds a lane word to the sum and stores it as a step. */
const keep = (f: Assembly, register: string, step: number, columns: LaneColumns): void =>
  f.emit(`smlad r10, ${register}, r11, r10`, `str ${register}, [r2, #${4 * columns * step}]`);

/** Four words of bytes: each gives the lanes of its even and of its odd bytes. */
function expandBytes(f: Assembly, columns: LaneColumns): void {
  // Single loads, for sources that are not aligned.
  f.emit('ldr r5, [r0, #4]', 'ldr r6, [r0, #8]', 'ldr r7, [r0, #12]', 'ldr r4, [r0], #16', 'subs r3, r3, #4');
  ['r4', 'r5', 'r6', 'r7'].forEach((word, i) => {
    f.emit(`sxtb16 r8, ${word}`, `sxtb16 ${word}, ${word}, ror #8`);
    keep(f, 'r8', 2 * i, columns);
    keep(f, word, 2 * i + 1, columns);
  });
}

/**
 * A word of 2-bit values of both pixels. Three neighbouring values of A take bits 0–5 of a half and those of B, seven
 * bits higher, bits 7–12: merged once, each lane is one rotation and mask.
 */
function expandNarrow(f: Assembly, columns: LaneColumns): void {
  f.emit('ldr r4, [r0], #4', 'ldr r5, [r1], #4', 'subs r3, r3, #1');
  for (let first = 0; first < PAIR_GROUP_STEPS; first += 3) {
    f.emit(`and r6, r12, r4${rotated(2 * first)}`, `and r7, lr, r5${rotated((2 * first + 25) % 32)}`);
    f.emit('orr r6, r6, r7');
    for (let step = first; step < Math.min(first + 3, PAIR_GROUP_STEPS); step++) {
      f.emit(`and r7, r9, r6${rotated(2 * (step - first))}`);
      keep(f, 'r7', step, columns);
    }
  }
}

const rotated = (by: number): string => (by === 0 ? '' : `, ror #${by}`);
