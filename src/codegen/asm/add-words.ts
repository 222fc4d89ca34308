/**
 * Additions element by element, eight elements a turn, of packed words at any widths.
 *
 *   void <instance>_run(const void *first, const void *second, void *out, const struct qmcu_add_run *run)
 *
 * `mulhi`: (a·Ma + b·Mb + C) >> s, the zero points and the rounding folded into C. Bytes: PKHBT puts the operands side by side,
 * so that SMLAD serves an element. Narrower operands: element k stands beside k + 4 of its eight, as one mask spreads them.
 *
 * `tflm` and `single`, bytes alone: of the two operands, one has the factor ½ exactly (TFLM makes it so), which shifting its
 * difference by one less does. The other one and the sum are scaled as in finish.ts.
 */
import type { KernelInstance } from '../../ir/bound-plan.js';
import type { FirmwareMode } from '../../numeric/requantize.js';
import type { Width } from '../../numeric/widths.js';
import { Assembly, assemblyFile } from './assembly.js';

/** Elements per turn. */
const TURN = 8;

/** Parameters: as firmware-templates/kernels/add_words.h lists them. */
export function addWords({ name, inputBits, parameters = {} }: KernelInstance, mode: FirmwareMode): string {
  const { b = 8, o = 8, f = 0 } = parameters;
  const widths = [inputBits, b as Width, o as Width] as const;
  const run = `${name}_run`;
  let text: string;
  if (mode !== 'mulhi') text = addScaled(run, mode, parameters);
  else if (widths.every((bits) => bits === 8)) text = addBytes(run, parameters.s ?? 0, f === 1);
  else text = addPairs(run, widths, parameters.s ?? 0, f === 1);
  return assemblyFile(`Inner loop of ${name}: src/codegen/asm/add-words.ts.`, [text]);
}

/** Single-precision registers: `struct qmcu_add_run` in its order. */
const END = 's0';
const BOUNDS = ['s1', 's2'] as const;

/** Cuts pairs of int16 to unsigned `bits` or to the bounds; `spare` are two free registers. */
function emitCut(
  a: Assembly,
  pairs: readonly string[],
  bits: Width,
  clamp: boolean,
  spare: readonly [string, string],
): void {
  if (!clamp) {
    for (const pair of pairs) a.emit(`usat16 ${pair}, #${bits}, ${pair}`);
    return;
  }
  const [bound, unused] = spare;
  a.emit(`vmov ${bound}, ${BOUNDS[0]}`);
  for (const pair of pairs) a.emit(`ssub16 ${unused}, ${pair}, ${bound}`, `sel ${pair}, ${pair}, ${bound}`);
  a.emit(`vmov ${bound}, ${BOUNDS[1]}`);
  for (const pair of pairs) a.emit(`ssub16 ${unused}, ${bound}, ${pair}`, `sel ${pair}, ${pair}, ${bound}`);
}

/** Two sums to the pair of their values. */
function emitShift(a: Assembly, low: string, high: string, shift: number): void {
  if (shift === 16) a.emit(`pkhtb ${low}, ${high}, ${low}, asr #16`);
  else a.emit(`asr ${low}, ${low}, #${shift}`, `pkhbt ${low}, ${low}, ${high}, lsl #${16 - shift}`);
}

/**
 * Repeats a turn that steps the pointers itself until the output ends, two at a time; an odd number starts with the second.
 * r3 and r4 are free before and after a turn.
 */
function emitTurns(a: Assembly, outputBits: Width, turn: () => void): void {
  const bytes = (TURN * outputBits) / 8;
  a.emit(`vmov r3, ${END}`, 'sub r4, r3, r2', `tst r4, #${bytes}`, 'bne .Lodd');
  a.label('.Lturn');
  turn();
  a.label('.Lodd');
  turn();
  a.emit(`vmov r3, ${END}`, 'cmp r2, r3', 'bne .Lturn', 'pop {r4-r11, pc}');
}

