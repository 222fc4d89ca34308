/** The report of `simulate` on pictures with boxes: average precision. Field names are public (README.md). */
import { plainStyle, type Style } from './style.js';
import { formatPairs, formatTable } from './table.js';
import { formatCount, formatMilliseconds, roundTo } from './units.js';

export interface DetectionFacts {
  readonly model: string;
  readonly mode: string;
  readonly data: string;
  readonly recipe: string;
  readonly threads: number;
  readonly n: number;
  readonly requested: number;
  /** Precisions 0…1. */
  readonly classes: readonly {
    readonly name: string;
    readonly labels: number;
    readonly ap50: number;
    readonly ap: number;
  }[];
  readonly map50: number;
  readonly map: number;
  /** Doubts about the inputs. */
  readonly warnings?: readonly string[];
  readonly elapsedMs: number;
}

export interface DetectionReport {
  readonly n: number;
  /** Percent, mean over classes at IoU 0.5. */
  readonly mAP50: number;
  /** Percent, mean over classes and IoU 0.50…0.95. */
  readonly mAP: number;
  /** By falling number of labelled boxes. */
  readonly classes: readonly {
    readonly name: string;
    readonly labels: number;
    readonly ap50: number;
    readonly ap: number;
  }[];
  readonly model: string;
  readonly mode: string;
  readonly data: string;
  readonly recipe: string;
  readonly complete: boolean;
  readonly warnings: readonly string[];
  readonly timing: {
    readonly imagesPerSecond: number;
    readonly totalMs: number;
    readonly threads: number;
  };
}

const percent = (share: number): number => roundTo(100 * share, 2);
/** Classes shown as text; JSON has all. */
const SHOWN = 12;

export function buildDetectionReport(facts: DetectionFacts): DetectionReport {
  const classes = facts.classes.map(({ name, labels, ap50, ap }) => ({
    name,
    labels,
    ap50: percent(ap50),
    ap: percent(ap),
  }));
  return {
    n: facts.n,
    mAP50: percent(facts.map50),
    mAP: percent(facts.map),
    classes: classes.sort((a, b) => b.labels - a.labels || (a.name < b.name ? -1 : 1)),
    model: facts.model,
    mode: facts.mode,
    data: facts.data,
    recipe: facts.recipe,
    complete: facts.n === facts.requested,
    warnings: facts.warnings ?? [],
    timing: {
      imagesPerSecond: facts.elapsedMs === 0 ? 0 : roundTo((1000 * facts.n) / facts.elapsedMs, 1),
      totalMs: roundTo(facts.elapsedMs, 1),
      threads: facts.threads,
    },
  };
}

export function formatDetection(report: DetectionReport, style: Style = plainStyle): string {
  const { timing } = report;
  const interrupted = report.complete ? '' : ` ${style('yellow', '(interrupted: the first samples only)')}`;
  const threads = `${timing.threads} thread${timing.threads === 1 ? '' : 's'}`;
  const table = formatTable(
    [
      { title: 'class', align: 'left', maxWidth: 24 },
      { title: 'boxes', align: 'right' },
      { title: 'AP50 %', align: 'right' },
      { title: 'AP %', align: 'right' },
    ],
    report.classes
      .slice(0, SHOWN)
      .map(({ name, labels, ap50, ap }) => [name, formatCount(labels), ap50.toFixed(1), ap.toFixed(1)]),
    style,
  );
  const more = report.classes.length - SHOWN;
  return [
    `${style('bold', report.model)} on ${report.data}`,
    table,
    ...(more > 0 ? [style('dim', `and ${more} more classes`)] : []),
    formatPairs(
      [
        ['pictures', `${formatCount(report.n)}${interrupted}`],
        ['mAP50', style('bold', `${report.mAP50.toFixed(1)} %`)],
        ['mAP', `${report.mAP.toFixed(1)} %`],
        ['speed', `${timing.imagesPerSecond} images/s (${threads}, ${formatMilliseconds(timing.totalMs)})`],
        ['how', style('dim', `mode ${report.mode}, recipe ${report.recipe}`)],
      ],
      style,
    ),
  ].join('\n');
}
