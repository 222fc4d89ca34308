/** The assembly of kernels/conv2d_lanes.c and conv2d_pairs.c: expansion and multiplication of one instance. */
import type { KernelInstance } from '../../ir/bound-plan.js';
import { pairLanes } from '../../ir/pair-lanes.js';
import { LANE_FINISH, pixelLanes } from '../../ir/pixel-lanes.js';
import type { Width } from '../../numeric/widths.js';
import { bug } from '../../support/errors.js';
import { assemblyFile } from './assembly.js';
import { expandLanesKernel } from './expand-lanes.js';
import { expandPairsKernel } from './expand-pairs.js';
import { pairLanesKernel } from './pair-lanes.js';
import { type LaneColumns, type LaneFinish, pixelLanesKernel } from './pixel-lanes.js';

function laneFinish({ name, parameters }: KernelInstance): LaneFinish {
  const kind = LANE_FINISH[parameters?.finish ?? -1];
  if (kind === undefined) throw bug('codegen/lanes', 'a kernel of lanes has no such finish', { where: name });
  return kind === 'accumulators' ? { kind } : { kind, outputBits: parameters!.out as Width };
}

const columnsOf = ({ parameters }: KernelInstance): LaneColumns => (parameters?.columns === 1 ? 1 : 2);

const missing = (name: string): Error =>
  bug('codegen/lanes', 'these widths do not share lanes', { where: name });

export function conv2dLanes(kernel: KernelInstance): string {
  const { name, inputBits, weightBits } = kernel;
  const lanes = pixelLanes(inputBits, weightBits!);
  if (lanes === undefined) throw missing(name);
  return assemblyFile(`Instance ${name} of kernels/conv2d_lanes.c.`, [
    expandLanesKernel(`${name}_expand`, lanes, columnsOf(kernel)),
    pixelLanesKernel(`${name}_multiply`, lanes, laneFinish(kernel), columnsOf(kernel)),
  ]);
}

export function conv2dPairs(kernel: KernelInstance): string {
  const { name, inputBits, weightBits } = kernel;
  const lanes = pairLanes(inputBits, weightBits!);
  if (lanes === undefined) throw missing(name);
  return assemblyFile(`Instance ${name} of kernels/conv2d_pairs.c.`, [
    expandPairsKernel(`${name}_expand`, lanes, columnsOf(kernel)),
    pairLanesKernel(`${name}_multiply`, lanes, laneFinish(kernel), columnsOf(kernel)),
  ]);
}
