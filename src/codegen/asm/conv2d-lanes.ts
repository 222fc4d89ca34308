/** The assembly of kernels/conv2d_lanes.c: expansion and multiplication of one pair of widths and one finish. */
import type { KernelInstance } from '../../ir/bound-plan.js';
import { LANE_FINISH, pixelLanes } from '../../ir/pixel-lanes.js';
import type { Width } from '../../numeric/widths.js';
import { bug } from '../../support/errors.js';
import { assemblyFile } from './assembly.js';
import { expandLanesKernel } from './expand-lanes.js';
import { pixelLanesKernel } from './pixel-lanes.js';

export function conv2dLanes({ name, inputBits, weightBits, parameters }: KernelInstance): string {
  const lanes = weightBits === undefined ? undefined : pixelLanes(inputBits, weightBits);
  const kind = LANE_FINISH[parameters?.finish ?? -1];
  if (lanes === undefined || kind === undefined)
    throw bug('codegen/lanes', 'no kernel of shared lanes for these widths', { where: name });
  const finish = kind === 'accumulators' ? { kind } : { kind, outputBits: parameters!.out as Width };
  return assemblyFile(`Instance ${name} of kernels/conv2d_lanes.c.`, [
    expandLanesKernel(`${name}_expand`, lanes),
    pixelLanesKernel(`${name}_multiply`, lanes, finish),
  ]);
}
