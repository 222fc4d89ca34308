/**
 * The imported network: tensors and nodes as plain readonly data, NHWC, batch 1.
 *
 * Importers produce it, `lower` turns it into a DeployPlan. Weights keep the file's values; nothing is
 * folded yet. uint8 tensors are already re-centred to int8 here (numeric contract, "Storage").
 */
import type { SsdPostProcess } from './detection.js';

export type DType = 'float32' | 'int8' | 'uint8' | 'int16' | 'int32' | 'int64';

/** real = scale · (q − zeroPoint); arrays have one entry, or one per index of `axis`. */
export interface TensorQuantization {
  readonly scale: readonly number[];
  readonly zeroPoint: readonly number[];
  readonly axis: number;
}

export type ConstantData = Float32Array | Int8Array | Uint8Array | Int16Array | Int32Array | BigInt64Array;

export interface GraphTensor {
  readonly id: number;
  readonly name: string;
  /** Full shape as in the file, batch included (batch is 1). */
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly quantization?: TensorQuantization;
  /** Present for constants only. */
  readonly data?: ConstantData;
  /** True when the file stored uint8 and the values were re-centred by 128. */
  readonly wasUint8?: boolean;
}

export type Activation = 'none' | 'relu' | 'relu6' | 'relu_n1_to_1';

/** Explicit padding in elements, before and after. */
export interface Padding2d {
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

export interface Window2d {
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideHeight: number;
  readonly strideWidth: number;
  readonly dilationHeight: number;
  readonly dilationWidth: number;
  readonly padding: Padding2d;
}

interface NodeBase {
  /** Unique, human-readable: the output tensor's name or `<op>_<index>`. */
  readonly name: string;
  /** Data inputs first, then weights and bias; −1 marks an absent optional input. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

export interface Conv2dNode extends NodeBase {
  readonly op: 'conv2d';
  /** inputs: x, weights [oc, kh, kw, ic], bias [oc] or −1 */
  readonly window: Window2d;
  readonly activation: Activation;
}
export interface DepthwiseConv2dNode extends NodeBase {
  readonly op: 'depthwise_conv2d';
  /** inputs: x, weights [1, kh, kw, ic·multiplier], bias or −1 */
  readonly window: Window2d;
  readonly depthMultiplier: number;
  readonly activation: Activation;
}
export interface FullyConnectedNode extends NodeBase {
  readonly op: 'fully_connected';
  /** inputs: x (flattened), weights [out, in], bias or −1 */
  readonly activation: Activation;
}
export interface BinaryNode extends NodeBase {
  readonly op: 'add' | 'sub' | 'mul';
  readonly activation: Activation;
}
export interface Pool2dNode extends NodeBase {
  readonly op: 'average_pool2d' | 'max_pool2d';
  readonly window: Window2d;
  readonly activation: Activation;
}
export interface MeanNode extends NodeBase {
  readonly op: 'mean';
  /** Axes in the full shape, sorted, non-negative. */
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}
export interface PadNode extends NodeBase {
  readonly op: 'pad';
  /** Per axis of the full shape. */
  readonly before: readonly number[];
  readonly after: readonly number[];
}
export interface ReshapeNode extends NodeBase {
  /** RESHAPE, SQUEEZE, EXPAND_DIMS, FLATTEN: the output tensor's shape says it all. */
  readonly op: 'reshape';
}
export interface TransposeNode extends NodeBase {
  readonly op: 'transpose';
  readonly permutation: readonly number[];
}
export interface ConcatenationNode extends NodeBase {
  readonly op: 'concatenation';
  /** Axis in the full shape. */
  readonly axis: number;
  readonly activation: Activation;
}
export interface SoftmaxNode extends NodeBase {
  readonly op: 'softmax';
  readonly beta: number;
}
export interface UnaryNode extends NodeBase {
  /** hard_swish x·relu6(x+3)/6; hard_sigmoid (of ONNX) clip(alpha·x + beta) stands as its own node below. */
  readonly op: 'logistic' | 'relu' | 'relu6' | 'hard_swish' | 'quantize' | 'dequantize';
}
export interface LeakyReluNode extends NodeBase {
  readonly op: 'leaky_relu';
  readonly alpha: number;
}
/** clip(alpha · x + beta, 0, 1). */
export interface HardSigmoidNode extends NodeBase {
  readonly op: 'hard_sigmoid';
  readonly alpha: number;
  readonly beta: number;
}
/** Bounds in real values; ±Infinity where absent. */
export interface ClipNode extends NodeBase {
  readonly op: 'clip';
  readonly min: number;
  readonly max: number;
}
export interface ResizeNearestNode extends NodeBase {
  readonly op: 'resize_nearest';
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

export type GraphNode =
  | Conv2dNode
  | DepthwiseConv2dNode
  | FullyConnectedNode
  | BinaryNode
  | Pool2dNode
  | MeanNode
  | PadNode
  | ReshapeNode
  | TransposeNode
  | ConcatenationNode
  | SoftmaxNode
  | UnaryNode
  | LeakyReluNode
  | HardSigmoidNode
  | ClipNode
  | ResizeNearestNode;

export type GraphOp = GraphNode['op'];

export interface Graph {
  readonly name: string;
  readonly source: { readonly format: 'tflite' | 'onnx' | 'memory'; readonly file?: string };
  readonly tensors: readonly GraphTensor[];
  /** In execution order. */
  readonly nodes: readonly GraphNode[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** A detector's boxes from its outputs, where the file says how. */
  readonly postProcess?: SsdPostProcess;
}
