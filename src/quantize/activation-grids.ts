/** Width and grid of every feature map: the bit assignment, what must be shared, and the calibrated ranges. */
import type {
  FakeQuantization,
  FloatNetwork,
  MapQuantization,
  RegionalQuantization,
} from '../ir/float-network.js';
import type { BitAssignment, Ranges, StageClasses, TensorRange } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import { badInput } from '../support/errors.js';
import { type ChannelSource, withChannelFactors } from './channel-factors.js';
import { distinctTensors, tensorGroups } from './tensor-groups.js';
import { estimateGrid, gridOver, mergeHistograms, type RangeMethod } from './value-grids.js';

export interface StoredMap {
  readonly bits: Width;
  readonly grid: FakeQuantization;
  /**
   * Inside a patch stage: how the branches of every class store the map, and by region who computes it. `grid` is
   * then that of the class with the finest scale. All have the same channel scales, which weights have absorbed.
   */
  readonly byClass?: readonly StoredMap[];
  readonly regional?: readonly RegionalQuantization[];
}

/** How simulation rounds the map: where branches overlap, as the one that the pixel belongs to. */
export const mapQuantization = (map: StoredMap): MapQuantization => map.regional ?? map.grid;

/** The maps as branches of one class store them. */
export const classMaps = (stored: readonly StoredMap[], index: number): readonly StoredMap[] =>
  stored.map((map) => map.byClass?.[index] ?? map);

/** Maps that are stored alike: everywhere, or in the branches of one class. */
export interface StorageSite {
  readonly group: readonly number[];
  readonly ofClass?: number;
  readonly map: StoredMap;
}

/** Probabilities: TFLM's fixed scale 1/256 and zero point −128. */
const PROBABILITY: FakeQuantization = { scale: 1 / 256, zeroPoint: -128, min: -128, max: 127 };

export interface GridOptions {
  readonly method: RangeMethod;
  /** Sampled values of every tensor in a channel group: narrow maps get a factor per channel. */
  readonly channels?: ChannelSource;
  /** Maps inside the stage are stored by class. */
  readonly stage?: StageClasses;
}

/** One entry per tensor of the network, in its order. */
export function activationGrids(
  network: FloatNetwork,
  ranges: Ranges,
  assignment: BitAssignment,
  { method, channels, stage }: GridOptions,
): readonly StoredMap[] {
  requireMatchingRanges(network, ranges);
  requireKnownNames(network, assignment.activations, assignment.weights);
  const groups = tensorGroups(network);
  const free = new Set(stage === undefined ? [] : classGroups(network, groups, stage));
  const plain = groups.flatMap((group): StorageSite[] => {
    if (stage === undefined || !free.has(group))
      return [{ group, map: groupMap(network, ranges.tensors, assignment, method, group) }];
    return stage.classes.map((own, ofClass) => {
      const classRanges = ranges.tensors.map((range, id) => own.ranges.get(id) ?? range);
      const widths = { ...own, defaultWeightBits: assignment.defaultWeightBits, weights: {} };
      return { group, ofClass, map: groupMap(network, classRanges, widths, method, group) };
    });
  });
  if (stage !== undefined) for (const own of stage.classes) requireInside(network, own.activations, free);
  return toMaps(
    network,
    channels === undefined ? plain : withChannelFactors(network, plain, channels),
    stage,
  );
}

/** Groups of maps that every class may store in its own way: those that no layer outside the stage sees. */
export function classGroups(
  network: FloatNetwork,
  groups: readonly (readonly number[])[],
  { layers, output }: Pick<StageClasses, 'layers' | 'output'>,
): (readonly number[])[] {
  const inside = new Set(network.layers.slice(0, layers).map((layer) => layer.output));
  inside.delete(output);
  return groups.filter((group) => group.every((id) => inside.has(id)));
}

function toMaps(
  network: FloatNetwork,
  sites: readonly StorageSite[],
  stage: StageClasses | undefined,
): readonly StoredMap[] {
  const maps: StoredMap[] = [];
  const byGroup = new Map<readonly number[], StorageSite[]>();
  for (const site of sites) byGroup.set(site.group, [...(byGroup.get(site.group) ?? []), site]);
  for (const [group, own] of byGroup) {
    const byClass = own.map((site) => site.map);
    const finest = byClass.reduce((a, b) => (b.grid.scale < a.grid.scale ? b : a));
    for (const id of group) {
      const regional = stage?.classes.flatMap(({ owned }, ofClass) =>
        (owned.get(id) ?? []).map((region) => ({ region, grid: byClass[ofClass]?.grid ?? finest.grid })),
      );
      const isShared = own[0]!.ofClass === undefined || regional === undefined;
      maps[id] = isShared ? own[0]!.map : { ...finest, byClass, regional };
    }
  }
  return network.tensors.map(({ id }) => maps[id]!);
}

