/**
 * Noise figures from plans: every narrow width on its own in a plan that has 8 bits elsewhere, quantised as it ships and
 * measured on calibration images that it was not fitted to. The layers behind a narrow map or behind narrow weights are
 * refitted to what they get, which takes most of some noise away and hardly anything of other: in the float network,
 * where nothing is refitted, the same widths rank differently.
 */
import type { BitAssignment } from '../ir/stage-data.js';
import { replaceWidth } from '../search/problem.js';
import { unsupported } from '../support/errors.js';
import type { HeldOutAccuracy, PlanOptions } from './held-out-accuracy.js';
import { type AccuracyPrediction, noiseOf } from './predict-accuracy.js';
import type { SearchClasses } from './search-classes.js';
import type { FigureOptions, NetworkFigures } from './search-figures.js';
import { bitAssignment } from './search-problem.js';

/** In the order asked for. */
export type MeasurePlans = (assignments: readonly BitAssignment[]) => Promise<readonly AccuracyPrediction[]>;

/** Where noise figures come from: one width narrow in the float network, or in a plan. */
export const NOISE_SOURCES = ['float', 'plans'] as const;
export type NoiseSource = (typeof NOISE_SOURCES)[number];

interface NoiseRequest {
  readonly noise?: NoiseSource;
  readonly classes?: SearchClasses | undefined;
}

/** Errors: `search/noise` where patches are in classes: noise of a class's part of a map is measured in the float network. */
export function checkNoise({ noise, classes }: NoiseRequest): void {
  if (noise === 'plans' && classes !== undefined)
    throw unsupported('search/noise', 'plans do not tell the noise of one class of patches', {
      found: '--vdpc with --noise plans',
      expected: '--noise float',
    });
}

/** Measured once, however many searches ask. */
export class PlanFigures {
  /** By how plans are quantised. */
  private readonly made = new Map<string, Promise<NetworkFigures>>();

  constructor(
    private readonly figures: NetworkFigures,
    private readonly heldOut: HeldOutAccuracy,
    private readonly options: Pick<FigureOptions, 'onProgress'>,
  ) {}

  /** @param isFree by site; the others keep the figures that they have */
  of(how: PlanOptions, isFree: readonly boolean[]): Promise<NetworkFigures> {
    const key = JSON.stringify([how, isFree]);
    const known = this.made.get(key);
    if (known !== undefined) return known;
    const { onProgress } = this.options;
    const made = withPlanNoise(this.figures, isFree, (plans) =>
      this.heldOut.measureAll(plans, how, (done, total) =>
        onProgress?.('measuring noise in plans', done, total),
      ),
    );
    this.made.set(key, made);
    // What failed is tried again.
    made.catch(() => this.made.delete(key));
    return made;
  }
}

/**
 * No narrow width counts as free: of the noise that it has in the float network so much remains. A plan may by chance be
 * quieter than the one at 8 bits, and what is held for nothing would never be found to be wrong (noise-belief.ts).
 */
const LEAST_PART = 0.05;

/** The same figures but for the noise of free sites: what each plan has beyond the one at 8 bits everywhere. */
export async function withPlanNoise(
  figures: NetworkFigures,
  isFree: readonly boolean[],
  measure: MeasurePlans,
): Promise<NetworkFigures> {
  const { sites } = figures;
  const widest = figures.figures.map(([first]) => first!.bits);
  const single = figures.figures.flatMap((row, site) =>
    isFree[site] === true ? row.slice(1).map(({ bits }) => replaceWidth(widest, site, bits)) : [],
  );
  const plans = [widest, ...single].map((widths) => bitAssignment({ sites }, widths));
  const [baseNoise, ...noise] = (await measure(plans)).map(noiseOf);
  const own = noise.values();
  return {
    ...figures,
    baseNoise: baseNoise!,
    figures: figures.figures.map((row, site) => {
      if (isFree[site] !== true) return row;
      // By chance a narrow width may look quieter than a wider one; no method shall rely on it.
      let wider = 0;
      return row.map((figure, at) => {
        if (at > 0) wider = Math.max(wider, own.next().value! - baseNoise!, LEAST_PART * figure.noise);
        return { ...figure, noise: wider };
      });
    }),
  };
}
