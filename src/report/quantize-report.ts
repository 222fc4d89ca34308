/** The report of `quantize`: widths, predicted noise of the scores, flash and arena. Field names are public (README.md). */
import type { DeployPlan } from '../ir/deploy-plan.js';
import { stepMacs } from '../ops/index.js';
import { tensorBytes, tensorOf } from '../ops/plan-access.js';
import { plainStyle, type Style } from './style.js';
import { formatPairs, formatTable } from './table.js';
import { formatBytes, formatCount, formatMilliseconds, formatShape, roundTo } from './units.js';

export interface QuantizeFacts {
  readonly model: string;
  readonly plan: DeployPlan;
  readonly data: string;
  readonly recipe: string;
  /** Calibration samples. */
  readonly samples: number;
  readonly seed: number;
  readonly reconstruction: string;
  /** Noise-to-signal ratio of the scores on held-out samples, per reconstruction tried; empty with few samples. */
  readonly trials: readonly { readonly reconstruction: string; readonly noise: number }[];
  readonly constantBytes: number;
  readonly arenaBytes: number;
  readonly files: { readonly plan?: string; readonly recipe?: string; readonly ranges?: string };
  readonly rangesReused: boolean;
  readonly warnings: readonly string[];
  readonly elapsedMs: number;
}

export interface QuantizedLayer {
  readonly name: string;
  readonly op: string;
  readonly outputShape: readonly number[];
  /** Width of the output map. */
  readonly activationBits: number;
  /** null for layers without weights. */
  readonly weightBits: number | null;
  readonly macs: number;
  readonly weightBytes: number;
  readonly outputBytes: number;
}

export interface QuantizeReport {
  readonly model: string;
  readonly mode: string;
  readonly data: string;
  readonly recipe: string;
  readonly samples: number;
  readonly seed: number;
  readonly inputs: readonly {
    readonly name: string;
    readonly bits: number;
    readonly low: number;
    readonly high: number;
  }[];
  readonly layers: readonly QuantizedLayer[];
  readonly reconstruction: string;
  readonly trials: readonly { readonly reconstruction: string; readonly scoreSqnrDb: number }[];
  /** Signal to quantisation noise of the scores, on calibration samples held out; null with too few of them. */
  readonly scoreSqnrDb: number | null;
  readonly totals: {
    readonly macs: number;
    readonly weightBytes: number;
    /** All constants in flash, without code. */
    readonly constantBytes: number;
    readonly arenaBytes: number;
    readonly largestTensorBytes: number;
  };
  readonly files: QuantizeFacts['files'];
  readonly rangesReused: boolean;
  readonly warnings: readonly string[];
  readonly timing: { readonly totalMs: number };
}

/** JSON has no infinity. */
const EQUAL_DB = 999;
const decibels = (noise: number): number => roundTo(Math.min(EQUAL_DB, -10 * Math.log10(noise)), 2);

export function buildQuantizeReport(facts: QuantizeFacts): QuantizeReport {
  const { plan } = facts;
  const layers = plan.steps.map((step): QuantizedLayer => {
    const output = tensorOf(plan, step.output);
    return {
      name: step.name,
      op: step.op,
      outputShape: output.shape,
      activationBits: output.bits,
      weightBits: 'weightBits' in step ? step.weightBits : null,
      macs: stepMacs(step, plan),
      weightBytes: 'weights' in step ? step.weights.length : 0,
      outputBytes: tensorBytes(output),
    };
  });
  const total = (of: (layer: QuantizedLayer) => number): number =>
    layers.reduce((sum, layer) => sum + of(layer), 0);
  const chosen = facts.trials.find(({ reconstruction }) => reconstruction === facts.reconstruction);
  return {
    model: facts.model,
    mode: plan.requantization,
    data: facts.data,
    recipe: facts.recipe,
    samples: facts.samples,
    seed: facts.seed,
    inputs: plan.inputs.map(({ name, tensor }) => {
      const { bits, scale, zeroPoint } = tensorOf(plan, tensor);
      return { name, bits, low: scale * (-128 - zeroPoint), high: scale * (127 - zeroPoint) };
    }),
    layers,
    reconstruction: facts.reconstruction,
    trials: facts.trials.map(({ reconstruction, noise }) => ({
      reconstruction,
      scoreSqnrDb: decibels(noise),
    })),
    scoreSqnrDb: chosen === undefined ? null : decibels(chosen.noise),
    totals: {
      macs: total((layer) => layer.macs),
      weightBytes: total((layer) => layer.weightBytes),
      constantBytes: facts.constantBytes,
      arenaBytes: facts.arenaBytes,
      largestTensorBytes: Math.max(0, ...plan.tensors.map(tensorBytes)),
    },
    files: facts.files,
    rangesReused: facts.rangesReused,
    warnings: facts.warnings,
    timing: { totalMs: roundTo(facts.elapsedMs, 1) },
  };
}

