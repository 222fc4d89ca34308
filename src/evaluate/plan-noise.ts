/**
 * Noise figures from plans: every narrow width on its own in a plan that has 8 bits elsewhere, quantised as it ships and
 * measured on calibration images that it was not fitted to. The layers behind a narrow map or behind narrow weights are
 * refitted to what they get, which takes most of some noise away and hardly anything of other: in the float network, where
 * nothing is refitted, the same widths rank differently.
 */
import type { BitAssignment } from '../ir/stage-data.js';
import { replaceWidth } from '../search/problem.js';
import { type AccuracyPrediction, noiseOf } from './predict-accuracy.js';
import type { NetworkFigures } from './search-figures.js';
import { bitAssignment } from './search-problem.js';

/** In the order asked for. */
export type MeasurePlans = (assignments: readonly BitAssignment[]) => Promise<readonly AccuracyPrediction[]>;

/** Where noise figures come from: one width narrow in the float network, or in a plan. */
export const NOISE_SOURCES = ['float', 'plans'] as const;
export type NoiseSource = (typeof NOISE_SOURCES)[number];

/** The same figures but for their noise: what each plan has beyond the one at 8 bits everywhere. */
export async function withPlanNoise(figures: NetworkFigures, measure: MeasurePlans): Promise<NetworkFigures> {
  const { sites } = figures;
  const widest = figures.figures.map(([first]) => first!.bits);
  const single = figures.figures.flatMap((row, site) =>
    row.slice(1).map(({ bits }) => replaceWidth(widest, site, bits)),
  );
  const plans = [widest, ...single].map((widths) => bitAssignment({ sites }, widths));
  const [baseNoise, ...noise] = (await measure(plans)).map(noiseOf);
  const own = noise.values();
  return {
    ...figures,
    baseNoise: baseNoise!,
    figures: figures.figures.map((row) => {
      // By chance a narrow width may look quieter than a wider one; no method shall rely on it.
      let wider = 0;
      return row.map((figure, at) => {
        if (at > 0) wider = Math.max(wider, own.next().value! - baseNoise!);
        return { ...figure, noise: wider };
      });
    }),
  };
}
