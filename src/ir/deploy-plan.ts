/**
 * The DeployPlan: the one artefact that simulator and code generator read. It says WHAT is computed, to the
 * bit: tensors, widths, scales, steps, requantisation constants, canonical weights. Plain versioned data.
 *
 * Layouts (canonical, every engine packs its own from these):
 * - tensors: [height, width, channels], channel-fastest, packed at their width (src/numeric/lanes.ts)
 * - conv2d weights [oc][kh][kw][ic], depthwise [kh][kw][oc], fully connected [out][in]: rows over the last
 *   axis packed at the weight width as two's complement, every row starting on a byte
 * - bias int32[oc], multiplier int32[oc], shift int8[oc]; all little-endian in the weights blob
 */
import type { FixedMultiplier, RequantMode } from '../numeric/requantize.js';
import type { Width } from '../numeric/widths.js';
import type { PlanPostProcess } from './detection.js';

export const DEPLOY_PLAN_FORMAT = 'quantmcu-deploy-plan';
export const DEPLOY_PLAN_VERSION = 1;

/** Byte range in the plan's weights blob. */
export interface BlobRef {
  readonly offset: number;
  readonly length: number;
}

export interface PlanTensor {
  /** Index in `DeployPlan.tensors`. */
  readonly id: number;
  readonly name: string;
  /** [height, width, channels]; lower ranks are left-padded with 1. */
  readonly shape: readonly [number, number, number];
  readonly bits: Width;
  readonly scale: number;
  readonly zeroPoint: number;
  readonly view?: TensorView;
  /**
   * Present where the quantiser scaled channels apart: the stored values stand for
   * real = scale · channelScales[c] · (q − zeroPoint). The constants of the steps already contain the factors, so
   * engines ignore them; whoever reads real values needs them. One positive number per channel.
   */
  readonly channelScales?: readonly number[];
}

/**
 * A tensor that is a spatial window of another one (never of a view): same channels, width, scale and zero
 * point, no memory of its own. Reading it reads the window; writing it writes the window, so that the tiles of
 * a patch stage land in the stage's output tensor directly.
 */
export interface TensorView {
  /** The tensor it looks into. */
  readonly of: number;
  /** Position of its first pixel there. */
  readonly y: number;
  readonly x: number;
}

/**
 * Repeated steps: `rows · columns` branches of `stepsPerBranch` steps each, one after the other from
 * `firstStep` on, patch by patch in row order. Step k of every branch has the same operator and weights; sizes,
 * padding, widths and scales are constants of the branch. Executors may ignore the grouping: the steps say all.
 */
export interface PatchStage {
  readonly kind: 'patches';
  readonly firstStep: number;
  readonly stepsPerBranch: number;
  readonly rows: number;
  readonly columns: number;
  /**
   * `resident`: the input image stands in memory while the stage runs. `streamed`: every branch begins with a
   * `crop` of the input, which the firmware asks of the user's callback; the image is never stored whole.
   */
  readonly input: InputMode;
  readonly choice?: BranchChoice;
}

/**
 * Run-time classification: every branch holds its layers twice, and the input decides which of the two runs. A
 * branch's `stepsPerBranch` steps are `common` ones (the crop of a streamed input), `steps` of the protected
 * alternative, as many of the plain one. The protected alternative runs when more than `most` of the values that the
 * branch reads of the network's input lie outside [low, high]. Both write the same part of the stage's output.
 */
export interface BranchChoice {
  readonly common: number;
  readonly steps: number;
  /** Stored values of the network's only input. */
  readonly low: number;
  readonly high: number;
  /** By branch. */
  readonly most: readonly number[];
}

/**
 * Line buffers: steps `firstStep` … `firstStep + steps − 1` compute a few full-width rows each, and every feature
 * map of the stage keeps only the rows that are still needed; nothing is computed twice. A `crop` moves kept rows
 * from a map's last buffer to its next one; the rest is written there as views.
 */
export interface StreamingStage {
  readonly kind: 'streaming';
  readonly firstStep: number;
  readonly steps: number;
  /** Rows that one step computes at most. */
  readonly rowsPerStep: number;
  readonly input: InputMode;
}

export type InputMode = 'resident' | 'streamed';
export type TiledStage = PatchStage | StreamingStage;

