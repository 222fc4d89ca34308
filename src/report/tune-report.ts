/** The report of `tune`: the sweeps as tables and curves, and what was chosen. Field names are public (README.md). */
import { type ChartPanel, type ChartPoint, chartSvg, hueOf } from './chart-svg.js';
import type { Style } from './style.js';
import { formatPairs, formatTable } from './table.js';
import { formatLarge, formatPercent, roundTo } from './units.js';

interface TuneRow {
  readonly cost: number;
  readonly saved: number;
  readonly agreement: number;
  readonly changed: number;
  readonly scoreSqnrDb: number;
  readonly chosen: boolean;
}

export interface LambdaRow extends TuneRow {
  readonly lambda: number;
  /** Feature maps at 8, 4 and 2 bits. */
  readonly maps: readonly [number, number, number];
}

export type ClassRow =
  | (TuneRow & {
      readonly flaggedShare: number;
      readonly tau: number;
      readonly protected: number;
      readonly refused?: never;
    })
  /** The rule protects all positions or none. */
  | { readonly flaggedShare: number; readonly tau: number; readonly refused: true };

export interface TuneReport {
  readonly model: string;
  readonly data: string;
  readonly fit: number;
  readonly heldOut: number;
  readonly cost: 'bitops' | 'cycles';
  readonly lambda: readonly LambdaRow[];
  readonly rule: string;
  readonly classes: readonly ClassRow[];
  readonly chosen: {
    readonly lambda: number | null;
    readonly flaggedShare: number | null;
    readonly tau: number | null;
  };
  readonly files: { readonly tuned?: string; readonly svg?: string };
  readonly timing: { readonly seconds: number };
}

const rounded = <R extends Pick<TuneRow, 'saved' | 'agreement' | 'scoreSqnrDb'>>(row: R): R => ({
  ...row,
  saved: roundTo(row.saved, 4),
  agreement: roundTo(row.agreement, 2),
  scoreSqnrDb: roundTo(row.scoreSqnrDb, 2),
});

export const buildTuneReport = (report: TuneReport): TuneReport => ({
  ...report,
  lambda: report.lambda.map(rounded),
  classes: report.classes.map((row) => (row.refused === true ? row : rounded(row))),
  timing: { seconds: roundTo(report.timing.seconds, 1) },
});

const unitOf = ({ cost }: TuneReport): string => (cost === 'bitops' ? 'BitOPs' : 'cycles');

const figureCells = (row: TuneRow): string[] => [
  formatLarge(row.cost),
  formatPercent(row.saved),
  `${row.agreement.toFixed(1)} %`,
  row.scoreSqnrDb.toFixed(1),
  row.chosen ? '←' : '',
];

export function formatTune(report: TuneReport, style: Style): string {
  const columns = (names: readonly string[]) =>
    [...names, unitOf(report), 'saved', 'agreement', 'SQNR dB', ''].map((title) => ({
      title,
      align: 'right' as const,
    }));
  const lambda = report.lambda.map((row) => [String(row.lambda), row.maps.join('/'), ...figureCells(row)]);
  const classes = report.classes.map((row) =>
    row.refused === true
      ? [formatPercent(row.flaggedShare, 0), formatPercent(row.tau), 'all or none']
      : [
          formatPercent(row.flaggedShare, 0),
          formatPercent(row.tau),
          String(row.protected),
          ...figureCells(row),
        ],
  );
  const { chosen, files } = report;
  const share =
    chosen.flaggedShare === null
      ? 'no split saves anything'
      : `flagged share ${formatPercent(chosen.flaggedShare, 0)}, τ ${formatPercent(chosen.tau!)}`;
  const pairs: (readonly [string, string])[] = [
    ['samples', `${report.fit} to fit, ${report.heldOut} held out, from ${report.data}`],
    ...(lambda.length === 0 ? [] : [['λ', String(chosen.lambda ?? 'none saves anything')] as const]),
    ...(classes.length === 0 ? [] : [['classes', `${report.rule}: ${share}`] as const]),
    ...Object.values(files).map((file) => ['wrote', file] as const),
  ];
  return [
    ...(lambda.length === 0 ? [] : [formatTable(columns(['λ', 'maps at 8/4/2']), lambda, style), '']),
    ...(classes.length === 0
      ? []
      : [formatTable(columns(['flagged', 'τ', 'protected']), classes, style), '']),
    formatPairs(pairs, style),
  ].join('\n');
}

const share = (value: number): string => formatPercent(value);

/** Agreement and savings over λ; agreement over savings for the classes, a line per τ. */
export function tuneSvg(report: TuneReport): string {
  const point = (x: number, y: number, row: TuneRow, name: string, hue: number): ChartPoint => ({
    ...{ x, y, hue, isMarked: row.chosen },
    title: `${name}: ${share(row.saved)} saved, agreement ${row.agreement.toFixed(1)} %${row.chosen ? ', chosen' : ''}`,
  });
  const panel = (
    title: string,
    [xLabel, yLabel]: readonly [string, string],
    lines: readonly (readonly ChartPoint[])[],
    formatX: (value: number) => string,
  ): ChartPanel => ({ ...{ title, xLabel, yLabel, lines, formatX }, points: lines.flat() });
  const overLambda = (value: (row: LambdaRow) => number): ChartPoint[] =>
    report.lambda.map((row) => point(row.lambda, value(row), row, `λ ${row.lambda}`, hueOf(0)));
  const taus = [...new Set(report.classes.map(({ tau }) => tau))];
  const classLines = taus.map((tau, i) =>
    report.classes.flatMap((row) =>
      row.refused !== true && row.tau === tau
        ? [
            point(
              row.saved,
              row.agreement,
              row,
              `flagged ${share(row.flaggedShare)}, τ ${share(tau)}`,
              hueOf(i),
            ),
          ]
        : [],
    ),
  );
  const drawn = classLines.filter((line) => line.length > 0);
  const decimal = (value: number): string => value.toFixed(2);
  return chartSvg(
    `${report.model}: tuned on ${report.fit}, read on ${report.heldOut} held-out samples`,
    [
      ...(report.lambda.length === 0
        ? []
        : [
            panel('agreement over λ', ['λ', 'agreement %'], [overLambda((r) => r.agreement)], decimal),
            panel(
              `${unitOf(report)} saved over λ`,
              ['λ', `${unitOf(report)} saved %`],
              [overLambda((r) => 100 * r.saved)],
              decimal,
            ),
          ]),
      ...(drawn.length === 0
        ? []
        : [
            panel(
              'classes: agreement against savings',
              [`${unitOf(report)} saved`, 'agreement %'],
              drawn.map((line) => [...line].sort((a, b) => a.x - b.x)),
              share,
            ),
          ]),
    ],
    drawn.length === 0 ? [] : taus.map((tau, i) => [`τ ${share(tau)}`, hueOf(i)] as const),
  );
}
