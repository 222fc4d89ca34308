/** Argument records agree with their AssemblyScript classes; live tensors never overlap in the arena. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DeployPlan, PlanTensor, Step } from '../../../src/ir/deploy-plan.js';
import { placeActivations, RECORDS } from '../../../src/simulate/wasm-layout.js';
import { createRandom } from '../../../src/support/random.js';
import { ROOT } from '../../support/paths.js';

const SLACK = 32;

describe('argument records', () => {
  const source = readFileSync(`${ROOT}assembly/memory/arguments.ts`, 'utf8');
  const classes = [...source.matchAll(/^export class (\w+)Arguments \{$(.*?)^\}$/gms)];
  const fieldsOf = (body: string): string[] =>
    [...body.matchAll(/^ {2}(\w+): (?:usize|i32);$/gm)].map((match) => match[1]!);

  it('have the fields of the AssemblyScript classes in the same order', () => {
    const theirs = Object.fromEntries(classes.map(([, name, body]) => [name, fieldsOf(body!)]));
    expect(RECORDS).toEqual(theirs);
  });
});

/** A random chain with skip connections; only what the arena reads is filled in. */
function randomPlan(seed: number): DeployPlan {
  const random = createRandom(seed);
  const count = random.integer(3, 20);
  const tensors = Array.from({ length: count }, (_, id) => {
    const shape = [random.integer(1, 9), random.integer(1, 9), random.integer(1, 40)] as const;
    return { id, name: `t${id}`, shape, bits: 8, scale: 1, zeroPoint: 0 } satisfies PlanTensor;
  });
  const steps = tensors.slice(1).map(({ id }) => {
    const inputs = [id - 1, random.integer(0, id - 1)];
    const op = random.integer(0, 4) === 0 ? 'reshape' : 'add';
    return {
      op,
      name: `s${id}`,
      inputs: op === 'reshape' ? [id - 1] : inputs,
      output: id,
    } as unknown as Step;
  });
  const port = (tensor: number) => ({ name: `t${tensor}`, tensor, dtype: 'int8' }) as const;
  return { tensors, steps, inputs: [port(0)], outputs: [port(count - 1)] } as unknown as DeployPlan;
}

describe('placeActivations', () => {
  /** Simulates the run: every byte of the arena names the tensor that was written there last. */
  function check(plan: DeployPlan): void {
    const arena = placeActivations(plan, SLACK);
    const owner = new Int32Array(arena.bytes).fill(-1);
    const extent = (id: number): [number, number] => {
      const [h, w, c] = plan.tensors[id]!.shape;
      return [arena.offsets[id]!, arena.offsets[id]! + h * w * c];
    };
    const alias = plan.tensors.map((tensor) => tensor.id);
    const write = (id: number): void => void owner.fill(alias[id]!, extent(id)[0], extent(id)[1] + SLACK);
    const holds = (id: number): boolean => owner.subarray(...extent(id)).every((o) => o === alias[id]);
    write(plan.inputs[0]!.tensor);
    for (const step of plan.steps) {
      expect(step.inputs.every(holds), `inputs of ${step.name} are intact`).toBe(true);
      if (step.op === 'reshape') {
        alias[step.output] = alias[step.inputs[0]!]!;
        expect(arena.offsets[step.output]).toBe(arena.offsets[step.inputs[0]!]);
      } else {
        write(step.output);
        expect(step.inputs.every(holds), `${step.name} leaves its inputs intact`).toBe(true);
      }
    }
    expect(holds(plan.outputs[0]!.tensor), 'the output is intact').toBe(true);
  }

  it('keeps every tensor until its last reader', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const plan = randomPlan(seed);
      // A reshape may not change the element count; give aliases their source's shape.
      const tensors = plan.tensors.map((tensor) => ({ ...tensor }));
      for (const step of plan.steps) {
        if (step.op === 'reshape') tensors[step.output]!.shape = tensors[step.inputs[0]!]!.shape;
      }
      check({ ...plan, tensors });
    }
  });
});
