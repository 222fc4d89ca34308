/** The reference engine: every step through its operator's slow obvious reference (src/ops). */
import type { DeployPlan } from '../ir/deploy-plan.js';
import { packLanes } from '../numeric/lanes.js';
import { stepReference } from '../ops/index.js';
import { tensorOf, unpackActivation } from '../ops/plan-access.js';
import { bug } from '../support/errors.js';
import { checkInputs } from './check-inputs.js';
import type { LoadedNetwork, Observer, SimulationEngine } from './engine.js';

function run(plan: DeployPlan, inputs: readonly Uint8Array[], observe?: Observer): Uint8Array[] {
  checkInputs(plan, inputs);
  const computed = new Map<number, Int32Array>();
  const values = (id: number): Int32Array => {
    const found = computed.get(id);
    if (found === undefined) throw bug('simulate/order', `tensor ${id} is read before it is computed`);
    return found;
  };
  const tensor = (id: number) => tensorOf(plan, id);
  const packed = (id: number): Uint8Array => packLanes(values(id), tensor(id).shape[2], tensor(id).bits);
  plan.inputs.forEach((port, index) => {
    computed.set(port.tensor, unpackActivation(tensor(port.tensor), inputs[index]!));
  });
  plan.steps.forEach((step, index) => {
    computed.set(step.output, stepReference(step, { plan, tensor, values }));
    observe?.(index, step.output, packed(step.output));
  });
  return plan.outputs.map((port) => packed(port.tensor));
}

export const referenceEngine: SimulationEngine = {
  name: 'reference',
  load: (plan): LoadedNetwork => ({ run: (inputs, observe) => run(plan, inputs, observe) }),
};
