/** Loads cortex-m.wasm and gives its exports a type. Built by `npm run build:cortex-m` from assembly/cortex-m.ts. */
import { readFileSync } from 'node:fs';
import { bug } from '../support/errors.js';

/** Addresses in linear memory (assembly/cortex-m/map.ts), read from the module itself. */
export const LAYOUT_NAMES = [
  'CALL_DEPTH',
  'CALL_TREE',
  'CALLS',
  'CODE_PAGES',
  'CONTROL',
  'CORE',
  'CPACR',
  'CPUID',
  'CCR',
  'CYCLES',
  'EXTRAS',
  'EXTRAS_COUNT',
  'FIRST_EXIT',
  'FIRST_FUSED',
  'FLASH',
  'FPSCR',
  'FREGS',
  'IPSR',
  'LOWEST_SP',
  'MAX_CALLS',
  'MAX_STOPS',
  'MONITOR',
  'MSP',
  'OTHER_LOWEST_SP',
  'OTHER_STACK_LIMIT',
  'PROCESS_DEPTH',
  'PROCESS_TOP',
  'PROFILE',
  'PSP',
  'RAM',
  'RAM_BYTES',
  'READ_PAGES',
  'REGION_BYTES',
  'REGION_COUNT',
  'REGIONS',
  'REGS',
  'RETIRED',
  'ROM',
  'STACK_LIMIT',
  'STATE',
  'STOP_ADDRESS',
  'STOP_COUNT',
  'STOP_ENCODING',
  'STOP_PC',
  'STOPS',
  'TERMS',
  'TIMING',
  'TRACES',
  'VTOR',
  'WATCH',
  'WRITE_PAGES',
] as const;

export type Layout = Readonly<Record<(typeof LAYOUT_NAMES)[number], number>>;

/** Reasons for which `run` returns, in the order of assembly/cortex-m/stop-kinds.ts. */
export const STOP = {
  SLICE: 0,
  REACHED: 1,
  CACHE_FULL: 2,
  SEMIHOST: 3,
  BREAKPOINT: 4,
  UNDEFINED: 5,
  UNMAPPED: 6,
  WRITE_TO_FLASH: 7,
  UNALIGNED: 8,
  FPU_DISABLED: 9,
  STACK_OVERFLOW: 10,
  EXECUTE_FROM_DATA: 11,
  INVALID_STATE: 12,
} as const;

export interface CortexMExports {
  /** Runs about `slice` instructions from r15, or up to `stopAt`; returns a STOP. */
  run(slice: number, stopAt: number): number;
  flush(): void;
  tracesEnd(): number;
  readFlags(): number;
  writeFlags(value: number): void;
  beginProfile(root: number): void;
  endProfile(): number;
}

export interface CortexMModule {
  readonly functions: CortexMExports;
  readonly layout: Layout;
  readonly memory: WebAssembly.Memory;
}

let compiled: WebAssembly.Module | undefined;

/** A fresh instance with a memory of its own. */
export function instantiateCortexM(): CortexMModule {
  compiled ??= compile();
  const memory = new WebAssembly.Memory({ initial: 1 });
  const abort = (): never => {
    throw bug('emulate/builtin-abort', 'cortex-m.wasm aborted');
  };
  const { exports } = new WebAssembly.Instance(compiled, { env: { memory, abort } });
  const layout = Object.fromEntries(
    LAYOUT_NAMES.map((name) => [name, (exports[name] as WebAssembly.Global).value as number]),
  ) as Layout;
  return { functions: exports as unknown as CortexMExports, layout, memory };
}

function compile(): WebAssembly.Module {
  const url = new URL('../../build/cortex-m.wasm', import.meta.url);
  try {
    return new WebAssembly.Module(readFileSync(url));
  } catch (error) {
    throw bug('emulate/builtin-missing', 'cortex-m.wasm cannot be loaded', {
      found: error instanceof Error ? error.message : String(error),
      fix: 'Run npm run build:cortex-m.',
    });
  }
}
