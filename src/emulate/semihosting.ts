/**
 * The semihosting calls that bare-metal programs and their C libraries make to print and to end. There are no files and
 * no clock: the console is the one thing that can be opened, and time stands still, so that runs repeat.
 * Source: Arm "Semihosting for AArch32 and AArch64" 2.0 (BKPT 0xAB, operation in r0, argument in r1).
 */

/** What the call needs of the core. */
export interface SemihostingCore {
  readRegister(index: number): number;
  writeRegister(index: number, value: number): void;
  read(address: number, length: number): Uint8Array;
  write(address: number, bytes: Uint8Array): void;
}

export type SemihostingResult =
  | { readonly kind: 'continue'; readonly text: string }
  | { readonly kind: 'exit'; readonly status: number }
  | { readonly kind: 'unknown'; readonly operation: number };

export const SEMIHOSTING_BREAKPOINT = 0xbeab;

const SYS = {
  ...{ OPEN: 0x01, CLOSE: 0x02, WRITEC: 0x03, WRITE0: 0x04, WRITE: 0x05, READ: 0x06, ISERROR: 0x08 },
  ...{ ISTTY: 0x09, SEEK: 0x0a, FLEN: 0x0c, CLOCK: 0x10, TIME: 0x11, ERRNO: 0x13, GET_CMDLINE: 0x15 },
  ...{ HEAPINFO: 0x16, EXIT: 0x18, EXIT_EXTENDED: 0x20, ELAPSED: 0x30, TICKFREQ: 0x31 },
} as const;
/** ADP_Stopped_ApplicationExit: the program ended well. */
const APPLICATION_EXIT = 0x20026;
const LONGEST_TEXT = 1 << 16;
/** Name of the console for SYS_OPEN. */
const CONSOLE = ':tt';
const SP = 13;
const FAILED = 0xffffffff;

const nothing: SemihostingResult = { kind: 'continue', text: '' };

/** Serves the call that the core stands at; the caller advances PC. */
export function serveSemihosting(core: SemihostingCore): SemihostingResult {
  const operation = core.readRegister(0);
  const argument = core.readRegister(1);
  const word = (address: number): number => new DataView(core.read(address, 4).buffer).getUint32(0, true);
  const returns = (value: number, result = nothing): SemihostingResult => {
    core.writeRegister(0, value);
    return result;
  };
  switch (operation) {
    case SYS.WRITEC:
      return { kind: 'continue', text: String.fromCharCode(core.read(argument, 1)[0]!) };
    case SYS.WRITE0:
      return { kind: 'continue', text: readString(core, argument) };
    case SYS.WRITE: {
      const text = core.read(word(argument + 4), Math.min(word(argument + 8), LONGEST_TEXT));
      return returns(0, { kind: 'continue', text: new TextDecoder('latin1').decode(text) });
    }
    case SYS.OPEN:
      return returns(openConsole(readString(core, word(argument)), word(argument + 4)));
    case SYS.READ: // the end of the file: all bytes are left over
      return returns(word(argument + 8));
    case SYS.ISTTY:
      return returns(1);
    case SYS.SEEK:
    case SYS.TICKFREQ:
      return returns(FAILED);
    case SYS.HEAPINFO: // heap from 0 to 0: the program knows best; the stack stays where it is
      core.write(word(argument), new Uint8Array(Uint32Array.of(0, 0, core.readRegister(SP), 0).buffer));
      return nothing;
    case SYS.GET_CMDLINE:
      core.write(word(argument), new Uint8Array(1));
      core.write(argument + 4, new Uint8Array(4));
      return returns(0);
    case SYS.ELAPSED:
      core.write(argument, new Uint8Array(8));
      return returns(0);
    case SYS.CLOSE:
    case SYS.ISERROR:
    case SYS.FLEN:
    case SYS.CLOCK:
    case SYS.TIME:
    case SYS.ERRNO:
      return returns(0);
    case SYS.EXIT:
      return { kind: 'exit', status: argument === APPLICATION_EXIT ? 0 : 1 };
    case SYS.EXIT_EXTENDED:
      return { kind: 'exit', status: word(argument) === APPLICATION_EXIT ? word(argument + 4) : 1 };
    default:
      return { kind: 'unknown', operation };
  }
}

/** Modes 0–3 read, 4–7 write, 8–11 append: handles 1, 2 and 3, as stdin, stdout and stderr. */
const openConsole = (name: string, mode: number): number =>
  name === CONSOLE && mode < 12 ? 1 + (mode >> 2) : FAILED;

function readString(core: SemihostingCore, address: number): string {
  let text = '';
  for (let offset = 0; offset < LONGEST_TEXT; offset++) {
    const byte = core.read(address + offset, 1)[0]!;
    if (byte === 0) break;
    text += String.fromCharCode(byte);
  }
  return text;
}
