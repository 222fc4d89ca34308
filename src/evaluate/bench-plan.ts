/** Layers to be measured as one DeployPlan: independent steps, each with inputs and an output of its own. */
import type { DeployPlan, Step, StepOp, StepWindow } from '../ir/deploy-plan.js';
import { packLanes } from '../numeric/lanes.js';
import { quantizeMulhi, quantizeMultiplierFor, type RequantMode } from '../numeric/requantize.js';
import { WIDTHS, type Width } from '../numeric/widths.js';
import { addScaling } from '../ops/add.js';
import { SamplePlan } from '../ops/sample-plan.js';
import { crc32 } from '../support/crc32.js';
import { createRandom, type Random } from '../support/random.js';
import type { BenchShape, Extent } from './bench-shapes.js';

export const WEIGHT_SPREADS = ['gaussian', 'uniform'] as const;
export type WeightSpread = (typeof WEIGHT_SPREADS)[number];

/** A shape at given widths. */
export interface BenchLayer {
  readonly shape: BenchShape;
  readonly inputBits: Width;
  /** Absent for operators without weights. */
  readonly weightBits?: Width;
  /** Its input is the output of the layer before it in the list, which is no output of the network then. */
  readonly behind?: true;
}

/** `a4w8`; `a4` for operators without weights. */
export const widthsOf = ({ inputBits, weightBits }: BenchLayer): string =>
  `a${inputBits}${weightBits === undefined ? '' : `w${weightBits}`}`;

export interface BenchPlan {
  readonly plan: DeployPlan;
  readonly inputs: readonly Uint8Array[];
}

export interface BenchPlanOptions {
  readonly mode: RequantMode;
  readonly spread: WeightSpread;
  readonly seed: number;
}

/** Standard deviations from zero to the largest weight, as in the published figures. */
const GAUSSIAN_REACH = 3;
/** Of ternary weights half are zero: P(|x| < ½) = ½ at this standard deviation. */
const TERNARY_DEVIATION = 0.7413;
/** Standard deviation of uniform activations over their range. */
const ACTIVATION_SPREAD = 0.29;

/** Equal layers have equal weights and inputs, whatever else is in the plan. */
export function buildBenchPlan(layers: readonly BenchLayer[], options: BenchPlanOptions): BenchPlan {
  const network = new SamplePlan(createRandom(options.seed), { mode: options.mode });
  const values: Uint8Array[] = [];
  const steps: Step[] = [];
  layers.forEach((layer, index) => {
    const input = layer.behind ? steps.at(-1)!.output : undefined;
    const builder = new LayerBuilder(network, layer, options, values);
    steps.push(builder.step(`${index}: ${layer.shape.id}`, input));
  });
  const inputs = steps.flatMap((step, i) => (layers[i]!.behind ? [] : step.inputs));
  const { plan } = network.finishNetwork('kernel_bench', steps, inputs, '');
  const outputs = steps.flatMap(({ output }, i) =>
    layers[i + 1]?.behind ? [] : [{ name: `out${i}`, tensor: output, dtype: 'int8' as const }],
  );
  return { plan: { ...plan, outputs }, inputs: values };
}

/** A fifth of the range below it: padding is neither the smallest value nor the middle. */
function zeroPointOf(bits: Width): number {
  const { activationMin, activationMax } = WIDTHS[bits];
  return activationMin + Math.floor((activationMax - activationMin) / 5);
}

class LayerBuilder {
  private readonly random: Random;

  constructor(
    private readonly network: SamplePlan,
    private readonly layer: BenchLayer,
    private readonly options: BenchPlanOptions,
    /** Input values are added here, in the order of the tensors. */
    private readonly values: Uint8Array[],
  ) {
    const { shape, inputBits, weightBits } = layer;
    const name = new TextEncoder().encode(`${shape.id} a${inputBits} w${weightBits ?? ''}`);
    this.random = createRandom((options.seed + crc32(name)) >>> 0);
  }

  /** `input`: the tensor that it reads; without it, tensors of its own. */
  step(name: string, input?: number): Step {
    const { shape, inputBits } = this.layer;
    const operands = shape.op === 'add' || shape.op === 'mul' ? 2 : 1;
    const inputs =
      input === undefined ? Array.from({ length: operands }, () => this.input(shape.input)) : [input];
    // The average of mode tflm keeps scale and zero point, as the maximum does.
    const output = this.tensor(shape.output, inputBits);
    const base = { name, inputs, output: output.id };
    const clamp = { min: WIDTHS[inputBits].activationMin, max: WIDTHS[inputBits].activationMax };
    return { op: shape.op, ...base, clamp, ...this.fields(shape.op, inputBits) } as Step;
  }