function addBytes(name: string, shift: number, clamp: boolean): string {
  const a = new Assembly();
  a.emit('push {r4-r11, lr}', 'vldmia r3, {s0-s4}', 'vmov r12, s3', 'vmov lr, s4');
  emitTurns(a, 8, () => {
    a.emit('ldr r5, [r0, #4]', 'ldr r4, [r0], #8', 'ldr r7, [r1, #4]', 'ldr r6, [r1], #8');
    for (const [x, y] of [
      ['r4', 'r6'],
      ['r5', 'r7'],
    ] as const) {
      a.emit(`pkhbt r8, ${x}, ${y}, lsl #16`, `pkhtb r9, ${y}, ${x}, asr #16`);
      a.emit(`sxtb16 ${x}, r8`, 'sxtb16 r10, r8, ror #8', `sxtb16 ${y}, r9`, 'sxtb16 r11, r9, ror #8');
      for (const element of [x, 'r10', y, 'r11']) a.emit(`smlad ${element}, ${element}, r12, lr`);
      emitShift(a, x, y, shift);
      emitShift(a, 'r10', 'r11', shift);
      emitCut(a, [x, 'r10'], 8, clamp, ['r8', 'r9']);
      a.emit(`orr ${x}, ${x}, r10, lsl #8`, `eor ${x}, ${x}, #0x80808080`);
    }
    a.emit('str r5, [r2, #4]', 'str r4, [r2], #8');
  });
  return a.functionText(name);
}

/** One operand's eight elements as pairs (k, k + 4). */
interface Elements {
  load(): void;
  /** Puts pair `k` (0…3) into `register`. */
  pair(k: number, register: string): void;
}

