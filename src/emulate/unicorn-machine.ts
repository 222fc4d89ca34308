/**
 * The Machine made of Unicorn: the reference engine.
 *
 * Counting: a hook per basic block adds the block's static cost (block-cost.ts) and, when execution did not
 * fall through into it, what the previous block's branch adds when taken. Unicorn's blocks are real runs of
 * instructions, and IT-skipped instructions keep their slot as on hardware, so the sum is exact for the model.
 * Stores: a hook per store marks the bytes. It costs 0.1–0.2 µs a store and takes every load off Unicorn's fast
 * path, in all 2.5 times the run without it. Two runs on differently painted memory would cost as much, and
 * could not tell the steps apart.
 * Stack: SP is read at the entry of those blocks only that lower it; how far is known statically.
 * Without counting, watching or a stack limit no hook is set, and the budget becomes a time limit.
 *
 * What Unicorn does not model: NVIC and exceptions, unaligned LDM and LDRD faults, a disabled FPU. The private
 * peripheral bus is plain memory, so that start-up code may write its registers.
 */
import { CORE_TIMINGS } from '../targets/index.js';
import { endsRun } from './block-cost.js';
import { BlockCounter } from './block-counter.js';
import { BlockTable, firstBelow } from './block-table.js';
import { classifyRange, type ThumbInstruction } from './classify-thumb.js';
import type {
  Counters,
  Fault,
  FaultKind,
  Machine,
  MachineOptions,
  MemoryRegion,
  StopReason,
} from './machine.js';
import { MemoryWatch, type WrittenRegion } from './memory-watch.js';
import { SEMIHOSTING_BREAKPOINT, serveSemihosting } from './semihosting.js';
import { encodingAt, type FailedAccess, faultAt, faultOfError, hex } from './unicorn-faults.js';
import type { UnicornCore } from './unicorn-library.js';
import { openUnicorn, UC_CORE_REGISTERS, UC_ERR, UC_HOOK, UC_PROT, UC_REG } from './unicorn-library.js';

const PAGE = 4096;
const PRIVATE_PERIPHERAL_BUS = { origin: 0xe0000000, bytes: 0x100000 };
const SP_INDEX = 13;
const PC_INDEX = 15;
const XPSR_INDEX = 16;
const budgetMessage = 'instruction budget used up';
const THUMB_STATE = 0x01000000;
/** An address that code never reaches. */
const NOWHERE = 0xfffffffe;
const LEAVE_BUDGET = 1000;
/** Bytes of an IT and four 32-bit instructions. */
const LONGEST_GROUP = 18;
/** Exception numbers that Unicorn passes to interrupt hooks. */
const INTERRUPT = { UNDEFINED: 1, SVC: 2, BREAKPOINT: 7 } as const;
/** Instructions a microsecond that Unicorn surely reaches unhooked; turns a budget into a time limit. */
const SLOWEST_PER_MICROSECOND = 10;

/** Opens a Unicorn core with the given memory. Throws `emulate/unicorn-missing` without libunicorn. */
export function createUnicornMachine(options: MachineOptions): Machine {
  return new UnicornMachine(options);
}

class UnicornMachine implements Machine {
  readonly engine = 'unicorn';
  readonly core;
  private readonly unicorn: UnicornCore;
  private readonly watch: MemoryWatch;
  private readonly blocks: BlockTable;
  private readonly stackLimit: number;
  private readonly followsStack: boolean;
  private readonly hooksBlocks: boolean;

  private readonly counter: BlockCounter;
  private budgetEnd = 0;
  private lowestSp = 0;
  /** Block whose register-dependent change of SP is to be resolved at the next block's entry. */
  private unresolvedStack = 0;
  /** Set while the branch at the target itself is executed: which block comes next. */
  private stepping: 'no' | 'first_block' | 'second_block' = 'no';
  private pendingFault: Fault | undefined;
  private memoryAccess: FailedAccess | undefined;
  private interrupt: number | undefined;
  private text = '';

  constructor(options: MachineOptions) {
    this.core = options.core;
    this.unicorn = openUnicorn(options.core);
    this.stackLimit = options.stackLimit ?? 0;
    this.followsStack = options.watchMemory || options.stackLimit !== undefined;
    this.hooksBlocks = options.countCycles || this.followsStack;
    this.watch = new MemoryWatch(options.watchMemory ? options.regions : []);
    for (const region of options.regions) this.map(region);
    this.unicorn.map(
      PRIVATE_PERIPHERAL_BUS.origin,
      PRIVATE_PERIPHERAL_BUS.bytes,
      UC_PROT.READ | UC_PROT.WRITE,
    );
    const executable = options.regions.filter((region) => !region.writable);
    const readCode = (address: number, length: number): Uint8Array => this.unicorn.read(address, length);
    this.blocks = new BlockTable(CORE_TIMINGS[options.core], executable, readCode);
    this.counter = new BlockCounter(this.blocks);
    this.addHooks();
  }

  write(address: number, bytes: Uint8Array): void {
    this.unicorn.write(address, bytes);
  }

