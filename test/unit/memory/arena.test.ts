/** The arena planner against a simulated memory that remembers which tensor every byte belongs to. */
import { describe, expect, it } from 'vitest';
import type { DeployPlan, PlanTensor, Step } from '../../../src/ir/deploy-plan.js';
import { ARENA_ALIGNMENT, type ArenaPlan, planArena } from '../../../src/memory/arena.js';
import type { StepMemory } from '../../../src/memory/lifetimes.js';
import { createRandom, type Random } from '../../../src/support/random.js';

const none: StepMemory = { scratchBytes: 0, inPlaceInputs: [], alias: false };

/** A plan of which only the shapes and the data flow matter. */
function planOf(
  bytes: readonly number[],
  steps: { inputs: number[]; output: number }[],
  outputs: number[],
): DeployPlan {
  const tensors = bytes.map(
    (size, id): PlanTensor => ({ id, name: `t${id}`, shape: [1, 1, size], bits: 8, scale: 1, zeroPoint: 0 }),
  );
  return {
    format: 'quantmcu-deploy-plan',
    version: 1,
    name: 'test',
    requantization: 'mulhi',
    tensors,
    steps: steps.map((step, i) => ({ op: 'reshape', name: `s${i}`, ...step }) satisfies Step),
    inputs: [{ name: 'in', tensor: 0, dtype: 'int8' }],
    outputs: outputs.map((tensor) => ({ name: 'out', tensor, dtype: 'int8' })),
    weights: new Uint8Array(0),
  };
}

/** Runs the plan on a memory of owners; returns what was overwritten while still needed. */
function clobbered(plan: DeployPlan, memory: readonly StepMemory[], arena: ArenaPlan): string[] {
  const owner = new Array<number>(arena.arenaBytes).fill(-1);
  const placed = new Map(arena.tensors.map((t) => [t.tensor, t]));
  const content = new Map<number, number>(); // tensor → whose value its bytes hold
  const problems: string[] = [];
  const write = (tensor: number, value: number): void => {
    const { offset, bytes } = placed.get(tensor)!;
    if (offset % ARENA_ALIGNMENT !== 0) problems.push(`t${tensor} is misaligned`);
    owner.fill(value, offset, offset + bytes);
    content.set(tensor, value);
  };
  const intact = (tensor: number): boolean => {
    const { offset, bytes } = placed.get(tensor)!;
    return owner.slice(offset, offset + bytes).every((id) => id === content.get(tensor));
  };
  for (const port of plan.inputs) write(port.tensor, port.tensor);
  plan.steps.forEach((step, time) => {
    for (const id of step.inputs) if (!intact(id)) problems.push(`step ${time}: t${id} was overwritten`);
    const scratch = arena.scratch[time];
    if (scratch) owner.fill(-2, scratch.offset, scratch.offset + scratch.bytes);
    for (const id of step.inputs) if (!intact(id)) problems.push(`step ${time}: scratch hits t${id}`);
    if (memory[time]!.alias) {
      content.set(step.output, content.get(step.inputs[0]!)!);
      if (!intact(step.output)) problems.push(`step ${time}: the alias stands elsewhere`);
      return;
    }
    const before = step.inputs.map((id) => placed.get(id)!);
    write(step.output, step.output);
    const out = placed.get(step.output)!;
    before.forEach((range, position) => {
      const meets = range.offset < out.offset + out.bytes && out.offset < range.offset + range.bytes;
      if (meets && !(memory[time]!.inPlaceInputs.includes(position) && range.offset === out.offset))
        problems.push(`step ${time}: output meets input ${position}`);
    });
    if (scratch && owner.slice(scratch.offset, scratch.offset + scratch.bytes).some((id) => id !== -2))
      problems.push(`step ${time}: output meets scratch`);
  });
  for (const port of plan.outputs)
    if (!intact(port.tensor)) problems.push(`output t${port.tensor} was overwritten`);
  return problems;
}

