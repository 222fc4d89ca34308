/**
 * FloatNetwork + stored maps + integer weights → DeployPlan in mode `mulhi`: every real factor becomes the
 * contract's integer constants (numeric contract, "Requantisation").
 */
import { assertPlan } from '../invariants/plan.js';
import {
  DEPLOY_PLAN_FORMAT,
  DEPLOY_PLAN_VERSION,
  type DeployPlan,
  type PlanPort,
  type PlanTensor,
} from '../ir/deploy-plan.js';
import type { FloatNetwork, FloatPort } from '../ir/float-network.js';
import type { StoredMap } from './activation-grids.js';
import { emitStep } from './emit-steps.js';
import { BlobWriter } from './plan-writer.js';
import type { QuantizedWeights } from './quantize-layer.js';

/** Errors: `limit`, naming the layer, where an accumulator could leave 32 bits. */
export function emitPlan(
  network: FloatNetwork,
  stored: readonly StoredMap[],
  weights: readonly (QuantizedWeights | undefined)[],
): DeployPlan {
  const blobs = new BlobWriter();
  const tensors = network.tensors.map(({ id, name, shape }): PlanTensor => {
    const { bits, grid } = stored[id]!;
    const { scale, zeroPoint, channelScales } = grid;
    const base = { id, name, shape, bits, scale, zeroPoint };
    return channelScales === undefined ? base : { ...base, channelScales };
  });
  const steps = network.layers.map((layer, i) =>
    emitStep(layer, { network, stored, weights: weights[i], blobs }),
  );
  const plan: DeployPlan = {
    format: DEPLOY_PLAN_FORMAT,
    version: DEPLOY_PLAN_VERSION,
    name: network.name,
    requantization: 'mulhi',
    tensors,
    steps,
    inputs: ports(network.inputs),
    outputs: ports(network.outputs),
    weights: blobs.finish(),
  };
  assertPlan(plan);
  return plan;
}

/** Names unique among the inputs and among the outputs. */
function ports(list: readonly FloatPort[]): PlanPort[] {
  const taken = new Set<string>();
  return list.map(({ name, tensor, dtype }, i) => {
    const unique = taken.has(name) ? `${name}_${i}` : name;
    taken.add(unique);
    return { name: unique, tensor, dtype };
  });
}
