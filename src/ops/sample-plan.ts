/** Builds random one-step plans for parity tests: the quantities are chosen so that outputs do not all saturate. */
import {
  type BlobRef,
  type Clamp,
  DEPLOY_PLAN_FORMAT,
  DEPLOY_PLAN_VERSION,
  type DeployPlan,
  type PlanTensor,
  type Step,
  type StepWindow,
} from '../ir/deploy-plan.js';
import { packLanes } from '../numeric/lanes.js';
import {
  FIRMWARE_MODES,
  type FixedMultiplier,
  quantizeMultiplierFor,
  type RequantMode,
} from '../numeric/requantize.js';
import { WIDTHS, type Width } from '../numeric/widths.js';
import type { Random } from '../support/random.js';
import type { SampleCase, SampleRequest } from './op-def.js';
import { widthRange } from './plan-access.js';

type Shape = readonly [number, number, number];

/** Sizes around every tile a kernel is likely to use, and primes. */
const AWKWARD_CHANNELS = [1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33];
const AWKWARD_SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13];

export class SamplePlan {
  readonly mode: RequantMode;
  readonly inputBits: Width;
  readonly weightBits: Width;
  readonly outputBits: Width;
  private readonly tensors: PlanTensor[] = [];
  private readonly blobs: Uint8Array[] = [];
  private blobLength = 0;

  constructor(
    readonly random: Random,
    request: SampleRequest = {},
  ) {
    this.mode = request.mode ?? random.pick(FIRMWARE_MODES);
    this.inputBits = request.inputBits ?? 8;
    this.weightBits = request.weightBits ?? 8;
    this.outputBits = request.outputBits ?? 8;
  }

  channels = (): number => this.random.pick(AWKWARD_CHANNELS);
  size = (): number => this.random.pick(AWKWARD_SIZES);
  shape = (): Shape => [this.size(), this.size(), this.channels()];

  /** A tensor with a random zero point; `like` copies scale and zero point. */
  tensor(shape: Shape, bits: Width, like?: PlanTensor): PlanTensor {
    const { min, max } = widthRange(bits);
    const id = this.tensors.length;
    const tensor: PlanTensor = {
      id,
      name: `t${id}`,
      shape,
      bits,
      scale: like?.scale ?? 0.01 * (1 + this.random.next()),
      zeroPoint: like?.zeroPoint ?? this.random.pick([min, max, 0, this.random.integer(min, max)]),
    };
    this.tensors.push(tensor);
    return tensor;
  }

  blob(bytes: Uint8Array): BlobRef {
    const offset = this.blobLength;
    this.blobs.push(bytes);
    this.blobLength += bytes.length;
    return { offset, length: bytes.length };
  }

  int32Blob = (values: ArrayLike<number>): BlobRef =>
    this.blob(new Uint8Array(Int32Array.from(values).buffer));
  int8Blob = (values: ArrayLike<number>): BlobRef => this.blob(new Uint8Array(Int8Array.from(values).buffer));

  /** Full range mostly, sometimes cut by a fused activation. */
  clamp(output: PlanTensor): Clamp {
    const { min, max } = widthRange(output.bits);
    const kind = this.random.integer(0, 3);
    if (kind === 0) return { min: Math.max(min, Math.min(max, output.zeroPoint)), max };
    if (kind === 1)
      return { min: Math.round(min * 0.75 + max * 0.25), max: Math.round(min * 0.25 + max * 0.75) };
    return { min, max };
  }

  /** Spread of the stored values: a wanted multiplier maps `accSpread` to about a third of the output range. */
  multiplier(accSpread: number, output: PlanTensor): FixedMultiplier {
    const range = 2 ** output.bits;
    const real = (range / 3 / Math.max(1, accSpread)) * (0.25 + 1.5 * this.random.next());
    return quantizeMultiplierFor(this.mode, Math.min(real, 100));
  }

  /** A stride, dilation and padding such that the window fits the input; padding may be asymmetric. */
  window(
    input: Shape,
    options: { maxKernel: number; dilation: boolean },
  ): { window: StepWindow; out: [number, number] } {
    const axis = (
      size: number,
    ): { kernel: number; stride: number; dilation: number; pad: number; out: number } => {
      const kernel = this.random.pick([1, 1, 2, 3, 3, 5, 7].filter((k) => k <= options.maxKernel));
      const dilation = options.dilation && kernel > 1 && this.random.integer(0, 4) === 0 ? 2 : 1;
      const stride = this.random.pick([1, 1, 2, 2, 3]);
      const span = (kernel - 1) * dilation + 1;
      const pad = Math.min(span - 1, this.random.integer(0, Math.ceil(span / 2)));
      const padEnd = Math.max(0, Math.min(span - 1, pad + this.random.integer(-1, 1)));
      const total = size + pad + padEnd - span;
      if (total < 0) return axis(size);
      return { kernel, stride, dilation, pad, out: Math.floor(total / stride) + 1 };
    };
    const y = axis(input[0]);
    const x = axis(input[1]);
    return {
      window: {
        kernelHeight: y.kernel,
        kernelWidth: x.kernel,
        strideHeight: y.stride,
        strideWidth: x.stride,
        dilationHeight: y.dilation,
        dilationWidth: x.dilation,
        padTop: y.pad,
        padLeft: x.pad,
      },
      out: [y.out, x.out],
    };
  }