/** A network input or output: the stored tensor and how the outside sees it. */
export interface PlanPort {
  readonly name: string;
  readonly tensor: number;
  /**
   * The model file's own element type. Stored q and outside value x relate by
   * int8: q = x; uint8: q = x − 128; float32: q = round(x / scale) + zeroPoint, of the tensor.
   */
  readonly dtype: 'int8' | 'uint8' | 'float32';
}

/** Kernel window over the spatial axes; bottom and right padding follow from the output's size. */
export interface StepWindow {
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padTop: number;
  readonly padLeft: number;
}

/** Inclusive bounds of stored output values: the width's range cut by the fused activation. */
export interface Clamp {
  readonly min: number;
  readonly max: number;
}

interface StepBase {
  /** Unique within the plan; what reports call the layer. */
  readonly name: string;
  readonly inputs: readonly number[];
  readonly output: number;
}

/** Weights and per-output-channel constants of a multiply-accumulate step. */
interface WeightedStep extends StepBase {
  readonly weights: BlobRef;
  readonly weightBits: Width;
  /** 0 for plans of our own; imported uint8 models have others. */
  readonly weightZeroPoint: number;
  readonly bias: BlobRef;
  readonly multiplier: BlobRef;
  readonly shift: BlobRef;
  readonly clamp: Clamp;
}

export interface Conv2dStep extends WeightedStep {
  readonly op: 'conv2d';
  readonly window: StepWindow;
}
/** Output channel oc reads input channel ⌊oc / depthMultiplier⌋. */
export interface DepthwiseConv2dStep extends WeightedStep {
  readonly op: 'depthwise_conv2d';
  readonly window: StepWindow;
  readonly depthMultiplier: number;
}
/** Input flattened in canonical order (h, w, c); output [1, 1, out]. */
export interface FullyConnectedStep extends WeightedStep {
  readonly op: 'fully_connected';
}

/**
 * `tflm`/`single`: s_i = scale((q_i − z_i) << leftShift, input_i); q = clamp(z + scale(s_0 ± s_1, output)).
 * `mulhi`: q = clamp(z + (((q_0 − z_0)·m_0 ± (q_1 − z_1)·m_1 + 2^(shift−1)) >> shift)), m int16.
 * `xnnpack`: the same with m of up to 2^21.
 */
export type AddScaling =
  | {
      readonly mode: 'tflm' | 'single';
      readonly leftShift: number;
      readonly inputs: readonly [FixedMultiplier, FixedMultiplier];
      readonly output: FixedMultiplier;
    }
  | { readonly mode: 'mulhi'; readonly multipliers: readonly [number, number]; readonly shift: number }
  | { readonly mode: 'xnnpack'; readonly multipliers: readonly [number, number]; readonly shift: number };

export interface AddStep extends StepBase {
  readonly op: 'add';
  /** True: inputs[0] − inputs[1]. */
  readonly subtract: boolean;
  readonly scaling: AddScaling;
  readonly clamp: Clamp;
  /**
   * Second operand broadcast: its shape is the output's, or [1,1,c], or [1,1,1].
   * (The first operand always has the output's shape; lowering swaps, negating `subtract` is not allowed.)
   */
}
/** q = clamp(z + scale((q_0 − z_0)(q_1 − z_1))). Broadcast as in `add`. */
export interface MulStep extends StepBase {
  readonly op: 'mul';
  readonly requant: FixedMultiplier;
  readonly clamp: Clamp;
}

/**
 * Mean over the valid positions of each window.
 * `tflm`/`single`: a = Σ(q + origin); r = (a ± count/2)/count with the sign of a, truncating (halves away
 * from zero); q = clamp(r − origin). origin is 128 for re-centred uint8 models (all sums positive), else 0.
 * `mulhi`: acc = Σ(q − z); q = clamp(z_out + scaleMulhi(acc, perCount[count − 1])).
 */
