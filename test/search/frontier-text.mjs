/** src/search/FRONTIER.md: BitOPs against points lost, method by method, and what each needs for a given loss. */
import { COMPARED_DROPS, NETWORKS } from './table-cases.mjs';

export const FRONTIER_COLUMNS = [
  ...['network', 'case', 'share', 'bitops', 'arena_bytes', 'within_limits', 'images', 'points_lost'],
  ...['half_width_95', 'agreement', 'score_sqnr_db', 'held_out_sqnr_db', 'seconds', 'code'],
];

/** `refined`: further plans under corrected figures, the quietest kept. */
export const FRONTIER_CASES = [
  ['VDQS refined', { method: 'vdqs', refined: true }],
  ['VDQS', { method: 'vdqs' }],
  ['integer program', { method: 'integer-program' }],
  ['greedy', { method: 'greedy' }],
  ['memory-driven', { method: 'memory-driven' }],
  ['evolutionary', { method: 'evolutionary' }],
  ['integer program refined', { method: 'integer-program', refined: true }],
  ['greedy refined', { method: 'greedy', refined: true }],
];

/** Steps that halve the cost. */
const STEPS_PER_HALF = 4;

export const sharesOf = ({ frontier: [first, last] }) =>
  Array.from({ length: last - first + 1 }, (_, i) => 2 ** (-(first + i) / STEPS_PER_HALF));

const HEAD = `# BitOPs against points lost, method by method

Written by \`npm run table:frontier\` from the figures in frontier.csv; do not edit. Every method is asked for the least
noise within shares of the BitOPs of 8 bits (quarters of an octave) under the network's SRAM limit, streaming, weights
searched. Widths come from calibration images alone; each plan's points lost are read on the test images afterwards and
choose nothing. "VDQS refined" quantises further plans of each share (twelve; six of MobileNetV2), their widths by noise
figures that the plans before have corrected, and keeps the one with least noise on calibration images held out; the
others quantise one. "Refined" rivals do the same.

A plan's loss is known to within a point or three only, so what a method needs for a loss is read off its whole row: the
points lost are made to grow as BitOPs fall (isotonic least squares, from int8 streaming on), with straight lines
between plans over log BitOPs. ≤ : the row ends before it loses so much. The line "single plans" takes the cheapest plan
that lost no more instead, lucky ones too.
`;

/**
 * Losses that grow as BitOPs fall, nearest to those read: pools of neighbours whose losses fall instead take their mean
 * (pool adjacent violators).
 * @param points by falling BitOPs
 */
export function isotonicLosses(points) {
  const pools = [];
  for (const { loss } of points) {
    pools.push({ sum: loss, count: 1 });
    for (;;) {
      const [before, last] = pools.slice(-2);
      if (last === undefined || before.sum / before.count <= last.sum / last.count) break;
      pools.splice(-2, 2, { sum: before.sum + last.sum, count: before.count + last.count });
    }
  }
  return pools.flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count));
}

/**
 * BitOPs where the fitted loss is `most`; `atMost` where even the cheapest plan loses less. Undefined where the first
 * point loses more already.
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

const isRefinedRival = (name) => !name.startsWith('VDQS') && name.endsWith('refined');
const million = (bitops, digits = 0) => (bitops / 1e6).toFixed(digits);

/** A method's plans within the limits, by falling BitOPs, after int8 streaming. */
function pointsOf(rows, int8) {
  const own = rows
    .filter((row) => row.within_limits === 'true')
    .map((row) => ({ bitops: Number(row.bitops), loss: Number(row.points_lost) }));
  return [int8, ...own.sort((a, b) => b.bitops - a.bitops)];
}

function verdict(needed) {
  const least = (wanted) =>
    Math.min(...needed.filter(([name]) => wanted(name)).map(([, need]) => need?.bitops ?? Infinity));
  const own = least((name) => name.startsWith('VDQS'));
  const rival = least((name) => !name.startsWith('VDQS'));
  const digits = million(own) === million(rival) ? 1 : 0;
  const text = (bitops) => (Number.isFinite(bitops) ? million(bitops, digits) : '–');
  if (!Number.isFinite(own) && !Number.isFinite(rival)) return '–';
  return `${own <= rival ? 'yes' : 'no'} (${text(own)}; rivals ${text(rival)})`;
}

