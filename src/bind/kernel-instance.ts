/** Names of C kernels: `<op>_a<input bits>_w<weight bits>__<feature>`; operators without weights drop `_w`. */
import type { KernelInstance } from '../ir/bound-plan.js';
import type { StepOp } from '../ir/deploy-plan.js';
import type { Width } from '../numeric/widths.js';
import type { KernelFeature } from '../targets/target.js';

export function kernelInstance(
  op: StepOp,
  feature: KernelFeature,
  inputBits: Width,
  weightBits?: Width,
): KernelInstance {
  const weights = weightBits === undefined ? '' : `_w${weightBits}`;
  return {
    name: `${op}_a${inputBits}${weights}__${feature}`,
    op,
    feature,
    inputBits,
    ...(weightBits === undefined ? {} : { weightBits }),
  };
}
