/** The report of `search`: what was found in one line, what it costs against 8 bits. Field names are public (README.md). */
import type { BitAssignment } from '../ir/stage-data.js';
import type { Style } from './style.js';
import { formatPairs, formatTable } from './table.js';
import { formatBytes, formatLarge, formatMilliseconds, roundTo } from './units.js';

export interface CoreCycles {
  readonly m4: number;
  readonly m7: number;
}

export interface SearchFacts {
  readonly model: string;
  readonly target: string;
  readonly method: string;
  /** Where its noise figures come from; null where it reads none. */
  readonly noise: 'float' | 'plans' | null;
  readonly scope: string;
  readonly stage: string;
  /** Patches that keep 8 bits, as [row, column] of so many; null where all are alike. */
  readonly vdpc: {
    readonly rule: string;
    readonly protected: readonly (readonly [number, number])[];
    readonly of: number;
  } | null;
  /** What the search saved. */
  readonly cost: 'bitops' | 'cycles';
  readonly seed: number;
  readonly feasible: boolean;
  readonly fits: boolean;
  readonly evaluations: number;
  readonly bitops: number;
  readonly bitopsInt8: number;
  readonly bitopsInt8Patched: number | null;
  readonly sramBytes: number;
  /** For the constants. */
  readonly flashBytes: number;
  /** As firmware stores them, without code. */
  readonly constantBytes: number;
  readonly arenaBytes: number;
  /** Measured on the emulated core; null when nothing was emulated. */
  readonly peakSramBytes: number | null;
  readonly cycles: CoreCycles | null;
  readonly cyclesInt8: CoreCycles | null;
  readonly cyclesInt8Patched: CoreCycles | null;
  /** Every feature map equal between simulation and emulated core; null when nothing was emulated. */
  readonly verified: boolean | null;
  readonly predictedSqnrDb: number;
  /** On calibration images, in percent. */
  readonly predictedAgreement: number;
  readonly predictedDrop: number;
  /** Score SQNR of the plan on calibration images held out of it; null where it was not measured. */
  readonly heldOutSqnrDb: number | null;
  /** On the test folder; null without one. */
  readonly test: {
    readonly n: number;
    readonly top1: number | null;
    readonly top1Float: number | null;
    readonly points: number | null;
    readonly halfWidth: number | null;
    readonly agreement: number;
    readonly scoreSqnrDb: number;
  } | null;
  readonly assignment: BitAssignment;
  readonly plan: string | null;
  readonly seconds: number;
}

export interface SearchReport
  extends Omit<
    SearchFacts,
    | 'test'
    | 'assignment'
    | 'seconds'
    | 'predictedSqnrDb'
    | 'predictedAgreement'
    | 'predictedDrop'
    | 'heldOutSqnrDb'
  > {
  readonly summary: string;
  /**
   * `scoreSqnrDb` is the sum of single noises. Where `heldOutSqnrDb` is not null, it, agreement and drop are those of
   * the plan on calibration images held out of it, by which it was chosen.
   */
  readonly predicted: {
    readonly scoreSqnrDb: number;
    readonly agreement: number;
    readonly drop: number;
    readonly heldOutSqnrDb: number | null;
  };
  readonly n: number | null;
  readonly top1: number | null;
  readonly top1Float: number | null;
  readonly drop: { readonly points: number; readonly halfWidth: number } | null;
  readonly agreement: number | null;
  readonly scoreSqnrDb: number | null;
  /** Of maps of the stage the widths in patches that are not protected. */
  readonly widths: {
    readonly activations: BitAssignment['activations'];
    readonly weights: BitAssignment['weights'];
  };
  readonly timing: { readonly seconds: number };
}

export function buildSearchReport(facts: SearchFacts): SearchReport {
  const {
    test,
    assignment,
    seconds,
    predictedSqnrDb,
    predictedAgreement,
    predictedDrop,
    heldOutSqnrDb,
    ...rest
  } = facts;
  const drop =
    test?.points == null || test.halfWidth == null
      ? null
      : { points: roundTo(test.points, 2), halfWidth: roundTo(test.halfWidth, 2) };
  const rounded = (value: number | null | undefined): number | null =>
    value == null ? null : roundTo(value, 2);
  return {
    ...rest,
    summary: summaryOf(facts),
    predicted: {
      scoreSqnrDb: roundTo(predictedSqnrDb, 2),
      agreement: roundTo(predictedAgreement, 2),
      drop: roundTo(predictedDrop, 2),
      heldOutSqnrDb: rounded(heldOutSqnrDb),
    },
    n: test?.n ?? null,
    top1: rounded(test?.top1),
    top1Float: rounded(test?.top1Float),
    drop,
    agreement: rounded(test?.agreement),
    scoreSqnrDb: rounded(test?.scoreSqnrDb),
    widths: { activations: assignment.activations, weights: assignment.weights },
    timing: { seconds: roundTo(seconds, 1) },
  };
}

const times = (ratio: number): string => `${ratio.toFixed(2)}×`;

