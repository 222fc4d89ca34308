/** The report of `simulate`: accuracy over a labelled folder. Field names are public (README.md). */
import { plainStyle, type Style } from './style.js';
import { formatPairs } from './table.js';
import { formatCount, formatMilliseconds, roundTo } from './units.js';

export interface SimulateFacts {
  readonly model: string;
  readonly mode: string;
  readonly data: string;
  readonly recipe: string;
  readonly threads: number;
  /** Rank of the true class per sample, 0 = best, in the order of the samples. */
  readonly ranks: readonly number[];
  /** Classes of the network. */
  readonly classes: number;
  /** Samples asked for; more than `ranks` when interrupted. */
  readonly requested: number;
  /** Doubts about the inputs. */
  readonly warnings?: readonly string[];
  readonly elapsedMs: number;
}

export interface SimulateReport {
  readonly n: number;
  /** Percent. */
  readonly top1: number;
  /** Percent; 100 where there are five classes or fewer. */
  readonly top5: number;
  readonly model: string;
  readonly mode: string;
  readonly data: string;
  readonly recipe: string;
  readonly classes: number;
  /** False when interrupted: the figures then cover the first n samples. */
  readonly complete: boolean;
  readonly warnings: readonly string[];
  readonly timing: {
    readonly imagesPerSecond: number;
    readonly totalMs: number;
    readonly threads: number;
  };
}

export function buildSimulateReport(facts: SimulateFacts): SimulateReport {
  const n = facts.ranks.length;
  const percentWithin = (limit: number): number =>
    n === 0 ? 0 : roundTo((100 * facts.ranks.filter((rank) => rank < limit).length) / n, 2);
  return {
    n,
    top1: percentWithin(1),
    top5: percentWithin(5),
    model: facts.model,
    mode: facts.mode,
    data: facts.data,
    recipe: facts.recipe,
    classes: facts.classes,
    complete: n === facts.requested,
    warnings: facts.warnings ?? [],
    timing: {
      imagesPerSecond: facts.elapsedMs === 0 ? 0 : roundTo((1000 * n) / facts.elapsedMs, 1),
      totalMs: roundTo(facts.elapsedMs, 1),
      threads: facts.threads,
    },
  };
}

export function formatSimulate(report: SimulateReport, style: Style = plainStyle): string {
  const { timing } = report;
  const top5: (readonly [string, string])[] =
    report.classes > 5 ? [['top-5', `${report.top5.toFixed(2)} %`]] : [];
  const interrupted = report.complete ? '' : ` ${style('yellow', '(interrupted: the first samples only)')}`;
  const speed = `${timing.imagesPerSecond} images/s`;
  const threads = `${timing.threads} thread${timing.threads === 1 ? '' : 's'}`;
  return [
    `${style('bold', report.model)} on ${report.data}`,
    formatPairs(
      [
        ['samples', `${formatCount(report.n)}${interrupted}`],
        ['top-1', style('bold', `${report.top1.toFixed(2)} %`)],
        ...top5,
        ['speed', `${speed} (${threads}, ${formatMilliseconds(timing.totalMs)})`],
        ['how', style('dim', `mode ${report.mode}, recipe ${report.recipe}`)],
      ],
      style,
    ),
  ].join('\n');
}

/** Rank of class `label` among the scores: how many score higher, or equal with a lower index. */
export function rankOf(scores: ArrayLike<number>, label: number): number {
  const own = scores[label];
  // A label that the network does not know can never be right.
  if (own === undefined) return scores.length;
  let rank = 0;
  for (let i = 0; i < scores.length; i++) {
    const other = scores[i]!;
    if (other > own || (other === own && i < label)) rank += 1;
  }
  return rank;
}
