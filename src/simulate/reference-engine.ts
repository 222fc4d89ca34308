/** The reference engine: every step through its operator's slow obvious reference (src/ops). */
import type { DeployPlan, PlanTensor } from '../ir/deploy-plan.js';
import { packLanes } from '../numeric/lanes.js';
import { executedSteps } from '../ops/executed-steps.js';
import { stepReference } from '../ops/index.js';
import { elementCount, tensorOf, unpackActivation } from '../ops/plan-access.js';
import { bug } from '../support/errors.js';
import { checkInputs } from './check-inputs.js';
import type { LoadedNetwork, Observer, SimulationEngine } from './engine.js';

/** Stored values of every tensor computed so far; views read and write the tensor they look into. */
class Values {
  private readonly computed = new Map<number, Int32Array>();

  constructor(private readonly plan: DeployPlan) {}

  read(id: number): Int32Array {
    const tensor = tensorOf(this.plan, id);
    const found = this.computed.get(tensor.view?.of ?? id);
    if (found === undefined) throw bug('simulate/order', `tensor ${id} is read before it is computed`);
    return tensor.view === undefined ? found : viewIndices(this.plan, tensor).map((at) => found[at]!);
  }

  write(id: number, values: Int32Array): void {
    const tensor = tensorOf(this.plan, id);
    if (tensor.view === undefined) {
      this.computed.set(id, values);
      return;
    }
    const { of } = tensor.view;
    const root = this.computed.get(of) ?? new Int32Array(elementCount(tensorOf(this.plan, of)));
    viewIndices(this.plan, tensor).forEach((at, i) => {
      root[at] = values[i]!;
    });
    this.computed.set(of, root);
  }
}

/** Index in the viewed tensor of every element of a view, in canonical order. */
function viewIndices(plan: DeployPlan, tensor: PlanTensor): Int32Array {
  const { of, y, x } = tensor.view!;
  const [height, width, channels] = tensor.shape;
  const rootWidth = tensorOf(plan, of).shape[1];
  return Int32Array.from({ length: height * width * channels }, (_, i) => {
    const pixel = Math.floor(i / channels);
    const row = y + Math.floor(pixel / width);
    return (row * rootWidth + x + (pixel % width)) * channels + (i % channels);
  });
}

function run(plan: DeployPlan, inputs: readonly Uint8Array[], observe?: Observer): Uint8Array[] {
  checkInputs(plan, inputs);
  const values = new Values(plan);
  const tensor = (id: number) => tensorOf(plan, id);
  const packed = (id: number): Uint8Array => packLanes(values.read(id), tensor(id).shape[2], tensor(id).bits);
  plan.inputs.forEach((port, index) => {
    values.write(port.tensor, unpackActivation(tensor(port.tensor), inputs[index]!));
  });
  const context = { plan, tensor, values: (id: number) => values.read(id) };
  for (const index of executedSteps(plan, inputs)) {
    const step = plan.steps[index]!;
    values.write(step.output, stepReference(step, context));
    observe?.(index, step.output, packed(step.output));
  }
  return plan.outputs.map((port) => packed(port.tensor));
}

export const referenceEngine: SimulationEngine = {
  name: 'reference',
  load: (plan): LoadedNetwork => ({ run: (inputs, observe) => run(plan, inputs, observe) }),
};
