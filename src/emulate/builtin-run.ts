/**
 * Emulates any bare-metal ELF on the built-in core, ours or not: until it exits, or from one symbol to another as often
 * as that happens. The engine behind `quantmcu emulate`.
 */
import type { ElfImage, ElfSegment } from '../ir/elf-image.js';
import { badInput } from '../support/errors.js';
import type { FlashModel } from '../targets/flash-models.js';
import type { CoreId } from '../targets/target.js';
import type { RawProfile } from './builtin-counts.js';
import { BuiltinMachine, type CallFrame } from './builtin-machine.js';
import type { BuiltinRegion } from './builtin-memory.js';
import { FunctionIndex, type FunctionProfile, functionProfile } from './builtin-profile.js';
import type { Counters, Fault } from './machine.js';

export interface RunOptions {
  readonly elf: ElfImage;
  readonly core: CoreId;
  /** Memory; by default what the ELF's segments imply, generously. */
  readonly regions?: readonly BuiltinRegion[];
  /** Symbol names: each time `from` is reached a passage begins that ends when `to` is. */
  readonly from?: string;
  readonly to?: string;
  /** Count by instruction and call path. */
  readonly profile: boolean;
  readonly instructionBudget?: number;
  readonly stackLimit?: number;
  readonly fpuEnabled?: boolean;
  /** What flash adds beyond zero wait states; default: nothing. */
  readonly flash?: FlashModel;
  /** Passages after which the run ends (default: no bound). */
  readonly passages?: number;
  readonly onProgress?: (counters: Counters) => void;
}

/** One passage from `from` to `to`, or the whole run. Everything that differs between two runs is in `timing`. */
export interface RunRecord {
  readonly core: CoreId;
  readonly instructions: number;
  readonly cycles: number;
  /** Deepest stack below its value at the start of the passage (of the run: below its top). */
  readonly peakStackBytes: number;
  /** Bytes of writable memory stored to, by region. */
  readonly writtenBytes: Readonly<Record<string, number>>;
  /** By cycles; empty without `profile`. */
  readonly functions: readonly FunctionProfile[];
  readonly timing: { readonly mips: number; readonly milliseconds: number };
}

export interface FaultReport {
  readonly fault: Fault;
  /** Function it happened in. */
  readonly symbol: string;
  /** Names of the functions called, outermost first, each with its call site. */
  readonly callPath: readonly string[];
}

export interface RunResult {
  readonly records: readonly RunRecord[];
  /** The raw profile of each record. */
  readonly profiles: readonly RawProfile[];
  readonly output: string;
  /** Exit status by semihosting, if the program ended so. */
  readonly exitStatus?: number;
  readonly fault?: FaultReport;
}

const DEFAULT_BUDGET = 100e9;
const MEGABYTE = 1 << 20;
/** Windows around an ELF's segments: far more than any board has, so that only wild accesses miss. */
const WINDOW = 16 * MEGABYTE;
const SRAM_ORIGIN = 0x20000000;
/** An even address that holds no code. */
const NEVER = 0xfffffffe;

/** Runs the program. Throws `emulate/symbol` for unknown symbols; faults of the program are part of the result. */
export function runProgram(options: RunOptions): RunResult {
  const { elf, core, profile } = options;
  const from = options.from === undefined ? undefined : addressOf(elf, options.from);
  const to = options.to === undefined ? undefined : addressOf(elf, options.to);
  const machine = new BuiltinMachine({
    core,
    regions: options.regions ?? regionsOf(elf),
    countCycles: true,
    watchMemory: true,
    ...(options.stackLimit === undefined ? {} : { stackLimit: options.stackLimit }),
    ...(options.flash === undefined ? {} : { flash: options.flash }),
    ...(options.fpuEnabled === undefined ? {} : { fpuEnabled: options.fpuEnabled }),
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  });
  load(machine, elf);
  return new Run(machine, elf, core, profile, options.instructionBudget ?? DEFAULT_BUDGET).execute(
    from,
    to,
    options.passages ?? Number.POSITIVE_INFINITY,
  );
}

class Run {
  private readonly records: RunRecord[] = [];
  private readonly profiles: RawProfile[] = [];

  constructor(
    private readonly machine: BuiltinMachine,
    private readonly elf: ElfImage,
    private readonly core: CoreId,
    private readonly profile: boolean,
    private readonly budget: number,
  ) {}

  execute(from: number | undefined, to: number | undefined, passages: number): RunResult {
    for (;;) {
      if (from !== undefined) {
        const stop = this.machine.runUntil(from, this.budget);
        if (stop.kind !== 'reached') return this.ended(stop);
      }
      const stop = this.passage(to ?? NEVER);
      if (stop.kind !== 'reached') return this.ended(stop);
      if (from === undefined || this.records.length >= passages) return this.result();
    }
  }

