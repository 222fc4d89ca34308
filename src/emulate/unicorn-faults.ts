/** Machine faults out of what Unicorn reports: error code, memory access, program counter. */
import { isWide } from './classify-thumb.js';
import type { Fault, FaultKind } from './machine.js';
import { UC_ERR, UC_MEM } from './unicorn-constants.js';
import type { UnicornCore } from './unicorn-library.js';

/** The access that ended a run. */
export interface FailedAccess {
  /** A UC_MEM number. */
  readonly type: number;
  readonly address: number;
}

export const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;

/** A fault at `pc`, with the instruction that stands there. */
export function faultAt(
  core: UnicornCore,
  kind: FaultKind,
  pc: number,
  message: string,
  address?: number,
): Fault {
  const encoding = encodingAt(core, pc);
  return {
    kind,
    pc: pc >>> 0,
    ...(encoding === undefined ? {} : { encoding }),
    ...(address === undefined ? {} : { address: address >>> 0 }),
    message: `${message} at pc ${hex(pc)}`,
  };
}

/** The instruction at `pc`: one halfword, or two as first · 2^16 + second; undefined outside memory. */
export function encodingAt(core: UnicornCore, pc: number): number | undefined {
  try {
    const code = new DataView(core.read(pc & ~1, 4).buffer);
    const first = code.getUint16(0, true);
    return isWide(first) ? ((first << 16) | code.getUint16(2, true)) >>> 0 : first;
  } catch {
    return undefined;
  }
}

/** Names what ended a run with a UC_ERR code; `locate` finds the instruction of a data access. */
export function faultOfError(
  core: UnicornCore,
  code: number,
  pc: number,
  access: FailedAccess | undefined,
  locate: (address: number) => number,
): Fault {
  if (access === undefined) {
    if (code !== UC_ERR.INSN_INVALID) return faultAt(core, 'other', pc, `Unicorn error ${code}`);
    const encoding = encodingAt(core, pc);
    const text = encoding === undefined ? '' : ` ${encoding.toString(16).padStart(4, '0')}`;
    return faultAt(core, 'undefined_instruction', pc, `undefined instruction${text}`);
  }
  const { address, type } = access;
  const { kind, what } = ACCESS_FAULTS[type] ?? {
    kind: 'unmapped_access',
    what: 'load from unmapped address',
  };
  const fetch = type === UC_MEM.FETCH_UNMAPPED || type === UC_MEM.FETCH_PROT;
  return faultAt(core, kind, fetch ? address : locate(address), `${what} ${hex(address)}`, address);
}

const ACCESS_FAULTS: Readonly<Record<number, { readonly kind: FaultKind; readonly what: string }>> = {
  [UC_MEM.WRITE_PROT]: { kind: 'write_to_flash', what: 'store to read-only memory' },
  [UC_MEM.FETCH_PROT]: { kind: 'execute_from_data', what: 'execution of data memory' },
  [UC_MEM.FETCH_UNMAPPED]: { kind: 'unmapped_access', what: 'execution of unmapped address' },
  [UC_MEM.WRITE_UNMAPPED]: { kind: 'unmapped_access', what: 'store to unmapped address' },
};
