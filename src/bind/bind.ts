/** The stage bind: DeployPlan → BoundPlan for one target. */
import { type BindTarget, BOUND_PLAN_FORMAT, BOUND_PLAN_VERSION, type BoundPlan } from '../ir/bound-plan.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { FIRMWARE_MODES } from '../numeric/requantize.js';
import { limit, unsupported } from '../support/errors.js';
import { bindStep } from './bind-step.js';
import { ConstantPool } from './constant-pool.js';
import { place } from './place.js';
import { chooseKernels, type KernelPreference } from './variants/choose.js';

/** C argument structs hold sizes as uint16_t. */
const MAX_SIZE = 65535;

/**
 * Chooses a kernel for every step, packs the constants and lays out the arena. The plan must be verified.
 * Throws `bind/too-large` (kind `limit`) when a tensor has a side that the firmware's structs cannot hold, and
 * `bind/mode` (kind `unsupported`) for a mode that is simulated only.
 */
export function bind(plan: DeployPlan, target: BindTarget, preference: KernelPreference = {}): BoundPlan {
  checkMode(plan);
  checkSizes(plan);
  const constants = new ConstantPool();
  const kernels = chooseKernels(plan, target.feature, preference);
  const ops = plan.steps.map((step, index) =>
    bindStep(step, kernels[index]!, { plan, target, constants, label: stepLabel(index) }),
  );
  const { arena, tensors, steps } = place(plan, ops);
  const packed = constants.finish();
  return {
    format: BOUND_PLAN_FORMAT,
    version: BOUND_PLAN_VERSION,
    target,
    plan,
    arenaBytes: arena.arenaBytes,
    arenaLowerBoundBytes: arena.lowerBoundBytes,
    peakStep: arena.peakStep,
    tensorBytes: arena.tensorBytes,
    scratchBytes: Math.max(0, ...steps.map((step) => step.scratch?.bytes ?? 0)),
    tensors,
    steps,
    constantTable: packed.table,
    constants: packed.bytes,
  };
}

/** `step_003`: the name of a step's function and constants in the firmware, without its prefix. */
export const stepLabel = (index: number): string => `step_${String(index).padStart(3, '0')}`;

function checkMode({ name, requantization }: DeployPlan): void {
  if (requantization !== 'xnnpack') return;
  throw unsupported('bind/mode', 'this requantisation mode is simulated only; firmware does not compute it', {
    where: name,
    found: requantization,
    expected: FIRMWARE_MODES.join(', '),
    fix: 'Plan the model in mode tflm or single.',
  });
}

function checkSizes(plan: DeployPlan): void {
  for (const tensor of plan.tensors) {
    const side = Math.max(...tensor.shape);
    if (side <= MAX_SIZE) continue;
    throw limit('bind/too-large', 'a side of the tensor is too long for the firmware', {
      where: tensor.name,
      found: tensor.shape.join('×'),
      expected: `sides of at most ${MAX_SIZE}`,
    });
  }
}