  private passage(to: number): ReturnType<BuiltinMachine['runUntil']> {
    const { machine } = this;
    const top = machine.readRegister(13);
    const before = machine.counters();
    machine.clearWrittenBytes();
    machine.restartStackWatch();
    if (this.profile) machine.startProfile();
    const started = performance.now();
    const stop = machine.runUntil(to, this.budget);
    const milliseconds = performance.now() - started;
    const after = machine.counters();
    const instructions = after.instructions - before.instructions;
    const raw = this.profile ? machine.endProfile() : undefined;
    if (raw !== undefined) this.profiles.push(raw);
    this.records.push({
      core: this.core,
      instructions,
      cycles: after.cycles - before.cycles,
      peakStackBytes: top - machine.lowestStackPointer(),
      writtenBytes: this.writtenBytes(),
      functions: raw === undefined ? [] : functionProfile(raw, this.elf),
      timing: { mips: instructions / milliseconds / 1000, milliseconds },
    });
    return stop;
  }

  private writtenBytes(): Record<string, number> {
    const regions = this.machine.memory.writableRegions();
    return Object.fromEntries(regions.map(({ name }) => [name, count(this.machine.writtenBytes(name))]));
  }

  private ended(stop: ReturnType<BuiltinMachine['runUntil']>): RunResult {
    if (stop.kind === 'exit') return { ...this.result(), exitStatus: stop.status };
    return stop.kind === 'fault'
      ? { ...this.result(), fault: describeFault(stop.fault, this.machine.callPath(), this.elf) }
      : this.result();
  }

  private result(): RunResult {
    return { records: this.records, profiles: this.profiles, output: this.machine.output() };
  }
}

/** Adds to a fault what the ELF knows: the function it happened in and those that led to it. */
export function describeFault(fault: Fault, callPath: readonly CallFrame[], elf: ElfImage): FaultReport {
  const index = new FunctionIndex(elf);
  return {
    fault,
    symbol: index.nameAt(fault.pc),
    callPath: callPath.map(
      ({ callee, callSite }) => `${index.nameAt(callee)} (called at 0x${callSite.toString(16)})`,
    ),
  };
}

const count = (marks: Uint8Array): number => marks.reduce((sum, mark) => sum + mark, 0);

function addressOf(elf: ElfImage, name: string): number {
  const symbol = elf.symbols.get(name);
  if (symbol !== undefined) return symbol.address;
  throw badInput('emulate/symbol', 'the program lacks a symbol', { expected: name });
}

/** A window of flash around the loaded segments and one of SRAM around the writable ones. */
export function regionsOf(elf: ElfImage): readonly BuiltinRegion[] {
  const regions: BuiltinRegion[] = [];
  const cover = (address: number, writable: boolean, executable: boolean): void => {
    if (regions.some(({ origin, bytes }) => address >= origin && address < origin + bytes)) return;
    const origin = address - (address % WINDOW);
    const name = writable
      ? origin === SRAM_ORIGIN
        ? 'sram'
        : `ram_${origin.toString(16)}`
      : `flash_${origin.toString(16)}`;
    regions.push({ name, origin, bytes: WINDOW, writable, executable });
  };
  const runsFromRam = (segment: ElfSegment): boolean => segment.executable && segment.address >= SRAM_ORIGIN;
  for (const segment of elf.segments) {
    const inRam =
      segment.address >= SRAM_ORIGIN || (segment.writable && segment.address === segment.loadAddress);
    cover(segment.address, inRam, !inRam || runsFromRam(segment));
    if (segment.data.length > 0)
      cover(segment.loadAddress, segment.loadAddress >= SRAM_ORIGIN, segment.loadAddress < SRAM_ORIGIN);
  }
  if (!regions.some(({ origin }) => origin === SRAM_ORIGIN)) cover(SRAM_ORIGIN, true, false);
  return regions;
}

/** Puts the segments where a programmer would and resets from the vector table, or starts at the entry without one. */
function load(machine: BuiltinMachine, elf: ElfImage): void {
  for (const { loadAddress, data } of elf.segments) machine.write(loadAddress, data);
  const table = elf.segments
    .filter(({ data }) => data.length >= 8)
    .find(
      ({ data }) => (new DataView(data.buffer, data.byteOffset).getUint32(4, true) & ~1) >>> 0 === elf.entry,
    );
  if (table !== undefined) {
    machine.reset(table.loadAddress);
    return;
  }
  machine.writeRegister(13, SRAM_ORIGIN + WINDOW);
  machine.writeRegister(15, elf.entry);
}
