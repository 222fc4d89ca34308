/**
 * Names of C kernels: `<op>_a<input bits>_w<weight bits>__<feature>`; operators without weights drop `_w`. A variant
 * adds `_<variant>` and `_<parameter><value>` for each parameter, so that equal instances are shared by name.
 */
import type { KernelInstance } from '../ir/bound-plan.js';
import type { StepOp } from '../ir/deploy-plan.js';
import type { Width } from '../numeric/widths.js';
import type { KernelFeature } from '../targets/target.js';

/** A variant's name and what its code is specialised by; parameter names are short, lower-case letters. */
export interface VariantName {
  readonly variant: string;
  readonly parameters?: Readonly<Record<string, number>>;
}

export function kernelInstance(
  op: StepOp,
  feature: KernelFeature,
  inputBits: Width,
  weightBits?: Width,
  special?: VariantName,
): KernelInstance {
  const weights = weightBits === undefined ? '' : `_w${weightBits}`;
  const parameters = Object.entries(special?.parameters ?? {}).map(([name, value]) => `_${name}${value}`);
  const variant = special === undefined ? '' : `_${special.variant}${parameters.join('')}`;
  return {
    name: `${op}_a${inputBits}${weights}__${feature}${variant}`,
    op,
    feature,
    inputBits,
    ...(weightBits === undefined ? {} : { weightBits }),
    ...special,
  };
}
