/**
 * The stage emulate: runs the firmware that ships on an emulated core, stopping at each step's entry, and
 * reads back every feature map, its cycles, and all that memory tells. Nothing is added to the firmware: the
 * stops are addresses of functions that it has anyway.
 *
 *   reset ─► quantmcu_invoke ─► step_000 ─► step_001 ─► … ─► return of quantmcu_invoke
 *            write the inputs   └ output of step 0 is complete here
 */
import type { BoundPlan, BoundTensor } from '../ir/bound-plan.js';
import type { ElfImage } from '../ir/elf-image.js';
import { mapOfPlanes } from '../ir/planes-layout.js';
import { STREAMED_INPUT_ADDRESS, stepFunction, stepFunctions } from '../ir/step-functions.js';
import { executedSteps } from '../ops/executed-steps.js';
import { stepMacs } from '../ops/index.js';
import { streamedInput, tensorBytes } from '../ops/plan-access.js';
import { badInput } from '../support/errors.js';
import type { Board } from '../targets/target.js';
import {
  attributeWrites,
  boardRegions,
  inputRegions,
  loadFirmware,
  requireSymbol,
  sramObjects,
  type WrittenObject,
} from './board-memory.js';
import type { Counters, Machine, MachineOptions, StopReason } from './machine.js';
import { type ByteRange, paintedStackBytes } from './memory-watch.js';
import { type EmulationProblem, type ProblemContext, problemOfFault, problemOfStray } from './problems.js';
import { rowRanges, type SramPlaces, StepWatch } from './step-watch.js';

export interface EmulationInput {
  readonly elf: ElfImage;
  readonly bound: BoundPlan;
  /** The board that the firmware is linked for, perhaps enlarged by `virtualBoard`. */
  readonly board: Board;
  /** Packed bytes per network input. */
  readonly inputs: readonly Uint8Array[];
  /** e.g. `ENGINES.unicorn.create`. */
  readonly createMachine: (options: MachineOptions) => Machine;
  /** Prefix of the network's symbols. */
  readonly prefix?: string;
  /** Called after each step with how many are done. */
  readonly onStep?: (done: number, total: number) => void;
  /** Called where the core stands still: when the inputs are in place (step −1) and after each step. */
  readonly onStop?: (machine: Machine, step: number) => void;
}

export interface StepProfile {
  /** Index in `plan.steps`. */
  readonly index: number;
  readonly name: string;
  /** Packed bytes of the step's output tensor, read when the step has ended. */
  readonly output: Uint8Array;
  readonly instructions: number;
  readonly cycles: number;
}

export interface StackProfile {
  /** Bytes reserved by the linker script. */
  readonly reservedBytes: number;
  /** From the top to the lowest stack pointer seen. */
  readonly usedBytes: number;
  /** From the top to the lowest byte whose paint is gone; locals never written stay painted, so ≤ usedBytes. */
  readonly paintedBytes: number;
}

export interface EmulationResult {
  readonly engine: Machine['engine'];
  /** True when the network ran to its end; else `steps` ends before the layer of the last problem. */
  readonly completed: boolean;
  /** In the order of execution: steps of an alternative that the input did not ask for are missing. */
  readonly steps: readonly StepProfile[];
  /** Packed bytes per network output; empty unless completed. */
  readonly outputs: readonly Uint8Array[];
  /** From entering `quantmcu_invoke` to leaving it. */
  readonly invoke: Counters;
  /** From reset to entering `quantmcu_invoke`. */
  readonly startUp: Counters;
  readonly stack: StackProfile;
  /** One behind the last arena byte written or given as input. */
  readonly arenaBytes: number;
  /** Bytes of .data and .bss written, the arena not included. */
  readonly staticBytes: number;
  /** What was written where, by symbol. */
  readonly written: readonly WrittenObject[];
  readonly problems: readonly EmulationProblem[];
}

/** Instructions a step may take before it is called hung, per multiply-accumulate or element. */
const BUDGET_PER_OPERATION = 500;
const BUDGET_BASE = 20_000_000;

/**
 * Runs one inference. Firmware that misbehaves does not throw: it is reported under `problems`.
 * Throws `emulate/symbol`, `emulate/image` or `emulate/input` when image, board and plan do not belong together.
 */
export function emulateNetwork(input: EmulationInput): EmulationResult {
  const run = new NetworkRun(input);
  try {
    return run.execute();
  } finally {
    run.machine.dispose();
  }
}

