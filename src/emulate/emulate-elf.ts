/**
 * Runs any bare-metal program on the built-in core: from reset to its end, or passage by passage between two symbols,
 * with counts by instruction and call path. An end is a semihosting exit, a loop that nothing can leave, a fault, a
 * symbol reached, or the step budget used up.
 */
import type { ElfImage } from '../ir/elf-image.js';
import { badInput } from '../support/errors.js';
import type { FlashModel } from '../targets/flash-models.js';
import type { Board, CoreId } from '../targets/target.js';
import { attributeWrites, type WrittenObject } from './board-memory.js';
import type { RawProfile } from './builtin-counts.js';
import { BuiltinMachine, type CallFrame } from './builtin-machine.js';
import type { BuiltinRegion } from './builtin-memory.js';
import { classifyThumb } from './classify-thumb.js';
import { type ElfMemory, type ExtraMemory, elfMemory, type Start } from './elf-memory.js';
import type { Counters, Fault, StopReason } from './machine.js';

export interface EmulateElfOptions {
  readonly elf: ElfImage;
  readonly core: CoreId;
  readonly board?: Board;
  readonly extraMemory?: readonly ExtraMemory[];
  /** Where a passage starts; default: the program's start. */
  readonly from?: number;
  /** Where it ends; default: with `from` the return of that function, else the program's end. */
  readonly to?: number;
  /** At most so many passages. */
  readonly maxPassages: number;
  /** Instructions in all. */
  readonly maxSteps: number;
  readonly profile: boolean;
  /** What the board's flash costs beyond zero wait states; default: nothing. */
  readonly flash?: FlashModel;
  /** A clock in milliseconds. */
  readonly now: () => number;
  readonly onProgress?: (instructions: number) => void;
}

export interface Passage extends Counters {
  /** Part of the cycles: what flash added to zero wait states. */
  readonly flashCycles: { readonly code: number; readonly data: number };
  /** From the stack pointer at its start to the lowest one; of the process stack, too, where it uses one. */
  readonly peakStackBytes: number;
  /** Of real time. */
  readonly milliseconds: number;
  readonly profile?: RawProfile;
}

export type ProgramEnd =
  | { readonly kind: 'reached'; readonly address: number }
  | { readonly kind: 'passages' }
  | { readonly kind: 'exit'; readonly status: number }
  /** A loop without effect: no interrupt will ever come. */
  | { readonly kind: 'halted'; readonly address: number }
  | { readonly kind: 'fault'; readonly fault: Fault; readonly callPath: readonly CallFrame[] };

export interface RegionUse {
  readonly region: BuiltinRegion;
  /** Bytes stored to at least once, and one behind the last of them; 0 when there are none. */
  readonly writtenBytes: number;
  readonly highestWritten: number;
  readonly objects: readonly WrittenObject[];
}

export interface ElfRun {
  readonly start: Start;
  readonly passages: readonly Passage[];
  readonly end: ProgramEnd;
  /** All that ran, passages or not. */
  readonly total: Counters;
  readonly peakStackBytes: number;
  /** Printed through semihosting. */
  readonly output: string;
  readonly memory: readonly RegionUse[];
}

/** Between two looks at whether it idles; shorter at first. */
const FIRST_SLICE = 200_000;
const SLICE = 20_000_000;
/** Longest loop that is recognised as doing nothing. */
const IDLE_STEPS = 64;
const NOWHERE = 0xffffffff;
const SP = 13;
const LR = 14;
const PC = 15;
const REGISTERS = 17;

/** A state that returns for ever. */
interface Idle {
  readonly address: number;
  readonly registers: readonly number[];
}

export function emulateElf(options: EmulateElfOptions): ElfRun {
  const memory = elfMemory(options.elf, options.board, options.extraMemory);
  const run = new ElfEmulation(options, memory);
  const result = run.execute();
  if (run.idle === undefined) return result;
  // Counted to the first turn of the idle loop instead of however many had passed: programs are deterministic.
  const { from, to: _unreached, ...whole } = options;
  const profile = options.profile && from === undefined;
  const exact = new ElfEmulation({ ...whole, profile }, memory, run.idle).execute();
  return from === undefined ? exact : { ...exact, passages: result.passages };
}

