/** The report of `compare --modes`: why two interpreters disagree, and from which layer on. */
import type { RequantMode } from '../numeric/requantize.js';
import { plainStyle, type Style } from './style.js';
import { formatPairs, formatTable } from './table.js';
import { formatCount, formatPercent, roundTo } from './units.js';

/** Per layer: values that differ and by how much at most. */
interface Differences {
  readonly count: number;
  readonly max: number;
}

export interface ModeComparisonFacts {
  readonly model: string;
  readonly data: string;
  readonly recipe: string;
  readonly modes: readonly [RequantMode, RequantMode];
  readonly n: number;
  readonly requested: number;
  readonly layers: readonly {
    readonly name: string;
    readonly op: string;
    readonly values: number;
    readonly own: Differences;
    readonly accumulated: Differences;
  }[];
  readonly first: number | undefined;
  readonly equalOutputs: number;
  readonly sameClass: number | undefined;
  readonly right: readonly [number, number] | undefined;
  readonly elapsedMs: number;
}

/** Who computes in a mode, and how it rounds. */
const MODES: Readonly<Record<RequantMode, { readonly who: string; readonly how: string }>> = {
  tflm: { who: 'TensorFlow Lite Micro and CMSIS-NN: the device', how: 'two integer roundings' },
  single: { who: 'TensorFlow Lite’s own kernels', how: 'one integer rounding' },
  xnnpack: {
    who: 'TensorFlow Lite with XNNPACK: Python, desktop, browser',
    how: 'a float32 scale, rounded to even',
  },
  mulhi: { who: 'plans quantised by quantmcu', how: 'one rounding of the upper word' },
};

export interface ModeComparisonReport {
  readonly model: string;
  readonly data: string;
  readonly recipe: string;
  readonly modes: readonly [RequantMode, RequantMode];
  readonly n: number;
  readonly complete: boolean;
  /** The answer in one line. */
  readonly summary: string;
  /** First layer that differs, from 1; null when none does. */
  readonly firstDifference: { readonly index: number; readonly name: string; readonly op: string } | null;
  readonly equalOutputs: number;
  /** Percent of samples with the same best class. */
  readonly agreement: number | null;
  /** Percent right in each mode, where labels are known. */
  readonly top1: readonly [number, number] | null;
  readonly layers: readonly {
    readonly name: string;
    readonly op: string;
    readonly values: number;
    readonly own: Differences & { readonly percent: number };
    readonly accumulated: Differences & { readonly percent: number };
  }[];
  readonly timing: { readonly totalMs: number };
}

export function buildModeComparison(facts: ModeComparisonFacts): ModeComparisonReport {
  const { n, layers, first } = facts;
  const percent = (count: number, of: number): number => roundTo((100 * count) / of, 3);
  const differing = first === undefined ? undefined : layers[first]!;
  return {
    model: facts.model,
    data: facts.data,
    recipe: facts.recipe,
    modes: facts.modes,
    n,
    complete: n === facts.requested,
    summary: summarise(facts),
    firstDifference:
      differing === undefined ? null : { index: first! + 1, name: differing.name, op: differing.op },
    equalOutputs: facts.equalOutputs,
    agreement: facts.sameClass === undefined ? null : percent(facts.sameClass, n),
    top1: facts.right === undefined ? null : [percent(facts.right[0], n), percent(facts.right[1], n)],
    layers: layers.map(({ name, op, values, own, accumulated }) => ({
      name,
      op,
      values,
      own: { ...own, percent: percent(own.count, values) },
      accumulated: { ...accumulated, percent: percent(accumulated.count, values) },
    })),
    timing: { totalMs: roundTo(facts.elapsedMs, 1) },
  };
}

function summarise({ modes, n, layers, first, equalOutputs, sameClass }: ModeComparisonFacts): string {
  const [a, b] = modes;
  const samples = `${n} sample${n === 1 ? '' : 's'}`;
  if (first === undefined)
    return `${a} and ${b} give the same bytes in all ${layers.length} layers on ${samples}.`;
  const layer = layers[first]!;
  const last = layers.at(-1)!;
  const share = (d: Differences, values: number): string => formatPercent(d.count / values, 2);
  const classes =
    sameClass === undefined
      ? `${equalOutputs} of ${n} outputs are equal`
      : `the best class agrees on ${sameClass} of ${n}`;
  return (
    `${a} and ${b} disagree from layer ${first + 1} of ${layers.length} on, ${layer.name} (${layer.op}), because ` +
    `they round differently (${MODES[a].how}; ${MODES[b].how}): there ${share(layer.own, layer.values)} of the values ` +
    `differ, by at most ${layer.own.max}; at the end ${share(last.accumulated, last.values)} do, by at most ` +
    `${last.accumulated.max}, and ${classes}.`
  );
}

export function formatModeComparison(report: ModeComparisonReport, style: Style = plainStyle): string {
  const { modes, n } = report;
  const interrupted = report.complete ? '' : ` ${style('yellow', '(interrupted: the first samples only)')}`;
  const cell = (d: Differences & { readonly percent: number }): string[] =>
    d.count === 0 ? ['–', '–'] : [d.percent.toFixed(3), String(d.max)];
  const table = formatTable(
    [
      { title: 'layer', align: 'left', maxWidth: 44 },
      { title: 'op', align: 'left' },
      { title: 'values', align: 'right' },
      { title: 'own %', align: 'right' },
      { title: 'max', align: 'right' },
      { title: 'total %', align: 'right' },
      { title: 'max', align: 'right' },
    ],
    report.layers.map((layer, i) => {
      const isFirst = report.firstDifference?.index === i + 1;
      const name = isFirst ? { text: layer.name, format: 'yellow' as const } : layer.name;
      return [name, layer.op, formatCount(layer.values), ...cell(layer.own), ...cell(layer.accumulated)];
    }),
    style,
  );
  const top1: (readonly [string, string])[] =
    report.top1 === null
      ? []
      : [
          [
            'top-1',
            `${report.top1[0].toFixed(2)} % in ${modes[0]}, ${report.top1[1].toFixed(2)} % in ${modes[1]}`,
          ],
        ];
  return [
    style('bold', report.summary),
    '',
    table,
    '',
    formatPairs(
      [
        [
          'own',
          'values that differ when both modes get the same inputs; total: each from the network’s input on',
        ],
        ['samples', `${formatCount(n)} of ${report.data}${interrupted}, recipe ${report.recipe}`],
        ['outputs', `${report.equalOutputs} of ${n} equal`],
        ...top1,
        ...modes.map((mode): readonly [string, string] => [mode, `${MODES[mode].who}; ${MODES[mode].how}`]),
      ],
      style,
    ),
  ].join('\n');
}
