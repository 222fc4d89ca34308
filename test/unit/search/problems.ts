/** Small search problems: a chain of feature maps whose arena is its largest pair of neighbours. */
import type { Width } from '../../../src/numeric/widths.js';
import { bitOps, type SearchLayer, type SearchProblem } from '../../../src/search/problem.js';
import type { Random } from '../../../src/support/random.js';

export interface ChainMap {
  readonly elements: number;
  /** MACs of the layer that reads this map. */
  readonly macs: number;
  /** [Ω at 4 bits, Ω at 2 bits] and [noise at 4, noise at 2]. */
  readonly loss: readonly [number, number];
  readonly noise: readonly [number, number];
}

const WIDTHS: readonly Width[] = [8, 4, 2];

export function chainProblem(maps: readonly ChainMap[], sramBytes: number): SearchProblem {
  const layers: SearchLayer[] = maps.map((map, i) => ({
    name: `layer_${i}`,
    macs: map.macs,
    input: i,
    inputBits: 8,
    weights: -1,
    weightBits: 8,
  }));
  const bytes = (i: number, bits: Width): number => Math.ceil((maps[i]!.elements * bits) / 8);
  return {
    variables: maps.map((map, i) => ({
      name: `map_${i}`,
      kind: 'activation',
      candidates: WIDTHS,
      elements: map.elements,
    })),
    layers,
    figures: maps.map((map) =>
      WIDTHS.map((bits, j) => ({
        bits,
        entropyLoss: j === 0 ? 0 : map.loss[(j - 1) as 0 | 1],
        noise: j === 0 ? 0 : map.noise[(j - 1) as 0 | 1],
      })),
    ),
    arenaBytes: (assignment) =>
      Math.max(
        ...maps.map(
          (_, i) => bytes(i, assignment[i]!) + (i + 1 < maps.length ? bytes(i + 1, assignment[i + 1]!) : 0),
        ),
      ),
    sramBytes,
    cost: (assignment) => bitOps(layers, assignment),
  };
}

export function randomChain(random: Random, tightness: number): SearchProblem {
  const maps = Array.from({ length: random.integer(4, 8) }, (): ChainMap => {
    const loss4 = 0.2 + 0.4 * random.next();
    const noise4 = 10 ** (-4 + 2 * random.next());
    return {
      elements: random.integer(100, 4000),
      macs: random.integer(1000, 100_000),
      loss: [loss4, loss4 + (1 - loss4) * (0.3 + 0.5 * random.next())],
      noise: [noise4, noise4 * (4 + 20 * random.next())],
    };
  });
  const loose = chainProblem(maps, Number.POSITIVE_INFINITY);
  const widest = loose.arenaBytes(maps.map(() => 8));
  return { ...loose, sramBytes: Math.floor(widest * tightness) };
}

/** A chain of four maps whose layers' weights are free as well; memory does not bind. */
export function weightedChain(random: Random): SearchProblem {
  const chain = randomChain(random, 1);
  const maps = chain.variables.slice(0, 4);
  const layers = chain.layers.slice(0, 4).map((layer, i) => ({ ...layer, weights: 4 + i }));
  const noise = maps.map((_, i) =>
    chain.figures[i]!.map((f) => ({ ...f, noise: f.noise * (0.2 + random.next()) })),
  );
  return {
    ...chain,
    variables: [...maps, ...maps.map((map) => ({ ...map, name: `${map.name}_w`, kind: 'weights' as const }))],
    layers,
    figures: [...chain.figures.slice(0, 4), ...noise],
    arenaBytes: () => 0,
    cost: (assignment) => bitOps(layers, assignment),
  };
}
