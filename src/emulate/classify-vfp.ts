/**
 * Static decoder of the floating-point instructions (FPv4-SP, FPv5): classes and core-register effects.
 * Source: ARMv7-M Architecture Reference Manual (DDI 0403E), A6 "The Floating-point instruction set encodings".
 */
import type { InstructionClass } from '../targets/cycle-tables.js';
import { bit, type InstructionFields, SP, type ThumbInstruction } from './thumb-instruction.js';

type Make = (kind: InstructionClass, fields?: InstructionFields) => ThumbInstruction;

/** Decodes a coprocessor-space encoding; anything but coprocessors 10 and 11 is `undefined`. */
export function classifyVfp(make: Make, w: number): ThumbInstruction {
  const coprocessor = (w >>> 8) & 15;
  if (coprocessor !== 10 && coprocessor !== 11) return make('undefined');
  const top = (w >>> 24) & 0xff;
  if (top === 0xfe) return make('fp_arithmetic'); // VSEL, VMAXNM, VMINNM, VRINT, VCVTA…
  if ((w & 0xffe000d0) >>> 0 === 0xec400010) return moveTwo(make, w);
  if (top === 0xec || top === 0xed) return loadStore(make, w);
  if (top !== 0xee) return make('undefined');
  return w & 0x10 ? moveOne(make, w) : arithmetic(make, w);
}

function moveTwo(make: Make, w: number): ThumbInstruction {
  const pair = bit((w >>> 12) & 15) | bit((w >>> 16) & 15);
  return make('fp_move_pair', w & 0x00100000 ? { writes: pair } : { reads: pair });
}

function moveOne(make: Make, w: number): ThumbInstruction {
  const t = (w >>> 12) & 15;
  const toCore = (w & 0x00100000) !== 0;
  const system = ((w >>> 21) & 7) === 7;
  if (!toCore) return make(system ? 'fp_system' : 'fp_move', { reads: bit(t) });
  // VMRS APSR_nzcv, FPSCR is written with 15 in the register's place
  return system && t === 15
    ? make('fp_system', { setsFlags: true })
    : make(system ? 'fp_system' : 'fp_move', { writes: bit(t) });
}

function loadStore(make: Make, w: number): ThumbInstruction {
  const n = (w >>> 16) & 15;
  const load = (w & 0x00100000) !== 0;
  const double = (w & 0x100) !== 0;
  const writeback = (w & 0x00200000) !== 0;
  const descending = (w & 0x01000000) !== 0 && writeback;
  const words = w & 0xff;
  if ((w & 0x01200000) === 0x01000000) {
    const count = double ? 2 : 1;
    return make(load ? 'fp_load' : 'fp_store', {
      addressReads: bit(n),
      transferCount: count,
      accessBytes: 4,
    });
  }
  return make(load ? 'fp_load_multiple' : 'fp_store_multiple', {
    addressReads: bit(n),
    baseWriteback: writeback ? bit(n) : 0,
    transferCount: words,
    accessBytes: 4,
    ...(n === SP && writeback ? { spDelta: (descending ? -4 : 4) * words } : {}),
  });
}

/** By bits 23, 21, 20: VMLA, VNMLA, VMUL, VADD, VDIV, VFNMA, VFMA, others. */
const ARITHMETIC: readonly InstructionClass[] = [
  'fp_multiply_accumulate',
  'fp_multiply_accumulate',
  'fp_arithmetic',
  'fp_arithmetic',
  'fp_divide',
  'fp_multiply_accumulate',
  'fp_multiply_accumulate',
];

function arithmetic(make: Make, w: number): ThumbInstruction {
  const operation = ((w >>> 21) & 4) | ((w >>> 20) & 3);
  if (operation < 7) return make(ARITHMETIC[operation]!);
  const squareRoot = (w & 0x000f00c0) === 0x000100c0;
  return make(squareRoot ? 'fp_square_root' : 'fp_arithmetic');
}
