/** The report of `compare model plan`: where accuracy goes between a float network and its plan. */
import { plainStyle, type Style } from './style.js';
import { formatPairs, formatTable } from './table.js';
import { formatCount, roundTo } from './units.js';

interface Paired {
  readonly first: number;
  readonly second: number;
  readonly points: number;
  readonly halfWidth: number;
}

interface MapFacts {
  readonly name: string;
  readonly bits: number;
  readonly sqnrDb: number;
  readonly cosine: number;
}

export interface AccuracyComparisonFacts {
  readonly model: string;
  readonly plan: string;
  readonly data: string;
  readonly recipe: string;
  readonly n: number;
  readonly agreement: number;
  readonly top1?: Paired;
  readonly top5?: Paired;
  readonly scoreSqnrDb: number;
  readonly maps: readonly MapFacts[];
  readonly worst: readonly MapFacts[];
  readonly restored: readonly { readonly name: string; readonly scoreGainDb: number }[];
  readonly elapsedMs: number;
}

export interface AccuracyComparisonReport extends Omit<AccuracyComparisonFacts, 'elapsedMs'> {
  readonly timing: { readonly totalMs: number };
}

/** JSON has no infinity: equal maps get this many decibels. */
const EQUAL_DB = 999;

const roundMap = (map: MapFacts): MapFacts => ({
  ...map,
  sqnrDb: roundTo(Math.min(map.sqnrDb, EQUAL_DB), 2),
  cosine: roundTo(map.cosine, 6),
});

const roundPaired = (paired: Paired): Paired => ({
  ...paired,
  first: roundTo(paired.first, 2),
  second: roundTo(paired.second, 2),
  points: roundTo(paired.points, 2),
  halfWidth: roundTo(paired.halfWidth, 2),
});

export function buildAccuracyComparison({
  elapsedMs,
  ...facts
}: AccuracyComparisonFacts): AccuracyComparisonReport {
  return {
    ...facts,
    agreement: roundTo(facts.agreement, 2),
    ...(facts.top1 === undefined ? {} : { top1: roundPaired(facts.top1) }),
    ...(facts.top5 === undefined ? {} : { top5: roundPaired(facts.top5) }),
    scoreSqnrDb: roundTo(Math.min(facts.scoreSqnrDb, EQUAL_DB), 2),
    maps: facts.maps.map(roundMap),
    worst: facts.worst.map(roundMap),
    restored: facts.restored.map((map) => ({ ...map, scoreGainDb: roundTo(map.scoreGainDb, 2) })),
    timing: { totalMs: roundTo(elapsedMs, 1) },
  };
}

const formatPaired = ({ first, second, points, halfWidth }: Paired): string =>
  `${first.toFixed(2)} % float, ${second.toFixed(2)} % plan: ${(-points).toFixed(2)} ± ${halfWidth.toFixed(2)} points`;

export function formatAccuracyComparison(
  report: AccuracyComparisonReport,
  style: Style = plainStyle,
): string {
  const gainOf = new Map(report.restored.map(({ name, scoreGainDb }) => [name, scoreGainDb]));
  const others = report.maps.filter(
    ({ name }) => gainOf.has(name) && !report.worst.some((m) => m.name === name),
  );
  const table = formatTable(
    [
      { title: 'worst feature maps, and narrow ones', align: 'left', maxWidth: 52 },
      { title: 'bits', align: 'right' },
      { title: 'SQNR dB', align: 'right' },
      { title: 'cosine', align: 'right' },
      { title: '8 bits win dB', align: 'right' },
    ],
    [...report.worst, ...others].map(({ name, bits, sqnrDb, cosine }) => [
      name,
      String(bits),
      sqnrDb.toFixed(1),
      cosine.toFixed(4),
      gainOf.has(name) ? gainOf.get(name)!.toFixed(2) : '–',
    ]),
    style,
  );
  const accuracy = (label: string, paired: Paired | undefined): (readonly [string, string])[] =>
    paired === undefined ? [] : [[label, formatPaired(paired)]];
  return [
    `${style('bold', report.plan)} against ${report.model} in float, on ${report.data}`,
    table,
    formatPairs(
      [
        ['samples', formatCount(report.n)],
        ...accuracy('top-1', report.top1),
        ...accuracy('top-5', report.top5),
        ['agreement', `${report.agreement.toFixed(2)} % same best class`],
        ['scores', `${report.scoreSqnrDb.toFixed(1)} dB signal to quantisation noise`],
        ['8 bits win', 'gain in the scores’ ratio when that map alone is stored at 8 bits'],
        ['how', style('dim', `recipe ${report.recipe}`)],
      ],
      style,
    ),
  ].join('\n');
}
