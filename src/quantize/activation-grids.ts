/** Width and grid of every feature map: the bit assignment, what must be shared, and the calibrated ranges. */
import type { FakeQuantization, FloatNetwork } from '../ir/float-network.js';
import type { BitAssignment, Ranges } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import { badInput } from '../support/errors.js';
import { distinctTensors, tensorGroups } from './tensor-groups.js';
import { estimateGrid, gridOver, mergeHistograms, type RangeMethod } from './value-grids.js';

export interface StoredMap {
  readonly bits: Width;
  readonly grid: FakeQuantization;
}

/** Probabilities: TFLM's fixed scale 1/256 and zero point −128. */
const PROBABILITY: FakeQuantization = { scale: 1 / 256, zeroPoint: -128, min: -128, max: 127 };

/** One entry per tensor of the network, in its order. */
export function activationGrids(
  network: FloatNetwork,
  ranges: Ranges,
  assignment: BitAssignment,
  method: RangeMethod,
): readonly StoredMap[] {
  requireMatchingRanges(network, ranges);
  requireKnownNames(network, assignment);
  const maps: StoredMap[] = [];
  for (const group of tensorGroups(network)) {
    const map = groupMap(network, ranges, assignment, method, group);
    for (const id of group) maps[id] = map;
  }
  return maps;
}

function groupMap(
  network: FloatNetwork,
  ranges: Ranges,
  assignment: BitAssignment,
  method: RangeMethod,
  group: readonly number[],
): StoredMap {
  const fixed = fixedGrid(network, group);
  if (fixed !== undefined) return { bits: 8, grid: fixed };
  const input = network.inputs.some((port) => group.includes(port.tensor));
  const output = network.outputs.some((port) => group.includes(port.tensor));
  const bits = input || output ? 8 : groupBits(network, assignment, group);
  const members = distinctTensors(network, group).map((id) => ranges.tensors[id]!);
  const range = {
    min: Math.min(...members.map((t) => t.min)),
    max: Math.max(...members.map((t) => t.max)),
    histogram: mergeHistograms(members.map((t) => t.histogram)),
  };
  // Pixels stand on a grid of their own, which their extremes hit exactly and the least error may not.
  return { bits, grid: input ? gridOver(range.min, range.max, 8) : estimateGrid(range, bits, method) };
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

/** The width that the assignment gives to a group; members must not contradict each other. */
function groupBits(network: FloatNetwork, assignment: BitAssignment, group: readonly number[]): Width {
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
  return [...widths][0] ?? assignment.defaultActivationBits;
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