  read(address: number, length: number): Uint8Array {
    return this.unicorn.read(address, length);
  }

  readRegister(index: number): number {
    return this.unicorn.readRegister(UC_CORE_REGISTERS[index]!);
  }

  readFloatRegister(index: number): number {
    return this.unicorn.readRegister(UC_REG.S0 + index);
  }

  writeRegister(index: number, value: number): void {
    this.unicorn.writeRegister(UC_CORE_REGISTERS[index]!, index === PC_INDEX ? value & ~1 : value);
    if (index === PC_INDEX) this.counter.forget();
    if (index === SP_INDEX) this.lowestSp = Math.min(this.lowestSp, value >>> 0);
  }

  reset(vectorTable: number): void {
    const vectors = new DataView(this.unicorn.read(vectorTable, 8).buffer);
    for (let index = 0; index < SP_INDEX; index++) this.writeRegister(index, 0);
    this.lowestSp = vectors.getUint32(0, true);
    this.writeRegister(SP_INDEX, this.lowestSp);
    this.writeRegister(14, 0xffffffff);
    this.writeRegister(XPSR_INDEX, THUMB_STATE);
    this.writeRegister(PC_INDEX, vectors.getUint32(4, true));
    this.counter.reset();
    this.unresolvedStack = 0;
    this.text = '';
    this.watch.clear();
  }

  runUntil(address: number, instructionBudget: number): StopReason {
    const target = (address & ~1) >>> 0;
    this.budgetEnd = this.counter.instructions + instructionBudget;
    this.pendingFault = undefined;
    this.unicorn.forgetCode(target, target + 2);
    let reason: StopReason | undefined;
    if (this.pc() === target) reason = this.leaveTarget(target);
    while (reason === undefined) reason = this.resume(target, instructionBudget);
    if (reason.kind === 'reached') this.counter.settle(target);
    this.settleStack(this.readRegister(SP_INDEX));
    return reason;
  }

  counters(): Counters {
    const { instructions, cycles } = this.counter;
    return { instructions, cycles };
  }

  lowestStackPointer(): number {
    return this.lowestSp;
  }

  writtenBytes(region: string): Uint8Array {
    return this.watch.of(region).slice();
  }

  clearWrittenBytes(): void {
    this.watch.clear();
  }

  output(): string {
    return this.text;
  }

  dispose(): void {
    this.unicorn.close();
  }

  private pc(): number {
    return this.readRegister(PC_INDEX);
  }

  private map(region: MemoryRegion): void {
    const access = region.writable ? UC_PROT.READ | UC_PROT.WRITE : UC_PROT.READ | UC_PROT.EXEC;
    this.unicorn.map(region.origin, Math.ceil(region.bytes / PAGE) * PAGE, access);
  }

  private addHooks(): void {
    if (this.hooksBlocks) this.unicorn.hookBlock((address, size) => this.onBlock(address, size));
    for (const watched of this.watch.regions) this.watchStores(watched);
    this.unicorn.hookMemory(UC_HOOK.MEM_UNMAPPED | UC_HOOK.MEM_PROT, (type, address) => {
      this.memoryAccess = { type, address };
      return false;
    });
    this.unicorn.hookInterrupt((number) => {
      this.interrupt = number;
      this.unicorn.stop();
    });
  }

  private watchStores({ region, written }: WrittenRegion): void {
    const { origin } = region;
    this.unicorn.hookMemory(
      UC_HOOK.MEM_WRITE,
      (_type, address, size) => {
        const index = address - origin;
        written[index] = 1;
        if (size === 4) {
          written[index + 1] = 1;
          written[index + 2] = 1;
          written[index + 3] = 1;
        } else if (size > 1) written.fill(1, index, index + size);
        return true;
      },
      origin,
      origin + region.bytes - 1,
    );
  }

  /** The instruction at `address`; for an IT also those that it makes conditional. */
  private instructionGroup(address: number): readonly ThumbInstruction[] {
    const decoded = classifyRange(this.unicorn.read(address, LONGEST_GROUP), address);
    return decoded.slice(0, 1 + (decoded[0]?.itCount ?? 0));
  }

  /** While leaving the target by its branch: true at the second block, which is not to run yet. */
  private leftTarget(): boolean {
    const left = this.stepping === 'second_block';
    this.stepping = 'second_block';
    if (left) this.unicorn.stop();
    return left;
  }

  /** The block hook: some ten million calls a second, so no allocation and few branches. */
  private onBlock(address: number, size: number): void {
    if (this.stepping !== 'no' && this.leftTarget()) return;
    const block = this.counter.enter(address, size);
    if (this.followsStack && (this.blocks.stackDip[block] !== 0 || this.unresolvedStack !== 0))
      this.onStack(block);
    if (this.counter.instructions > this.budgetEnd)
      this.fail(this.fault('step_budget', address, budgetMessage));
  }