class NetworkRun {
  readonly machine: Machine;
  private readonly input: EmulationInput;
  private readonly prefix: string;
  private readonly places: SramPlaces;
  private readonly watch: StepWatch;
  private readonly stackLimit: number;
  private readonly stackTop: number;
  private readonly problems: EmulationProblem[] = [];
  private readonly placed: ReadonlyMap<number, BoundTensor>;

  constructor(input: EmulationInput) {
    const { elf, board, bound } = input;
    this.input = input;
    this.prefix = input.prefix ?? 'quantmcu';
    this.stackLimit = requireSymbol(elf, '__stack_limit').address;
    this.stackTop = requireSymbol(elf, '__stack_top').address;
    this.placed = new Map(bound.tensors.map((tensor) => [tensor.tensor, tensor]));
    this.places = this.findPlaces();
    this.machine = input.createMachine({
      core: board.core,
      regions: [...boardRegions(board), ...inputRegions(bound)],
      countCycles: true,
      watchMemory: true,
      stackLimit: this.stackLimit,
    });
    this.watch = new StepWatch(this.machine, bound, this.places, board.sram.bytes);
  }

  execute(): EmulationResult {
    const { machine } = this;
    const { elf, bound, board } = this.input;
    loadFirmware(machine, elf, board);
    machine.reset(board.flash.origin);
    const entry = requireSymbol(elf, `${this.prefix}_invoke`).address;
    const steps: StepProfile[] = [];
    let completed = false;
    let startUp: Counters = { instructions: 0, cycles: 0 };
    if (this.reached(machine.runUntil(entry, BUDGET_BASE + board.sram.bytes), {})) {
      startUp = machine.counters();
      this.watch.take();
      this.writeInputs();
      completed = this.runSteps(machine.readRegister(14), steps);
    }
    return {
      engine: machine.engine,
      completed,
      steps,
      outputs: completed ? bound.plan.outputs.map((port) => this.readTensor(port.tensor)) : [],
      invoke: difference(machine.counters(), startUp),
      startUp,
      ...this.memoryProfile(),
      problems: this.problems,
    };
  }

  /** Stops at the entry of every step in turn, then at `returnAddress`. True when all ran. */
  private runSteps(returnAddress: number, profiles: StepProfile[]): boolean {
    const { machine } = this;
    const { bound, elf, onStep, onStop } = this.input;
    const { steps } = bound.plan;
    const functions = stepFunctions(bound);
    const order = executedSteps(bound.plan, this.input.inputs);
    const entryOf = (index: number | undefined): number =>
      index === undefined
        ? returnAddress & ~1
        : requireSymbol(elf, stepFunction(functions[index]!, this.prefix)).address;
    let before = machine.counters();
    if (!this.reached(machine.runUntil(entryOf(order[0]), BUDGET_BASE), {})) return false;
    onStop?.(machine, -1);
    for (const [at, index] of order.entries()) {
      const place = { step: index, layer: steps[index]!.name };
      const stop = machine.runUntil(entryOf(order[at + 1]), this.budgetOf(index));
      const marks = this.watch.take();
      for (const stray of this.watch.strayWrites(marks, index)) {
        this.problems.push(problemOfStray(stray, this.context(place), this.input.board.sram.origin));
      }
      if (!this.reached(stop, place)) return false;
      const after = machine.counters();
      const output = this.readTensor(steps[index]!.output);
      profiles.push({ index, name: place.layer, output, ...difference(after, before) });
      before = after;
      onStop?.(machine, index);
      onStep?.(at + 1, order.length);
    }
    return true;
  }

  private reached(stop: StopReason, place: { readonly layer?: string; readonly step?: number }): boolean {
    if (stop.kind === 'reached') return true;
    const context = this.context(place);
    if (stop.kind === 'fault') {
      this.problems.push(problemOfFault(stop.fault, context));
    } else {
      const message = `the firmware ended by itself with status ${stop.status}`;
      this.problems.push({ kind: 'fault', ...place, address: this.machine.readRegister(15), message });
    }
    return false;
  }

  private context(place: { readonly layer?: string; readonly step?: number }): ProblemContext {
    const { origin } = this.input.board.sram;
    const { arena } = this.places;
    return {
      elf: this.input.elf,
      arenaStart: origin + arena.start,
      arenaEnd: origin + arena.end,
      stackLimit: this.stackLimit,
      ...place,
    };
  }

