/**
 * The report of `regress`: before and after, as data and as Markdown for a pull-request comment. The field names are public
 * (README.md): they stay stable.
 */
import { COSTS, type Cost, type CostChange, isRed, type SubjectChange } from '../ir/baseline.js';
import { formatCount } from './units.js';

export interface RegressReport {
  readonly ok: boolean;
  readonly baseline: string;
  readonly compiler: string;
  /** Set when the baseline's costs are another compiler's: they then cannot be compared, and `ok` is false. */
  readonly compilerOfBaseline: string | null;
  readonly bounds: Partial<Readonly<Record<Cost, number>>>;
  readonly subjects: readonly SubjectChange[];
  /** The compiler that only informs; null when it was not asked for or is not there. */
  readonly informs: null | { readonly compiler: string; readonly subjects: readonly SubjectChange[] };
}

export type RegressFacts = Omit<RegressReport, 'ok'>;

/** Of the informing compiler only wrong bytes count. */
export const buildRegressReport = (facts: RegressFacts): RegressReport => ({
  ok:
    facts.compilerOfBaseline === null &&
    !facts.subjects.some(({ verdict }) => isRed(verdict)) &&
    !(facts.informs?.subjects ?? []).some(({ verdict }) => verdict === 'wrong' || verdict === 'different'),
  ...facts,
});

const TITLES: Readonly<Record<Cost, string>> = {
  cycles: 'cycles',
  stackBytes: 'stack',
  arenaBytes: 'arena',
  flashBytes: 'flash',
  scratchBytes: 'scratch',
  codeBytes: 'code',
};

export function formatRegress(report: RegressReport): string {
  const { subjects, informs } = report;
  return [
    `### ${headline(report)}`,
    `Cycles at zero wait states on an emulated core, bytes; ${report.compiler}; baseline \`${report.baseline}\`${boundsText(report)}`,
    ...compilerLine(report),
    ...section(subjects),
    ...(informs === null
      ? []
      : [
          `For information, by ${informs.compiler}: ${counts(informs.subjects)}.`,
          ...section(informs.subjects),
        ]),
  ].join('\n\n');
}

function headline({ ok, subjects, compilerOfBaseline }: RegressReport): string {
  if (ok) return `quantmcu regress: nothing worse (${counts(subjects)})`;
  const red = subjects.filter(({ verdict }) => isRed(verdict)).length;
  if (red === 0 && compilerOfBaseline !== null) return 'quantmcu regress: another compiler';
  return `quantmcu regress: **${red} of ${subjects.length} not as they should be** (${counts(subjects)})`;
}

function counts(subjects: readonly SubjectChange[]): string {
  const kinds = [...new Set(subjects.map(({ verdict }) => verdict))];
  const count = (kind: string): number => subjects.filter(({ verdict }) => verdict === kind).length;
  return kinds.map((kind) => `${count(kind)} ${kind}`).join(', ');
}

function boundsText({ bounds }: RegressReport): string {
  const stated = COSTS.filter((cost) => (bounds[cost] ?? 0) > 0);
  if (stated.length === 0) return '; no cost may grow';
  return `; may grow: ${stated.map((cost) => `${TITLES[cost]} by ${bounds[cost]} %`).join(', ')}`;
}

function compilerLine({ compilerOfBaseline }: RegressReport): readonly string[] {
  if (compilerOfBaseline === null) return [];
  return [
    `The baseline's costs are those of ${compilerOfBaseline}, so these cannot be held to them. ` +
      'Measure them anew with `--update`, in a change of its own.',
  ];
}

/** What changed; the rest folded away. */
function section(subjects: readonly SubjectChange[]): readonly string[] {
  const same = subjects.filter(({ verdict }) => verdict === 'same');
  const changed = subjects.filter(({ verdict }) => verdict !== 'same');
  return [
    ...(changed.length === 0 ? [] : [table(changed)]),
    ...(same.length === 0
      ? []
      : [`<details><summary>${same.length} the same</summary>\n\n${table(same)}\n\n</details>`]),
  ];
}

function table(subjects: readonly SubjectChange[]): string {
  const shown = COSTS.filter((cost) =>
    subjects.some(({ costs }) => costs.some((change) => change.cost === cost)),
  );
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    row(['', ...shown.map((cost) => TITLES[cost]), '']),
    row(['---', ...shown.map(() => '---:'), '---']),
    ...subjects.map(({ name, verdict, costs }) =>
      row([
        name.replaceAll('|', '\\|'),
        ...shown.map((cost) => cell(costs.find((change) => change.cost === cost))),
        isRed(verdict) ? `**${verdict}**` : verdict,
      ]),
    ),
  ].join('\n');
}

function cell(change: CostChange | undefined): string {
  if (change === undefined) return '';
  const { before, after, isOver } = change;
  if (before === after) return formatCount(after);
  const percent =
    before === 0 ? '' : `, ${after > before ? '+' : ''}${((after / before - 1) * 100).toFixed(2)} %`;
  const text = `${formatCount(before)} → ${formatCount(after)}${percent}`;
  return isOver ? `**${text}**` : text;
}
