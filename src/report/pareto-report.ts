/** The report of `pareto`: accuracy against BitOPs, time and memory, fronts marked. Field names are public (README.md). */
import { type ChartPanel, type ChartPoint, chartSvg, hueOf } from './chart-svg.js';
import type { LatencyEstimate } from './latency.js';
import type { Style } from './style.js';
import { formatPairs, formatTable } from './table.js';
import { formatBytes, formatLarge, formatMilliseconds, roundTo } from './units.js';

export interface ParetoRow {
  readonly name: string;
  /** Null for a stored plan. */
  readonly method: string | null;
  readonly costShare: number | null;
  readonly stage: string | null;
  readonly bitops: number;
  readonly cycles: number | null;
  readonly latencyMs: Pick<LatencyEstimate, 'low' | 'mid' | 'high'> | null;
  readonly arenaBytes: number;
  readonly predictedSqnrDb: number | null;
  readonly n: number;
  readonly agreement: number;
  readonly top1: number | null;
  readonly scoreSqnrDb: number;
  /** On the front of this cost against `worth`. */
  readonly front: { readonly bitops: boolean; readonly cycles: boolean; readonly arenaBytes: boolean };
}

export interface ParetoReport {
  readonly model: string;
  readonly target: string;
  /** Samples that accuracy was measured on. */
  readonly data: string;
  /** They are the ones that a sweep fitted its plans to: accuracy looks better than it is. Of stored plans nobody knows: false. */
  readonly fitted: boolean;
  /** What counts as accuracy. */
  readonly worth: 'top1' | 'agreement';
  /** Where a sweep's noise figures come from; null for stored plans. */
  readonly noise: 'float' | 'plans' | null;
  readonly points: readonly ParetoRow[];
  readonly svg: string | null;
  readonly timing: { readonly seconds: number };
}

/** Figures without digits beyond their meaning, cheapest first. */
export const buildParetoReport = (report: ParetoReport): ParetoReport => ({
  ...report,
  points: report.points
    .map((point) => ({
      ...point,
      predictedSqnrDb: point.predictedSqnrDb === null ? null : roundTo(point.predictedSqnrDb, 2),
      agreement: roundTo(point.agreement, 2),
      top1: point.top1 === null ? null : roundTo(point.top1, 2),
      scoreSqnrDb: roundTo(point.scoreSqnrDb, 2),
    }))
    .sort((a, b) => a.bitops - b.bitops || (a.name < b.name ? -1 : 1)),
  timing: { seconds: roundTo(report.timing.seconds, 1) },
});

const AXES = {
  bitops: { letter: 'B', title: 'BitOPs', label: 'BitOPs', format: formatLarge },
  cycles: { letter: 'C', title: 'cycles', label: 'cycles', format: formatLarge },
  arenaBytes: { letter: 'S', title: 'SRAM', label: 'arena', format: formatBytes },
} as const satisfies Readonly<Record<keyof ParetoRow['front'], unknown>>;
type Axis = keyof typeof AXES;
const AXIS_LIST = Object.keys(AXES) as Axis[];

const FITTED = ', which plans were fitted to: it looks better than it is (--test folder)';

export function formatPareto(report: ParetoReport, style: Style): string {
  const rows = report.points.map((point) => [
    point.name,
    point.stage ?? '',
    formatLarge(point.bitops),
    point.cycles === null ? '' : formatLarge(point.cycles),
    point.latencyMs === null ? '' : formatMilliseconds(point.latencyMs.mid),
    formatBytes(point.arenaBytes),
    point.predictedSqnrDb === null ? '' : point.predictedSqnrDb.toFixed(1),
    point.scoreSqnrDb.toFixed(1),
    `${point.agreement.toFixed(1)} %`,
    point.top1 === null ? '' : `${point.top1.toFixed(1)} %`,
    AXIS_LIST.map((axis) => (point.front[axis] ? AXES[axis].letter : '·')).join(''),
  ]);
  const right = [
    ...['BitOPs', 'cycles', 'latency', 'arena', 'predicted dB', 'SQNR dB', 'agreement', 'top-1', 'front'],
  ];
  return [
    formatTable(
      [
        { title: 'plan', align: 'left', maxWidth: 48 },
        { title: 'stage', align: 'left' },
        ...right.map((title) => ({ title, align: 'right' as const })),
      ],
      rows,
      style,
    ),
    '',
    formatPairs(
      [
        ['model', `${report.model} on ${report.target}`],
        ['accuracy', `${report.points[0]?.n ?? 0} samples of ${report.data}${report.fitted ? FITTED : ''}`],
        [
          'front',
          `${worthName(report)} against ${AXIS_LIST.map((axis) => `${AXES[axis].letter}: ${AXES[axis].label}`).join(', ')}`,
        ],
        ...(report.svg === null ? [] : [['wrote', report.svg] as const]),
      ],
      style,
    ),
  ].join('\n');
}

const worthName = ({ worth }: ParetoReport): string => (worth === 'top1' ? 'top-1' : 'agreement');

/** A panel per cost; points of the front full and joined, hues by method. */
export function paretoSvg(report: ParetoReport): string {
  const groups = [...new Set(report.points.map(({ method }) => method ?? 'stored plan'))];
  const panels = AXIS_LIST.flatMap((axis): ChartPanel[] => {
    const points = report.points.flatMap((point) => chartPoint(point, axis, report.worth, groups));
    if (points.length === 0) return [];
    const front = points.filter((p) => p.isMarked).sort((a, b) => a.x - b.x);
    return [
      {
        title: `${worthName(report)} against ${AXES[axis].title}`,
        xLabel: AXES[axis].label,
        yLabel: `${worthName(report)} %`,
        points,
        lines: front.length > 1 ? [front] : [],
        formatX: AXES[axis].format,
      },
    ];
  });
  return chartSvg(
    `${report.model} on ${report.target}`,
    panels,
    groups.map((name, i) => [name, hueOf(i)] as const),
  );
}

function chartPoint(
  point: ParetoRow,
  axis: Axis,
  worth: ParetoReport['worth'],
  groups: readonly string[],
): ChartPoint[] {
  const [x, y] = [point[axis], point[worth]];
  if (x === null || y === null) return [];
  const hue = hueOf(groups.indexOf(point.method ?? 'stored plan'));
  const title = `${point.name}: ${AXES[axis].format(x)}, ${y.toFixed(1)} %${point.front[axis] ? ', on the front' : ''}`;
  return [{ x, y, title, isMarked: point.front[axis], hue }];
}
