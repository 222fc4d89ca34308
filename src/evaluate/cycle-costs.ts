/**
 * Cycles of every layer at every pair of widths, from emulating the network's own firmware once per pair: kernels,
 * shapes and pieces of the stage as they ship. A layer's output is as wide as its input there; a search mixes them.
 */
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { Width } from '../numeric/widths.js';
import type { NetworkFigures } from './search-figures.js';
import { expandStage, numberedPlan, type StageChoice, stepLayers } from './search-skeleton.js';

/** Cycles per step of a plan, from an emulated core; injected, so that a search runs on any core. */
export type CycleMeter = (plan: DeployPlan) => Promise<{ readonly steps: readonly number[] }>;

export interface CycleTable {
  /** Cycles of a layer, all its pieces together, when its input and its weights have these widths. */
  readonly layer: (layer: number, inputBits: Width, weightBits: Width) => number;
  /** Steps that move rows and patches. */
  readonly moves: number;
}

/** @param readsKept steps whose input stays at 8 bits whatever width its map has */
export async function cycleTable(
  figures: NetworkFigures,
  choice: StageChoice,
  measure: CycleMeter,
  onProgress?: (what: string, done?: number, total?: number) => void,
  readsKept: (step: number) => boolean = () => false,
): Promise<CycleTable> {
  const { network, storedAt, weights } = figures;
  const measured = new Map<string, readonly number[]>();
  const keptAt = new Map<string, readonly number[]>();
  let moves = 0;
  const pairs = [...storedAt.keys()].flatMap((a) => [...weights.keys()].map((w) => [a, w] as const));
  for (const [a, w] of pairs) {
    onProgress?.('emulating kernels', measured.size, pairs.length);
    const plan = expandStage(numberedPlan(network, storedAt.get(a)!, weights.get(w)!), choice);
    const { steps } = await measure(plan);
    const layerOf = stepLayers(plan);
    const [cycles, kept] = [network.layers.map(() => 0), network.layers.map(() => 0)];
    let moving = 0;
    steps.forEach((count, i) => {
      const layer = layerOf[i]!;
      const own = readsKept(i) ? kept : cycles;
      if (layer < 0) moving += count;
      else own[layer] = own[layer]! + count;
    });
    if (a === 8 && w === 8) moves = moving;
    measured.set(`${a}/${w}`, cycles);
    keptAt.set(`${a}/${w}`, kept);
  }
  return {
    layer: (layer, a, w) => measured.get(`${a}/${w}`)![layer]! + keptAt.get(`8/${w}`)![layer]!,
    moves,
  };
}