/** The built-in core with the program in its memory, at its start. */
class ElfMachine extends BuiltinMachine {
  constructor({ elf, core, flash }: EmulateElfOptions, { regions, start, stackLimit }: ElfMemory) {
    super({
      ...{ core, regions, countCycles: true, watchMemory: true },
      // Start-up code enables the FPU; without a vector table there may be none.
      fpuEnabled: start.vectorTable === undefined,
      ...(stackLimit === undefined ? {} : { stackLimit }),
      ...(flash === undefined ? {} : { flash }),
    });
    for (const { loadAddress, data } of elf.segments) this.write(loadAddress, data);
    if (start.vectorTable !== undefined) {
      this.reset(start.vectorTable);
      return;
    }
    this.writeRegister(SP, start.sp);
    this.writeRegister(LR, 0xffffffff);
    this.writeRegister(PC, start.pc);
  }
}

class ElfEmulation {
  /** Set once the program has come to where it stays. */
  idle: Idle | undefined;
  private readonly options: EmulateElfOptions;
  private readonly memory: ElfMemory;
  private readonly machine: ElfMachine;
  private readonly knownIdle: Idle | undefined;
  private lowestSp: number;
  private processStackBytes = 0;
  private slice = FIRST_SLICE;

  constructor(options: EmulateElfOptions, memory: ElfMemory, knownIdle?: Idle) {
    this.options = options;
    this.memory = memory;
    this.machine = new ElfMachine(options, memory);
    this.knownIdle = knownIdle;
    this.lowestSp = memory.start.sp;
  }

  execute(): ElfRun {
    const { machine, memory } = this;
    const passages: Passage[] = [];
    const end = this.options.from === undefined ? this.runThrough(passages) : this.runPassages(passages);
    this.noteStack();
    return {
      ...{ start: memory.start, passages, end, total: machine.counters(), output: machine.output() },
      peakStackBytes: memory.start.sp - this.lowestSp + this.processStackBytes,
      memory: this.regionUse(),
    };
  }

  private runThrough(passages: Passage[]): ProgramEnd {
    const { to } = this.options;
    const { passage, end } = this.measure(() =>
      this.knownIdle === undefined ? this.advance(to) : this.runUntilIdle(this.knownIdle),
    );
    passages.push(passage);
    return end;
  }

  private runUntilIdle({ address, registers }: Idle): ProgramEnd {
    for (;;) {
      const end = this.advance(address);
      if (end.kind !== 'reached') return end;
      if (this.registers().every((value, index) => value === registers[index])) {
        return { kind: 'halted', address };
      }
    }
  }

  private runPassages(passages: Passage[]): ProgramEnd {
    const { from, to, maxPassages } = this.options;
    const { machine } = this;
    while (passages.length < maxPassages) {
      if (machine.readRegister(PC) !== from) {
        const end = this.advance(from);
        if (end.kind !== 'reached') return end;
      }
      const target = to ?? (machine.readRegister(LR) & ~1) >>> 0;
      const { passage, end } = this.measure(() => this.advance(target));
      if (end.kind !== 'reached') return end;
      passages.push(passage);
    }
    return { kind: 'passages' };
  }

  private measure(run: () => ProgramEnd): { readonly passage: Passage; readonly end: ProgramEnd } {
    const { machine } = this;
    this.noteStack();
    machine.restartStackWatch();
    const sp = machine.mainStackPointer();
    if (this.options.profile) machine.startProfile();
    const before = machine.counters();
    const termsBefore = machine.memoryTerms();
    const began = this.options.now();
    const end = run();
    const milliseconds = this.options.now() - began;
    const after = machine.counters();
    const terms = machine.memoryTerms();
    const profile = this.options.profile ? machine.endProfile() : undefined;
    const passage = {
      instructions: after.instructions - before.instructions,
      cycles: after.cycles - before.cycles,
      peakStackBytes: Math.max(0, sp - machine.lowestStackPointer()) + machine.processStackBytes(),
      milliseconds,
      flashCycles: {
        code: terms.flashCode - termsBefore.flashCode,
        data: terms.flashData - termsBefore.flashData,
      },
      ...(profile === undefined ? {} : { profile }),
    };
    return { passage, end };
  }

  private noteStack(): void {
    const { machine } = this;
    this.lowestSp = Math.min(this.lowestSp, machine.lowestStackPointer());
    this.processStackBytes = Math.max(this.processStackBytes, machine.processStackBytes());
  }

