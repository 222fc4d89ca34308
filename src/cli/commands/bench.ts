/** `quantmcu bench kernels`: what every kernel costs on the layers that public kernels were measured on. */
import { type Command, Option } from 'commander';
import { FIRMWARE_MODES, type FirmwareMode } from '../../numeric/requantize.js';
import {
  BENCH_LAYERS,
  type BenchLayer,
  benchKernels,
  WEIGHT_SPREADS,
  type WeightSpread,
  widthsOf,
} from '../../pipeline.js';
import { formatJson } from '../../report/json.js';
import { buildKernelBenchReport } from '../../report/kernel-bench-report.js';
import { kernelBenchSvg } from '../../report/kernel-bench-svg.js';
import { formatKernelBench } from '../../report/kernel-bench-text.js';
import { EXIT_CODES } from '../../support/errors.js';
import { CORE_IDS, type CoreId } from '../../targets/index.js';
import { defineCommand, jsonOption } from '../cli-command.js';
import { positiveInteger } from '../option-values.js';
import { startProgress } from '../progress.js';

interface BenchOptions {
  readonly core?: readonly CoreId[];
  readonly mode?: readonly FirmwareMode[];
  readonly shape?: string;
  readonly widths?: readonly string[];
  readonly variant?: string;
  readonly weights: WeightSpread;
  readonly seed: number;
  readonly toolchain?: string;
  readonly svg?: string;
  readonly json?: boolean;
}

const DEFAULT_MODES: readonly FirmwareMode[] = ['mulhi', 'tflm'];

const ALL_WIDTHS = [...new Set(BENCH_LAYERS.map(widthsOf))];

function configure(command: Command): void {
  command
    .addArgument(command.createArgument('<what>', 'what to measure').choices(['kernels']))
    .addOption(new Option('--core <core...>', 'default: all').choices(CORE_IDS))
    .addOption(
      new Option('--mode <mode...>', 'requantisation (default: mulhi, tflm)').choices(FIRMWARE_MODES),
    )
    .option('--shape <text>', 'only layers whose name contains it, e.g. "1x1 24"')
    .addOption(new Option('--widths <pair...>', 'only these widths, e.g. a8w8 a4w4').choices(ALL_WIDTHS))
    .option('--variant <name>', 'only this kernel of each layer, e.g. portable (default: every one that can)')
    .addOption(
      new Option('--weights <spread>', 'how weights are drawn').choices(WEIGHT_SPREADS).default('gaussian'),
    )
    .option('--seed <n>', 'seed of weights and inputs', positiveInteger, 1)
    .addOption(new Option('--toolchain <name>', 'compiler (default: gcc if there)').choices(['gcc', 'zig']))
    .option('--svg <file>', 'draw cycles per MAC')
    .addOption(jsonOption());
}

export const bench = defineCommand<BenchOptions>({
  name: 'bench',
  summary: 'cycles of every kernel on standard layers, beside public kernels',
  examples: [
    ['quantmcu bench kernels --core m4', 'every kernel, every pair of widths, both roundings'],
    ['quantmcu bench kernels --core m4 m7 --widths a8w8 --mode tflm --svg bars.svg', 'a part, drawn'],
    ['quantmcu bench kernels --shape "dw 3x3" --weights uniform --json', 'depthwise layers as data'],
  ],
  configure,
  async run(_, options, environment) {
    const { host, now, style, write } = environment;
    const { shape = '', widths = ALL_WIDTHS, variant, weights, seed } = options;
    const only = (layer: BenchLayer): boolean =>
      layer.shape.id.includes(shape) && widths.includes(widthsOf(layer));
    const progress = startProgress(environment);
    const began = now();
    const measured = await benchKernels(host, {
      cores: options.core ?? CORE_IDS,
      modes: options.mode ?? DEFAULT_MODES,
      ...{ spread: weights, seed, only, now },
      ...(variant === undefined ? {} : { variant }),
      ...(options.toolchain === undefined ? {} : { toolchain: options.toolchain }),
      onProgress: progress.update,
      runBlocking: environment.runBlocking,
    }).finally(progress.end);
    const report = buildKernelBenchReport({ ...measured, weights, seed, totalMs: now() - began });
    if (options.svg !== undefined) await host.writeFile(options.svg, kernelBenchSvg(report));
    write(options.json === true ? formatJson(report) : `${formatKernelBench(report, style)}\n`);
    return report.ok ? EXIT_CODES.success : EXIT_CODES.mismatch;
  },
});