  private budgetOf(index: number): number {
    const { plan } = this.input.bound;
    const step = plan.steps[index]!;
    const elements = [...step.inputs, step.output].map((id) =>
      plan.tensors[id]!.shape.reduce((a, b) => a * b, 1),
    );
    const operations = stepMacs(step, plan) + elements.reduce((a, b) => a + b, 0);
    return BUDGET_BASE + BUDGET_PER_OPERATION * operations;
  }

  private findPlaces(): SramPlaces {
    const { elf, board } = this.input;
    const { origin, bytes } = board.sram;
    const arena = requireSymbol(elf, `${this.prefix}_arena`);
    const range = (address: number, length: number): ByteRange => ({
      start: address - origin,
      end: address - origin + length,
    });
    const statics = elf.sections
      .filter(
        ({ allocated, writable, address }) =>
          allocated && writable && address >= origin && address < origin + bytes,
      )
      .filter(({ name }) => name === '.data' || name === '.bss')
      .map(({ address, size }) => range(address, size));
    return {
      stack: range(this.stackLimit, this.stackTop - this.stackLimit),
      arena: range(arena.address, arena.size),
      statics,
    };
  }

  private writeInputs(): void {
    const { plan } = this.input.bound;
    plan.inputs.forEach((port, index) => {
      const bytes = this.input.inputs[index];
      const expected = tensorBytes(plan.tensors[port.tensor]!);
      if (bytes === undefined || bytes.length !== expected) {
        throw badInput('emulate/input', 'an input has the wrong size', {
          where: port.name,
          found: bytes === undefined ? 'nothing' : `${bytes.length} bytes`,
          expected: `${expected} bytes`,
        });
      }
      if (port.tensor === streamedInput(plan)) {
        this.machine.write(STREAMED_INPUT_ADDRESS, bytes);
        return;
      }
      const place = this.placeOf(port.tensor);
      this.machine.write(this.arenaAddress(place.offset), bytes);
      const start = this.places.arena.start + place.offset;
      this.watch.ever.fill(1, start, start + place.bytes);
    });
  }

  /** Packed bytes, however the map is laid out. */
  private readTensor(id: number): Uint8Array {
    const place = this.placeOf(id);
    if (place.layout !== undefined) {
      const planes = this.machine.read(this.arenaAddress(place.offset), place.bytes);
      const { shape, bits } = this.input.bound.plan.tensors[id]!;
      return mapOfPlanes(planes, place.layout, shape, bits);
    }
    const ranges = rowRanges(this.input.bound, place).map(({ start, end }) =>
      this.machine.read(this.arenaAddress(start), end - start),
    );
    if (ranges.length === 1) return ranges[0]!;
    const bytes = new Uint8Array(place.bytes);
    ranges.reduce((at, row) => {
      bytes.set(row, at);
      return at + row.length;
    }, 0);
    return bytes;
  }

  private placeOf(id: number): BoundTensor {
    const place = this.placed.get(id);
    if (place !== undefined) return place;
    throw badInput('emulate/input', 'the bound plan gives a tensor no place', { where: `tensor ${id}` });
  }

  private arenaAddress(offset: number): number {
    return this.input.board.sram.origin + this.places.arena.start + offset;
  }

  private memoryProfile(): Pick<EmulationResult, 'stack' | 'arenaBytes' | 'staticBytes' | 'written'> {
    const { elf, board } = this.input;
    const { arena, stack, statics } = this.places;
    this.watch.take();
    const reservedBytes = this.stackTop - this.stackLimit;
    const painted = this.machine.read(this.stackLimit, reservedBytes);
    const count = ({ start, end }: ByteRange): number =>
      this.watch.ever.subarray(start, end).reduce((sum, mark) => sum + mark, 0);
    return {
      stack: {
        reservedBytes,
        usedBytes: this.stackTop - this.machine.lowestStackPointer(),
        paintedBytes: paintedStackBytes(painted),
      },
      arenaBytes: this.watch.ever.subarray(arena.start, arena.end).lastIndexOf(1) + 1,
      staticBytes: statics.reduce((sum, range) => sum + count(range), 0),
      written: attributeWrites(this.watch.ever, sramObjects(elf, board, stack), board.sram.origin),
    };
  }
}

const difference = (after: Counters, before: Counters): Counters => ({
  instructions: after.instructions - before.instructions,
  cycles: after.cycles - before.cycles,
});
