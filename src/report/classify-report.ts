/**
 * The report of `classify`: which patch positions keep 8 bits and the figure that decided, as text, JSON and a heat
 * map over the input. Field names are public (README.md).
 */
import { plainStyle, type Style } from './style.js';
import { formatPairs } from './table.js';
import { formatPercent } from './units.js';

export interface ClassifiedPosition {
  readonly row: number;
  readonly column: number;
  /** noise: logit noise; outlier: share of images with an outlier patch; activity: mean standard deviation. */
  readonly figure: number;
  /** null where the input decides at run time. */
  readonly protected: boolean | null;
  /** Its part of the input, without halo: [top, left, height, width] in pixels. */
  readonly tile: readonly [number, number, number, number];
}

export interface ClassifyReport {
  readonly model: string;
  readonly data: string;
  readonly samples: number;
  readonly rule: 'noise' | 'outlier' | 'activity';
  /** What `outlier` and `activity` look at: the input patch, or its first layer's output. */
  readonly at: 'input' | 'first';
  /** The firmware asks the rule for every image; both alternatives of every branch are in flash. */
  readonly runTime: boolean;
  readonly stageLayers: number;
  readonly grid: readonly [number, number];
  readonly input: 'resident' | 'streamed';
  /** [height, width] */
  readonly inputSize: readonly [number, number];
  readonly positions: readonly ClassifiedPosition[];
  /** `outlier` only. */
  readonly threshold?: { readonly z: number; readonly phi: number; readonly tau: number };
  readonly files: { readonly plan?: string; readonly svg?: string; readonly recipe?: string };
  readonly warnings: readonly string[];
}

const MEANING: Readonly<Record<ClassifyReport['rule'], string>> = {
  noise: 'logit noise when the branch is narrow',
  outlier: 'share of images with an outlier patch',
  activity: 'mean standard deviation of the patch',
};

export function formatClassify(report: ClassifyReport, style: Style = plainStyle): string {
  const { rule, grid, positions, threshold, files } = report;
  const kept = positions.filter((position) => position.protected === true).length;
  const flagged = positions.reduce((sum, { figure }) => sum + figure, 0);
  const lines = Array.from({ length: grid[0] }, (_, row) =>
    positions
      .filter((position) => position.row === row)
      .map(({ figure, protected: own }) => {
        const text = `${own === true ? '*' : ' '}${figureText(figure).padStart(8)}`;
        return own === true ? style('bold', text) : text;
      })
      .join('  '),
  );
  const pairs: [string, string][] = [
    ['rule', `${rule}: ${MEANING[rule]}${rule === 'noise' ? '' : ` (${testedTensor(report)})`}`],
    ['stage', `${report.stageLayers} layers, ${grid.join('×')} patches, input ${report.input}`],
    [
      'protected',
      report.runTime
        ? `at run time, ${flagged.toFixed(1)} of ${positions.length} patches of a calibration image on average`
        : `${kept} of ${positions.length} positions keep 8 bits (*)`,
    ],
  ];
  if (threshold !== undefined)
    pairs.push([
      'threshold',
      `|z| ${threshold.z.toFixed(2)} (φ ${threshold.phi.toPrecision(3)}), τ ${formatPercent(threshold.tau)}`,
    ]);
  for (const [name, path] of Object.entries(files)) pairs.push([name === 'plan' ? 'wrote' : name, path]);
  return [
    `${style('bold', report.model)}: ${report.samples} calibration images from ${report.data}`,
    lines.join('\n'),
    formatPairs(pairs, style),
  ].join('\n\n');
}

const figureText = (figure: number): string =>
  figure !== 0 && Math.abs(figure) < 0.01 ? figure.toExponential(1) : figure.toFixed(3);

const testedTensor = ({ at }: ClassifyReport): string =>
  at === 'input' ? 'of the input' : "of the first layer's output";

const CANVAS = { left: 24, top: 64, size: 480 } as const;

/** The figures as shades over the input, protected positions framed. */
export function heatMapSvg(report: ClassifyReport): string {
  const [height, width] = report.inputSize;
  const scale = CANVAS.size / Math.max(height, width);
  const figures = report.positions.map(({ figure }) => figure);
  const [low, high] = [Math.min(...figures), Math.max(...figures)];
  const size = { width: 2 * CANVAS.left + width * scale, height: CANVAS.top + height * scale + 24 };
  const tiles = [...report.positions]
    .sort((a, b) => Number(a.protected) - Number(b.protected))
    .map(({ row, column, figure, protected: own, tile: [top, left, rows, columns] }) => {
      const heat = high > low ? (figure - low) / (high - low) : 0;
      const place = `x="${r(CANVAS.left + left * scale)}" y="${r(CANVAS.top + top * scale)}" width="${r(columns * scale)}" height="${r(rows * scale)}"`;
      const frame = own === true ? 'stroke="#222" stroke-width="2.5"' : 'stroke="#fff" stroke-width="0.5"';
      const title = `[${row},${column}] ${figureText(figure)}: ${own === null ? 'decided at run time' : own ? 'keeps 8 bits' : 'plain'}`;
      const middle = `x="${r(CANVAS.left + (left + columns / 2) * scale)}" y="${r(CANVAS.top + (top + rows / 2) * scale + 4)}"`;
      return `<g><title>${title}</title><rect ${place} fill="hsl(12 85% ${r(96 - 50 * heat)}%)" ${frame}/><text ${middle} text-anchor="middle">${figureText(figure)}</text></g>`;
    });
  const what = report.rule === 'noise' ? '' : ` ${testedTensor(report)}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${r(size.width)} ${r(size.height)}" width="${r(size.width)}" height="${r(size.height)}" font-family="system-ui, sans-serif" font-size="11">`,
    '<rect width="100%" height="100%" fill="#fff"/>',
    `<text x="${CANVAS.left}" y="26" font-size="15" font-weight="600">${escapeText(report.model)}: ${report.rule}${what}</text>`,
    `<text x="${CANVAS.left}" y="46" fill="#555">${MEANING[report.rule]}; ${report.runTime ? 'decided at run time' : 'framed positions keep 8 bits'}</text>`,
    ...tiles,
    '</svg>',
    '',
  ].join('\n');
}

const r = (value: number): number => Math.round(value * 100) / 100;

const escapeText = (value: string): string =>
  value.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