/** From here on measured plans lost no accuracy to speak of; below the second they lose several points. */
const SAFE_DB = 15;
const AGGRESSIVE_DB = 12;

function judge(db: number): string {
  if (db >= SAFE_DB) return 'safe';
  return db >= AGGRESSIVE_DB ? 'aggressive: measure it' : 'accuracy will suffer';
}

export function formatQuantize(report: QuantizeReport, style: Style = plainStyle): string {
  const { totals, files } = report;
  const named = (label: string, path: string | undefined, note = ''): (readonly [string, string])[] =>
    path === undefined ? [] : [[label, `${path}${note}`]];
  return [
    `${style('bold', report.model)} quantised on ${formatCount(report.samples)} samples of ${report.data}`,
    layerTable(report, style),
    formatPairs(
      [
        ['scores', scoresLine(report)],
        [
          'weights',
          `${formatBytes(totals.weightBytes)}, with all constants ${formatBytes(totals.constantBytes)} of flash`,
        ],
        ['arena', formatBytes(totals.arenaBytes)],
        ...named('plan', files.plan),
        ...named('recipe', files.recipe),
        ...named('ranges', files.ranges, report.rangesReused ? ' (reused)' : ' (new)'),
        ['how', style('dim', howLine(report))],
      ],
      style,
    ),
  ].join('\n');
}

const howLine = ({ mode, reconstruction, recipe, seed, timing }: QuantizeReport): string =>
  `mode ${mode}, reconstruction ${reconstruction}, recipe ${recipe}, seed ${seed}, ${formatMilliseconds(timing.totalMs)}`;

function scoresLine({ scoreSqnrDb, trials, reconstruction }: QuantizeReport): string {
  if (scoreSqnrDb === null) return 'noise not predicted: too few samples to hold any out';
  const others = trials
    .filter((trial) => trial.reconstruction !== reconstruction)
    .map((trial) => `, ${trial.reconstruction}: ${trial.scoreSqnrDb.toFixed(1)} dB`);
  return `${scoreSqnrDb.toFixed(1)} dB signal to noise on held-out samples (${judge(scoreSqnrDb)}${others.join('')})`;
}

function layerTable(report: QuantizeReport, style: Style): string {
  return formatTable(
    [
      { title: 'layer', align: 'left', maxWidth: 48 },
      { title: 'operator', align: 'left' },
      { title: 'output', align: 'right' },
      { title: 'map bits', align: 'right' },
      { title: 'weight bits', align: 'right' },
      { title: 'MACs', align: 'right' },
      { title: 'weights', align: 'right' },
      { title: 'map', align: 'right' },
    ],
    report.layers.map((layer) => [
      layer.name,
      layer.op,
      formatShape(layer.outputShape),
      String(layer.activationBits),
      layer.weightBits === null ? '' : String(layer.weightBits),
      layer.macs === 0 ? '' : formatCount(layer.macs),
      layer.weightBytes === 0 ? '' : formatBytes(layer.weightBytes),
      formatBytes(layer.outputBytes),
    ]),
    style,
  );
}