function randomCase(random: Random): { plan: DeployPlan; memory: StepMemory[] } {
  const count = random.integer(1, 14);
  const bytes = [random.integer(1, 400)];
  const memory: StepMemory[] = [];
  const steps = Array.from({ length: count }, (_, i) => {
    const inputs = Array.from({ length: random.integer(1, 2) }, () => Math.max(0, i - random.integer(0, 3)));
    const kind = random.integer(0, 3);
    const alias = kind === 0;
    bytes.push(kind <= 1 ? bytes[inputs[0]!]! : random.integer(1, 400));
    memory.push({
      alias,
      inPlaceInputs: kind === 1 ? inputs.flatMap((id, at) => (bytes[id] === bytes[i + 1] ? [at] : [])) : [],
      scratchBytes: alias ? 0 : random.pick([0, 0, random.integer(1, 100)]),
    });
    return { inputs: alias ? [inputs[0]!] : inputs, output: i + 1 };
  });
  return { plan: planOf(bytes, steps, [count]), memory };
}

describe('the arena planner', () => {
  it('never overwrites what is needed, on 500 random networks', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const { plan, memory } = randomCase(createRandom(seed));
      const arena = planArena(plan, memory);
      expect(clobbered(plan, memory, arena), `seed ${seed}`).toEqual([]);
      expect(arena.lowerBoundBytes, `seed ${seed}`).toBeLessThanOrEqual(arena.arenaBytes);
    }
  });

  it('is close to the lower bound on random networks', () => {
    let [planned, bound] = [0, 0];
    for (let seed = 1000; seed < 1200; seed++) {
      const { plan, memory } = randomCase(createRandom(seed));
      const arena = planArena(plan, memory);
      planned += arena.arenaBytes;
      bound += arena.lowerBoundBytes;
    }
    expect(planned / bound).toBeLessThan(1.05);
  });

  it('sums what is live at the worst step of a chain', () => {
    // 100 → 40 → 60 → 8: worst is 100 + 40, or 40 + 60 + scratch 30.
    const plan = planOf([100, 40, 60, 8], chain(3), [3]);
    expect(planArena(plan, [none, none, none])).toMatchObject({
      arenaBytes: 140,
      lowerBoundBytes: 140,
      peakStep: 0,
    });
    expect(planArena(plan, [none, { ...none, scratchBytes: 45 }, none])).toMatchObject({
      lowerBoundBytes: 145,
      peakStep: 1,
    });
  });

  it('counts both operands of a residual addition, and merges the sum into one of them', () => {
    const steps = [
      { inputs: [0], output: 1 },
      { inputs: [1], output: 2 },
      { inputs: [2, 1], output: 3 },
    ];
    const plan = planOf([16, 16, 16, 16], steps, [3]);
    const add = { ...none, inPlaceInputs: [0, 1] };
    expect(planArena(plan, [none, none, add]).arenaBytes).toBe(32);
    expect(planArena(plan, [none, none, none]).arenaBytes).toBe(48);
  });

  it('keeps an input that is read later, although the step could work in place', () => {
    const steps = [
      { inputs: [0], output: 1 },
      { inputs: [0, 1], output: 2 },
    ];
    const plan = planOf([20, 20, 20], steps, [2]);
    const arena = planArena(plan, [{ ...none, inPlaceInputs: [0] }, none]);
    expect(arena.arenaBytes).toBe(60);
    expect(arena.tensors[1]!.shares).toBeUndefined();
  });

  it('gives an alias no bytes of its own, and protects its source while the alias lives', () => {
    const steps = [
      { inputs: [0], output: 1 },
      { inputs: [0], output: 2 },
      { inputs: [1, 2], output: 3 },
    ];
    const plan = planOf([24, 24, 24, 24], steps, [3]);
    const memory = [{ ...none, alias: true }, { ...none, inPlaceInputs: [0] }, none];
    const arena = planArena(plan, memory);
    expect(arena.tensors[1]).toMatchObject({ offset: arena.tensors[0]!.offset, shares: { reason: 'alias' } });
    expect(arena.tensors[2]!.shares).toBeUndefined();
    expect(clobbered(plan, memory, arena)).toEqual([]);
  });

  it('is exact: no byte past the last one used', () => {
    expect(planArena(planOf([7, 3], chain(1), [1]), [none]).arenaBytes).toBe(8 + 3);
  });
});

const chain = (steps: number): { inputs: number[]; output: number }[] =>
  Array.from({ length: steps }, (_, i) => ({ inputs: [i], output: i + 1 }));
