/**
 * The trained network in real numbers, normalised: what calibration observes and the quantiser reads.
 *
 * Made from a Graph (src/calibrate/build-network.ts): batch dropped, constants and activations folded, quantised
 * models de-quantised. Layers are one to one with the operators of the DeployPlan, and weights already have its
 * canonical order: conv2d [oc][kh][kw][ic], depthwise [kh][kw][oc], fully connected [out][in].
 */
import type { StepWindow } from './deploy-plan.js';
import type { Region } from './region.js';

export interface FloatTensor {
  /** Index in `FloatNetwork.tensors`. */
  readonly id: number;
  readonly name: string;
  /** [height, width, channels] */
  readonly shape: readonly [number, number, number];
  /** The graph's tensor that holds the same values; −1 for tensors that normalisation made. */
  readonly graphTensor: number;
}

/** Real bounds of a fused activation; infinite where there is none. */
export interface RealBounds {
  readonly min: number;
  readonly max: number;
}

interface LayerBase {
  /** Unique; what reports and bit assignments call the layer. */
  readonly name: string;
  readonly inputs: readonly number[];
  readonly output: number;
}
interface ClampedLayer extends LayerBase {
  readonly bounds: RealBounds;
}
interface WeightedLayerBase extends ClampedLayer {
  readonly weights: Float32Array;
  /** One value per output channel. */
  readonly bias: Float32Array;
}

export interface FloatConv2d extends WeightedLayerBase {
  readonly op: 'conv2d';
  readonly window: StepWindow;
}
export interface FloatDepthwiseConv2d extends WeightedLayerBase {
  readonly op: 'depthwise_conv2d';
  readonly window: StepWindow;
  readonly depthMultiplier: number;
}
export interface FloatFullyConnected extends WeightedLayerBase {
  readonly op: 'fully_connected';
}
/** The second operand is whole, [1,1,c] or [1,1,1], as in the plan. */
export interface FloatAdd extends ClampedLayer {
  readonly op: 'add';
  readonly subtract: boolean;
}
export interface FloatMul extends ClampedLayer {
  readonly op: 'mul';
}
/** Over the valid positions of each window. */
export interface FloatPool2d extends ClampedLayer {
  readonly op: 'average_pool2d' | 'max_pool2d';
  readonly window: StepWindow;
}
/** Over height and width, to [1,1,c]. */
export interface FloatMean extends ClampedLayer {
  readonly op: 'mean';
}
/** With zeros; `before` is (height, width, channels). */
export interface FloatPad extends LayerBase {
  readonly op: 'pad';
  readonly before: readonly [number, number, number];
}
export interface FloatReshape extends LayerBase {
  readonly op: 'reshape';
}
/** Output axis i is input axis permutation[i]. */
export interface FloatTranspose extends LayerBase {
  readonly op: 'transpose';
  readonly permutation: readonly [number, number, number];
}
export interface FloatConcatenation extends ClampedLayer {
  readonly op: 'concatenation';
  readonly axis: 0 | 1 | 2;
}
/** Over the channels of each pixel. */
export interface FloatSoftmax extends LayerBase {
  readonly op: 'softmax';
  readonly beta: number;
}
/** logistic 1/(1+e^−x); hard_swish x·relu6(x+3)/6; hard_sigmoid clip(alpha·x+beta, 0, 1); leaky_relu x<0 ? alpha·x : x. */
export interface FloatPointwise extends LayerBase {
  readonly op: 'pointwise';
  readonly function: 'logistic' | 'hard_swish' | 'hard_sigmoid' | 'leaky_relu';
  readonly alpha: number;
  readonly beta: number;
}
/** An activation that could not be fused. */
export interface FloatClip extends ClampedLayer {
  readonly op: 'clip';
}
export interface FloatResizeNearest extends LayerBase {
  readonly op: 'resize_nearest';
  /** Source index of every output row and column. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
}

export type WeightedFloatLayer = FloatConv2d | FloatDepthwiseConv2d | FloatFullyConnected;
export type FloatLayer =
  | WeightedFloatLayer
  | FloatAdd
  | FloatMul
  | FloatPool2d
  | FloatMean
  | FloatPad
  | FloatReshape
  | FloatTranspose
  | FloatConcatenation
  | FloatSoftmax
  | FloatPointwise
  | FloatClip
  | FloatResizeNearest;
export type FloatOp = FloatLayer['op'];
export type FloatLayerOf<K extends FloatOp> = Extract<FloatLayer, { readonly op: K }>;

/** A network edge: its tensor, and the element type and scale that a quantised model file gave it. */
export interface FloatPort {
  readonly name: string;
  readonly tensor: number;
  readonly dtype: 'int8' | 'uint8' | 'float32';
  /** Of the stored int8 values; present where the model file fixes it. */
  readonly quantization?: { readonly scale: number; readonly zeroPoint: number };
}

export interface FloatNetwork {
  readonly name: string;
  readonly tensors: readonly FloatTensor[];
  /** In execution order. */
  readonly layers: readonly FloatLayer[];
  readonly inputs: readonly FloatPort[];
  readonly outputs: readonly FloatPort[];
}

export const isWeighted = (layer: FloatLayer): layer is WeightedFloatLayer =>
  layer.op === 'conv2d' || layer.op === 'depthwise_conv2d' || layer.op === 'fully_connected';

/** One network input per port, real values in canonical order. */
export type FloatSample = readonly Float32Array[];

/**
 * How a feature map is stored: real = scale · (q − zeroPoint), q in min…max; with channel scales,
 * real = scale · channelScales[c] · (q − zeroPoint).
 */
export interface FakeQuantization {
  readonly scale: number;
  readonly zeroPoint: number;
  readonly min: number;
  readonly max: number;
  /** One factor per channel; absent where all are 1. */
  readonly channelScales?: readonly number[];
}

/** A grid for part of a feature map: what the branches of a patch stage have. */
export interface RegionalQuantization {
  readonly region: Region;
  readonly grid: FakeQuantization;
}

/** One grid for the map, or grids of regions that do not overlap; what no region covers is not rounded. */
export type MapQuantization = FakeQuantization | readonly RegionalQuantization[];

/**
 * Executes a FloatNetwork with every feature map observable (src/calibrate/run-float.ts). One sample at a time;
 * maps stay readable until the next run. Stages that may not import it are handed one.
 */
export interface FloatRunner {
  readonly network: FloatNetwork;
  /** Runs the layers from `from` up to, not including, `to`; inputs are needed only when starting at layer 0. */
  run(sample: FloatSample, range?: { readonly from?: number; readonly to?: number }): void;
  /** The values of a feature map: a view that the next run overwrites. */
  map(tensor: number): Float32Array;
  /** Replaces the weights and bias of a weighted layer; undefined restores the network's own. */
  setWeights(
    layer: number,
    weights: { readonly weights: Float32Array; readonly bias: Float32Array } | undefined,
  ): void;
  /** Rounds a feature map to a stored grid right after it is computed (inputs: after they are set). */
  setFakeQuantization(tensor: number, quantization: MapQuantization | undefined): void;
  /** A map that `setFakeQuantization` rounds, as stored integers: a quarter of its size. */
  saveMap(tensor: number): Int8Array;
  /** Puts back what `saveMap` gave, exactly. */
  restoreMap(tensor: number, stored: Int8Array): void;
  /** Rounds a feature map where it stands, once. Views taken before may become invalid. */
  roundMap(tensor: number, quantization: MapQuantization): void;
}
