/** The stage emulate on the keyword-spotting firmware as generated, and with planted faults. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bind } from '../../../src/bind/bind.js';
import { createNodeHost } from '../../../src/cli/node-host.js';
import { emitProject } from '../../../src/codegen/emit-project.js';
import { buildFirmware } from '../../../src/compile/build.js';
import { elfMemoryUse, readElf } from '../../../src/compile/read-elf.js';
import { findToolchain } from '../../../src/compile/toolchain.js';
import { ENGINES, type EngineId } from '../../../src/emulate/engines.js';
import { type EmulationResult, emulateNetwork } from '../../../src/emulate/layer-profile.js';
import type { BoundPlan } from '../../../src/ir/bound-plan.js';
import type { DeployPlan } from '../../../src/ir/deploy-plan.js';
import type { ElfImage } from '../../../src/ir/elf-image.js';
import { planModel } from '../../../src/pipeline.js';
import { createWasmEngine } from '../../../src/simulate/wasm-engine.js';
import { createRandom } from '../../../src/support/random.js';
import { type Board, coreOf, findBoard } from '../../../src/targets/index.js';
import { FIXTURES } from '../../support/paths.js';

const SEED = 20260;
const MODEL = `${FIXTURES}kws/kws_dscnn_int8.tflite`;
const STEP = 4;
const host = createNodeHost();
const board = findBoard('l4r5zi')!;
let plan: DeployPlan;
let bound: BoundPlan;
let inputs: readonly Uint8Array[];
const images = new Map<string, Promise<ElfImage>>();

beforeAll(async () => {
  ({ plan } = await planModel(host, MODEL, {}));
  bound = bind(plan, { core: board.core, feature: coreOf(board.core).feature });
  const random = createRandom(SEED);
  inputs = plan.inputs.map(({ tensor }) =>
    Uint8Array.from({ length: bound.tensors.find((place) => place.tensor === tensor)!.bytes }, () =>
      random.integer(0, 255),
    ),
  );
});
afterAll(() => host.cleanUp());

interface Planted {
  readonly board?: Board;
  readonly stackBytes?: number;
  /** Changes network.c. */
  readonly edit?: (source: string) => string;
}

/** Builds the firmware, with what is planted; the same fault is built once for all engines. */
function build(name: string, planted: Planted = {}): Promise<ElfImage> {
  const make = async (): Promise<ElfImage> => {
    const { stackBytes } = planted;
    const files = new Map(
      emitProject(bound, planted.board ?? board, stackBytes === undefined ? {} : { stackBytes }),
    );
    const source = files.get('quantmcu/network.c')!;
    const edited = planted.edit?.(source) ?? source;
    if (planted.edit !== undefined && edited === source) throw new Error('nothing was planted');
    files.set('quantmcu/network.c', edited);
    const { elf } = await buildFirmware(host, files, {
      core: coreOf((planted.board ?? board).core),
      toolchain: await findToolchain(host),
    });
    return readElf(elf);
  };
  if (!images.has(name)) images.set(name, make());
  return images.get(name)!;
}

/** Edits the function of one step. */
const inStep =
  (index: number, edit: (body: string) => string) =>
  (source: string): string => {
    const start = source.indexOf(`quantmcu_step_${String(index).padStart(3, '0')}(void) {`);
    const end = source.indexOf('\n}', start);
    return source.slice(0, start) + edit(source.slice(start, end)) + source.slice(end);
  };

/** Lets a step write its output `bytes` further on in the arena than the plan says. */
const shiftOutput = (index: number, bytes: number) =>
  inStep(index, (body) => {
    const { offset } = bound.tensors.find(({ tensor }) => tensor === plan.steps[index]!.output)!;
    const call = body.lastIndexOf(`AT(${offset})`);
    return `${body.slice(0, call)}AT(${offset + bytes})${body.slice(call + `AT(${offset})`.length)}`;
  });

const insert = (index: number, statement: string) => inStep(index, (body) => `${body}\n  ${statement}`);

