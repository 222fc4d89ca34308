/** Plans quantised together: what each is by itself, and what they have in common is done once. */
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/calibrate/calibrate.js';
import { createFloatEngine } from '../../../src/evaluate/quantize-model.js';
import { isWeighted } from '../../../src/ir/float-network.js';
import { type BitAssignment, uniformAssignment } from '../../../src/ir/stage-data.js';
import { WIDTH_LIST } from '../../../src/numeric/widths.js';
import { narrowableGroups } from '../../../src/quantize/activation-grids.js';
import { walkPlans } from '../../../src/quantize/plan-tree.js';
import {
  DEFAULT_QUANTIZE_OPTIONS,
  quantizeAssignments,
  quantizeNetwork,
} from '../../../src/quantize/quantize.js';
import { everyOperator, randomSamples } from './random-graph.js';

describe('walked plans', () => {
  /** A plan is a word, a layer a letter; the state is what has been read. */
  const walk = (words: readonly string[]) => {
    const steps: string[] = [];
    const results = walkPlans<{ read: string }, string>({
      plans: words.length,
      layers: words[0]?.length ?? 0,
      keyOf: (plan, layer) => words[plan]![layer]!,
      start: () => ({ read: '' }),
      fork: ({ read }) => ({ read }),
      step(state, plan, layer) {
        state.read += words[plan]![layer]!;
        steps.push(state.read);
        return state.read;
      },
    });
    return { steps, results };
  };
  const prefixes = (word: string): string[] => Array.from(word, (_, i) => word.slice(0, i + 1));

  it.each([
    [['abcd']],
    [['aaaa', 'abaa', 'aaba', 'aaab']],
    [['aaba', 'aaaa', 'caaa', 'aabb', 'aaba', 'cbaa']],
    [['ab', 'cd', 'ad', 'cb']],
  ])('%j have what each has alone, by a step for every different beginning', (words) => {
    const { steps, results } = walk(words);
    expect(results).toEqual(words.map(prefixes));
    const beginnings = [...new Set(words.flatMap(prefixes))];
    expect([...steps].sort()).toEqual(beginnings.sort());
  });

  it('are none where there is none', () => {
    expect(walk([])).toEqual({ steps: [], results: [] });
  });
});

describe('quantised plans', () => {
  const network = everyOperator(1);
  const samples = randomSamples(2, 24);
  const wide = uniformAssignment(8, 8);
  const weights = network.layers.filter((layer) => isWeighted(layer)).map(({ name }) => name);
  const assignments: BitAssignment[] = [
    ...WIDTH_LIST.flatMap((a) => WIDTH_LIST.map((w) => uniformAssignment(a, w))),
    ...weights.map((name) => ({ ...wide, weights: { [name]: 2 as const } })),
    ...narrowableGroups(network).map(([id]) => ({
      ...{ ...wide, activations: { [network.tensors[id!]!.name]: 2 as const } },
    })),
  ];

  it.each(['auto', 'sequential'] as const)('(%s) are what each is alone', async (kind) => {
    const ranges = await calibrate(network, samples);
    const options = { ...DEFAULT_QUANTIZE_OPTIONS, reconstruction: { kind } };
    const together = quantizeAssignments(network, ranges, assignments, samples, createFloatEngine(), options);
    const alone = assignments.map((assignment) =>
      quantizeNetwork(network, ranges, assignment, samples, createFloatEngine(), options),
    );
    expect(together).toEqual(alone);
    const bytes = alone.map(
      ({ plan: { tensors, weights: own } }) => `${JSON.stringify(tensors)} ${own.join()}`,
    );
    expect(new Set(bytes).size).toBe(assignments.length);
    // Some are quiet without refitting, others are refitted.
    const ways = new Set(
      alone.map(({ reconstruction, trials }) => `${reconstruction.kind} ${trials.length}`),
    );
    expect(ways.size > 1).toBe(kind === 'auto');
  });
});
