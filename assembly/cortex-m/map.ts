/**
 * Linear memory of cortex-m.wasm, each address derived from the one before. The host (src/emulate/builtin-memory.ts)
 * mirrors the exported constants through `layout()`; nothing here is allocated at run time.
 *
 *   0x0000_0000  reserved for the AssemblyScript runtime
 *   0x0001_0000  core state: registers, flags, counters, stop record, region list, timing tables
 *   0x0002_0000  shadow call stack
 *   0x0010_0000  page tables: read, write, code (one word per 4 KiB guest page)
 *   0x00D0_0000  trace cache: predecoded instructions
 *   0x0200_0000  writable regions
 *   0x0600_0000  one byte per writable byte: 1 = stored to (a constant distance from its datum)
 *   0x0A00_0000  read-only regions, then the code maps (one word per halfword of executable memory)
 */
export const STATE: usize = 0x10000;

// Registers r0…r15 as words, then slots that instructions may name like registers.
export const REGS: usize = STATE;
/** Scratch result of a shifter or of a load that feeds a branch. */
export const TMP: u32 = 16;
/** Results nobody reads (CMP, TST). */
export const SINK: u32 = 17;
/** Always zero. */
export const ZERO: u32 = 18;
/** The program counter as an operand. */
export const PCV: u32 = 19;

// Flags. N is the sign of the high word, Z says that the low word is zero: one 64-bit store sets both.
export const F_NZ: usize = STATE + 0x60;
export const F_N: usize = F_NZ + 4;
/** 0 or 1. */
export const F_C: usize = STATE + 0x68;
/** Sign bit. */
export const F_V: usize = STATE + 0x6c;
/** 0 or 1, sticky. */
export const F_Q: usize = STATE + 0x70;
/** Four bits. */
export const F_GE: usize = STATE + 0x74;

/** s0…s31, which are also d0…d15. */
export const FREGS: usize = STATE + 0x80;
export const FPSCR: usize = STATE + 0x100;

// Counters.
/** i32: instructions left in this slice; negative once overrun. */
export const REMAINING: usize = STATE + 0x108;
/** u64: cycles since reset. */
export const CYCLES: usize = STATE + 0x110;
/** u64: instructions of all finished slices. */
export const RETIRED: usize = STATE + 0x118;
/** i32: size of the slice that runs. */
export const SLICE: usize = STATE + 0x120;
/** u32, of the stack in use: lowest pointer seen; limit below which it faults. */
export const LOWEST_SP: usize = STATE + 0x124;
export const STACK_LIMIT: usize = STATE + 0x128;

// Why the core stopped.
export const STOP_KIND: usize = STATE + 0x130;
export const STOP_PC: usize = STATE + 0x134;
export const STOP_ENCODING: usize = STATE + 0x138;
export const STOP_ADDRESS: usize = STATE + 0x13c;
/** Address that `STOP` operations compare with. */
export const STOP_AT: usize = STATE + 0x140;

