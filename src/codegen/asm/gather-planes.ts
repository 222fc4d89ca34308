/**
 * Takes four channels of packed NHWC apart into planes (planes.ts): input rows to rows of four planes.
 *
 *   void <instance>_gather(const void *pixels, void *row, uint32_t rows)
 *
 * `pixels`: the group's first channel in a row's first pixel, the group being an aligned word, halfword or byte; `row`: the first plane's row, whose
 * first `left` columns are padding. Two pixels make one word in each plane; a column that shares its word with padding is stored
 * by halves.
 */
import type { Width } from '../../numeric/widths.js';
import { Assembly } from './assembly.js';
import { Pointer } from './pointer.js';

export interface GatherShape {
  readonly inputBits: Width;
  /** Bytes of one channel's row in its plane. */
  readonly pitch: number;
  /** Columns taken from a row, and columns of padding before them. */
  readonly columns: number;
  readonly left: number;
  /** Bytes from pixel to pixel and from row to row. */
  readonly pixelBytes: number;
  readonly rowBytes: number;
}

const WORDS = ['r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11'] as const;
/** Rows of up to this many pairs are written out; longer ones loop over as many. */
const MOST_PAIRS = 12;

export function gatherPlanes(name: string, shape: GatherShape): string {
  const a = new Assembly();
  const source = new Pointer(a, 'r0', 'r3');
  const target = { at: 2 * shape.left };
  const single = (): void => {
    emitSingle(a, shape, source, target.at);
    source.move(shape.pixelBytes);
    target.at += 2;
  };
  a.emit('push {r4-r11, lr}');
  if (shape.inputBits < 8) a.emit(`mov ${MASK}, #${shape.inputBits === 4 ? '0x000f000f' : '0x00030003'}`);
  a.label('.Lgather');
  let left = shape.columns;
  if (shape.left % 2 === 1) {
    single();
    left--;
  }
  const pairs = left >> 1;
  const turns = pairs > MOST_PAIRS ? Math.floor(pairs / MOST_PAIRS) : 0;
  if (turns > 0) emitTurns(a, shape, source, target, turns);
  emitPairs(a, shape, source, target, pairs - turns * MOST_PAIRS);
  if (left % 2 === 1) single();
  source.move(shape.rowBytes - shape.columns * shape.pixelBytes);
  source.settle();
  const walked = turns * MOST_PAIRS * 4;
  a.emit(`addw r1, r1, #${4 * shape.pitch - walked}`, 'subs r2, r2, #1', 'bne .Lgather', 'pop {r4-r11, pc}');
  return a.functionText(name);
}

interface Target {
  /** Offset from r1. */
  at: number;
}

/** MOST_PAIRS pairs a turn. */
function emitTurns(a: Assembly, shape: GatherShape, source: Pointer, target: Target, turns: number): void {
  source.settle();
  const start = target.at;
  a.emit(`mov r3, #${turns}`, 'vmov s0, r3');
  a.label('.Lpairs');
  emitPairs(a, shape, source, target, MOST_PAIRS);
  source.settle();
  a.emit(`add r1, r1, #${4 * MOST_PAIRS}`, 'vmov r3, s0', 'subs r3, r3, #1', 'vmov s0, r3', 'bne .Lpairs');
  target.at = start;
}

function emitPairs(a: Assembly, shape: GatherShape, source: Pointer, target: Target, pairs: number): void {
  const { inputBits, pixelBytes, pitch } = shape;
  for (let first = 0; first < pairs; ) {
    const count = Math.min(pairs - first, groupPairs(shape));
    const words = WORDS.slice(0, 2 * count);
    words.forEach((word, i) => {
      const reserve = i === 0 ? (words.length - 1) * pixelBytes : 0;
      a.emit(`${LOAD[inputBits]} ${word}, ${source.reach(0, reserve)}`);
      source.move(pixelBytes);
    });
    for (let i = 0; i < words.length; i += 2) {
      const spread = inputBits === 8 ? spreadBytes : spreadNarrow;
      spread(a, words[i]!, words[i + 1]!, inputBits).forEach((word, c) => {
        a.emit(`str ${word}, [r1, #${c * pitch + target.at}]`);
      });
      target.at += 4;
    }
    first += count;
  }
}

/** Four channels of one pixel. */
const LOAD = { 8: 'ldr', 4: 'ldrh', 2: 'ldrb' } as const;
/** Ones in the lowest field of both halves. */
const MASK = 'r11';

/** Four channels of the pixels x and y as pairs (x, y); the registers that hold them. */
function spreadBytes(a: Assembly, x: string, y: string): readonly string[] {
  a.emit(`pkhbt r12, ${x}, ${y}, lsl #16`, `pkhtb lr, ${y}, ${x}, asr #16`);
  a.emit(`sxtb16 ${x}, r12`, `sxtb16 ${y}, r12, ror #8`, 'sxtb16 r12, lr', 'sxtb16 lr, lr, ror #8');
  return [x, y, 'r12', 'lr'];
}

function spreadNarrow(a: Assembly, x: string, y: string, bits: Width): readonly string[] {
  a.emit(`orr ${x}, ${x}, ${y}, lsl #16`, `and r12, ${MASK}, ${x}`, `and lr, ${MASK}, ${x}, ror #${bits}`);
  a.emit(`and ${y}, ${MASK}, ${x}, ror #${2 * bits}`, `and ${x}, ${MASK}, ${x}, ror #${3 * bits}`);
  return ['r12', 'lr', y, x];
}

/** Pairs that are loaded together. */
const groupPairs = ({ inputBits, pixelBytes }: GatherShape): number =>
  Math.max(1, Math.min(inputBits === 8 ? 4 : 3, (Math.floor(4095 / pixelBytes) + 1) >> 1));

function emitSingle(a: Assembly, { inputBits, pitch }: GatherShape, source: Pointer, at: number): void {
  a.emit(`${LOAD[inputBits]} r4, ${source.reach(0)}`);
  if (inputBits === 8) a.emit('sxtb16 r5, r4', 'sxtb16 r6, r4, ror #8', 'asr r7, r5, #16', 'asr r8, r6, #16');
  else for (let c = 0; c < 4; c++) a.emit(`ubfx r${5 + c}, r4, #${c * inputBits}, #${inputBits}`);
  ['r5', 'r6', 'r7', 'r8'].forEach((half, c) => {
    a.emit(`strh ${half}, [r1, #${c * pitch + at}]`);
  });
}
