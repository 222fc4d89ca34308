/**
 * The Machine made of the project's own core, cortex-m.wasm: the default engine. Counts every instruction and cycle and
 * watches memory at full speed; needs no system package. Differential tests against Unicorn: test/isa. One class, since
 * all of it is one WASM instance's memory; counts and regions are in files of their own.
 */
import { bug } from '../support/errors.js';
import type { CoreTiming } from '../targets/core-timing.js';
import { CORTEX_M4_TIMING } from '../targets/cortex-m4.js';
import { CORTEX_M7_TIMING } from '../targets/cortex-m7.js';
import { CORTEX_M33_TIMING } from '../targets/cortex-m33.js';
import type { FlashModel } from '../targets/flash-models.js';
import { ProfileCounts, type RawProfile, readCallTree } from './builtin-counts.js';
import { BuiltinMemory, type BuiltinRegion } from './builtin-memory.js';
import { encodeTiming } from './builtin-timing.js';
import { type CortexMModule, instantiateCortexM, STOP } from './builtin-wasm.js';
import type { Counters, Fault, FaultKind, Machine, MachineOptions, StopReason } from './machine.js';
import { serveSemihosting } from './semihosting.js';

/** More than the engines share: regions with wait states, an FPU that is on from reset. */
export interface BuiltinOptions extends MachineOptions {
  readonly regions: readonly BuiltinRegion[];
  /** Start with the FPU enabled, for code without start-up (default: off, as on hardware). */
  readonly fpuEnabled?: boolean;
  /** Cycles that flash adds beyond zero wait states; default: none. */
  readonly flash?: FlashModel;
  /** Called every few million instructions of a long run. */
  readonly onProgress?: (counters: Counters) => void;
  /** Another timing table than the core's own. */
  readonly timing?: CoreTiming;
}

/** Cycles beyond zero wait states. */
export interface MemoryTerms {
  readonly regionWaits: number;
  readonly flashCode: number;
  readonly flashData: number;
}

export interface CallFrame {
  /** Address of the call instruction, and of the function called. */
  readonly callSite: number;
  readonly callee: number;
}

const SP = 13;
const LR = 14;
const PC = 15;
const XPSR = 16;
const THUMB = 0x01000000;
/** First slices are short: V8 replaces its quick code only between calls. */
const FIRST_SLICE = 200_000;
const SLICE = 4_000_000;
const NOWHERE = 0xffffffff;

const CORE_NUMBER = { m4: 0, m7: 1, m33: 2 } as const;
/** CPUID of r0p1 (M4), r1p1 (M7), r0p4 (M33). */
const CPUID = { m4: 0x410fc241, m7: 0x411fc271, m33: 0x410fd214 } as const;

const CORE_TIMINGS = { m4: CORTEX_M4_TIMING, m7: CORTEX_M7_TIMING, m33: CORTEX_M33_TIMING } as const;

const FAULTS: Readonly<Record<number, { readonly kind: FaultKind; readonly text: string }>> = {
  [STOP.SEMIHOST]: { kind: 'breakpoint', text: 'semihosting call' },
  [STOP.BREAKPOINT]: { kind: 'breakpoint', text: 'breakpoint instruction' },
  [STOP.UNDEFINED]: { kind: 'undefined_instruction', text: 'undefined instruction' },
  [STOP.UNMAPPED]: { kind: 'unmapped_access', text: 'access outside the memory map' },
  [STOP.WRITE_TO_FLASH]: { kind: 'write_to_flash', text: 'write to read-only memory' },
  [STOP.UNALIGNED]: { kind: 'unaligned_access', text: 'unaligned access' },
  [STOP.FPU_DISABLED]: { kind: 'fpu_disabled', text: 'FPU instruction before CPACR enables it' },
  [STOP.STACK_OVERFLOW]: { kind: 'stack_overflow', text: 'stack overflow' },
  [STOP.EXECUTE_FROM_DATA]: { kind: 'execute_from_data', text: 'execution from data memory' },
  [STOP.INVALID_STATE]: { kind: 'other', text: 'branch without the Thumb bit' },
};

export function createBuiltinMachine(options: BuiltinOptions): BuiltinMachine {
  return new BuiltinMachine(options);
}

export class BuiltinMachine implements Machine {
  readonly engine = 'builtin';
  readonly core;
  readonly memory: BuiltinMemory;
  protected readonly module: CortexMModule;
  private readonly options: BuiltinOptions;
  private readonly stops = new Set<number>();
  private slices = 0;
  private profile: ProfileCounts | undefined;
  private profileStart: Counters = { instructions: 0, cycles: 0 };
  private text = '';

