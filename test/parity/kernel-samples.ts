/**
 * Random shapes for one kernel and pair of widths. Instances of generated kernels are specialised by parts of the shape;
 * a family keeps these parts, so that many shapes share one instance, and draws all others.
 */
import { kernelsFor } from '../../src/bind/variants/choose.js';
import { linkedKernels } from '../../src/bind/variants/links.js';
import type { StepWindow } from '../../src/ir/deploy-plan.js';
import type { FirmwareMode } from '../../src/numeric/requantize.js';
import { WIDTH_LIST, type Width } from '../../src/numeric/widths.js';
import { STEP_OPS } from '../../src/ops/index.js';
import type { SampleCase, SampleRequest } from '../../src/ops/op-def.js';
import { SamplePlan } from '../../src/ops/sample-plan.js';
import { createRandom, type Random } from '../../src/support/random.js';
import {
  depthwiseColumns,
  depthwiseSample,
  linkedColumns,
  linkedSample,
  storedAtEightBits,
} from './depthwise-samples.js';
import { type KernelRow, WRITER_PAIRS } from './kernel-rows.js';
import { matrixSample } from './matrix-samples.js';
import { worstCase } from './worst-cases.js';

/** Shapes that share what instances are specialised by. */
const FAMILY = 20;
/** Refused samples after which a family is given up. */
const HOPELESS = 4;
/** Seeds of one family. */
const FAMILY_SEEDS = 100;
/** Samples that are tried for one that the kernel takes. */
const TRIES = 300;

const takes = ({ variant, link }: KernelRow, { plan }: SampleCase): boolean => {
  if (variant === undefined) return true;
  if (link !== undefined)
    return linkedKernels(plan, variant.feature).some(({ reader }) => reader.variant === variant);
  return kernelsFor(plan.steps[0]!, plan, variant.feature).some((kernel) => kernel.variant === variant);
};

/** What a family keeps of a convolution over columns or rows. */
interface Filter extends Omit<StepWindow, 'padTop' | 'padLeft'> {
  readonly channels: number;
}

const CHANNELS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 32, 33];
const WINDOWS = [
  [3, 3],
  [3, 3],
  [5, 5],
  [1, 3],
  [3, 1],
  [2, 2],
  [4, 7],
] as const;

/** Kernels over rows take windows of several taps without dilation, and channels that fill whole words. */
function filterOf(random: Random, { name, inputBits }: KernelRow): Filter {
  const overRows = name === 'rows' || name === 'strips';
  const onePixel = !overRows && random.integer(0, 4) === 0;
  const [kernelHeight, kernelWidth] = onePixel ? [1, 1] : random.pick(WINDOWS);
  const dilation = !overRows && random.integer(0, 5) === 0 ? 2 : 1;
  return {
    ...{ kernelHeight, kernelWidth, dilationHeight: dilation, dilationWidth: dilation },
    ...{ strideHeight: random.pick([1, 1, 2, 3]), strideWidth: random.pick([1, 1, 2, 3]) },
    channels: overRows
      ? (32 / inputBits) * random.integer(1, inputBits === 8 ? 8 : 3)
      : random.pick(CHANNELS),
  };
}

/** A convolution with this filter: size, padding on each side, outputs, data are drawn. */
function convolutionSample(random: Random, request: SampleRequest, filter: Filter): SampleCase {
  const s = new SamplePlan(random, request);
  const { channels, ...window } = filter;
  const axis = (kernel: number, stride: number, dilation: number) => {
    const span = (kernel - 1) * dilation + 1;
    const [pad, padEnd] = [random.integer(0, span - 1), random.integer(0, span - 1)];
    const size = Math.max(s.size(), span - pad - padEnd);
    return { size, pad, out: Math.floor((size + pad + padEnd - span) / stride) + 1 };
  };
  const y = axis(window.kernelHeight, window.strideHeight, window.dilationHeight);
  const x = axis(window.kernelWidth, window.strideWidth, window.dilationWidth);
  const length = window.kernelHeight * window.kernelWidth * channels;
  const input = s.tensor([y.size, x.size, channels], s.inputBits);
  const output = s.tensor([y.out, x.out, random.pick([1, 2, 3, 4, 5, 7, 8, 9, 13])], s.outputBits);
  const [, , outputs] = output.shape;
  const rowOf = (i: number): number => Math.floor(i / length);
  const constants = s.weighted((outputs * length) / channels, channels, outputs, length, rowOf, output);
  const padded = { ...window, padTop: y.pad, padLeft: x.pad };
  const step = { name: 'conv2d', inputs: [input.id], output: output.id, window: padded, ...constants };
  return s.finish(
    { op: 'conv2d', ...step },
    `w${s.weightBits} k${window.kernelHeight}×${window.kernelWidth}`,
  );
}