/** The cheapest single plan that lost no more. */
function cheapestPlan(points, most) {
  const kept = points.filter(({ loss }) => loss <= most);
  return kept.length === 0 ? undefined : { bitops: Math.min(...kept.map(({ bitops }) => bitops)) };
}

function networkSection(network, rows, baselines) {
  const baseline = baselines.find((row) => row.case === 'int8; streaming');
  const int8 = { bitops: Number(baseline.bitops), loss: Number(baseline.points_lost) };
  const names = FRONTIER_CASES.map(([name]) => name).filter((name) => rows.some((row) => row.case === name));
  const shares = [...new Set(rows.map((row) => row.share))].sort((a, b) => b - a);
  const cell = (name, share) => {
    const row = rows.find((own) => own.case === name && own.share === share);
    if (row === undefined) return '–';
    if (row.within_limits !== 'true') return 'none';
    return `${million(row.bitops)}: ${row.points_lost} ± ${row.half_width_95}, ${row.score_sqnr_db} dB`;
  };
  const methods = names.map((name) => ({
    ...{
      name,
      read: bitopsAtLoss,
      points: pointsOf(
        rows.filter((row) => row.case === name),
        int8,
      ),
    },
  }));
  // One plan is no row: it counts where it loses so little itself.
  const uniform = baselines
    .filter((row) => row.case.startsWith('uniform') && row.within_limits === 'true')
    .map((row) => ({
      ...{ name: row.case.replace(/;/g, ','), read: cheapestPlan },
      points: [{ bitops: Number(row.bitops), loss: Number(row.points_lost) }],
    }));
  const all = [...methods, ...uniform];
  const needed = ({ name, read, points }) => {
    const cells = COMPARED_DROPS.map((most) => {
      const need = read(points, most);
      return need === undefined ? '–' : `${need.atMost ? '≤ ' : ''}${million(need.bitops)}`;
    });
    return `| ${[name, ...cells].join(' | ')} |`;
  };
  const verdicts = (isAsked, how) =>
    COMPARED_DROPS.map((most) => {
      const asked = all.filter(({ name }) => isAsked(name));
      return verdict(asked.map(({ name, read, points }) => [name, (how ?? read)(points, most)]));
    }).join(' | ');
  const plain = (name) => !isRefinedRival(name);
  return [
    `## ${network}`,
    `${rows[0].images} test images; int8 streaming ${million(int8.bitops)} MBitOPs, ${int8.loss.toFixed(2)} points lost. MBitOPs: points lost, SQNR of the scores:`,
    [
      `| share of 8 bits | ${names.join(' | ')} |`,
      `|${'---|'.repeat(names.length + 1)}`,
      ...shares.map(
        (share) => `| ${Number(share).toFixed(3)} | ${names.map((name) => cell(name, share)).join(' | ')} |`,
      ),
    ].join('\n'),
    `MBitOPs at a loss of so many points:`,
    [
      `| method | ${COMPARED_DROPS.join(' | ')} |`,
      `|${'---|'.repeat(COMPARED_DROPS.length + 1)}`,
      ...all.map(needed),
      `| **VDQS needs no more than any rival** | ${verdicts(plain)} |`,
      ...(names.some(isRefinedRival)
        ? [`| **the same, refined rivals too** | ${verdicts(() => true)} |`]
        : []),
      `| **the same, single plans** | ${verdicts(plain, cheapestPlan)} |`,
    ].join('\n'),
  ].join('\n\n');
}

/** @param tableRows of table.csv: int8 and uniform widths */
export function renderFrontier(rows, tableRows) {
  const of = (all, network) => all.filter((row) => row.network === network);
  const sections = Object.keys(NETWORKS)
    .filter((network) => of(rows, network).length > 0)
    .map((network) => networkSection(network, of(rows, network), of(tableRows, network)));
  return `${HEAD}\n${sections.join('\n\n')}\n`;
}
