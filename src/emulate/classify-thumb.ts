/**
 * Static decoder of Thumb code into classes, register masks and SP effects: all that block costs and the
 * stack watch need. It does not execute anything and is not the arbiter of undefined instructions.
 */
import { classifyThumb16 } from './classify-thumb16.js';
import { classifyThumb32 } from './classify-thumb32.js';
import type { ThumbInstruction } from './thumb-instruction.js';

export type { ThumbInstruction } from './thumb-instruction.js';

/** True when the first halfword starts a 32-bit instruction (top five bits 11101, 11110 or 11111). */
export const isWide = (halfword: number): boolean => halfword >= 0xe800;

/** Decodes the instruction at `address`, whose bytes stand at `code[offset]` (little-endian). */
export function classifyThumb(code: Uint8Array, offset: number, address: number): ThumbInstruction {
  const first = code[offset]! | (code[offset + 1]! << 8);
  if (!isWide(first) || offset + 4 > code.length) return classifyThumb16(address, first);
  const second = code[offset + 2]! | (code[offset + 3]! << 8);
  return classifyThumb32(address, (first << 16) | second);
}

/** Decodes a run of code from its first byte to its last, e.g. a basic block that starts outside any IT. */
export function classifyRange(code: Uint8Array, address: number): readonly ThumbInstruction[] {
  const instructions: ThumbInstruction[] = [];
  let conditional = 0;
  for (let offset = 0; offset + 2 <= code.length; ) {
    const decoded = classifyThumb(code, offset, address + offset);
    instructions.push(conditional > 0 ? underIt(decoded) : decoded);
    conditional = decoded.class === 'it' ? decoded.itCount : Math.max(0, conditional - 1);
    offset += decoded.size;
  }
  return instructions;
}

/** Depends on the flags, and a 16-bit operation with a result no longer sets them. */
function underIt(decoded: ThumbInstruction): ThumbInstruction {
  const quiet = decoded.size === 2 && decoded.writes !== 0;
  return { ...decoded, readsFlags: true, setsFlags: decoded.setsFlags && !quiet };
}
