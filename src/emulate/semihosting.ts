/**
 * The few semihosting calls that bare-metal test programs use: printing and ending.
 * Source: Arm "Semihosting for AArch32 and AArch64" 2.0 (BKPT 0xAB, operation in r0, argument in r1).
 */

/** What the call needs of the core. */
export interface SemihostingCore {
  readRegister(index: number): number;
  writeRegister(index: number, value: number): void;
  read(address: number, length: number): Uint8Array;
}

export type SemihostingResult =
  | { readonly kind: 'continue'; readonly text: string }
  | { readonly kind: 'exit'; readonly status: number }
  | { readonly kind: 'unknown'; readonly operation: number };

export const SEMIHOSTING_BREAKPOINT = 0xbeab;

const SYS_WRITEC = 0x03;
const SYS_WRITE0 = 0x04;
const SYS_WRITE = 0x05;
const SYS_EXIT = 0x18;
const SYS_EXIT_EXTENDED = 0x20;
/** ADP_Stopped_ApplicationExit: the program ended well. */
const APPLICATION_EXIT = 0x20026;
const LONGEST_TEXT = 1 << 16;

/** Serves the call that the core stands at; the caller advances PC. */
export function serveSemihosting(core: SemihostingCore): SemihostingResult {
  const operation = core.readRegister(0);
  const argument = core.readRegister(1);
  const word = (address: number): number => new DataView(core.read(address, 4).buffer).getUint32(0, true);
  switch (operation) {
    case SYS_WRITEC:
      return { kind: 'continue', text: String.fromCharCode(core.read(argument, 1)[0]!) };
    case SYS_WRITE0:
      return { kind: 'continue', text: readString(core, argument) };
    case SYS_WRITE: {
      const text = core.read(word(argument + 4), Math.min(word(argument + 8), LONGEST_TEXT));
      core.writeRegister(0, 0);
      return { kind: 'continue', text: new TextDecoder('latin1').decode(text) };
    }
    case SYS_EXIT:
      return { kind: 'exit', status: argument === APPLICATION_EXIT ? 0 : 1 };
    case SYS_EXIT_EXTENDED:
      return { kind: 'exit', status: word(argument) === APPLICATION_EXIT ? word(argument + 4) : 1 };
    default:
      return { kind: 'unknown', operation };
  }
}

function readString(core: SemihostingCore, address: number): string {
  let text = '';
  for (let offset = 0; offset < LONGEST_TEXT; offset++) {
    const byte = core.read(address + offset, 1)[0]!;
    if (byte === 0) break;
    text += String.fromCharCode(byte);
  }
  return text;
}
