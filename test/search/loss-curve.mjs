/** A row of plans read as a curve: what BitOPs go with a given loss. */

/** Points by falling BitOPs; of several plans with as many, the mean of their losses. */
export function curveOf(plans) {
  const byBitops = new Map();
  for (const { bitops, loss } of plans) byBitops.set(bitops, new Set(byBitops.get(bitops)).add(loss));
  return [...byBitops]
    .sort(([a], [b]) => b - a)
    .map(([bitops, losses]) => ({
      ...{ bitops, weight: losses.size },
      loss: [...losses].reduce((sum, loss) => sum + loss, 0) / losses.size,
    }));
}

/**
 * Losses that grow as BitOPs fall, nearest to those read: neighbours whose losses fall instead take their mean (pool
 * adjacent violators).
 * @param points by falling BitOPs
 */
export function isotonicLosses(points) {
  const pools = [];
  for (const { loss, weight } of points) {
    pools.push({ mean: loss, weight, count: 1 });
    for (;;) {
      const [before, last] = pools.slice(-2);
      if (last === undefined || before.mean <= last.mean) break;
      const both = before.weight + last.weight;
      pools.splice(-2, 2, {
        mean: (before.mean * before.weight + last.mean * last.weight) / both,
        weight: both,
        count: before.count + last.count,
      });
    }
  }
  return pools.flatMap(({ mean, count }) => Array.from({ length: count }, () => mean));
}

/**
 * BitOPs where the fitted loss is `most`, between points on straight lines over log BitOPs; `atMost` where even the
 * cheapest plan loses less. Undefined where the first point loses more already.
 * @param points by falling BitOPs
 */
export function bitopsAtLoss(points, most) {
  const fitted = isotonicLosses(points);
  const above = fitted.findIndex((loss) => loss > most);
  if (above === 0 || points.length === 0) return undefined;
  if (above < 0) return { bitops: points.at(-1).bitops, atMost: true };
  const [kept, lost] = [points[above - 1], points[above]];
  const part = (most - fitted[above - 1]) / (fitted[above] - fitted[above - 1]);
  return { bitops: kept.bitops * (lost.bitops / kept.bitops) ** part, atMost: false };
}

/** Signal-to-noise ratios as what falls with BitOPs: the least that is wanted is a loss that must not be exceeded. */
export const noiseCurveOf = (plans) =>
  curveOf(plans.map(({ bitops, sqnrDb }) => ({ bitops, loss: -sqnrDb })));

/**
 * The signal-to-noise ratio of scores in dB that goes with a loss, of plans by whatever method, each counted once: losses
 * are made to grow as it falls, with straight lines between plans (dB are a logarithm, as that of BitOPs); `atMost` where
 * even the noisiest loses less. Undefined where the quietest lose more.
 */
export function sqnrAtLoss(plans, most) {
  const points = curveOf(plans.map(({ sqnrDb, loss }) => ({ bitops: 10 ** (sqnrDb / 10), loss })));
  const read = bitopsAtLoss(points, most);
  return read && { sqnrDb: 10 * Math.log10(read.bitops), atMost: read.atMost };
}

/** The cheapest single plan that lost no more. */
export function cheapestPlan(points, most) {
  const kept = points.filter(({ loss }) => loss <= most);
  return kept.length === 0
    ? undefined
    : { bitops: Math.min(...kept.map(({ bitops }) => bitops)), atMost: false };
}
