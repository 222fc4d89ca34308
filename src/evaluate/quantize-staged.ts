/**
 * FloatNetwork + a patch stage whose branches fall into classes → one patched DeployPlan: every class has widths,
 * scales and biases of its own inside the stage, weights are quantised once and stand once.
 */
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { FloatNetwork, FloatSample } from '../ir/float-network.js';
import type { Region } from '../ir/region.js';
import type { BitAssignment, BranchClass, Ranges, StageClasses, TensorRange } from '../ir/stage-data.js';
import type { Width } from '../numeric/widths.js';
import { expandClasses } from '../patch/expand.js';
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
