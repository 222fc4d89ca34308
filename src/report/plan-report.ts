/**
 * The report of `plan`: the frontier of memory against redundant computation, what was chosen, and where nothing fits
 * what sets the smallest peak. Field names are public (README.md).
 */
import { plainStyle, type Style } from './style.js';
import { type Cell, formatPairs, formatTable } from './table.js';
import { formatBytes, formatLarge, formatPercent, roundTo } from './units.js';

/** One way to run the first layers, as planned; see src/patch/plan-patches.ts for the fields. */
export interface PlanRow {
  readonly kind: 'layers' | 'patches' | 'streaming';
  readonly input: 'resident' | 'streamed';
  readonly stageLayers: number;
  readonly grid: readonly [number, number];
  readonly rowsPerStep: number;
  readonly patchHeight: number;
  readonly patchWidth: number;
  readonly stageMacs: number;
  readonly stageMacsUnclipped: number;
  readonly stageMacsWhole: number;
  readonly totalMacs: number;
  readonly totalBitOps: number;
  readonly tensorBytes: number;
  readonly scratchBytes: number;
  readonly arenaBytes: number;
  readonly lowerBoundBytes: number;
  readonly peakLayer: string;
}

/** A tensor that is live at the peak. */
export interface PeakTensor {
  readonly name: string;
  readonly bytes: number;
}

export interface PlanFacts {
  readonly model: string;
  readonly mode: string;
  readonly layers: number;
  readonly macs: number;
  readonly plans: readonly PlanRow[];
  readonly chosen: PlanRow;
  /** Of a whole inference on the emulated core, for the plans that were measured. */
  readonly cycles: ReadonlyMap<PlanRow, number>;
  readonly fits: boolean;
  /** Bytes of SRAM that arena and stack may take together; absent without a budget. */
  readonly sramBytes?: number;
  readonly stackBytes: number;
  readonly flashBytes?: number;
  /** Constants of the chosen plan, without code. */
  readonly constantBytes: number;
  /** Of the chosen plan, largest first. */
  readonly peak: readonly PeakTensor[];
  readonly planFile?: string;
}

/** A row with what follows from the whole network; cycles are null where they were not measured. */
type RatedRow = PlanRow & { readonly redundantMacs: number; readonly cycles: number | null };

export interface PlanReport extends Omit<PlanFacts, 'plans' | 'chosen' | 'cycles'> {
  readonly plans: readonly (RatedRow & { readonly chosen: boolean })[];
  readonly chosen: RatedRow;
  /** What would have to give, one sentence each; empty when the budget is met. */
  readonly advice: readonly string[];
}

export function buildPlanReport({ cycles, ...facts }: PlanFacts): PlanReport {
  const withRedundancy = (row: PlanRow) => ({
    ...row,
    stageMacs: Math.round(row.stageMacs),
    stageMacsUnclipped: Math.round(row.stageMacsUnclipped),
    redundantMacs: Math.round(Math.max(0, row.totalMacs - facts.macs)),
    cycles: cycles.get(row) ?? null,
  });
  return {
    ...facts,
    plans: facts.plans.map((row) => ({ ...withRedundancy(row), chosen: row === facts.chosen })),
    chosen: withRedundancy(facts.chosen),
    advice: adviceOf(facts),
  };
}

function adviceOf(facts: Omit<PlanFacts, 'cycles'>): readonly string[] {
  const { chosen, sramBytes, flashBytes, constantBytes, stackBytes, peak } = facts;
  const advice: string[] = [];
  if (sramBytes !== undefined && !facts.fits) {
    const missing = chosen.arenaBytes + stackBytes - sramBytes;
    const live = peak.map(({ name, bytes }) => `${name} ${formatBytes(bytes)}`).join(', ');
    const share = Math.max(0, 1 - missing / chosen.arenaBytes);
    advice.push(
      `the smallest peak reachable is ${formatBytes(chosen.arenaBytes)} of arena and ${formatBytes(stackBytes)} of stack, ${formatBytes(missing)} too much`,
      `the peak is set by ${chosen.peakLayer}, with ${live} in memory`,
      `what is live there would have to shrink to ${formatPercent(share, 0)}: fewer bits (4-bit maps halve it), a smaller input, or fewer channels in that layer`,
    );
  }
  if (flashBytes !== undefined && constantBytes > flashBytes)
    advice.push(
      `the constants alone take ${formatBytes(constantBytes)} of ${formatBytes(flashBytes)} of flash: 4-bit weights halve them`,
    );
  return advice;
}

export function formatPlan(report: PlanReport, style: Style = plainStyle): string {
  const head = `${style('bold', report.model)}: ${report.layers} layers, ${formatLarge(report.macs)} MACs, mode ${report.mode}`;
  return [head, formatRows(report, style), formatChoice(report, style)].join('\n\n');
}

type ReportRow = PlanReport['plans'][number];

