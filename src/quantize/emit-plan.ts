/**
 * FloatNetwork + stored maps + integer weights → DeployPlans in mode `mulhi`: every real factor becomes the
 * contract's integer constants (numeric contract, "Requantisation").
 */
import { assertPlan } from '../invariants/plan.js';
import {
  DEPLOY_PLAN_FORMAT,
  DEPLOY_PLAN_VERSION,
  type DeployPlan,
  type PlanPort,
  type PlanTensor,
  type Step,
} from '../ir/deploy-plan.js';
import type { FloatNetwork, FloatPort } from '../ir/float-network.js';
import type { StageClasses } from '../ir/stage-data.js';
import { classMaps, type StoredMap } from './activation-grids.js';
import { emitStep } from './emit-steps.js';
import { BlobWriter } from './plan-writer.js';
import type { QuantizedWeights } from './quantize-layer.js';

/**
 * The network's plan; with a stage one per class of branches, alike outside the stage. All share one weights blob, in
 * which weights, and the constants of steps outside the stage, stand once.
 * Errors: `limit`, naming the layer, where an accumulator could leave 32 bits.
 */
export function emitPlans(
  network: FloatNetwork,
  stored: readonly StoredMap[],
  weights: readonly (QuantizedWeights | undefined)[],
  stage?: StageClasses,
): readonly DeployPlan[] {
  const blobs = new BlobWriter();
  const steps = (maps: readonly StoredMap[], from: number, to: number): Step[] =>
    network.layers
      .slice(from, to)
      .map((layer, i) => emitStep(layer, { network, stored: maps, weights: weights[from + i], blobs }));
  const count = network.layers.length;
  const stages = stage?.classes.map((_, index) => classMaps(stored, index)) ?? [stored];
  const heads = stages.map((maps) => steps(maps, 0, stage?.layers ?? count));
  const tail = steps(stored, stage?.layers ?? count, count);
  const constants = blobs.finish();
  const plans = heads.map(
    (head, index): DeployPlan => ({
      format: DEPLOY_PLAN_FORMAT,
      version: DEPLOY_PLAN_VERSION,
      name: network.name,
      requantization: 'mulhi',
      tensors: planTensors(network, stages[index]!),
      steps: [...head, ...tail],
      inputs: ports(network.inputs),
      outputs: ports(network.outputs),
      weights: constants,
    }),
  );
  for (const plan of plans) assertPlan(plan);
  return plans;
}

const planTensors = (network: FloatNetwork, stored: readonly StoredMap[]): PlanTensor[] =>
  network.tensors.map(({ id, name, shape }) => {
    const { bits, grid } = stored[id]!;
    const { scale, zeroPoint, channelScales } = grid;
    const base = { id, name, shape, bits, scale, zeroPoint };
    return channelScales === undefined ? base : { ...base, channelScales };
  });

/** Names unique among the inputs and among the outputs. */
function ports(list: readonly FloatPort[]): PlanPort[] {
  const taken = new Set<string>();
  return list.map(({ name, tensor, dtype }, i) => {
    const unique = taken.has(name) ? `${name}_${i}` : name;
    taken.add(unique);
    return { name: unique, tensor, dtype };
  });
}
