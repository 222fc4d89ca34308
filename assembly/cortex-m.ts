/**
 * Entry of cortex-m.wasm: what the host calls. State, tables and guest memory lie in the imported memory
 * (cortex-m/map.ts).
 */
import { startCallTree, settleCalls, callTreeTop } from './cortex-m/calls';
import { interpret } from './cortex-m/execute/loop';
import * as map from './cortex-m/map';
import { readApsr, writeNzcv } from './cortex-m/state';
import { forgetTraces, traceTop } from './cortex-m/trace';
import { Stop } from './cortex-m/stop-kinds';

/** Runs up to about `slice` instructions from r15 and returns why it ended (stop-kinds.ts). */
export function run(slice: i32, stopAt: u32): u32 {
  store<i32>(map.SLICE, slice);
  store<i32>(map.REMAINING, slice);
  store<u32>(map.STOP_AT, stopAt);
  store<u32>(map.STOP_KIND, Stop.SLICE);
  interpret();
  store<u64>(map.RETIRED, load<u64>(map.RETIRED) + <u64>(slice - load<i32>(map.REMAINING)));
  store<i32>(map.SLICE, 0);
  store<i32>(map.REMAINING, 0);
  return load<u32>(map.STOP_KIND);
}

/** Forgets all traces. */
export function flush(): void { forgetTraces(); }
export function tracesEnd(): u32 { return <u32>traceTop; }

export function readFlags(): u32 { return readApsr(); }
/** APSR layout: N, Z, C, V, Q in bits 31…27, GE in 19…16. */
export function writeFlags(value: u32): void {
  writeNzcv(value);
  store<u32>(map.F_Q, (value >>> 27) & 1);
  store<u32>(map.F_GE, (value >>> 16) & 0xf);
}

/** Starts recording calls and data-dependent cycles; `root` is the function that runs. */
export function beginProfile(root: u32): void {
  store<u32>(map.PROFILE, 1);
  memory.fill(map.EXTRAS, 0, <usize>map.EXTRAS_COUNT << 3);
  startCallTree(root);
}
/** Stops recording; returns the end of the tree's nodes. */
export function endProfile(): u32 {
  settleCalls();
  store<u32>(map.PROFILE, 0);
  return <u32>callTreeTop();
}

// Where things lie, for the host.
export {
  CALL_DEPTH, CALL_TREE, CALLS, CODE_PAGES, CONTROL, CORE, CPACR, CPUID, CCR, CYCLES, EXTRAS, EXTRAS_COUNT,
  FLASH, FPSCR, FREGS, IPSR, LOWEST_SP, MAX_CALLS, MAX_STOPS, MONITOR, MSP, OTHER_LOWEST_SP,
  OTHER_STACK_LIMIT, PROCESS_DEPTH, PROCESS_TOP, PROFILE, PSP, RAM, RAM_BYTES, READ_PAGES, REGION_BYTES, REGION_COUNT, REGIONS, REGS, RETIRED, ROM, STACK_LIMIT, STATE, STOP_ADDRESS,
  STOP_COUNT, STOP_ENCODING, STOP_PC, STOPS, TERMS, TIMING, TRACES, VTOR, WATCH, WRITE_PAGES,
} from './cortex-m/map';

export { FIRST_EXIT, FIRST_FUSED } from './cortex-m/opcodes';
