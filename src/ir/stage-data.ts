/**
 * What passes between the stages that decide: calibrated ranges and widths per feature map and layer. Plain,
 * versioned data with a JSON form of its own, so that results can be stored and reused.
 */
import type { Width } from '../numeric/widths.js';
import type { Region } from './region.js';

export const RANGES_FORMAT = 'quantmcu-ranges';
export const RANGES_VERSION = 1;

/**
 * Values of one feature map over the calibration set. Bin i counts values in
 * [(firstBin + i) · binWidth, (firstBin + i + 1) · binWidth); exact zeros are counted apart, as no grid that
 * includes 0 loses anything on them.
 */
export interface ValueHistogram {
  /** A power of two. */
  readonly binWidth: number;
  readonly firstBin: number;
  readonly counts: readonly number[];
  readonly zeros: number;
}

/** One channel of a feature map; extremes include 0. */
export interface ChannelRange {
  readonly mean: number;
  readonly meanSquare: number;
  readonly min: number;
  readonly max: number;
}

export interface TensorRange {
  /** Tensor of the FloatNetwork. */
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly standardDeviation: number;
  readonly channels: readonly ChannelRange[];
  readonly histogram: ValueHistogram;
}

export interface Ranges {
  readonly format: typeof RANGES_FORMAT;
  readonly version: typeof RANGES_VERSION;
  /** Hash of network, data and options: a stored file is reused only when it agrees. */
  readonly key: string;
  readonly network: string;
  readonly samples: number;
  /** One per tensor of the network, in its order. */
  readonly tensors: readonly TensorRange[];
}

/** Widths of feature maps (by tensor name) and of weights (by layer name); the rest take the defaults. */
export interface BitAssignment {
  readonly defaultActivationBits: Width;
  readonly defaultWeightBits: Width;
  readonly activations: Readonly<Record<string, Width>>;
  readonly weights: Readonly<Record<string, Width>>;
}

/** The same width everywhere (the network's inputs and outputs stay at 8 bits in any case). */
export const uniformAssignment = (activationBits: Width, weightBits: Width): BitAssignment => ({
  defaultActivationBits: activationBits,
  defaultWeightBits: weightBits,
  activations: {},
  weights: {},
});

/**
 * Branches of a patch stage that are stored alike, seen from the float network: widths, scales and zero points of
 * their own for every feature map inside the stage. Weights are shared by all branches.
 */
export interface BranchClass {
  /** By tensor: what its branches compute, halos included; entries may overlap. */
  readonly computed: ReadonlyMap<number, readonly Region[]>;
  /** By tensor: its part when the map is divided among the branches without overlap. */
  readonly owned: ReadonlyMap<number, readonly Region[]>;
  /** By tensor: values of its branches alone. */
  readonly ranges: ReadonlyMap<number, TensorRange>;
  /** Widths of feature maps inside the stage by name; the rest take the default. */
  readonly activations: Readonly<Record<string, Width>>;
  readonly defaultActivationBits: Width;
}

/** What the quantiser needs to know of a patch stage: the first `layers` layers of the network. */
export interface StageClasses {
  readonly layers: number;
  /** The stage's output: stored alike by all branches. */
  readonly output: number;
  readonly classes: readonly BranchClass[];
}