/** Per kind and input mode the rows that no other of them beats. */
export function shownRows(report: PlanReport): readonly ReportRow[] {
  const beaten = (a: ReportRow): boolean =>
    report.plans.some(
      (b) =>
        b !== a &&
        b.kind === a.kind &&
        b.input === a.input &&
        b.rowsPerStep === a.rowsPerStep &&
        b.arenaBytes <= a.arenaBytes &&
        b.totalMacs <= a.totalMacs &&
        (b.arenaBytes < a.arenaBytes || b.totalMacs < a.totalMacs || b.chosen),
    );
  const whole = report.plans.find((row) => row.kind === 'layers')?.arenaBytes ?? Number.POSITIVE_INFINITY;
  return report.plans.filter(
    (row) =>
      row.chosen ||
      row.cycles !== null ||
      (!beaten(row) && (row.kind === 'layers' || row.arenaBytes < whole)),
  );
}

const nameOf = ({ kind, grid, rowsPerStep }: PlanRow): string => {
  if (kind === 'layers') return 'layer by layer';
  return kind === 'patches'
    ? `patches ${grid.join('×')}`
    : `streaming, ${rowsPerStep} row${rowsPerStep === 1 ? '' : 's'} a step`;
};

function formatRows(report: PlanReport, style: Style): string {
  const shown = shownRows(report);
  const isMeasured = shown.some(({ cycles }) => cycles !== null);
  const rows = shown.map((row): Cell[] => [
    row.chosen ? { text: `> ${nameOf(row)}`, format: 'bold' } : `  ${nameOf(row)}`,
    row.stageLayers === 0 ? '' : String(row.stageLayers),
    row.input,
    row.patchHeight === 0 ? '' : `${row.patchHeight}×${row.patchWidth}`,
    formatLarge(row.totalMacs),
    row.stageLayers === 0 ? '' : `+${formatPercent(row.redundantMacs / report.macs)}`,
    ...(isMeasured ? [row.cycles === null ? '' : formatLarge(row.cycles)] : []),
    formatBytes(row.tensorBytes),
    formatBytes(row.scratchBytes),
    formatBytes(row.arenaBytes),
    formatBytes(row.lowerBoundBytes),
    row.peakLayer,
  ]);
  return formatTable(
    [
      { title: '  plan', align: 'left' },
      { title: 'layers', align: 'right' },
      { title: 'input', align: 'left' },
      { title: 'patch', align: 'right' },
      { title: 'MACs', align: 'right' },
      { title: 'redundant', align: 'right' },
      ...(isMeasured ? [{ title: 'cycles', align: 'right' } as const] : []),
      { title: 'tensors', align: 'right' },
      { title: 'scratch', align: 'right' },
      { title: 'arena', align: 'right' },
      { title: 'bound', align: 'right' },
      { title: 'peak at', align: 'left', maxWidth: 40 },
    ],
    rows,
    style,
  );
}

function formatChoice(report: PlanReport, style: Style): string {
  const { chosen, sramBytes, stackBytes, constantBytes, flashBytes } = report;
  const stage = chosen.stageLayers === 0 ? '' : ` for the first ${chosen.stageLayers} layers`;
  const need = chosen.arenaBytes + stackBytes;
  const budget =
    sramBytes === undefined ? '' : ` of ${formatBytes(sramBytes)} (${formatPercent(need / sramBytes, 0)})`;
  const halo = chosen.stageMacsWhole === 0 ? 0 : chosen.stageMacs / chosen.stageMacsWhole - 1;
  const loose = chosen.stageMacsWhole === 0 ? 0 : chosen.stageMacsUnclipped / chosen.stageMacsWhole - 1;
  const pairs: [string, string][] = [
    ['plan', `${nameOf(chosen)}${stage}, input ${chosen.input}`],
    [
      'SRAM',
      `${formatBytes(need)}${budget} = arena ${formatBytes(chosen.arenaBytes)} + stack ${formatBytes(stackBytes)} reserved`,
    ],
    [
      'arena',
      `tensors ${formatBytes(chosen.tensorBytes)}, scratch up to ${formatBytes(chosen.scratchBytes)}, lower bound ${formatBytes(chosen.lowerBoundBytes)}`,
    ],
  ];
  if (chosen.kind === 'patches')
    pairs.push([
      'halo',
      `stage ${formatLarge(chosen.stageMacs)} MACs, +${formatPercent(halo, 0)} clipped at the borders (${formatLarge(chosen.stageMacsUnclipped)}, +${formatPercent(loose, 0)} unclipped)`,
    ]);
  pairs.push([
    'flash',
    `constants ${formatBytes(constantBytes)}${flashBytes === undefined ? '' : ` of ${formatBytes(flashBytes)}`}, code and tables not counted`,
  ]);
  if (report.planFile !== undefined) pairs.push(['wrote', report.planFile]);
  const lines = [formatPairs(pairs, style)];
  if (report.advice.length > 0)
    lines.push([style('red', 'DOES NOT FIT'), ...report.advice.map((line) => `  ${line}`)].join('\n'));
  return lines.join('\n\n');
}

/** Share of MACs computed twice, for tables of others. */
export const redundancyOf = (row: PlanRow, macs: number): number =>
  roundTo(Math.max(0, row.totalMacs / macs - 1), 4);
