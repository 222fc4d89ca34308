/**
 * Value-driven patch classification (VDPC): which patch positions keep 8 bits on the branch that follows them. Three
 * rules behind one interface, so that what each is worth can be measured at equal BitOPs.
 *
 * `outlier` is the paper's, `noise` measures what a narrow branch at a position does to the logits, `activity` takes
 * the standard deviation of the patch. Every rule gives a figure per position; the highest are protected.
 */
import { unsupported } from '../support/errors.js';
import { criticalZ, type GaussianFit, phiOfZ, thresholdForShare } from './outlier.js';

export type PatchClass = 'protected' | 'plain';

export interface PatchClasses {
  readonly rule: ClassificationRule;
  readonly rows: number;
  readonly columns: number;
  /** Row by row. */
  readonly classes: readonly PatchClass[];
  /** The figure that decided, per position: the heat map. */
  readonly figures: readonly number[];
  /** `outlier` only: the threshold as |z| and as the paper's φ. */
  readonly threshold?: { readonly z: number; readonly phi: number; readonly tau: number };
}

export const CLASSIFICATION_RULES = {
  noise: 'logit noise of narrowing the branch at each position (default)',
  outlier: "the paper's: patches with values far out of the fitted Gaussian",
  activity: 'standard deviation of the patch',
} as const satisfies Readonly<Record<string, string>>;
export type ClassificationRule = keyof typeof CLASSIFICATION_RULES;

/** The tensor that is tested, as seen by one calibration image: the values of every patch, patches row by row. */
export type ImagePatches = readonly ArrayLike<number>[];

export interface OutlierOptions {
  readonly fit: GaussianFit;
  /** Share of a patch's values that must be outliers; the default in use is 0.01. */
  readonly tau: number;
  /** Share of all calibration patches to flag; fixes φ. Default in use 0.5. */
  readonly flaggedShare: number;
  /** A position is protected when more than this share of the images has an outlier patch there. */
  readonly imageShare: number;
}

interface Grid {
  readonly rows: number;
  readonly columns: number;
}

/** Refuses splits that separate nothing. */
function requireSplit(classes: PatchClasses): PatchClasses {
  const flagged = classes.classes.filter((c) => c === 'protected').length;
  if (flagged > 0 && flagged < classes.classes.length) return classes;
  const all = flagged > 0;
  throw unsupported(
    'classify/no-split',
    `rule ${classes.rule} protects ${all ? 'all' : 'none'} of the patches`,
    {
      found: `figures ${Math.min(...classes.figures).toPrecision(3)}…${Math.max(...classes.figures).toPrecision(3)}`,
      expected: 'some patches of either class',
      fix: 'Choose another rule (--vdpc noise), another tensor (--vdpc-at) or another share of flagged patches.',
    },
  );
}

export interface OutlierPatches {
  /** By position the share of the images with an outlier patch there. */
  readonly figures: readonly number[];
  readonly threshold: NonNullable<PatchClasses['threshold']>;
}

/** The threshold that flags the wanted share of patches, and how often it flags each position. */
export function findOutlierPatches(
  images: Iterable<ImagePatches>,
  grid: Grid,
  options: Omit<OutlierOptions, 'imageShare'>,
): OutlierPatches {
  const critical = Array.from(images, (patches) =>
    patches.map((patch) => criticalZ(patch, options.fit, options.tau)),
  );
  const z = thresholdForShare(critical.flat(), options.flaggedShare);
  const positions = grid.rows * grid.columns;
  const figures = Array.from({ length: positions }, (_, position) => {
    const flagged = critical.filter((patches) => patches[position]! > z);
    return flagged.length / Math.max(1, critical.length);
  });
  return { figures, threshold: { z, phi: phiOfZ(z), tau: options.tau } };
}

/** The paper's rule, statically: a class per position from the calibration images, each of which is seen once. */
export function classifyByOutliers(
  images: Iterable<ImagePatches>,
  { rows, columns }: Grid,
  options: OutlierOptions,
): PatchClasses {
  const found = findOutlierPatches(images, { rows, columns }, options);
  return requireSplit({
    rule: 'outlier',
    ...{ rows, columns },
    classes: found.figures.map((share) => (share > options.imageShare ? 'protected' : 'plain')),
    ...found,
  });
}

/** The positions with the highest figures, `protectedShare` of them; earlier positions first on a tie. */
function protectHighest(figures: readonly number[], protectedShare: number): PatchClass[] {
  const count = Math.round(protectedShare * figures.length);
  const order = figures.map((_, i) => i).sort((a, b) => figures[b]! - figures[a]! || a - b);
  const chosen = new Set(order.slice(0, count));
  return figures.map((_, i) => (chosen.has(i) ? 'protected' : 'plain'));
}

/** By measured noise: `noise[position]` is the logit noise-to-signal ratio of narrowing that branch alone. */
export function classifyByNoise(noise: readonly number[], grid: Grid, protectedShare: number): PatchClasses {
  return requireSplit({
    rule: 'noise',
    ...grid,
    classes: protectHighest(noise, protectedShare),
    figures: noise,
  });
}

const standardDeviation = (values: ArrayLike<number>): number => {
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    sum += values[i]!;
    squares += values[i]! * values[i]!;
  }
  const mean = sum / values.length;
  return Math.sqrt(Math.max(0, squares / values.length - mean * mean));
};

/** By the mean standard deviation of the patches at each position. */
export function classifyByActivity(
  images: Iterable<ImagePatches>,
  grid: Grid,
  protectedShare: number,
): PatchClasses {
  const deviations = Array.from(images, (patches) => patches.map(standardDeviation));
  const figures = Array.from(
    { length: grid.rows * grid.columns },
    (_, position) =>
      deviations.reduce((sum, patches) => sum + patches[position]!, 0) / Math.max(1, deviations.length),
  );
  return requireSplit({
    rule: 'activity',
    ...grid,
    classes: protectHighest(figures, protectedShare),
    figures,
  });
}
