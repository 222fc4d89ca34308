/** THE list of search methods: each solves the same problem under the same goal. A new method is a line here. */
import type { SearchMethod } from './problem.js';
import { evolutionary, exhaustive, greedy, memoryDriven, randomSearch, uniform } from './rivals.js';
import { vdqsAdjacent, vdqsEntropy, vdqsNoise } from './vdqs.js';

/** The paper's mixing factor. */
export const DEFAULT_LAMBDA = 0.5;

export interface MethodInfo {
  readonly summary: string;
  /** Made for a λ; methods without the score ignore it. */
  readonly create: (lambda: number) => SearchMethod;
}

export const SEARCH_METHODS = {
  vdqs: { summary: 'least logit noise within the limits (default)', create: () => vdqsNoise },
  'vdqs-entropy': { summary: "the paper's score: entropy lost against BitOPs saved", create: vdqsEntropy },
  'vdqs-adjacent': { summary: "the paper's score, memory of neighbouring maps only", create: vdqsAdjacent },
  'uniform-a4w8': { summary: 'all feature maps at 4 bits', create: () => uniform(4, 8) },
  'uniform-a8w4': { summary: 'all weights at 4 bits', create: () => uniform(8, 4) },
  'uniform-a4w4': { summary: 'feature maps and weights at 4 bits', create: () => uniform(4, 4) },
  'memory-driven': { summary: 'Rusci et al.: cut the largest tensors first', create: () => memoryDriven },
  greedy: { summary: 'least measured noise per cost saved, step by step', create: () => greedy },
  random: { summary: 'random widths, the best of many', create: () => randomSearch },
  evolutionary: { summary: 'a genetic search', create: () => evolutionary },
  exhaustive: { summary: 'every assignment; small problems only', create: () => exhaustive() },
} as const satisfies Readonly<Record<string, MethodInfo>>;

export type SearchMethodName = keyof typeof SEARCH_METHODS;
export const SEARCH_METHOD_NAMES = Object.keys(SEARCH_METHODS) as readonly SearchMethodName[];
