/** The stages that a network may run its first layers in, under a budget of memory; and what they cost at 8 bits. */
import { DEFAULT_STACK_BYTES } from '../codegen/emit-project.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { widestAssignment } from '../search/problem.js';
import { type Cache, contentKey } from '../support/cache.js';
import { unsupported } from '../support/errors.js';
import { ownMaps, stageCut } from './search-classes.js';
import type { NetworkFigures } from './search-figures.js';
import { searchProblem } from './search-problem.js';
import {
  type ChosenStage,
  chooseStage,
  expandStage,
  numberedPlan,
  type Skeleton,
  StagedSkeleton,
  type StageKind,
} from './search-skeleton.js';
import type { StageOption } from './stage-options.js';

const NO_STAGE = { choice: undefined, skeleton: undefined, arenaBytes: 0, fits: false };

export class NetworkStages {
  constructor(
    private readonly figures: NetworkFigures,
    private readonly skeleton: Skeleton,
    private readonly cache: Cache,
  ) {}

  /** Those of the kinds that exist. */
  private async all(kinds: readonly StageKind[], budget: number): Promise<ChosenStage[]> {
    const found: ChosenStage[] = [];
    for (const kind of kinds) {
      const stage = await this.find(kind, budget);
      if (stage !== undefined) found.push(stage);
    }
    return found;
  }

  /** As `search` is asked for them. Errors: `search/stage` where there is none. */
  async asked(
    kinds: readonly StageKind[],
    budget: number,
    { classes, stage }: { readonly classes?: unknown; readonly stage: StageOption },
  ): Promise<readonly ChosenStage[]> {
    const found =
      classes === undefined
        ? await this.all(kinds, budget)
        : [await this.classable(budget)].filter((own) => own !== undefined);
    if (found.length > 0) return found;
    throw unsupported('search/stage', 'the network has no such stage', {
      where: this.figures.network.name,
      found: classes === undefined ? `--stage ${stage}` : 'patches with maps of their own',
      fix: 'quantmcu plan shows what there is; --stage none always exists.',
    });
  }

  private find(kind: StageKind, budget: number): Promise<ChosenStage | undefined> {
    return this.choose('stage 1', kind, budget);
  }

  /** The cheapest patches that fit and have maps of their own, or else the smallest. */
  private async classable(budget: number): Promise<ChosenStage | undefined> {
    const { network } = this.figures;
    const cheapest = await this.find('patches', budget);
    const suits = (stageLayers: number): boolean =>
      ownMaps(network, stageCut(this.skeleton, stageLayers)).size > 0;
    if (cheapest?.choice.kind !== 'patches' || suits(cheapest.choice.stageLayers)) return cheapest;
    return this.choose('stage with maps of its own 1', 'patches', budget, suits);
  }

  /** Planning a stage takes seconds: what was chosen is kept, and only expanded again. */
  private async choose(
    what: string,
    kind: StageKind,
    budget: number,
    suits?: (stageLayers: number) => boolean,
  ): Promise<ChosenStage | undefined> {
    const { weights, ...shape } = this.skeleton.plan;
    const key = contentKey([what, JSON.stringify(shape), kind, String(budget)]);
    const known = await this.cache.json(key, () => {
      const { skeleton: _, ...chosen } = chooseStage(this.skeleton, kind, budget, suits) ?? NO_STAGE;
      return chosen;
    });
    if (known.choice === undefined) return undefined;
    return {
      ...known,
      choice: known.choice,
      skeleton: new StagedSkeleton(this.skeleton, expandStage(this.skeleton.plan, known.choice)),
    };
  }

  /** A plan at 8 bits, for its memory and cycles; undefined where no stage of the kind fits. */
  async int8Plan(kind: StageKind, sramBytes: number): Promise<DeployPlan | undefined> {
    const stage = await this.find(kind, sramBytes - DEFAULT_STACK_BYTES);
    if (stage === undefined || !(stage.fits || kind === 'layers')) return undefined;
    const { network, stored, weights } = this.figures;
    return expandStage(numberedPlan(network, stored, weights.get(8)!), stage.choice);
  }

  /** BitOPs at 8 bits, layer by layer and in the cheapest patches that fit. */
  async baselines(budget: number) {
    const bitopsOf = ({ skeleton }: ChosenStage): number => {
      const unlimited = { scope: 'all', stageLayers: 0, arenaBytes: Number.POSITIVE_INFINITY } as const;
      const problem = searchProblem(this.figures, skeleton, unlimited);
      return problem.bitops(widestAssignment(problem));
    };
    const layers = (await this.find('layers', budget))!;
    const patches = await this.find('patches', budget);
    return {
      bitopsInt8: bitopsOf(layers),
      bitopsInt8Patched: patches?.fits === true ? bitopsOf(patches) : null,
    };
  }
}