/** SRAM, BitOPs and cycles against int8 patches and layer by layer, accuracy kept. */
function summaryOf(facts: SearchFacts): string {
  const { bitops, bitopsInt8, bitopsInt8Patched, cycles, cyclesInt8, cyclesInt8Patched, test } = facts;
  const patched =
    bitopsInt8Patched === null
      ? 'no int8 patches fit'
      : `${times(bitopsInt8Patched / bitops)} fewer BitOPs than int8 patches`;
  const parts = [
    facts.fits || facts.constantBytes > facts.flashBytes
      ? `${formatBytes(facts.arenaBytes)} arena`
      : `${formatBytes(facts.arenaBytes)} arena does not fit`,
    ...(facts.constantBytes > facts.flashBytes
      ? [
          `${formatBytes(facts.constantBytes)} of constants do not fit ${formatBytes(facts.flashBytes)} of flash`,
        ]
      : []),
    `${patched}, ${times(bitopsInt8 / bitops)} than int8 layer by layer`,
  ];
  if (cycles !== null && cyclesInt8 !== null) {
    const patches =
      cyclesInt8Patched === null ? '' : `${times(cyclesInt8Patched.m4 / cycles.m4)} against int8 patches, `;
    parts.push(`M4 cycles ${patches}${times(cyclesInt8.m4 / cycles.m4)} against layer by layer`);
  }
  if (test === null) parts.push(`predicted agreement ${facts.predictedAgreement.toFixed(1)} %`);
  else if (test.points === null) parts.push(`agreement ${test.agreement.toFixed(1)} %`);
  else
    parts.push(
      `top-1 ${test.top1!.toFixed(1)} % of ${test.top1Float!.toFixed(1)} % (${test.points.toFixed(2)} ± ${test.halfWidth!.toFixed(2)} points lost)`,
    );
  return `${parts.join('; ')}`;
}

const patchesText = ({ rule, protected: kept, of }: NonNullable<SearchFacts['vdpc']>): string =>
  `${kept.length} of ${of} keep 8 bits by rule ${rule}: ${kept.map(([row, column]) => `[${row},${column}]`).join(' ')}; ` +
  'widths of the stage are those of the others';

function predictedText({ scoreSqnrDb, agreement, heldOutSqnrDb }: SearchReport['predicted']): string {
  const sum = `score SQNR ${scoreSqnrDb.toFixed(1)} dB`;
  const kept = `agreement ${agreement.toFixed(1)} % on calibration images`;
  return heldOutSqnrDb === null
    ? `${sum}, ${kept}`
    : `${sum} by single noises; of the plan ${heldOutSqnrDb.toFixed(1)} dB, ${kept} held out of it, by which it was chosen`;
}

export function formatSearch(report: SearchReport, style: Style): string {
  const histogram = (widths: Readonly<Record<string, number>>): string =>
    [8, 4, 2]
      .map((bits) => `${Object.values(widths).filter((w) => w === bits).length} at ${bits}`)
      .join(', ');
  const rows = [
    ...Object.entries(report.widths.activations).map(([name, bits]) => ['feature map', name, String(bits)]),
    ...Object.entries(report.widths.weights).map(([name, bits]) => ['weights', name, String(bits)]),
  ];
  const cyclesRow =
    report.cycles === null
      ? []
      : [['cycles', `M4 ${formatLarge(report.cycles.m4)}, M7 ${formatLarge(report.cycles.m7)}`] as const];
  const source = report.noise === 'plans' ? ' by noise in plans' : '';
  const pairs = [
    [
      'method',
      `${report.method}${source}, scope ${report.scope}, stage ${report.stage}, ${report.evaluations} evaluations`,
    ] as const,
    ['predicted', predictedText(report.predicted)] as const,
    ['BitOPs', `${formatLarge(report.bitops)} of ${formatLarge(report.bitopsInt8)} at 8 bits`] as const,
    [
      'SRAM',
      `arena ${formatBytes(report.arenaBytes)} for a limit of ${formatBytes(report.sramBytes)} with stack`,
    ] as const,
    [
      'flash',
      `constants ${formatBytes(report.constantBytes)} for a limit of ${formatBytes(report.flashBytes)}`,
    ] as const,
    ...cyclesRow,
    [
      'widths',
      `maps ${histogram(report.widths.activations)}; weights ${histogram(report.widths.weights)}`,
    ] as const,
    ...(report.vdpc === null ? [] : [['patches', patchesText(report.vdpc)] as const]),
    ...(report.agreement === null
      ? []
      : [['agreement', `${report.agreement.toFixed(1)} % of ${report.n} test samples`] as const]),
    ['time', formatMilliseconds(1000 * report.timing.seconds)] as const,
  ];
  const verdict =
    report.feasible && report.fits ? style('green', 'FOUND') : style('red', 'NOT WITHIN THE LIMITS');
  return [
    formatTable(
      [
        { title: 'kind', align: 'left' },
        { title: 'name', align: 'left', maxWidth: 60 },
        { title: 'bits', align: 'right' },
      ],
      rows,
      style,
    ),
    '',
    formatPairs(pairs),
    '',
    `${verdict}  ${report.summary}`,
  ].join('\n');
}
