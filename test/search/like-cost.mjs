/** What the loss of plans goes with at like cost, where it is not the cost that makes the difference. */

/** Plans that lose more are beyond what is read. */
const MOST_LOST = 8;

/** @param rows plans within their limits, of methods that come near */
export function likeCostSection(rows) {
  const lines = [...new Set(rows.map(({ network }) => network))].flatMap((network) => {
    const plans = [
      ...new Map(
        rows
          .filter((row) => row.network === network && Number(row.points_lost) <= MOST_LOST)
          .map((row) => [[row.bitops, row.points_lost, row.score_sqnr_db].join(), row]),
      ).values(),
    ];
    if (plans.length < LEAST_PLANS) return [];
    const logCosts = plans.map(({ bitops }) => Math.log(Number(bitops)));
    const [loss, disagreement, noise] = ['points_lost', 'agreement', 'score_sqnr_db'].map((column) =>
      withoutTrend(
        plans.map((row) => (column === 'points_lost' ? 1 : -1) * Number(row[column])),
        logCosts,
      ),
    );
    const spread = Math.sqrt(inner(loss, loss) / plans.length);
    const pairs = [
      [loss, disagreement],
      [loss, noise],
      [disagreement, noise],
    ];
    const cells = [spread, ...pairs.map(([a, b]) => correlation(a, b))].map((x) => x.toFixed(2));
    return [`| ${[network, plans.length, ...cells].join(' | ')} |`];
  });
  const head = [
    '| network | plans | points lost, standard deviation | loss and disagreement | loss and noise | disagreement and noise |',
    '|---|---|---|---|---|---|',
  ];
  return [
    '## What a loss goes with at like cost',
    `Correlations over the plans of VDQS, the integer program and greedy, refined or not, that lose at most ${MOST_LOST} points, each
once, of what a parabola over log BitOPs leaves. Where the loss does not go with how many answers differ from the float
network's, it is whether the labels happen to favour the changed ones, which no search can know.`,
    [...head, ...lines].join('\n'),
  ].join('\n\n');
}

/** So few say nothing beside a parabola. */
const LEAST_PLANS = 8;

/** What a parabola over `by` leaves of the values (least squares). */
export function withoutTrend(values, by) {
  const center = mean(by);
  const x = by.map((b) => b - center);
  // Gram-Schmidt: 1, x and x² made orthogonal over these points.
  const basis = [];
  for (const power of [0, 1, 2]) {
    const raw = without(
      x.map((b) => b ** power),
      basis,
    );
    const length = Math.sqrt(inner(raw, raw));
    // Fewer different points than powers.
    if (length > 1e-9) basis.push(raw.map((v) => v / length));
  }
  return without(values, basis);
}

/** Pearson's, of values whose means are 0; not a number where one has no spread. */
export const correlation = (a, b) => inner(a, b) / Math.sqrt(inner(a, a) * inner(b, b));

function without(values, basis) {
  return basis.reduce((left, unit) => {
    const part = inner(left, unit);
    return left.map((v, i) => v - part * unit[i]);
  }, values);
}

const mean = (numbers) => numbers.reduce((a, b) => a + b, 0) / numbers.length;

const inner = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