  private onStack(block: number): void {
    const sp = this.readRegister(SP_INDEX);
    this.settleStack(sp);
    const effect = this.blocks.stackEffect(block);
    if (effect.dynamic) this.unresolvedStack = block;
    this.noteStack(sp + effect.lowest, block, sp);
  }

  /** Resolves a register-dependent change of SP in the block before, now that SP is known. */
  private settleStack(sp: number): void {
    const block = this.unresolvedStack;
    if (block === 0) {
      if (this.followsStack && sp < this.lowestSp) this.lowestSp = sp;
      return;
    }
    this.unresolvedStack = 0;
    const effect = this.blocks.stackEffect(block);
    this.noteStack(sp - effect.afterDynamic + effect.lowestAfterDynamic, block, sp);
  }

  private noteStack(lowest: number, block: number, entrySp: number): void {
    if (lowest < this.lowestSp) this.lowestSp = lowest;
    if (lowest >= this.stackLimit || this.pendingFault !== undefined) return;
    const pc = firstBelow(this.blocks.decode(block), entrySp, this.stackLimit);
    const below = this.stackLimit - lowest;
    const message = `stack overflow: SP falls to ${hex(lowest)}, ${below} bytes below its limit ${hex(this.stackLimit)}`;
    this.fail(this.fault('stack_overflow', pc, message, lowest));
  }

  /** Only the first fault counts; it ends the run. */
  private fail(fault: Fault): void {
    this.pendingFault ??= fault;
    this.unicorn.stop();
  }

  /**
   * Executes the one instruction at the target itself, so that a run makes progress: by stopping behind it, or
   * for a branch at the next block. Unicorn's own instruction count costs 30 ms and is the last resort.
   */
  private leaveTarget(target: number): StopReason | undefined {
    const group = this.instructionGroup(target);
    const branches = group.some(endsRun);
    const next = branches ? NOWHERE : group.reduce((end, { size }) => end + size, target);
    if (!branches) this.unicorn.forgetCode(next, next + 2);
    this.stepping = branches ? 'first_block' : 'no';
    const reason = this.resume(next, LEAVE_BUDGET, branches && !this.hooksBlocks ? 1 : 0);
    this.stepping = 'no';
    if (reason !== undefined && reason.kind !== 'reached') return reason;
    this.unicorn.forgetCode(target, target + 2);
    return this.pc() === target ? { kind: 'reached', address: target } : undefined;
  }

  /** One uc_emu_start; undefined means: served something, go on. */
  private resume(target: number, instructionBudget: number, count = 0): StopReason | undefined {
    const timeout = this.hooksBlocks
      ? 0
      : Math.ceil(Math.max(instructionBudget, 1e7) / SLOWEST_PER_MICROSECOND);
    const begin = this.pc();
    const started = performance.now();
    this.memoryAccess = undefined;
    this.interrupt = undefined;
    const code = this.unicorn.start((begin | 1) >>> 0, target, count, timeout);
    const pc = this.pc();
    if (this.pendingFault !== undefined) return { kind: 'fault', fault: this.pendingFault };
    if (this.interrupt !== undefined) return this.onInterrupt(this.interrupt, pc);
    if (code !== UC_ERR.OK)
      return this.stopAt(
        faultOfError(this.unicorn, code, pc, this.memoryAccess, (address) => this.locate(address, pc)),
      );
    if (pc === target) return { kind: 'reached', address: target };
    if (timeout !== 0 && (performance.now() - started) * 1000 >= timeout) {
      return { kind: 'fault', fault: this.fault('step_budget', pc, budgetMessage) };
    }
    return undefined; // WFI: nothing is pending, so it returns at once
  }

  private onInterrupt(number: number, pc: number): StopReason | undefined {
    if (number !== INTERRUPT.BREAKPOINT) {
      const svc = number === INTERRUPT.SVC;
      const at = svc ? pc - 2 : pc;
      const message = svc
        ? 'supervisor call (SVC): no handler is emulated'
        : `undefined instruction (exception ${number})`;
      return this.stopAt(this.fault(svc ? 'other' : 'undefined_instruction', at, message));
    }
    if (encodingAt(this.unicorn, pc) !== SEMIHOSTING_BREAKPOINT) {
      return this.stopAt(this.fault('breakpoint', pc, 'breakpoint instruction'));
    }
    const result = serveSemihosting(this);
    if (result.kind === 'exit') return { kind: 'exit', status: result.status };
    if (result.kind === 'unknown') {
      return this.stopAt(this.fault('other', pc, `unknown semihosting call ${result.operation}`));
    }
    this.text += result.text;
    this.unicorn.writeRegister(UC_CORE_REGISTERS[PC_INDEX]!, pc + 2);
    return undefined;
  }

  private stopAt(fault: Fault): StopReason {
    this.counter.rewindTo(fault.pc);
    return { kind: 'fault', fault };
  }

  private locate(address: number, pc: number): number {
    return this.counter.locate(address, pc, (index) => this.readRegister(index));
  }

  private fault(kind: FaultKind, pc: number, message: string, address?: number): Fault {
    return faultAt(this.unicorn, kind, pc, message, address);
  }
}
