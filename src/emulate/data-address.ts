/**
 * The data addresses that an instruction is about to access, from its encoding and the registers: used to
 * find which instruction of a block faulted. Source: ARMv7-M Architecture Reference Manual, A7.7.
 */
import type { ByteRange } from './memory-watch.js';
import { PC, popCount, SP, type ThumbInstruction } from './thumb-instruction.js';

type Registers = (index: number) => number;

/** Range of bytes accessed, or undefined when the instruction accesses no memory. */
export function dataAddresses(instruction: ThumbInstruction, register: Registers): ByteRange | undefined {
  if (instruction.accessBytes === 0) return undefined;
  const start =
    instruction.size === 2 ? narrowAddress(instruction, register) : wideAddress(instruction, register);
  const length = instruction.accessBytes * Math.max(1, instruction.transferCount);
  return { start: start >>> 0, end: (start >>> 0) + length };
}

function narrowAddress(instruction: ThumbInstruction, register: Registers): number {
  const h = instruction.encoding;
  const n = (h >>> 3) & 7;
  if (h >>> 11 === 0b01001) return ((instruction.address + 4) & ~3) + (h & 0xff) * 4;
  if (instruction.registerOffset) return register(n) + register((h >>> 6) & 7);
  const immediate = (h >>> 6) & 31;
  if (h < 0x8000 && h >= 0x6000) return register(n) + immediate * instruction.accessBytes;
  if (h < 0x9000) return register(n) + immediate * 2;
  if (h < 0xa000) return register(SP) + (h & 0xff) * 4;
  if ((h & 0xfe00) === 0xb400) return register(SP) - 4 * instruction.transferCount;
  if ((h & 0xfe00) === 0xbc00) return register(SP);
  return register((h >>> 8) & 7);
}

function wideAddress(instruction: ThumbInstruction, register: Registers): number {
  const w = instruction.encoding;
  const n = (w >>> 16) & 15;
  const base = n === PC ? (instruction.address + 4) & ~3 : register(n);
  const sign = w & 0x00800000 ? 1 : -1;
  const group = w >>> 25;
  if (group === 0x74 && (w & 0x00400000) === 0) {
    return (w >>> 23) & 1 ? base : base - 4 * popCount(w & 0xffff);
  }
  if (instruction.class === 'table_branch') {
    return base + register(w & 15) * instruction.accessBytes;
  }
  if (group === 0x74) return w & 0x01000000 ? base + sign * (w & 0xff) * 4 : base;
  if (instruction.class.startsWith('fp_')) {
    const words = (w & 0xff) * 4;
    if ((w & 0x01200000) === 0x01000000) return base + sign * words;
    return sign > 0 ? base : base - words;
  }
  if (n === PC) return base + sign * (w & 0xfff);
  if (w & 0x00800000) return base + (w & 0xfff);
  if (instruction.registerOffset) return base + (register(w & 15) << ((w >>> 4) & 3));
  const offset = (w & 0x200 ? 1 : -1) * (w & 0xff);
  return w & 0x400 ? base + offset : base;
}