/** 8-bit weights over their whole range pass the bound of half a lane. */
const isNarrowed = ({ name, weightBits }: KernelRow): boolean => name === 'rowpairs' && weightBits === 8;

/** Draws samples; those of one function belong to one family. */
type Sampler = (random: Random) => SampleCase;

function family(row: KernelRow, mode: FirmwareMode, random: Random): Sampler {
  const { op, name, inputBits, weightBits } = row;
  const outputBits: Width = random.pick(WIDTH_LIST);
  const request = { mode, inputBits, weightBits, outputBits };
  if (row.link !== undefined) return linkedFamily(row, mode, outputBits, random);
  if (row.variant === undefined || op === 'add' || op === 'fully_connected')
    return (draw) => STEP_OPS[op].sample(draw, { ...request, outputBits: draw.pick(WIDTH_LIST) });
  if (op === 'depthwise_conv2d') {
    const columns = depthwiseColumns(random, name === 'rowpairs' ? [3] : undefined);
    const narrow = isNarrowed(row) ? ({ weightBits: 4 } as const) : {};
    return (draw) => depthwiseSample(draw, { ...request, ...narrow }, columns);
  }
  if (/^(lanes|pairs)/.test(name))
    return ({ seed }) => matrixSample({ inputBits, weightBits, outputBits, seed });
  const filter = filterOf(random, row);
  return (draw) => convolutionSample(draw, request, filter);
}

function linkedFamily(row: KernelRow, mode: FirmwareMode, outputBits: Width, random: Random): Sampler {
  const [inputBits, weightBits] = random.pick(WRITER_PAIRS);
  const columns = linkedColumns(random);
  const widths = { inputBits, weightBits, mapBits: row.inputBits, depthwiseBits: row.weightBits, outputBits };
  return (draw) => linkedSample(draw, mode, widths, columns);
}

/** One in three stands at a bound of weights and activations, where the kernel takes such sums. */
function sampleOf(row: KernelRow, sampler: Sampler, seed: number): SampleCase | undefined {
  const random = createRandom(seed);
  const factor = random.pick([1, 2] as const);
  const stored = (sample: SampleCase): SampleCase =>
    isNarrowed(row) ? storedAtEightBits(sample, factor) : sample;
  const drawn = sampler(random);
  const sample = stored(drawn);
  if (!takes(row, sample)) return undefined;
  const worst = random.integer(0, 2) === 0 ? stored(worstCase(drawn, random)) : sample;
  return takes(row, worst) ? worst : sample;
}

export interface SampleCount {
  readonly seed: number;
  readonly count: number;
  readonly familySize?: number;
  /** Samples in a row that the kernel may refuse. */
  readonly tries?: number;
}

/**
 * `count` shapes of the row, or fewer where the kernel takes none of many (a mode that it does not have). Seeds count up
 * from `seed`, which decides all.
 */
export function kernelSamples(
  row: KernelRow,
  mode: FirmwareMode,
  { seed, count, familySize = FAMILY, tries: mostMissed = TRIES }: SampleCount,
): SampleCase[] {
  const samples: SampleCase[] = [];
  let missed = 0;
  // A family's seed does not depend on what kernels refuse, so that those with the same instances meet the same families.
  for (let first = seed; samples.length < count && missed < mostMissed; first += FAMILY_SEEDS) {
    const sampler = family(row, mode, createRandom(first));
    const before = samples.length;
    const wanted = Math.min(count, before + familySize);
    for (let tries = 1; samples.length < wanted && tries <= 2 * familySize; tries++) {
      if (tries > HOPELESS && samples.length === before) break;
      const sample = sampleOf(row, sampler, first + tries);
      missed = sample === undefined ? missed + 1 : 0;
      if (sample !== undefined) samples.push(sample);
    }
  }
  return samples;
}
