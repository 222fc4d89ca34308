/** Width and grid of every feature map: the bit assignment, what must be shared, and the calibrated ranges. */
import type { FakeQuantization, FloatNetwork } from '../ir/float-network.js';
import type { BitAssignment, Ranges } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import { badInput } from '../support/errors.js';
import { channelGroups } from './channel-groups.js';
import type { ChannelSamples } from './channel-samples.js';
import { channelwiseGrid, gridWithFactors, sharedFactors } from './channel-scales.js';
import { distinctTensors, tensorGroups } from './tensor-groups.js';
import { estimateGrid, gridOver, mergeHistograms, type RangeMethod } from './value-grids.js';

export interface StoredMap {
  readonly bits: Width;
  readonly grid: FakeQuantization;
}

/** Probabilities: TFLM's fixed scale 1/256 and zero point −128. */
const PROBABILITY: FakeQuantization = { scale: 1 / 256, zeroPoint: -128, min: -128, max: 127 };

/**
 * One entry per tensor of the network, in its order. With `channels` (sampled values of every tensor in a channel
 * group) narrow maps get a factor per channel.
 */
export function activationGrids(
  network: FloatNetwork,
  ranges: Ranges,
  assignment: BitAssignment,
  method: RangeMethod,
  channels?: readonly (ChannelSamples | undefined)[],
): readonly StoredMap[] {
  requireMatchingRanges(network, ranges);
  requireKnownNames(network, assignment);
  const maps: StoredMap[] = [];
  for (const group of tensorGroups(network)) {
    const map = groupMap(network, ranges, assignment, method, group);
    for (const id of group) maps[id] = map;
  }
  if (channels !== undefined) applyChannelFactors(network, maps, channels);
  return maps;
}

/** Widths that gain from factors; at 8 bits a scale per tensor costs next to nothing. */
const WIDEST_WITH_FACTORS: Width = 4;

function applyChannelFactors(
  network: FloatNetwork,
  maps: StoredMap[],
  channels: readonly (ChannelSamples | undefined)[],
): void {
  const storage = tensorGroups(network);
  for (const group of channelGroups(network)) {
    const narrow = group.filter((id) => maps[id]!.bits <= WIDEST_WITH_FACTORS);
    if (narrow.length === 0) continue;
    const factors = sharedFactors(narrow.map((id) => channelwiseGrid(channels[id]!, maps[id]!.bits).scales));
    for (const shared of storage.filter((ids) => ids.some((id) => group.includes(id)))) {
      const { bits } = maps[shared[0]!]!;
      const samples = mergeSamples(distinctTensors(network, shared).map((id) => channels[id]!));
      const grid = gridWithFactors(samples, factors, bits);
      const ceiling = lowestCeiling(network, shared);
      for (const id of shared) maps[id] = { bits, grid: underCeiling(grid, ceiling) };
    }
  }
}

function mergeSamples(parts: readonly ChannelSamples[]): ChannelSamples {
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.values.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    at += part.values.length;
  }
  const { channels } = parts[0]!;
  return { channels, rows: values.length / channels, values };
}

/** Upper bound of the activations that write these maps. */
const lowestCeiling = (network: FloatNetwork, tensors: readonly number[]): number =>
  Math.min(
    Number.POSITIVE_INFINITY,
    ...network.layers.map((layer) =>
      'bounds' in layer && tensors.includes(layer.output) ? layer.bounds.max : Number.POSITIVE_INFINITY,
    ),
  );

/** No channel's grid passes the activation's bound, so that saturation does the bound's work. */
function underCeiling(grid: FakeQuantization, ceiling: number): FakeQuantization {
  const top = grid.scale * (grid.max - grid.zeroPoint);
  if (ceiling === Number.POSITIVE_INFINITY || grid.channelScales === undefined) return grid;
  return { ...grid, channelScales: grid.channelScales.map((factor) => Math.min(factor, ceiling / top)) };
}

function groupMap(
  network: FloatNetwork,
  ranges: Ranges,
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
  const members = distinctTensors(network, group).map((id) => ranges.tensors[id]!);
  const range = {
    min: Math.min(...members.map((t) => t.min)),
    max: Math.max(...members.map((t) => t.max)),
    histogram: mergeHistograms(members.map((t) => t.histogram)),
  };
  // Pixels stand on a grid of their own, which their extremes hit exactly and the least error may not.
  return { bits, grid: input ? gridOver(range.min, range.max, 8) : estimateGrid(range, bits, method) };
}

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

function requireKnownNames(network: FloatNetwork, assignment: BitAssignment): void {
  const tensors = new Set(network.tensors.map((tensor) => tensor.name));
  const layers = new Set(network.layers.map((layer) => layer.name));
  const unknown =
    Object.keys(assignment.activations).find((name) => !tensors.has(name)) ??
    Object.keys(assignment.weights).find((name) => !layers.has(name));
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
