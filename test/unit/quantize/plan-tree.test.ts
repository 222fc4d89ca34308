/** Plans quantised together: what each is by itself, and what they have in common is done once. */
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/calibrate/calibrate.js';
import { createFloatEngine } from '../../../src/evaluate/quantize-model.js';
import { type FloatNetwork, isWeighted } from '../../../src/ir/float-network.js';
import { type BitAssignment, uniformAssignment } from '../../../src/ir/stage-data.js';
import { WIDTH_LIST } from '../../../src/numeric/widths.js';
import { narrowableGroups } from '../../../src/quantize/activation-grids.js';
import { walkPlans } from '../../../src/quantize/plan-tree.js';
import {
  DEFAULT_QUANTIZE_OPTIONS,
  quantizeAssignments,
  quantizeNetwork,
} from '../../../src/quantize/quantize.js';
import { concatenated, everyOperator, randomSamples } from './random-graph.js';

describe('walked plans', () => {
  /** A plan is a word, a layer a letter; the state is what has been read. */
  const walk = (words: readonly string[]) => {
    const steps: string[] = [];
    let [states, most] = [1, 1];
    const results = walkPlans<{ read: string }, string>({
      plans: words.length,
      layers: words[0]?.length ?? 0,
      keyOf: (plan, layer) => words[plan]![layer]!,
      start: () => ({ read: '' }),
      fork({ read }) {
        most = Math.max(most, ++states);
        return { read };
      },
      step(state, plan, layer) {
        state.read += words[plan]![layer]!;
        steps.push(state.read);
        // Nothing goes on from here.
        if (layer === words[plan]!.length - 1) states--;
        return state.read;
      },
    });
    return { steps, results, most };
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
    expect(walk([])).toEqual({ steps: [], results: [], most: 1 });
  });

  it('hold two states where each leaves the others alone, in any order', () => {
    const words = ['aaaaaaa', 'baaaaaa', 'abaaaaa', 'aabaaaa', 'aaabaaa', 'aaaabaa', 'aaaaaba', 'aaaaaab'];
    for (const own of [words, words.toReversed(), words.toSorted()]) expect(walk(own).most).toBe(2);
  });

  it('hold 1 + log₂ of the plans where they part in halves', () => {
    const words = Array.from({ length: 16 }, (_, i) => i.toString(2).padStart(4, '0'));
    expect(walk(words).most).toBe(5);
  });
});

describe('quantised plans', () => {
  const samples = randomSamples(2, 24);
  const wide = uniformAssignment(8, 8);
  const assignmentsOf = (network: FloatNetwork): BitAssignment[] => [
    ...WIDTH_LIST.flatMap((a) => WIDTH_LIST.map((w) => uniformAssignment(a, w))),
    ...network.layers
      .filter((layer) => isWeighted(layer))
      .map(({ name }) => ({ ...wide, weights: { [name]: 2 as const } })),
    ...narrowableGroups(network).map(([id]) => ({
      ...{ ...wide, activations: { [network.tensors[id!]!.name]: 2 as const } },
    })),
  ];

  const networks = { everyOperator: everyOperator(1), concatenated: concatenated(5) };

  it.each([
    ['everyOperator', 'auto'],
    ['everyOperator', 'sequential'],
    // Maps of different numbers of channels have one scale.
    ['concatenated', 'sequential'],
  ] as const)('of %s (%s) are what each is alone', async (name, kind) => {
    const network = networks[name];
    const assignments = assignmentsOf(network);
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
    // Where all maps share a scale, its width and that of all are one.
    const same = name === 'concatenated' ? 1 : 0;
    expect(new Set(bytes).size).toBe(assignments.length - same);
    // Some are quiet without refitting, others are refitted.
    const ways = new Set(
      alone.map(({ reconstruction, trials }) => `${reconstruction.kind} ${trials.length}`),
    );
    expect(ways.size > 1).toBe(kind === 'auto');
  });
});