// System registers.
export const MSP: usize = STATE + 0x150;
export const PSP: usize = STATE + 0x154;
export const CONTROL: usize = STATE + 0x158;
export const PRIMASK: usize = STATE + 0x15c;
export const FAULTMASK: usize = STATE + 0x160;
export const BASEPRI: usize = STATE + 0x164;
export const IPSR: usize = STATE + 0x168;
export const VTOR: usize = STATE + 0x16c;
export const CPACR: usize = STATE + 0x170;
export const CCR: usize = STATE + 0x174;
export const DEMCR: usize = STATE + 0x178;
export const DWT_CTRL: usize = STATE + 0x17c;
/** u64: cycles at which CYCCNT would read 0. */
export const CYCCNT_ZERO: usize = STATE + 0x180;
export const SYST_CSR: usize = STATE + 0x188;
export const SYST_RVR: usize = STATE + 0x18c;
/** u64: cycles at which the timer would read its reload value; while it stands still, its value. */
export const SYST_ZERO: usize = STATE + 0x190;
export const MSPLIM: usize = STATE + 0x198;
export const PSPLIM: usize = STATE + 0x19c;
/** Exclusive monitor: address + 1, 0 when open. */
export const MONITOR: usize = STATE + 0x1a0;
/** Which core: 0 M4, 1 M7, 2 M33. */
export const CORE: usize = STATE + 0x1a4;
/** 1: calls and per-instruction extras are recorded. */
export const PROFILE: usize = STATE + 0x1a8;
export const CPUID: usize = STATE + 0x1ac;
/** Calls on the shadow stack. */
export const CALL_DEPTH: usize = STATE + 0x1b0;
/** Node of the call tree that runs, and cycles when it last started. */
export const CALL_NODE: usize = STATE + 0x1b4;
export const CALL_SINCE: usize = STATE + 0x1b8;
/** Cycles beyond zero wait states, u64 each: wait states of regions, flash code, flash data. */
export const TERMS: usize = STATE + 0x1c0;
/** The same two of the stack that is not in use, see execute/stacks.ts. */
export const OTHER_LOWEST_SP: usize = STATE + 0x1d8;
export const OTHER_STACK_LIMIT: usize = STATE + 0x1dc;
/** u32: where the process stack starts, and bytes used of the deepest one before it. */
export const PROCESS_TOP: usize = STATE + 0x1e0;
export const PROCESS_DEPTH: usize = STATE + 0x1e4;
/** u64: times that SysTick had reached zero when that was last read. */
export const SYST_SEEN: usize = STATE + 0x1e8;
/** Flash model, see timing/flash.ts; and where the trace that runs began. */
export const FLASH: usize = STATE + 0x900;
export const FLASH_START: usize = STATE + 0x940;
/** Return address of a HALT operation: two reserved slots. */
export const HALT_OP: usize = STATE + 0x200;

/** Regions: up to 16 of 32 bytes. */
export const REGION_COUNT: usize = STATE + 0x240;
export const REGIONS: usize = STATE + 0x260;
export const REGION_BYTES: usize = 32;
/** Sixteen words of a load multiple on its slow path. */
export const SCRATCH: usize = STATE + 0xa00;
/** Operands of the exact floating-point routines. */
export const FLOAT_SCRATCH: usize = STATE + 0xb00;
/** Scoreboard of the timing model. */
export const READY: usize = STATE + 0xc00;
/** Timing tables, written by the host; see timing/tables.ts. */
export const TIMING: usize = STATE + 0x1000;
/** Addresses at which the host wants to stop. */
export const STOP_COUNT: usize = STATE + 0x4000;
export const STOPS: usize = STATE + 0x4010;
export const MAX_STOPS: u32 = 1024;
/** Words of system space that are plain storage (NVIC, SCB leftovers): 4 KiB. */
export const SCS_STORE: usize = STATE + 0x8000;

export const CALLS: usize = 0x20000;
/** Entries of 16 bytes; a power of two, so that deep recursion wraps. */
export const MAX_CALLS: u32 = 4096;

/** Data-dependent cycles by instruction, see timing/extras.ts: u32 address | 1, u32 cycles. */
export const EXTRAS: usize = 0x40000;
export const EXTRAS_COUNT: i32 = 8192;
/** Call tree of a profile, see calls.ts. */
export const CALL_TREE: usize = 0x60000;
export const CALL_TREE_END: usize = 0x100000;

export const READ_PAGES: usize = 0x100000;
export const WRITE_PAGES: usize = READ_PAGES + 0x400000;
export const CODE_PAGES: usize = WRITE_PAGES + 0x400000;

export const TRACES: usize = CODE_PAGES + 0x400000;
export const RAM: usize = 0x2000000;
export const TRACES_END: usize = RAM;
export const RAM_BYTES: usize = 0x4000000;
/** Distance from a writable byte to its watch byte. */
export const WATCH: usize = RAM_BYTES;
export const ROM: usize = RAM + 2 * RAM_BYTES;
