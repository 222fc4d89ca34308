/** What the loss of plans goes with at like cost, where it is not the cost that makes the difference. */

/** Of like cost are plans whose costs differ by so much at most. */
const LIKE = 1.02;

/** So few say nothing. */
const LEAST_PAIRS = 8;

/** @param rows plans within their limits, of methods that come near */
export function likeCostSection(rows) {
  const lines = [...new Set(rows.map(({ network }) => network))].flatMap((network) => {
    const plans = plansOf(rows.filter((row) => row.network === network));
    const pairs = pairsOfLikeCost(plans);
    if (pairs.length < LEAST_PAIRS) return [];
    const [loss, disagreement, noise] = ['loss', 'disagreement', 'noise'].map((figure) =>
      pairs.map(([a, b]) => a[figure] - b[figure]),
    );
    const cells = [
      Math.sqrt(inner(loss, loss) / pairs.length),
      ...[
        [loss, disagreement],
        [loss, noise],
        [disagreement, noise],
      ].map(([a, b]) => correlation(a, b)),
    ];
    return [`| ${[network, pairs.length, ...cells.map((x) => x.toFixed(2))].join(' | ')} |`];
  });
  return [HEAD, [TABLE_HEAD, ...lines].join('\n')].join('\n\n');
}

const HEAD = `## What a loss goes with at like cost

Of every two plans of VDQS, the integer program and greedy, refined or not, whose costs are within 2 % of each other: how the
differences in points lost, in answers that differ from the float network's and in noise (dB) go together (correlation about
zero, as the order of two plans is arbitrary). Where a loss does not go with these it is which of the changed answers were
right, on so many images, and on MobileNetV2, read by one seed, that seed.`;

const TABLE_HEAD = `| network | pairs | difference in points lost, root mean square | loss and disagreement | loss and noise | disagreement and noise |
|---|---|---|---|---|---|`;

/** Each once, whichever methods find it. */
function plansOf(rows) {
  const byFigures = new Map(
    rows.map((row) => [[row.bitops, row.points_lost, row.agreement, row.score_sqnr_db].join(), row]),
  );
  return [...byFigures.values()].map((row) => ({
    bitops: Number(row.bitops),
    loss: Number(row.points_lost),
    disagreement: -Number(row.agreement),
    noise: -Number(row.score_sqnr_db),
  }));
}

function pairsOfLikeCost(plans) {
  const sorted = [...plans].sort((a, b) => a.bitops - b.bitops);
  return sorted.flatMap((a, i) =>
    sorted
      .slice(i + 1)
      .filter((b) => b.bitops <= LIKE * a.bitops)
      .map((b) => [a, b]),
  );
}

/** Of differences, about zero; not a number where one of the two is none. */
export const correlation = (a, b) => inner(a, b) / Math.sqrt(inner(a, a) * inner(b, b));

const inner = (a, b) => a.reduce((sum, x, i) => sum + x * b[i], 0);
