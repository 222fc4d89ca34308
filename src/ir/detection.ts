/** How a detector's output tensors become boxes: plain data that a model file or a recipe holds. */
import type { BlobRef } from './deploy-plan.js';

/**
 * TFLite_Detection_PostProcess: output 0 holds box encodings [anchors][4] (y, x, h, w), output 1 scores
 * [anchors][classes], background first when there is one more of them than `classes`.
 * Source of the names: tensorflow/lite/kernels/detection_postprocess.cc.
 */
export interface SsdOptions {
  readonly kind: 'ssd';
  readonly classes: number;
  readonly maxDetections: number;
  /** Fast suppression: classes reported per anchor. */
  readonly maxClassesPerDetection: number;
  /** Regular suppression: boxes kept per class. */
  readonly detectionsPerClass: number;
  /** Suppress class by class; otherwise once, by each anchor's best class. */
  readonly regularNms: boolean;
  readonly scoreThreshold: number;
  readonly iouThreshold: number;
  /** Encodings are divided by these. */
  readonly boxScale: { readonly y: number; readonly x: number; readonly h: number; readonly w: number };
}

export interface SsdPostProcess extends SsdOptions {
  /** Four numbers per anchor: y, x, h, w, as shares of the picture. */
  readonly anchors: Float32Array;
}

/** In a plan: anchors as float32, little-endian, in the weights blob. */
export interface PlanPostProcess extends SsdOptions {
  readonly anchors: BlobRef;
}

/** One output tensor [rows][columns][anchors · (4 + 1 + classes)]. */
export interface YoloHead {
  /** Input pixels per cell. */
  readonly stride: number;
  /** Width and height in input pixels. */
  readonly anchors: readonly (readonly [number, number])[];
}

/**
 * YOLO heads, one per network output in its order, per anchor (tx, ty, tw, th, objectness, classes):
 * centre (σ(t) + cell) · stride, size exp(t) · anchor, score σ(objectness) · σ(class).
 */
export interface YoloPostProcess {
  readonly kind: 'yolo';
  readonly heads: readonly YoloHead[];
  readonly scoreThreshold: number;
  readonly iouThreshold: number;
  readonly maxDetections: number;
}

export type PostProcess = SsdPostProcess | YoloPostProcess;
