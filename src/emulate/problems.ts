/** What can go wrong while firmware runs, named as a user would: stack overflow, arena overrun, fault. */
import type { ElfImage } from '../ir/elf-image.js';
import type { Fault } from './machine.js';
import type { StrayWrites } from './step-watch.js';

export interface EmulationProblem {
  readonly kind: 'stack_overflow' | 'arena_overrun' | 'stray_write' | 'fault';
  /** Name of the layer being computed; absent before the first and after the last. */
  readonly layer?: string;
  /** Index of that step. */
  readonly step?: number;
  /** Function in which it happened. */
  readonly symbol?: string;
  /** Code or data address. */
  readonly address: number;
  readonly fault?: Fault;
  /** One sentence with layer, place and amount. */
  readonly message: string;
}

export interface ProblemContext {
  readonly elf: ElfImage;
  readonly arenaStart: number;
  readonly arenaEnd: number;
  readonly stackLimit: number;
  readonly layer?: string;
  readonly step?: number;
}

/** An access that misses the arena's or the stack's end by no more is taken to have run over it. */
const NEAR = 64 * 1024;

/** Names a machine fault: an access just below the stack or behind the arena is an overflow of that. */
export function problemOfFault(fault: Fault, context: ProblemContext): EmulationProblem {
  const kind = kindOfFault(fault, context);
  const symbol = context.elf.functionAt(fault.pc)?.name;
  const subject = {
    fault: '',
    stack_overflow: 'stack overflow: ',
    arena_overrun: 'arena overrun: ',
    stray_write: '',
  };
  const text = fault.message.startsWith(subject[kind]) ? fault.message : subject[kind] + fault.message;
  return {
    kind,
    ...located(context),
    ...(symbol === undefined ? {} : { symbol }),
    address: fault.address ?? fault.pc,
    fault,
    message: `${where(context)}${text}${symbol === undefined ? '' : ` in ${symbol}`}`,
  };
}

function kindOfFault(fault: Fault, context: ProblemContext): EmulationProblem['kind'] {
  if (fault.kind === 'stack_overflow') return 'stack_overflow';
  if (fault.kind !== 'unmapped_access' || fault.address === undefined || fault.address === fault.pc)
    return 'fault';
  const belowStack = context.stackLimit - fault.address;
  if (belowStack > 0 && belowStack <= NEAR) return 'stack_overflow';
  const behindArena = fault.address - context.arenaEnd;
  return behindArena >= 0 && behindArena < NEAR ? 'arena_overrun' : 'fault';
}

/** Names stores of a step outside its own memory. */
export function problemOfStray(
  stray: StrayWrites,
  context: ProblemContext,
  sramOrigin: number,
): EmulationProblem {
  const base = stray.place === 'sram' ? sramOrigin : context.arenaStart;
  const common = { ...located(context), address: base + stray.offset };
  const bytes = `${stray.bytes} byte${stray.bytes === 1 ? '' : 's'}`;
  if (stray.place === 'sram') {
    const message = `${where(context)}stray write: ${bytes} from address 0x${common.address.toString(16)}, which belongs to nothing`;
    return { kind: 'stray_write', ...common, message };
  }
  const size = context.arenaEnd - context.arenaStart;
  const place =
    stray.place === 'arena' ? 'outside its output and scratch' : `behind the arena of ${size} bytes`;
  const message = `${where(context)}arena overrun: wrote ${bytes} ${place}, from arena offset ${stray.offset}`;
  return { kind: 'arena_overrun', ...common, message };
}

const located = ({ layer, step }: ProblemContext): { readonly layer?: string; readonly step?: number } => ({
  ...(layer === undefined ? {} : { layer }),
  ...(step === undefined ? {} : { step }),
});

const where = ({ layer }: ProblemContext): string => (layer === undefined ? '' : `layer ${layer}: `);