  /** Runs to `target` or to the program's end, whichever comes first. */
  private advance(target: number = NOWHERE): ProgramEnd {
    const { machine, options } = this;
    for (;;) {
      const left = options.maxSteps - machine.counters().instructions;
      const stop = machine.runUntil(target, Math.min(this.slice, left));
      const end = this.endOf(stop, left <= this.slice);
      this.slice = Math.min(SLICE, this.slice * 2);
      if (end !== undefined) return end;
      options.onProgress?.(machine.counters().instructions);
    }
  }

  /** Undefined: a slice is over, go on. */
  private endOf(stop: StopReason, isLast: boolean): ProgramEnd | undefined {
    if (stop.kind !== 'fault') return stop;
    if (stop.fault.kind === 'step_budget') {
      this.idle = this.findIdle();
      if (this.idle !== undefined) return { kind: 'halted', address: this.idle.address };
      if (!isLast) return undefined;
    }
    return { kind: 'fault', fault: stop.fault, callPath: this.machine.callPath() };
  }

  private registers(): readonly number[] {
    return Array.from({ length: REGISTERS }, (_, index) => this.machine.readRegister(index) >>> 0);
  }

  /** The outermost state of the loop that the core is in, if it accesses no memory and changes nothing. */
  private findIdle(): Idle | undefined {
    const { machine } = this;
    const start = this.registers();
    let outermost: Idle & { readonly depth: number } = this.here();
    for (let step = 0; step < IDLE_STEPS; step++) {
      const pc = machine.readRegister(PC);
      const { accessBytes, transferCount } = classifyThumb(this.codeAt(pc), 0, pc);
      if (accessBytes !== 0 || transferCount !== 0 || machine.step() !== undefined) return undefined;
      const here = this.here();
      if (here.address === start[PC]) {
        return here.registers.every((value, index) => value === start[index]) ? outermost : undefined;
      }
      if (here.depth < outermost.depth) outermost = here;
    }
    return undefined;
  }

  private codeAt(pc: number): Uint8Array {
    return this.machine.read(pc, this.machine.memory.find(pc, 4) === undefined ? 2 : 4);
  }

  private here(): Idle & { readonly depth: number } {
    const registers = this.registers();
    return { address: registers[PC]!, registers, depth: this.machine.callPath().length };
  }

  private regionUse(): readonly RegionUse[] {
    const { machine, memory, lowestSp } = this;
    return memory.regions
      .filter((region) => region.writable)
      .map((region) => {
        const marks = machine.writtenBytes(region.name);
        const objects = objectsIn(this.options.elf, region, { start: lowestSp, end: memory.start.sp });
        return {
          region,
          writtenBytes: marks.reduce((sum, mark) => sum + mark, 0),
          highestWritten: marks.includes(1) ? region.origin + marks.lastIndexOf(1) + 1 : 0,
          objects: attributeWrites(marks, objects, region.origin),
        };
      });
  }
}

type Named = { readonly name: string; readonly start: number; readonly end: number };

/** Variables of the program inside a region, and the stack, relative to the region's start. */
function objectsIn(
  elf: ElfImage,
  region: BuiltinRegion,
  stack: { readonly start: number; readonly end: number },
): readonly Named[] {
  const end = region.origin + region.bytes;
  const isInside = (address: number): boolean => address >= region.origin && address < end;
  const objects = [...elf.symbols.values()]
    .filter(({ type, address, size }) => type === 'object' && size > 0 && isInside(address))
    .map(({ name, address, size }) => ({ name, start: address, end: address + size }));
  if (isInside(stack.start) && stack.end > stack.start) objects.push({ name: 'stack', ...stack });
  return objects
    .map((object) => ({
      ...object,
      start: object.start - region.origin,
      end: Math.min(object.end, end) - region.origin,
    }))
    .sort((a, b) => a.start - b.start);
}

/** An address from a symbol's name or a number. Throws `emulate/symbol`, listing names that are alike. */
export function addressOf(elf: ElfImage, text: string): number {
  const symbol = elf.symbols.get(text);
  if (symbol !== undefined) return (symbol.address & ~1) >>> 0;
  if (/^(0x[0-9a-f]+|\d+)$/i.test(text)) return (Number(text) & ~1) >>> 0;
  const wanted = text.toLowerCase();
  const alike = [...elf.symbols.keys()].filter((name) => name.toLowerCase().includes(wanted)).slice(0, 5);
  throw badInput('emulate/symbol', 'the program has no such symbol', {
    found: text,
    expected: alike.length > 0 ? alike.join(', ') : 'a symbol of the ELF file, or an address as 0x…',
  });
}