describe.each(Object.keys(ENGINES) as EngineId[])(
  'emulateNetwork on %s (skipped where it is not installed)',
  (engine) => {
    const missing = ENGINES[engine].unavailable();
    const test = it.skipIf(missing !== '');
    const run = (elf: ElfImage, onBoard: Board = board): EmulationResult =>
      emulateNetwork({ elf, bound, board: onBoard, inputs, createMachine: ENGINES[engine].create });

    test('reads every feature map as the simulation computes it', async () => {
      const result = run(await build('plain'));
      expect(result).toMatchObject({ engine, completed: true, problems: [] });
      const expected: Uint8Array[] = [];
      const network = await createWasmEngine().load(plan);
      const outputs = network.run(inputs, (index, _tensor, bytes) => {
        expected[index] = bytes;
      });
      expect(result.steps.map(({ name }) => name)).toEqual(plan.steps.map(({ name }) => name));
      for (const step of result.steps) expect(step.output, step.name).toEqual(expected[step.index]);
      expect(result.outputs).toEqual(outputs);
    });

    test('counts cycles step by step', async () => {
      const { steps, invoke, startUp } = run(await build('plain'));
      const total = steps.reduce((sum, { cycles }) => sum + cycles, 0);
      expect(total).toBeGreaterThan(2.6e6); // at least one cycle per multiply-accumulate
      // between the steps stand only the calls themselves
      expect(invoke.cycles - total).toBeGreaterThanOrEqual(0);
      expect(invoke.cycles - total).toBeLessThan(100);
      for (const { cycles, instructions } of [...steps, invoke, startUp]) {
        expect(cycles).toBeGreaterThanOrEqual(instructions);
      }
    });

    test('measures the arena as planned, static memory as in the ELF, and paint at most as SP tells', async () => {
      const elf = await build('plain');
      const { arenaBytes, staticBytes, stack, written } = run(elf);
      expect(arenaBytes).toBe(bound.arenaBytes);
      expect(arenaBytes + staticBytes).toBe(elfMemoryUse(elf).staticSramBytes);
      expect(stack.reservedBytes).toBe(4096);
      expect(stack.usedBytes).toBeGreaterThan(0);
      expect(stack.paintedBytes).toBeLessThanOrEqual(stack.usedBytes);
      expect(stack.paintedBytes).toBeGreaterThan(stack.usedBytes / 2);
      expect(written.map(({ name }) => name)).toEqual(['stack', 'quantmcu_arena']);
    });

    test('names a stack overflow and its layer', async () => {
      const elf = await build('small stack', { stackBytes: 96 });
      const { completed, problems, steps } = run(elf);
      expect(completed).toBe(false);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatchObject({ kind: 'stack_overflow', layer: plan.steps[steps.length]!.name });
      expect(problems[0]!.symbol).toMatch(/^\w+__(dsp|scalar)(_\w+)?$|^quantmcu_step/);
      expect(problems[0]!.message).toContain('stack overflow');
    });

    test('names a store below the stack, made through a pointer', async () => {
      const elf = await build('store below', {
        edit: insert(STEP, '*(volatile uint32_t *)0x1FFFFFF8u = 1;'),
      });
      const [problem] = run(elf).problems;
      expect(problem).toMatchObject({ kind: 'stack_overflow', step: STEP, address: 0x1ffffff8 });
    });

    test('names a step that writes outside its output within the arena', async () => {
      const outputOf = (index: number) =>
        bound.tensors.find(({ tensor }) => tensor === plan.steps[index]!.output)!;
      // A step whose scratch does not follow its output: that it may write.
      const shifted = bound.steps.findIndex(({ index, scratch }) => {
        const { offset, bytes } = outputOf(index);
        return index >= STEP && scratch !== null && Math.abs(scratch.offset - offset - bytes) > 4;
      });
      const { offset, bytes } = outputOf(shifted);
      const elf = await build('shifted', { edit: shiftOutput(shifted, 4) });
      const problem = run(elf).problems.find(({ step }) => step === shifted)!;
      const arena = elf.symbols.get('quantmcu_arena')!.address;
      expect(problem).toMatchObject({ kind: 'arena_overrun', layer: plan.steps[shifted]!.name });
      expect(problem.address).toBe(arena + offset + bytes);
      expect(problem.message).toMatch(/wrote 4 bytes .*from arena offset/);
    });

    test('names a step that writes behind the arena', async () => {
      const elf = await build('behind', {
        edit: insert(STEP, '((volatile uint8_t *)quantmcu_arena)[QUANTMCU_ARENA_BYTES + 2] = 1;'),
      });
      const { completed, problems } = run(elf);
      expect(completed).toBe(true);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatchObject({ kind: 'arena_overrun', step: STEP });
      expect(problems[0]!.message).toContain(
        `wrote 1 byte behind the arena of ${bound.arenaBytes} bytes, from arena offset ${bound.arenaBytes + 2}`,
      );
    });

    test('names an arena overrun that leaves memory', async () => {
      const page = 4096;
      const arenaBytes = Math.ceil(bound.arenaBytes / 8) * 8;
      const stackBytes = page * 2 - (arenaBytes % page);
      const full: Board = { ...board, sram: { ...board.sram, bytes: stackBytes + arenaBytes } };
      const elf = await build('leaves', {
        board: full,
        stackBytes,
        edit: insert(STEP, `((volatile uint8_t *)quantmcu_arena)[${arenaBytes}] = 1;`),
      });
      const { completed, problems } = run(elf, full);
      expect(completed).toBe(false);
      expect(problems[0]).toMatchObject({
        kind: 'arena_overrun',
        step: STEP,
        address: full.sram.origin + full.sram.bytes,
      });
    });

    test('names the function and layer of a fault', async () => {
      const elf = await build('fault', { edit: insert(STEP, '(void)*(volatile uint32_t *)0x60000000u;') });
      const { problems, steps } = run(elf);
      expect(steps).toHaveLength(STEP);
      expect(problems[0]).toMatchObject({
        kind: 'fault',
        layer: plan.steps[STEP]!.name,
        symbol: `quantmcu_step_${String(STEP).padStart(3, '0')}`,
        address: 0x60000000,
        fault: { kind: 'unmapped_access' },
      });
    });

    test('ends a step that hangs', async () => {
      const last = plan.steps.length - 1;
      const elf = await build('hang', {
        edit: insert(last, 'for (;;) __asm__ volatile("nop; nop; nop; nop");'),
      });
      expect(run(elf).problems[0]).toMatchObject({ step: last, fault: { kind: 'step_budget' } });
    });

    test('refuses inputs of the wrong size', async () => {
      const elf = await build('plain');
      const short = { elf, bound, board, inputs: [new Uint8Array(3)], createMachine: ENGINES[engine].create };
      expect(() => emulateNetwork(short)).toThrow(/found 3 bytes; expected 490 bytes/);
    });
  },
);

describe('engines', () => {
  const test = it.skipIf(ENGINES.unicorn.unavailable() !== '');

  test.each(['l4r5zi', 'f746', 'u575'])(
    'on %s agree on instructions and stack, and on cycles within a percent (needs libunicorn)',
    async (id) => {
      const target = findBoard(id)!;
      const elf = await build(id, { board: target });
      const [a, b] = (['unicorn', 'builtin'] as const).map((engine) =>
        emulateNetwork({ elf, bound, board: target, inputs, createMachine: ENGINES[engine].create }),
      );
      a!.steps.forEach((step, index) => {
        expect(b!.steps[index]!.instructions, step.name).toBe(step.instructions);
        expect(Math.abs(b!.steps[index]!.cycles / step.cycles - 1), step.name).toBeLessThan(0.01);
      });
      expect(a!.stack).toEqual(b!.stack);
      expect(a!.written).toEqual(b!.written);
    },
  );
});
