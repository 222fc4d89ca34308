/**
 * Graph + calibration samples → DeployPlan: normalise, calibrate, quantise. Stands between the stages and the
 * pipeline because it joins two of them and hands one the float engine of the other.
 */
import { buildFloatNetwork } from '../calibrate/build-network.js';
import { createMatrixKernels } from '../calibrate/matrix-kernels.js';
import { createRoundingKernels } from '../calibrate/rounding-kernels.js';
import { createFloatRunner } from '../calibrate/run-float.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { SsdPostProcess } from '../ir/detection.js';
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import type { Graph } from '../ir/graph.js';
import type { BitAssignment, Ranges } from '../ir/stage-data.js';
import {
  DEFAULT_QUANTIZE_OPTIONS,
  type QuantizeOptions,
  type QuantizeResult,
  quantizeAssignments,
} from '../quantize/quantize.js';
import type { FloatEngine } from '../quantize/quantize-weights.js';
import { type CalibratedModel, calibrateOnce, type RangesFile } from './calibrate-model.js';
import { quantizeStaged, type StagedRequest, type StagedResult } from './quantize-staged.js';

export { buildFloatNetwork } from '../calibrate/build-network.js';
export { createFloatRunner } from '../calibrate/run-float.js';
export { parseBitAssignment } from '../quantize/bit-assignment.js';

/** The float engine in WASM, as the quantiser wants it. */
export const createFloatEngine = (): FloatEngine => ({
  createRunner: createFloatRunner,
  matrices: createMatrixKernels(),
  rounding: createRoundingKernels(),
});

export interface QuantizeModelOptions extends Partial<QuantizeOptions> {
  readonly assignment: BitAssignment;
  /** Calibrated ranges are read from here when they fit, else written here. */
  readonly rangesFile?: RangesFile;
}

export interface QuantizedModel extends QuantizeResult {
  readonly network: FloatNetwork;
  readonly ranges: Ranges;
}

/** `samples` are calibration samples in real values, one array per network input. */
export async function quantizeModel(
  graph: Graph,
  samples: readonly FloatSample[],
  options: QuantizeModelOptions,
): Promise<QuantizedModel> {
  const network = buildFloatNetwork(graph);
  const calibrated = await calibrateOnce(network, samples, options.rangesFile);
  const result = quantizeCalibrated({ graph, network, samples, ...calibrated }, options.assignment, options);
  return { ...result, network, ranges: calibrated.ranges };
}

/** One assignment of widths on a calibrated model; the plan holds the model's post-processing as well. */
export const quantizeCalibrated = (
  model: CalibratedModel,
  assignment: BitAssignment,
  options: Partial<QuantizeOptions> = {},
): QuantizeResult => quantizeAllCalibrated(model, [assignment], options)[0]!;

/** The same for every assignment, in their order; what they have in common is done once. */
export function quantizeAllCalibrated(
  { graph, network, ranges, samples }: CalibratedModel,
  assignments: readonly BitAssignment[],
  options: Partial<QuantizeOptions> = {},
): readonly QuantizeResult[] {
  const how = { ...DEFAULT_QUANTIZE_OPTIONS, ...options };
  const results = quantizeAssignments(network, ranges, assignments, samples, createFloatEngine(), how);
  return results.map((result) => ({ ...result, plan: withPostProcess(result.plan, graph.postProcess) }));
}

/** The same with classes of branches: the plan is the patched one. */
export function quantizeBranches(
  { graph, network, ranges, samples }: CalibratedModel,
  request: StagedRequest,
  options: Partial<QuantizeOptions> = {},
): StagedResult {
  const how = { ...DEFAULT_QUANTIZE_OPTIONS, ...options };
  const result = quantizeStaged(network, ranges, samples, request, createFloatEngine(), how);
  return { ...result, plan: withPostProcess(result.plan, graph.postProcess) };
}

/** Appends the anchors to the constants, aligned as the others. */
export function withPostProcess(plan: DeployPlan, postProcess: SsdPostProcess | undefined): DeployPlan {
  if (postProcess === undefined) return plan;
  const { anchors } = postProcess;
  const offset = 4 * Math.ceil(plan.weights.length / 4);
  const weights = new Uint8Array(offset + 4 * anchors.length);
  weights.set(plan.weights);
  const view = new DataView(weights.buffer);
  anchors.forEach((value, i) => {
    view.setFloat32(offset + 4 * i, value, true);
  });
  const reference = { offset, length: 4 * anchors.length };
  return { ...plan, weights, postProcess: { ...postProcess, anchors: reference } };
}
