/** Checks that a run's inputs are what the plan's input ports take. */
import type { DeployPlan } from '../ir/deploy-plan.js';
import { tensorBytes, tensorOf } from '../ops/plan-access.js';
import { badInput } from '../support/errors.js';

export function checkInputs(plan: DeployPlan, inputs: readonly Uint8Array[]): void {
  if (inputs.length !== plan.inputs.length) {
    throw badInput('simulate/inputs', 'wrong number of inputs', {
      where: plan.name,
      found: `${inputs.length}`,
      expected: `${plan.inputs.length}`,
    });
  }
  plan.inputs.forEach((port, index) => {
    const expected = tensorBytes(tensorOf(plan, port.tensor));
    const found = inputs[index]!.length;
    if (found === expected) return;
    throw badInput('simulate/inputs', `input ${port.name} has the wrong length`, {
      where: plan.name,
      found: `${found} bytes`,
      expected: `${expected} bytes`,
    });
  });
}