export interface AveragePool2dStep extends StepBase {
  readonly op: 'average_pool2d';
  readonly window: StepWindow;
  readonly origin: number;
  /** `mulhi` only: index count − 1. */
  readonly perCount?: readonly FixedMultiplier[];
  readonly clamp: Clamp;
}
/** Keeps scale and zero point. */
export interface MaxPool2dStep extends StepBase {
  readonly op: 'max_pool2d';
  readonly window: StepWindow;
  readonly clamp: Clamp;
}
/**
 * Mean over height and width to [1,1,c]: q = clamp(z_out + scale(Σ(q − z_in), requant)); 1/(h·w) is folded into
 * the multiplier (TFLM QuantizedMeanOrSum: multiplier' = ⌊(multiplier << s) / n⌋, shift' = shift − s, s = ⌊log2 n⌋).
 */
export interface MeanStep extends StepBase {
  readonly op: 'mean';
  readonly requant: FixedMultiplier;
  readonly clamp: Clamp;
}
/** Spatial and channel padding with the tensor's zero point; in − and output scale agree. */
export interface PadStep extends StepBase {
  readonly op: 'pad';
  readonly before: readonly [number, number, number];
}
/** Same elements in canonical order, other shape; a copy or nothing at all (bind decides), repacks if needed. */
export interface ReshapeStep extends StepBase {
  readonly op: 'reshape';
}
/** Output axis i is input axis permutation[i], axes being (h, w, c). */
export interface TransposeStep extends StepBase {
  readonly op: 'transpose';
  readonly permutation: readonly [number, number, number];
}
/** axis: 0 h, 1 w, 2 c. Each input is requantised unless its entry is null (same scale and zero point: copied). */
export interface ConcatenationStep extends StepBase {
  readonly op: 'concatenation';
  readonly axis: 0 | 1 | 2;
  readonly requant: readonly (FixedMultiplier | null)[];
  readonly clamp: Clamp;
}
/** Over the channels of each pixel; output int8 with scale 1/256, zero point −128. TFLM's integer reference. */
export interface SoftmaxStep extends StepBase {
  readonly op: 'softmax';
  /** Entry d is exp(−d · beta · scale) in Q0.31 as gemmlowp computes it, 0 where −d < diffMin: int32[256]. */
  readonly expTable: BlobRef;
}
/** Pointwise function of one 8-bit-or-narrower input as a table: out = table[q − activationMin], int8[2^bits]. */
export interface LookupStep extends StepBase {
  readonly op: 'lookup';
  readonly table: BlobRef;
}
/** q = clamp(z_out + scale(q − z_in)): RELU, RELU6, QUANTIZE between 8-bit scales, width changes. */
export interface RequantizeStep extends StepBase {
  readonly op: 'requantize';
  readonly requant: FixedMultiplier;
  readonly clamp: Clamp;
}
/** Nearest neighbour; source index tables are explicit, so that every engine agrees: rows[h_out], columns[w_out]. */
export interface ResizeNearestStep extends StepBase {
  readonly op: 'resize_nearest';
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

/** The window of the input at (y, x) with the output's height and width. */
export interface CropStep extends StepBase {
  readonly op: 'crop';
  readonly y: number;
  readonly x: number;
}

export type Step =
  | Conv2dStep
  | DepthwiseConv2dStep
  | FullyConnectedStep
  | AddStep
  | MulStep
  | AveragePool2dStep
  | MaxPool2dStep
  | MeanStep
  | PadStep
  | ReshapeStep
  | TransposeStep
  | ConcatenationStep
  | SoftmaxStep
  | LookupStep
  | RequantizeStep
  | ResizeNearestStep
  | CropStep;

export type StepOp = Step['op'];
export type StepOf<K extends StepOp> = Extract<Step, { op: K }>;

export interface DeployPlan {
  readonly format: typeof DEPLOY_PLAN_FORMAT;
  readonly version: typeof DEPLOY_PLAN_VERSION;
  readonly name: string;
  readonly requantization: RequantMode;
  readonly tensors: readonly PlanTensor[];
  /** In execution order. */
  readonly steps: readonly Step[];
  readonly inputs: readonly PlanPort[];
  readonly outputs: readonly PlanPort[];
  /** Present when the first layers run tile by tile. */
  readonly patchStage?: TiledStage;
  /** A detector's boxes from its outputs, where the model says how; not part of what firmware computes. */
  readonly postProcess?: PlanPostProcess;
  /** All constants; stored beside the JSON as a file of its own. */
  readonly weights: Uint8Array;
}