function groupMap(
  network: FloatNetwork,
  ranges: readonly TensorRange[],
  assignment: BitAssignment,
  method: RangeMethod,
  group: readonly number[],
): StoredMap {
  const fixed = fixedGrid(network, group);
  const input = network.inputs.some((port) => group.includes(port.tensor));
  const named = namedBits(network, assignment, group);
  if (input || fixed !== undefined || isEdge(network, group)) requireEightBits(network, group, named);
  if (fixed !== undefined) return { bits: 8, grid: fixed };
  const bits = named ?? (input || isOutput(network, group) ? 8 : assignment.defaultActivationBits);
  const members = distinctTensors(network, group).map((id) => ranges[id]!);
  const range = {
    min: Math.min(...members.map((t) => t.min)),
    max: Math.max(...members.map((t) => t.max)),
    histogram: mergeHistograms(members.map((t) => t.histogram)),
  };
  // Pixels stand on a grid of their own, which their extremes hit exactly and the least error may not.
  return { bits, grid: input ? gridOver(range.min, range.max, 8) : estimateGrid(range, bits, method) };
}

/** Groups of maps whose width is free: neither at an edge, nor scores, nor with a prescribed scale. */
export const narrowableGroups = (network: FloatNetwork): readonly (readonly number[])[] =>
  tensorGroups(network).filter(
    (group) =>
      !network.inputs.some((port) => group.includes(port.tensor)) &&
      !isOutput(network, group) &&
      fixedGrid(network, group) === undefined,
  );

/** Network outputs, and the scores that an output's softmax turns into probabilities. */
function isOutput(network: FloatNetwork, group: readonly number[]): boolean {
  const outputs = new Set(network.outputs.map((port) => port.tensor));
  const scores = network.layers
    .filter((l) => l.op === 'softmax' && outputs.has(l.output))
    .map((l) => l.inputs[0]!);
  return group.some((id) => outputs.has(id) || scores.includes(id));
}

/** Scales that the model file or the operator prescribes. */
function fixedGrid(network: FloatNetwork, group: readonly number[]): FakeQuantization | undefined {
  for (const port of [...network.inputs, ...network.outputs])
    if (group.includes(port.tensor) && port.quantization !== undefined)
      return { ...port.quantization, min: -128, max: 127 };
  const source = network.layers.find((layer) => group.includes(layer.output) && givesProbabilities(layer));
  return source === undefined ? undefined : PROBABILITY;
}

const givesProbabilities = (layer: FloatNetwork['layers'][number]): boolean =>
  layer.op === 'softmax' || (layer.op === 'pointwise' && layer.function === 'logistic');

const isEdge = (network: FloatNetwork, group: readonly number[]): boolean =>
  network.outputs.some((port) => group.includes(port.tensor));

function requireEightBits(network: FloatNetwork, group: readonly number[], named: Width | undefined): void {
  if (named === undefined || named === 8) return;
  throw badInput(
    'quantize/edge-width',
    'a map at an edge of the network, or with a fixed scale, stays at 8 bits',
    {
      where: group.map((id) => network.tensors[id]!.name).join(', '),
      found: `${named} bits`,
      fix: 'Leave it out of the bit assignment.',
    },
  );
}

/** The width that the assignment gives to a group by name; members must not contradict each other. */
function namedBits(
  network: FloatNetwork,
  assignment: BitAssignment,
  group: readonly number[],
): Width | undefined {
  const named = group
    .map((id) => network.tensors[id]!.name)
    .filter((name) => Object.hasOwn(assignment.activations, name));
  const widths = new Set(named.map((name) => assignment.activations[name]!));
  if (widths.size > 1)
    throw badInput('quantize/shared-width', 'feature maps that share one scale are given different widths', {
      where: named.join(', '),
      found: [...widths].join(' and '),
      fix: 'Give them the same width, or name only one of them.',
    });
  return [...widths][0];
}

function requireMatchingRanges(network: FloatNetwork, ranges: Ranges): void {
  const same =
    ranges.tensors.length === network.tensors.length &&
    ranges.tensors.every((range, id) => range.name === network.tensors[id]!.name);
  if (same) return;
  throw badInput('quantize/ranges', 'the calibrated ranges belong to another network', {
    where: network.name,
    found: `${ranges.network} with ${ranges.tensors.length} maps`,
    expected: `${network.tensors.length} maps`,
    fix: 'Calibrate this network again.',
  });
}

type Widths = Readonly<Record<string, Width>>;

function requireKnownNames(network: FloatNetwork, activations: Widths, weights: Widths): void {
  const tensors = new Set(network.tensors.map((tensor) => tensor.name));
  const layers = new Set(network.layers.map((layer) => layer.name));
  const unknown =
    Object.keys(activations).find((name) => !tensors.has(name)) ??
    Object.keys(weights).find((name) => !layers.has(name));
  if (unknown === undefined) return;
  throw badInput(
    'quantize/unknown-name',
    'the bit assignment names something that the network does not have',
    {
      where: network.name,
      found: unknown,
      expected: `names such as ${[...tensors].slice(0, 3).join(', ')}`,
    },
  );
}

function requireInside(
  network: FloatNetwork,
  activations: Widths,
  free: ReadonlySet<readonly number[]>,
): void {
  requireKnownNames(network, activations, {});
  const names = new Set([...free].flatMap((group) => group.map((id) => network.tensors[id]!.name)));
  const outside = Object.keys(activations).find((name) => !names.has(name));
  if (outside === undefined) return;
  throw badInput('quantize/class-width', 'a class of branches cannot choose the width of this map', {
    where: network.name,
    found: outside,
    expected: `maps inside the stage, such as ${[...names].slice(0, 3).join(', ')}`,
    fix: 'Give its width in the assignment of the whole network.',
  });
}
