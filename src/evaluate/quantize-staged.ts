/**
 * FloatNetwork + a patch stage whose branches fall into classes → one patched DeployPlan: every class has widths,
 * scales and biases of its own inside the stage, weights are quantised once and stand once.
 */
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import type { Region } from '../ir/region.js';
import type { BitAssignment, BranchClass, Ranges, StageClasses, TensorRange } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import { type BranchTest, expandChoice, expandClasses } from '../patch/expand.js';
import type { StageLayout } from '../patch/layout.js';
import {
  DEFAULT_QUANTIZE_OPTIONS,
  type QuantizeOptions,
  type QuantizeResult,
  quantizeNetwork,
} from '../quantize/quantize.js';
import type { FloatEngine } from '../quantize/quantize-weights.js';
import { invariant } from '../support/errors.js';
import { mergeRanges } from './merge-ranges.js';

/** Widths of feature maps inside the stage by name, for the branches of one class. */
export interface ClassWidths {
  readonly activations: Readonly<Record<string, Width>>;
  readonly defaultActivationBits: Width;
}

export interface StagedRequest {
  readonly layout: StageLayout;
  /** By branch, row by row, its class: an index into `classes`, each of which occurs. */
  readonly classOf: readonly number[];
  readonly classes: readonly ClassWidths[];
  /** By branch: what calibration saw there (src/calibrate/calibrate-regions.ts). */
  readonly branchRanges: readonly ReadonlyMap<number, TensorRange>[];
  /** Widths of everything else: the stage's output, the layers behind it, and all weights. */
  readonly assignment: BitAssignment;
}

export interface StagedResult extends Omit<QuantizeResult, 'plan'> {
  /** The patched plan. */
  readonly plan: DeployPlan;
}

/**
 * `ranges` are those of the whole network. Tensor ids of the layout are the network's, as they are in every plan that
 * was made from it. Errors: as `quantizeNetwork`; `quantize/class-width` where a class names a map that is not inside.
 */
export function quantizeStaged(
  network: FloatNetwork,
  ranges: Ranges,
  samples: readonly FloatSample[],
  request: StagedRequest,
  engine: FloatEngine,
  options: QuantizeOptions = DEFAULT_QUANTIZE_OPTIONS,
): StagedResult {
  const { layout, classOf, assignment } = request;
  const stage = stageClasses(request);
  const result = quantizeNetwork(network, ranges, assignment, samples, engine, options, stage);
  const plan = expandClasses(result.plans, classOf, layout.cut, layout.branches, layout.input);
  return { ...result, plan };
}

export interface ChoiceRequest extends Omit<StagedRequest, 'classOf' | 'classes'> {
  /** Of the protected and of the plain alternative. */
  readonly classes: readonly [ClassWidths, ClassWidths];
  /** A value of the input is an outlier beyond `z` standard deviations, a patch beyond a share `tau` of outliers. */
  readonly outliers: { readonly z: number; readonly tau: number };
}

/**
 * Every branch in two alternatives, of which the input chooses one at run time. Both have the ranges of all patches:
 * either may meet any of them. Weights are fitted to the plain alternative.
 */
export function quantizeChoice(
  network: FloatNetwork,
  ranges: Ranges,
  samples: readonly FloatSample[],
  request: ChoiceRequest,
  engine: FloatEngine,
  options: QuantizeOptions = DEFAULT_QUANTIZE_OPTIONS,
): StagedResult {
  const { layout, classes, branchRanges, assignment, outliers } = request;
  const everyBranch = layout.branches.map(() => 0);
  const { classes: all, ...rest } = stageClasses({
    ...{ layout, classOf: everyBranch, classes: classes.slice(0, 1), branchRanges, assignment },
  });
  const stage: StageClasses = {
    ...rest,
    classes: classes.map((widths, index) => ({
      ...all[0]!,
      ...widths,
      owned: index === 1 ? all[0]!.owned : new Map(),
    })),
  };
  const result = quantizeNetwork(network, ranges, assignment, samples, engine, options, stage);
  const [wide, plain] = result.plans;
  const test = branchTest(ranges.tensors[layout.cut.input]!, wide!, layout, outliers);
  const plan = expandChoice([wide!, plain!], test, layout.cut, layout.branches, layout.input);
  return { ...result, plan };
}

/** The outlier rule in stored integers. */
function branchTest(
  { mean, standardDeviation }: TensorRange,
  plan: DeployPlan,
  { cut }: StageLayout,
  { z, tau }: ChoiceRequest['outliers'],
): BranchTest {
  const { scale, zeroPoint } = plan.tensors[cut.input]!;
  const stored = (real: number): number => real / scale + zeroPoint;
  const reach = z * standardDeviation;
  return {
    low: Math.max(-128, Math.ceil(stored(mean - reach))),
    high: Math.min(127, Math.floor(stored(mean + reach))),
    mostOf: (values) => Math.floor(tau * values),
  };
}

/** The stage as the quantiser sees it: per class the regions and values of its branches. */
export function stageClasses({ layout, classOf, classes, branchRanges }: StagedRequest): StageClasses {
  invariant(
    classOf.length === layout.branches.length && classes.every((_, index) => classOf.includes(index)),
    'quantize/classes',
    'every branch has a class and every class a branch',
  );
  return {
    layers: layout.cut.steps,
    output: layout.cut.output,
    classes: classes.map((widths, index): BranchClass => {
      const own = classOf.flatMap((c, branch) => (c === index ? [branch] : []));
      return {
        ...widths,
        computed: collect(own.map((branch) => layout.branches[branch]!.regions)),
        owned: collect(own.map((branch) => layout.owned[branch]!)),
        ranges: new Map(
          [...collect(own.map((branch) => branchRanges[branch]!))].map(([id, list]) => [
            id,
            mergeRanges(list),
          ]),
        ),
      };
    }),
  };
}

/** By tensor all entries of the maps. */
function collect<T>(maps: readonly ReadonlyMap<number, T>[]): ReadonlyMap<number, readonly T[]> {
  const lists = new Map<number, T[]>();
  for (const map of maps) for (const [id, value] of map) lists.set(id, [...(lists.get(id) ?? []), value]);
  return lists;
}

/** By branch the regions that calibration observes: of the maps that belong to the stage alone. */
export function observedRegions({ cut, branches }: StageLayout): ReadonlyMap<number, Region>[] {
  return branches.map(
    ({ regions }) => new Map([...regions].filter(([id]) => id !== cut.input && id !== cut.output)),
  );
}