  private tensor(extent: Extent, bits: Width): ReturnType<SamplePlan['tensor']> {
    const like = { id: 0, name: '', shape: extent, bits, scale: 0.02, zeroPoint: zeroPointOf(bits) };
    return this.network.tensor(extent, bits, like);
  }

  private input(extent: Extent): number {
    const { inputBits } = this.layer;
    const { activationMin, activationMax } = WIDTHS[inputBits];
    const [height, width, channels] = extent;
    const values = Array.from({ length: height * width * channels }, () =>
      this.random.integer(activationMin, activationMax),
    );
    this.values.push(packLanes(values, channels, inputBits));
    return this.tensor(extent, inputBits).id;
  }

  private fields(op: StepOp, bits: Width): object {
    const { mode } = this.options;
    const { kernel = 1 } = this.layer.shape.window ?? {};
    switch (op) {
      case 'add':
        return { subtract: false, scaling: addScaling(0.7, 0.5, 1, mode) };
      case 'mul':
        return { requant: quantizeMultiplierFor(mode, 1 / 2 ** bits) };
      case 'mean':
        return { requant: quantizeMultiplierFor(mode, 1 / (this.pixels() || 1)) };
      case 'max_pool2d':
        return { window: this.window() };
      case 'average_pool2d': {
        const counts = Array.from({ length: kernel * kernel }, (_, i) => quantizeMulhi(1 / (i + 1)));
        return { window: this.window(), origin: 0, ...(mode === 'mulhi' ? { perCount: counts } : {}) };
      }
      case 'conv2d':
        return { window: this.window(), ...this.weights() };
      case 'depthwise_conv2d':
        return { window: this.window(), depthMultiplier: 1, ...this.weights() };
      default:
        return this.weights();
    }
  }

  private pixels(): number {
    const [height, width] = this.layer.shape.input;
    return height * width;
  }

  private window(): StepWindow {
    const { shape } = this.layer;
    const { kernel, stride } = shape.window!;
    const before = (axis: 0 | 1): number =>
      Math.floor(Math.max(0, (shape.output[axis] - 1) * stride + kernel - shape.input[axis]) / 2);
    return {
      ...{ kernelHeight: kernel, kernelWidth: kernel, strideHeight: stride, strideWidth: stride },
      ...{ dilationHeight: 1, dilationWidth: 1, padTop: before(0), padLeft: before(1) },
    };
  }

  /** Rows of weights as the operator stores them, biases, and multipliers that spread outputs over their range. */
  private weights(): object {
    const { shape, inputBits, weightBits = 8 } = this.layer;
    const { network, random } = this;
    const { kernel = 1 } = shape.window ?? {};
    const isDepthwise = shape.op === 'depthwise_conv2d';
    const channels = shape.output[2];
    const taps = kernel * kernel * (isDepthwise ? 1 : shape.input[2]);
    const rowLength = isDepthwise ? channels : shape.input[2];
    const stored = Array.from({ length: channels * taps }, () => this.weight(weightBits));
    const power = stored.reduce((sum, w) => sum + w * w, 0) / stored.length;
    const spread = ACTIVATION_SPREAD * 2 ** inputBits * Math.sqrt(taps * power);
    const multiplier = quantizeMultiplierFor(this.options.mode, 2 ** inputBits / 3 / spread);
    const each = <T>(value: (channel: number) => T): T[] =>
      Array.from({ length: channels }, (_, channel) => value(channel));
    const sums = each(() => 0);
    stored.forEach((w, i) => {
      const channel = isDepthwise ? i % channels : Math.floor(i / taps);
      sums[channel] = sums[channel]! + w;
    });
    const { activationMin, activationMax } = WIDTHS[inputBits];
    const usual = (activationMin + activationMax) / 2 - zeroPointOf(inputBits);
    // A trained bias: what inputs that are not zero on average add is taken off again.
    const bias = each((channel) => Math.round(random.normal() * spread * 0.5 - usual * sums[channel]!));
    return {
      weights: network.blob(packLanes(stored, rowLength, weightBits)),
      ...{ weightBits, weightZeroPoint: 0 },
      bias: network.int32Blob(bias),
      multiplier: network.int32Blob(each(() => multiplier.multiplier)),
      shift: network.int8Blob(each(() => multiplier.shift)),
    };
  }

  private weight(bits: Width): number {
    const { weightMin, weightMax } = WIDTHS[bits];
    if (this.options.spread === 'uniform') return this.random.integer(weightMin, weightMax);
    const deviation = bits === 2 ? TERNARY_DEVIATION : weightMax / GAUSSIAN_REACH;
    return Math.min(weightMax, Math.max(weightMin, Math.round(this.random.normal() * deviation)));
  }
}