  constructor(options: BuiltinOptions) {
    this.options = options;
    this.core = options.core;
    this.module = instantiateCortexM();
    this.memory = new BuiltinMemory(this.module, options.regions, options.flash);
    const { CORE, CPUID: cpuid, TIMING } = this.module.layout;
    this.setWord(CORE, CORE_NUMBER[options.core]);
    this.setWord(cpuid, CPUID[options.core]);
    this.memory.bytes.set(encodeTiming(options.timing ?? CORE_TIMINGS[options.core]), TIMING);
    this.clearState();
  }

  write(address: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.memory.bytes.set(bytes, this.memory.hostAddress(address, bytes.length));
    if (this.memory.isExecutable(address) && this.hasTraces()) this.flush();
  }

  read(address: number, length: number): Uint8Array {
    const host = this.memory.hostAddress(address, length);
    return this.memory.bytes.slice(host, host + length);
  }

  readRegister(index: number): number {
    if (index === XPSR) return (this.module.functions.readFlags() | THUMB) >>> 0;
    return this.word(this.module.layout.REGS + index * 4);
  }

  writeRegister(index: number, value: number): void {
    if (index === XPSR) {
      this.module.functions.writeFlags(value);
      return;
    }
    const stored = index === PC ? value & ~1 : index === SP ? value & ~3 : value;
    this.setWord(this.module.layout.REGS + index * 4, stored);
    const { LOWEST_SP } = this.module.layout;
    if (index === SP) this.setWord(LOWEST_SP, Math.min(this.word(LOWEST_SP), stored >>> 0));
  }

  /** s0…s31 by index, as bit patterns. */
  readFloatRegister(index: number): number {
    return this.word(this.module.layout.FREGS + index * 4);
  }

  writeFloatRegister(index: number, bits: number): void {
    this.setWord(this.module.layout.FREGS + index * 4, bits);
  }

  reset(vectorTable: number): void {
    const vectors = new DataView(this.read(vectorTable, 8).buffer);
    this.clearState();
    const { LOWEST_SP, VTOR, REGS } = this.module.layout;
    const sp = (vectors.getUint32(0, true) & ~3) >>> 0;
    this.setWord(REGS + SP * 4, sp);
    this.setWord(REGS + LR * 4, 0xffffffff);
    this.setWord(REGS + PC * 4, vectors.getUint32(4, true) & ~1);
    this.setWord(LOWEST_SP, sp);
    this.setWord(VTOR, vectorTable);
  }

  runUntil(address: number, instructionBudget: number): StopReason {
    const target = (address & ~1) >>> 0;
    this.addStop(target);
    const end = this.counters().instructions + instructionBudget;
    for (;;) {
      const left = end - this.counters().instructions;
      if (left <= 0) return this.budgetFault();
      const slice = Math.min(left, this.slices++ < 16 ? FIRST_SLICE : SLICE);
      const stop = this.module.functions.run(slice, target | 0);
      const reason = this.served(stop, target);
      if (reason !== undefined) return reason;
      if (stop === STOP.SLICE) this.options.onProgress?.(this.counters());
    }
  }

  /** Executes one instruction (an IT with all it covers); undefined when it went well. */
  step(): Fault | undefined {
    const pc = this.readRegister(PC);
    const next = pc + this.stepBytes(pc);
    this.addStop(next >>> 0);
    const stop = this.module.functions.run(1, next | 0);
    if (stop === STOP.SLICE || stop === STOP.REACHED) return undefined;
    if (stop !== STOP.CACHE_FULL) return this.fault(stop);
    this.flush();
    return this.step();
  }

  counters(): Counters {
    const { RETIRED, CYCLES } = this.module.layout;
    return { instructions: this.long(RETIRED), cycles: this.options.countCycles ? this.long(CYCLES) : 0 };
  }

  /** Of the main stack. */
  lowestStackPointer(): number {
    const { LOWEST_SP, OTHER_LOWEST_SP } = this.module.layout;
    return this.word(this.onProcessStack() ? OTHER_LOWEST_SP : LOWEST_SP);
  }

  /** Bytes that the deepest process stack has used; 0 where the program has none. */
  processStackBytes(): number {
    const { LOWEST_SP, OTHER_LOWEST_SP, PROCESS_DEPTH, PROCESS_TOP } = this.module.layout;
    const lowest = this.word(this.onProcessStack() ? LOWEST_SP : OTHER_LOWEST_SP);
    return Math.max(this.word(PROCESS_DEPTH), this.word(PROCESS_TOP) - lowest);
  }