  /**
   * Weights of `rows` rows, bias and multipliers for `channels` outputs of which each accumulates `taps`
   * products. As real models do, one sample in eight has a dead channel (zero weights, bias −2^30, shift −31), and
   * one in four a faint one: a few weights of ±1 and so large a multiplier that kernels must requantise it in full.
   */
  weighted(
    rows: number,
    rowLength: number,
    channels: number,
    taps: number,
    channelOf: (i: number) => number,
    output: PlanTensor,
    weightBits: Width = this.weightBits,
  ) {
    const { weightMin, weightMax } = WIDTHS[weightBits];
    const weightZeroPoint =
      weightBits === 8 && this.random.integer(0, 5) === 0 ? this.random.integer(-20, 20) : 0;
    const dead =
      this.mode !== 'mulhi' && this.random.integer(0, 7) === 0 ? this.random.integer(0, channels - 1) : -1;
    const faint = this.random.integer(0, 3) === 0 ? this.random.integer(0, channels - 1) : -1;
    const faintTaps = Math.min(taps, 4);
    const lowest = weightBits === 8 && this.random.integer(0, 3) === 0 ? -128 : weightMin;
    const faintWeight = (): number => (this.random.next() * taps < faintTaps ? this.random.pick([-1, 1]) : 0);
    const weights = Array.from({ length: rows * rowLength }, (_, i) => {
      if (channelOf(i) === dead) return weightZeroPoint;
      if (channelOf(i) === faint) return weightZeroPoint + faintWeight();
      return this.random.integer(lowest, weightMax);
    });
    const inputSpread = 2 ** this.inputBits * 0.3;
    const spreadOf = (channel: number): number =>
      inputSpread * (channel === faint ? Math.sqrt(faintTaps) : Math.sqrt(taps) * weightMax * 0.6);
    const multipliers = Array.from({ length: channels }, (_, channel) =>
      channel === dead ? { multiplier: 1 << 30, shift: -31 } : this.multiplier(spreadOf(channel), output),
    );
    const bias = Array.from({ length: channels }, (_, channel) =>
      channel === dead ? -(2 ** 30) : Math.round(this.random.normal() * spreadOf(channel)),
    );
    const stored = packLanes(weights, rowLength, weightBits);
    return {
      weights: this.blob(stored),
      weightBits,
      weightZeroPoint,
      bias: this.int32Blob(bias),
      multiplier: this.int32Blob(multipliers.map((m) => m.multiplier)),
      shift: this.int8Blob(multipliers.map((m) => m.shift)),
      clamp: this.clamp(output),
    };
  }

  /** Random stored values of a tensor, packed; sometimes all extremes. */
  values(tensor: PlanTensor): Uint8Array {
    const { min, max } = widthRange(tensor.bits);
    const extreme = this.random.integer(0, 9) === 0;
    const [h, w, c] = tensor.shape;
    const data = Array.from({ length: h * w * c }, () =>
      extreme ? this.random.pick([min, max]) : this.random.integer(min, max),
    );
    return packLanes(data, c, tensor.bits);
  }

  finish(step: Step, label: string): SampleCase {
    return this.finishNetwork(`sample_${step.op}`, [step], [...new Set(step.inputs)], label);
  }

  /** A plan of several steps whose last step's output is the network's. */
  finishNetwork(name: string, steps: readonly Step[], inputs: readonly number[], label: string): SampleCase {
    const weights = new Uint8Array(this.blobLength);
    let at = 0;
    for (const bytes of this.blobs) {
      weights.set(bytes, at);
      at += bytes.length;
    }
    const output = steps.at(-1)!.output;
    const plan: DeployPlan = {
      format: DEPLOY_PLAN_FORMAT,
      version: DEPLOY_PLAN_VERSION,
      name,
      requantization: this.mode,
      tensors: this.tensors,
      steps,
      inputs: inputs.map((tensor) => ({ name: `t${tensor}`, tensor, dtype: 'int8' })),
      outputs: [{ name: `t${output}`, tensor: output, dtype: 'int8' }],
      weights,
    };
    const shapes = this.tensors.map((t) => `${t.shape.join('×')}@${t.bits}`).join(' ');
    return {
      label: `${name} ${this.mode} ${label} ${shapes} seed ${this.random.seed}`,
      plan,
      inputs: inputs.map((id) => this.values(this.tensors[id]!)),
    };
  }
}
