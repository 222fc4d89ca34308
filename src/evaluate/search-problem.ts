/** Figures of a network + a stage + limits → the search problem: the real arena, and BitOPs with halos counted. */
import { measuredCosts } from '../bind/measure.js';
import { isWeighted } from '../ir/float-network.js';
import type { BitAssignment } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import {
  type Assignment,
  assignmentKey,
  bitOps,
  type SearchLayer,
  type SearchProblem,
  type SearchVariable,
} from '../search/problem.js';
import type { CycleTable } from './cycle-costs.js';
import type { NetworkFigures, WeightScope, WidthSite } from './search-figures.js';
import type { StagedSkeleton } from './search-skeleton.js';

/** `patch`: maps inside the stage alone, its output included. */
export type SearchScope = 'patch' | 'all';

export interface ProblemOptions {
  readonly scope: SearchScope;
  /** Layers of the stage. */
  readonly stageLayers: number;
  /** Figures of weights may be known and yet their widths be fixed. Default `auto`. */
  readonly weights?: WeightScope;
  /** Bytes that the arena may take. */
  readonly arenaBytes: number;
  /** The cost is cycles by this table; BitOPs when left out. */
  readonly cycles?: CycleTable;
}

export interface WidthProblem extends SearchProblem {
  /** Of the variables, in their order. */
  readonly sites: readonly WidthSite[];
  readonly skeleton: StagedSkeleton;
  readonly bitops: (assignment: Assignment) => number;
}

/** By site whether its width is searched. */
export const freeSites = (
  figures: NetworkFigures,
  { scope, weights, stageLayers }: Pick<ProblemOptions, 'scope' | 'weights' | 'stageLayers'>,
): readonly boolean[] =>
  figures.sites.map((site) => {
    const inScope = scope === 'all' || isInside(figures, site, stageLayers);
    return inScope && (site.kind === 'activation' || weights !== 'fixed');
  });

export function searchProblem(
  figures: NetworkFigures,
  skeleton: StagedSkeleton,
  options: ProblemOptions,
): WidthProblem {
  const { sites } = figures;
  const layers = problemLayers(figures, skeleton);
  const isFree = freeSites(figures, options);
  const variables = sites.map((site, at): SearchVariable => {
    const free = isFree[at];
    return { name: site.name, kind: site.kind, candidates: free ? [8, 4, 2] : [8], elements: site.elements };
  });
  const arenas = new Map<string, number>();
  const siteOf = new Map(
    sites.flatMap((site, at) =>
      site.kind === 'activation' ? site.tensors.map((id) => [id, at] as const) : [],
    ),
  );
  const weightsOf = new Map(
    sites.flatMap((site, at) => (site.kind === 'weights' ? [[site.layer, at] as const] : [])),
  );
  const plan = (assignment: Assignment) =>
    skeleton.withWidths({
      tensor: (id) => widthAt(assignment, siteOf.get(id)),
      weights: (layer) => widthAt(assignment, weightsOf.get(layer)),
    });
  const arenaBytes = (assignment: Assignment): number => {
    const key = assignmentKey(assignment);
    const known = arenas.get(key);
    if (known !== undefined) return known;
    const sized = plan(assignment);
    const bound = Math.max(...measuredCosts.liveBytes(sized));
    const bytes =
      bound > options.arenaBytes ? bound : measuredCosts.memory(sized, options.arenaBytes).arenaBytes;
    arenas.set(key, bytes);
    return bytes;
  };
  return {
    ...{ variables, layers, sites, skeleton, arenaBytes },
    figures: figures.figures.map((row, i) => row.slice(0, variables[i]!.candidates.length)),
    sramBytes: options.arenaBytes,
    bitops: (assignment) => bitOps(layers, assignment),
    cost: costOf(figures, layers, options.cycles),
    ...(options.cycles === undefined ? {} : { coupled: layerVariables(layers, variables) }),
    baseNoise: figures.baseNoise,
    peakVariables: (assignment) => {
      const tensors = skeleton.peakTensors(plan(assignment));
      return [...new Set([...tensors].flatMap((id) => siteOf.get(id) ?? []))].sort((a, b) => a - b);
    },
  };
}

function costOf(
  { network, sites }: NetworkFigures,
  layers: readonly SearchLayer[],
  cycles: CycleTable | undefined,
): (assignment: Assignment) => number {
  if (cycles === undefined) return (assignment) => bitOps(layers, assignment);
  const reads = network.layers.map((layer, index) => ({
    input: sites.findIndex((s) => s.kind === 'activation' && s.tensors.includes(layer.inputs[0]!)),
    weights: sites.findIndex((s) => s.kind === 'weights' && s.layer === index),
  }));
  const widthOf = (assignment: Assignment, site: number): Width => (site < 0 ? 8 : assignment[site]!);
  return (assignment) =>
    reads.reduce(
      (sum, { input, weights }, layer) =>
        sum + cycles.layer(layer, widthOf(assignment, input), widthOf(assignment, weights)),
      cycles.moves,
    );
}

/** Of every layer both of whose widths are free. */
const layerVariables = (layers: readonly SearchLayer[], variables: readonly SearchVariable[]) =>
  layers
    .map(({ input, weights }) => [input, weights])
    .filter((pair) => pair.every((at) => at >= 0 && variables[at]!.candidates.length > 1));

const widthAt = (assignment: Assignment, variable: number | undefined): Width =>
  variable === undefined ? 8 : assignment[variable]!;

function isInside({ network }: NetworkFigures, site: WidthSite, stageLayers: number): boolean {
  if (site.kind === 'weights') return site.layer < stageLayers;
  const written = new Set(network.layers.slice(0, stageLayers).map((layer) => layer.output));
  return site.tensors.every((id) => written.has(id));
}

/** A layer that branches of both classes compute is two: one reads what is kept at 8 bits. */
function problemLayers({ network, sites }: NetworkFigures, skeleton: StagedSkeleton): SearchLayer[] {
  const all = skeleton.layerMacs(network.layers.length);
  const kept = skeleton.layerMacs(network.layers.length, (step) => skeleton.readsKept(step));
  return network.layers.flatMap((layer, index): SearchLayer[] => {
    if (!isWeighted(layer)) return [];
    const input = layer.inputs[0]!;
    const own: SearchLayer = {
      name: layer.name,
      macs: all[index]! - kept[index]!,
      input: sites.findIndex((site) => site.kind === 'activation' && site.tensors.includes(input)),
      inputBits: 8,
      weights: sites.findIndex((site) => site.kind === 'weights' && site.layer === index),
      weightBits: 8,
    };
    return kept[index] === 0 ? [own] : [own, { ...own, macs: kept[index]!, input: -1 }];
  });
}

/** The assignment as the quantiser takes it. */
export function bitAssignment({ sites }: Pick<WidthProblem, 'sites'>, assignment: Assignment): BitAssignment {
  const named = (kind: WidthSite['kind']): Record<string, Width> =>
    Object.fromEntries(
      sites.flatMap((site, i) => (site.kind === kind ? [[site.name, assignment[i]!] as const] : [])),
    );
  return {
    defaultActivationBits: 8,
    defaultWeightBits: 8,
    activations: named('activation'),
    weights: named('weights'),
  };
}