  /** The stack pointer of the main stack, in use or not. */
  mainStackPointer(): number {
    return this.onProcessStack() ? this.word(this.module.layout.MSP) : this.readRegister(SP);
  }

  private onProcessStack(): boolean {
    const { CONTROL, IPSR } = this.module.layout;
    return (this.word(CONTROL) & 2) !== 0 && this.word(IPSR) === 0;
  }

  writtenBytes(region: string): Uint8Array {
    const placed = this.memory.region(region);
    if (placed === undefined || !placed.writable || !this.options.watchMemory) return new Uint8Array(0);
    const start = placed.host + this.module.layout.WATCH;
    return this.memory.bytes.slice(start, start + placed.bytes);
  }

  clearWrittenBytes(): void {
    for (const { host, bytes } of this.memory.writableRegions()) {
      this.memory.bytes.fill(0, host + this.module.layout.WATCH, host + this.module.layout.WATCH + bytes);
    }
  }

  output(): string {
    return this.text;
  }

  /** Both stacks count from where they stand. */
  restartStackWatch(): void {
    const { LOWEST_SP, OTHER_LOWEST_SP, MSP, PSP, PROCESS_DEPTH, PROCESS_TOP } = this.module.layout;
    const onProcess = this.onProcessStack();
    const sp = this.readRegister(SP);
    this.setWord(LOWEST_SP, sp);
    this.setWord(OTHER_LOWEST_SP, this.word(onProcess ? MSP : PSP));
    this.setWord(PROCESS_TOP, onProcess ? sp : this.word(PSP));
    this.setWord(PROCESS_DEPTH, 0);
  }

  /** What memory added to zero-wait cycles since reset, by cause; part of the counters. */
  memoryTerms(): MemoryTerms {
    const { TERMS } = this.module.layout;
    return {
      regionWaits: this.long(TERMS),
      flashCode: this.long(TERMS + 8),
      flashData: this.long(TERMS + 16),
    };
  }

  /** The calls that led to where the core stands, outermost first. */
  callPath(): readonly CallFrame[] {
    const { CALL_DEPTH, CALLS, MAX_CALLS } = this.module.layout;
    const depth = this.word(CALL_DEPTH);
    const frames: CallFrame[] = [];
    for (let level = Math.max(0, depth - MAX_CALLS); level < depth; level++) {
      const entry = CALLS + (level % MAX_CALLS) * 16;
      frames.push({ callee: this.word(entry + 4), callSite: this.word(entry + 8) });
    }
    return frames;
  }

  dispose(): void {}

  /** Starts counting by instruction and by call path; calls already on the stack belong to the function that runs. */
  startProfile(): void {
    this.flush();
    this.profile = new ProfileCounts();
    this.module.functions.beginProfile(this.readRegister(PC));
    this.profileStart = this.counters();
  }

  /** Ends the profile and returns it. */
  endProfile(): RawProfile {
    const counts = this.profile;
    if (counts === undefined) throw bug('emulate/profile', 'endProfile without startProfile');
    const end = this.counters();
    const treeEnd = this.module.functions.endProfile();
    counts.addTraces(this.module);
    counts.addExtras(this.module);
    this.profile = undefined;
    return {
      instructions: end.instructions - this.profileStart.instructions,
      cycles: end.cycles - this.profileStart.cycles,
      counts: counts.sorted(),
      callTree: readCallTree(this.module, treeEnd),
    };
  }

  /** Drops all predecoded code; a profile keeps what was counted with it. */
  private flush(): void {
    this.profile?.addTraces(this.module);
    this.module.functions.flush();
  }

  protected word(address: number): number {
    return this.memory.view.getUint32(address, true);
  }

  protected setWord(address: number, value: number): void {
    this.memory.view.setUint32(address, value >>> 0, true);
  }

  protected long(address: number): number {
    return Number(this.memory.view.getBigUint64(address, true));
  }

  /** Bytes of the instruction at `pc`, and of those that an IT covers. */
  private stepBytes(pc: number): number {
    if (this.memory.find(pc, 2) === undefined) return 2;
    const first = this.memory.view.getUint16(this.memory.hostAddress(pc, 2), true);
    if (first >>> 11 >= 0x1d) return 4;
    if (first >>> 8 !== 0xbf || (first & 15) === 0) return 2;
    let covered = 0;
    for (let mask = first & 15; mask !== 0; mask = (mask << 1) & 15) covered++;
    let bytes = 2;
    for (; covered > 0; covered--) bytes += this.stepBytes(pc + bytes);
    return bytes;
  }