function elements(
  a: Assembly,
  bits: Width,
  pointer: string,
  words: readonly string[],
  mask: string,
): Elements {
  const [word, other] = words as [string, string];
  if (bits === 8)
    return {
      load() {
        a.emit(
          `ldr ${other}, [${pointer}, #4]`,
          `ldr ${word}, [${pointer}], #8`,
          `pkhbt r3, ${word}, ${other}, lsl #16`,
        );
        a.emit(`pkhtb ${other}, ${other}, ${word}, asr #16`, `mov ${word}, r3`);
      },
      pair(k, register) {
        a.emit(`sxtb16 ${register}, ${k < 2 ? word : other}${k % 2 === 0 ? '' : ', ror #8'}`);
      },
    };
  return {
    load() {
      if (bits === 4) a.emit(`ldr ${word}, [${pointer}], #4`);
      else a.emit(`ldrh ${word}, [${pointer}], #2`, `orr ${word}, ${word}, ${word}, lsl #8`);
    },
    pair(k, register) {
      a.emit(`and ${register}, ${mask}, ${word}${k === 0 ? '' : `, ror #${k * bits}`}`);
    },
  };
}

const maskOf = (bits: Width): string => (bits === 4 ? '0x000f000f' : '0x00030003');

/** Registers: r0–r2 pointers, r12 multipliers, lr C; r3, r4, r5 a pair at work; r6… words, masks, outputs. */
function addPairs(
  name: string,
  widths: readonly [Width, Width, Width],
  shift: number,
  clamp: boolean,
): string {
  const a = new Assembly();
  const free = ['r6', 'r7', 'r8', 'r9', 'r10', 'r11'];
  const take = (count: number): string[] => free.splice(0, count);
  const [first, second, bits] = widths;
  const words = [take(first === 8 ? 2 : 1), take(second === 8 ? 2 : 1)] as const;
  const out = take(bits === 8 ? 2 : 1);
  a.emit('push {r4-r11, lr}', 'vldmia r3, {s0-s4}', 'vmov r12, s3', 'vmov lr, s4');
  const masks = new Map<Width, string>();
  for (const width of [first, second]) {
    if (width === 8 || masks.has(width)) continue;
    masks.set(width, take(1)[0]!);
    a.emit(`mov ${masks.get(width)}, #${maskOf(width)}`);
  }
  const operands = [
    elements(a, first, 'r0', words[0], masks.get(first) ?? ''),
    elements(a, second, 'r1', words[1], masks.get(second) ?? ''),
  ] as const;
  emitTurns(a, bits, () => {
    for (const operand of operands) operand.load();
    for (let k = 0; k < 4; k++) {
      operands[0].pair(k, 'r4');
      operands[1].pair(k, 'r5');
      a.emit('smlabb r3, r4, r12, lr', 'smlatb r4, r4, r12, lr');
      a.emit('smlabt r3, r5, r12, r3', 'smlatt r4, r5, r12, r4');
      emitShift(a, 'r3', 'r4', shift);
      emitCut(a, ['r3'], bits, clamp, ['r4', 'r5']);
      const [to, place] = bits === 8 ? [out[k >> 1]!, k % 2] : [out[0]!, k];
      a.emit(place === 0 ? `mov ${to}, r3` : `orr ${to}, ${to}, r3, lsl #${place * bits}`);
    }
    emitPairStore(a, bits, out);
  });
  return a.functionText(name);
}

function emitPairStore(a: Assembly, bits: Width, out: readonly string[]): void {
  const [low, high] = out as [string, string];
  if (bits === 8) {
    a.emit(`pkhbt r3, ${low}, ${high}, lsl #16`, `pkhtb r4, ${high}, ${low}, asr #16`);
    a.emit('eor r3, r3, #0x80808080', 'eor r4, r4, #0x80808080', 'str r4, [r2, #4]', 'str r3, [r2], #8');
  } else if (bits === 4) a.emit(`str ${low}, [r2], #4`);
  else a.emit(`orr ${low}, ${low}, ${low}, lsr #8`, `strh ${low}, [r2], #2`);
}

/** r9 −z, r10 M, r11 R of the scaled operand; r12 −z of the halved one; lr R of the sum, whose M comes from s9. */
function addScaled(name: string, mode: FirmwareMode, parameters: Readonly<Record<string, number>>): string {
  const { i = 20, j = 1, r = 1, n = 0, f = 0 } = parameters;
  const a = new Assembly();
  const values = ['r4', 'r5', 'r6', 'r7'] as const;
  const scale = (x: string, multiplier: string, rounding: string): void => {
    if (mode === 'tflm') a.emit(`add r8, ${rounding}, ${x}, asr #31`, `smmlar ${x}, ${x}, ${multiplier}, r8`);
    else a.emit(`smmla ${x}, ${x}, ${multiplier}, ${rounding}`);
  };
  const byte = (k: number): string => (k === 0 ? 'r3' : `r3, ror #${8 * k}`);
  a.emit('push {r4-r11, lr}', 'vldmia r3, {s0-s8}');
  ['r9', 'r10', 'r11', 'r12', 'lr'].forEach((register, k) => {
    a.emit(`vmov ${register}, s${3 + k}`);
  });
  a.label('.Lturn');
  for (let word = 0; word < 2; word++) {
    a.emit('ldr r3, [r0], #4');
    values.forEach((x, k) => {
      a.emit(`sxtab ${x}, r9, ${byte(k)}`);
    });
    // Without a right shift this operand is halved as well.
    for (const x of values) a.emit(`lsl ${x}, ${x}, #${j === 0 ? i - 1 : i + 1}`);
    if (j > 0) {
      for (const x of values) scale(x, 'r10', 'r11');
      for (const x of values) a.emit(`asr ${x}, ${x}, #${j}`);
    }
    a.emit('ldr r3, [r1], #4');
    const combine = (['add', 'rsb', 'sub'] as const)[n]!;
    values.forEach((x, k) => {
      a.emit(`sxtab r8, r12, ${byte(k)}`, `${combine} ${x}, ${x}, r8, lsl #${i - 1}`);
    });
    for (const x of values) a.emit(`lsl ${x}, ${x}, #1`);
    a.emit('vmov r3, s8');
    for (const x of values) scale(x, 'r3', 'lr');
    for (const x of values) a.emit(`asr ${x}, ${x}, #${r}`);
    a.emit('pkhbt r4, r4, r6, lsl #16', 'pkhbt r5, r5, r7, lsl #16');
    emitCut(a, ['r4', 'r5'], 8, f === 1, ['r3', 'r8']);
    a.emit('orr r4, r4, r5, lsl #8', 'eor r4, r4, #0x80808080', 'str r4, [r2], #4');
  }
  a.emit(`vmov r3, ${END}`, 'cmp r2, r3', 'bne .Lturn', 'pop {r4-r11, pc}');
  return a.functionText(name);
}
