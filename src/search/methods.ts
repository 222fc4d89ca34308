/** THE list of search methods: each solves the same problem under the same goal. A new method is a line here. */
import { type IntegerSolver, integerProgram } from './integer-program.js';
import type { SearchMethod } from './problem.js';
import { evolutionary, exhaustive, greedy, memoryDriven, randomSearch, uniform } from './rivals.js';
import { vdqsAdjacent, vdqsEntropy, vdqsNoise } from './vdqs.js';

/** The paper's mixing factor. */
export const DEFAULT_LAMBDA = 0.5;

/** What some methods need besides the problem. */
export interface MethodNeeds {
  /** Of the paper's score. */
  readonly lambda: number;
  readonly integerSolver: IntegerSolver;
}

export interface MethodInfo {
  readonly summary: string;
  /** Chooses by the noise figures: other figures, other widths. */
  readonly readsNoise: boolean;
  readonly create: (needs: MethodNeeds) => SearchMethod;
}

export const SEARCH_METHODS = {
  vdqs: {
    summary: 'least logit noise within the limits (default)',
    readsNoise: true,
    create: () => vdqsNoise,
  },
  'vdqs-entropy': {
    summary: "the paper's score: entropy lost against BitOPs saved",
    readsNoise: false,
    create: (n) => vdqsEntropy(n.lambda),
  },
  'vdqs-adjacent': {
    summary: "the paper's score, memory of neighbouring maps only",
    readsNoise: false,
    create: (n) => vdqsAdjacent(n.lambda),
  },
  'uniform-a8w8': { summary: 'everything at 8 bits', readsNoise: false, create: () => uniform(8, 8) },
  'uniform-a4w8': { summary: 'all feature maps at 4 bits', readsNoise: false, create: () => uniform(4, 8) },
  'uniform-a8w4': { summary: 'all weights at 4 bits', readsNoise: false, create: () => uniform(8, 4) },
  'uniform-a4w4': {
    summary: 'feature maps and weights at 4 bits',
    readsNoise: false,
    create: () => uniform(4, 4),
  },
  'memory-driven': {
    summary: 'Rusci et al.: cut the largest tensors first',
    readsNoise: false,
    create: () => memoryDriven,
  },
  greedy: {
    summary: 'least measured noise per cost saved, step by step',
    readsNoise: true,
    create: () => greedy,
  },
  random: { summary: 'random widths, the best of many', readsNoise: true, create: () => randomSearch },
  evolutionary: { summary: 'a genetic search', readsNoise: true, create: () => evolutionary },
  'integer-program': {
    summary: 'least noise by an integer program (HiGHS)',
    readsNoise: true,
    create: ({ integerSolver }) => integerProgram(integerSolver),
  },
  exhaustive: {
    summary: 'every assignment; small problems only',
    readsNoise: true,
    create: () => exhaustive(),
  },
} as const satisfies Readonly<Record<string, MethodInfo>>;

export type SearchMethodName = keyof typeof SEARCH_METHODS;
export const SEARCH_METHOD_NAMES = Object.keys(SEARCH_METHODS) as readonly SearchMethodName[];