  private hasTraces(): boolean {
    return this.module.functions.tracesEnd() > this.module.layout.TRACES;
  }

  private clearState(): void {
    const { REGS, CYCLES, RETIRED, LOWEST_SP, CPACR, CCR, CALL_DEPTH, FREGS, FPSCR, CONTROL, TERMS } =
      this.module.layout;
    const { STACK_LIMIT, OTHER_LOWEST_SP, OTHER_STACK_LIMIT, PROCESS_TOP, PROCESS_DEPTH, IPSR, MSP, PSP } =
      this.module.layout;
    const bytes = this.memory.bytes;
    bytes.fill(0, REGS, REGS + 0x78);
    bytes.fill(0, FREGS, FREGS + 128);
    this.memory.view.setBigUint64(CYCLES, 0n, true);
    this.memory.view.setBigUint64(RETIRED, 0n, true);
    for (let term = 0; term < 3; term++) this.memory.view.setBigUint64(TERMS + 8 * term, 0n, true);
    this.setWord(FPSCR, 0);
    this.setWord(CONTROL, 0);
    this.setWord(LOWEST_SP, 0xffffffff);
    this.setWord(CCR, 0x200);
    this.setWord(CPACR, this.options.fpuEnabled ? 0x00f00000 : 0);
    this.setWord(CALL_DEPTH, 0);
    this.setWord(STACK_LIMIT, this.options.stackLimit ?? 0);
    for (const word of [OTHER_LOWEST_SP, OTHER_STACK_LIMIT, PROCESS_TOP, PROCESS_DEPTH, IPSR, MSP, PSP]) {
      this.setWord(word, 0);
    }
    this.module.functions.writeFlags(0);
    this.clearWrittenBytes();
    this.text = '';
  }

  /** Code that has been predecoded already does not know a new stop address: it is decoded again. */
  private addStop(address: number): void {
    if (this.stops.has(address) || address === NOWHERE) return;
    const { STOP_COUNT, STOPS, MAX_STOPS } = this.module.layout;
    if (this.stops.size >= MAX_STOPS) this.stops.clear();
    this.stops.add(address);
    [...this.stops].forEach((stop, index) => {
      this.setWord(STOPS + index * 4, stop);
    });
    this.setWord(STOP_COUNT, this.stops.size);
    if (!this.hasTraces()) return;
    this.flush();
  }

  /** What a stop means; undefined: go on. */
  private served(stop: number, target: number): StopReason | undefined {
    switch (stop) {
      case STOP.SLICE:
        return undefined;
      case STOP.REACHED:
        return { kind: 'reached', address: target };
      case STOP.CACHE_FULL:
        this.flush();
        return undefined;
      case STOP.SEMIHOST:
        return this.semihost();
      default:
        return { kind: 'fault', fault: this.fault(stop) };
    }
  }

  private semihost(): StopReason | undefined {
    const result = serveSemihosting(this);
    if (result.kind === 'exit') return { kind: 'exit', status: result.status };
    if (result.kind === 'unknown') {
      const fault = this.fault(STOP.BREAKPOINT);
      return { kind: 'fault', fault: { ...fault, message: `unknown semihosting call ${result.operation}` } };
    }
    this.text += result.text;
    this.writeRegister(PC, this.readRegister(PC) + 2);
    return undefined;
  }

  private fault(stop: number): Fault {
    const entry = FAULTS[stop];
    if (entry === undefined) throw bug('emulate/builtin-stop', `unknown stop ${stop}`);
    const { STOP_PC, STOP_ENCODING, STOP_ADDRESS } = this.module.layout;
    const pc = this.word(STOP_PC);
    const encoding = this.word(STOP_ENCODING);
    const address = this.word(STOP_ADDRESS);
    const about = stop === STOP.UNDEFINED || stop === STOP.FPU_DISABLED ? '' : ` (${hex(address)})`;
    return {
      kind: entry.kind,
      pc,
      ...(encoding === 0 ? {} : { encoding }),
      ...(about === '' ? {} : { address }),
      message: `${entry.text}${about} at pc ${hex(pc)}, encoding ${encoding.toString(16).padStart(4, '0')}`,
    };
  }

  private budgetFault(): StopReason {
    const pc = this.readRegister(PC);
    const message = `instruction budget exceeded at pc ${hex(pc)}`;
    return { kind: 'fault', fault: { kind: 'step_budget', pc, message } };
  }
}

const hex = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
