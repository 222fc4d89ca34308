/** What a test of one instruction starts from and compares: registers, flags, FP registers, a window of memory. */

/** r0…r15, xPSR, s0…s31, FPSCR as 32-bit words. */
export const STATE_WORDS = 50;
export const SP = 13;
export const LR = 14;
export const PC = 15;
export const XPSR = 16;
export const S0 = 17;
export const FPSCR = 49;

/** Flags that are compared: N, Z, C, V, Q and GE. */
export const FLAG_MASK = 0xf80f0000;

/** Instructions under test stand in the middle of the code window, so that literals reach both ways. */
export const CODE_ORIGIN = 0x8000;
export const CODE_BYTES = 0x4000;
export const CODE_AT = 0xa000;
export const RAM_ORIGIN = 0x20000000;
export const RAM_BYTES = 0x4000;
export const RAM_MIDDLE = 0x20002000;

export type Outcome = 'done' | 'fault';

/** One core that executes single instructions. */
export interface Engine {
  /**
   * Places the code at CODE_AT, executes it once (one instruction if it `branches`) from `state` and leaves the
   * result there. The same array is taken for the same code. Only the first `executed` halfwords are meant to run.
   */
  execute(code: Uint16Array, branches: boolean, state: Uint32Array, executed?: number): Outcome;
  writeCode(bytes: Uint8Array): void;
  writeRam(bytes: Uint8Array): void;
  /** The memory window, valid until the next call. */
  ram(): Uint8Array;
  close(): void;
}

export function describeDifference(before: Uint32Array, ours: Uint32Array, theirs: Uint32Array): string {
  const lines: string[] = [];
  for (let index = 0; index < STATE_WORDS; index++) {
    const mask = maskOf(index);
    if (((ours[index]! ^ theirs[index]!) & mask) === 0) continue;
    const words = [before[index]!, ours[index]!, theirs[index]!].map((word) => hex(word));
    lines.push(`${nameOf(index)}: before ${words[0]}, built-in ${words[1]}, reference ${words[2]}`);
  }
  return lines.join('; ');
}

export function equalStates(ours: Uint32Array, theirs: Uint32Array, qIgnored: boolean): boolean {
  for (let index = 0; index < STATE_WORDS; index++) {
    const mask = maskOf(index) & (index === XPSR && qIgnored ? ~0x08000000 : ~0);
    if (((ours[index]! ^ theirs[index]!) & mask) !== 0) return false;
  }
  return true;
}

function maskOf(index: number): number {
  // bits 1 and 0 of SP do not exist; Unicorn keeps what is written there
  if (index === SP) return ~3;
  return index === XPSR ? FLAG_MASK : index === FPSCR ? 0xf7c0009f : 0xffffffff;
}

function nameOf(index: number): string {
  if (index === XPSR) return 'flags';
  if (index === FPSCR) return 'fpscr';
  return index >= S0 ? `s${index - S0}` : `r${index}`;
}

export const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');
