/**
 * VDPC as a user asks for it, without a width search: a calibrated model and where its patch stage is cut → classes
 * of the patch positions, and a plan in which plain branches are narrow.
 */
import { measuredCosts } from '../bind/measure.js';
import { calibrateRegions } from '../calibrate/calibrate-regions.js';
import type { PatchClasses } from '../classify/classify.js';
import { uniformAssignment } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import { stageCuts } from '../patch/branches.js';
import { layOutStage, type StageLayout } from '../patch/layout.js';
import { type PlanRequest, planPatches } from '../patch/plan-patches.js';
import { activationGrids } from '../quantize/activation-grids.js';
import { DEFAULT_QUANTIZE_OPTIONS, type QuantizeOptions } from '../quantize/quantize.js';
import type { CalibratedModel } from './calibrate-model.js';
import { type ClassifyOptions, classIndices, classifyPatches, inputOutliers } from './classify-patches.js';
import { createFloatEngine, quantizeBranches, withPostProcess } from './quantize-model.js';
import { observedRegions, quantizeChoice, type StagedResult } from './quantize-staged.js';
import { skeletonPlan } from './search-skeleton.js';

export type PatchRequest = Omit<PlanRequest, 'kinds' | 'rowsPerStep'>;

/** The patch stage that `plan` would choose at 8 bits. Errors: `patch/plan` where there is none. */
export function chooseLayout({ network, ranges }: CalibratedModel, request: PatchRequest): StageLayout {
  const method = DEFAULT_QUANTIZE_OPTIONS.ranges;
  const plan = skeletonPlan(network, activationGrids(network, ranges, uniformAssignment(8, 8), { method }));
  const { chosen } = planPatches(plan, measuredCosts, { ...request, kinds: ['patches'] });
  const cut = stageCuts(plan).find(({ steps }) => steps === chosen.stageLayers)!;
  const [rows, columns] = chosen.grid;
  return layOutStage(plan, { cut, rows, columns, input: chosen.input });
}

export interface ClassifiedModel extends Pick<PatchClasses, 'figures' | 'threshold'> {
  readonly layout: StageLayout;
  /** Class of every position; undefined where the input decides at run time. */
  readonly classes?: PatchClasses['classes'];
}

export interface ClassifyRequest extends ClassifyOptions {
  /** The outlier rule on the input, asked by the firmware for every image anew. */
  readonly runTime: boolean;
}

export function classifyModel(
  model: CalibratedModel,
  request: PatchRequest,
  options: ClassifyRequest,
): ClassifiedModel {
  const layout = chooseLayout(model, request);
  const stage = { ...model, layout };
  if (options.runTime) return { layout, ...inputOutliers(stage, options) };
  const { figures, threshold, classes } = classifyPatches(stage, createFloatEngine(), options);
  return { layout, figures, classes, ...(threshold === undefined ? {} : { threshold }) };
}

/** Everything at 8 bits but the weights, at `weightBits`, and the maps of plain branches, at `plainBits`. */
export function quantizeClassified(
  model: CalibratedModel,
  { layout, classes, threshold }: ClassifiedModel,
  { plainBits, weightBits }: { readonly plainBits: Width; readonly weightBits: Width },
  options: Partial<QuantizeOptions> = {},
): StagedResult {
  const { graph, network, ranges, samples } = model;
  const widths = (bits: Width) => ({ activations: {}, defaultActivationBits: bits });
  const request = {
    layout,
    classes: [widths(8), widths(plainBits)] as const,
    branchRanges: calibrateRegions(network, samples, observedRegions(layout), layout.cut.steps),
    assignment: uniformAssignment(8, weightBits),
  };
  if (classes !== undefined)
    return quantizeBranches(model, { ...request, classOf: classIndices({ classes }) }, options);
  const how = { ...DEFAULT_QUANTIZE_OPTIONS, ...options };
  const choice = { ...request, outliers: threshold! };
  const result = quantizeChoice(network, ranges, samples, choice, createFloatEngine(), how);
  return { ...result, plan: withPostProcess(result.plan, graph.postProcess) };
}
