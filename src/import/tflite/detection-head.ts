/**
 * TFLite_Detection_PostProcess at the end of a detector: the network then ends in box encodings and scores, and
 * the operator becomes data (ir/detection.ts). Source: tensorflow/lite/kernels/detection_postprocess.cc.
 */
import type { SsdOptions, SsdPostProcess } from '../../ir/detection.js';
import type { GraphTensor } from '../../ir/graph.js';
import { readFlexMap } from './flexbuffer.js';
import type { OperatorContext, Refusal } from './operators.js';

export const DETECTION_POST_PROCESS = 'TFLite_Detection_PostProcess';

/** Of the operator where its options do not say. */
const DEFAULT_DETECTIONS_PER_CLASS = 100;

export interface DetectionHead {
  readonly postProcess: SsdPostProcess;
  /** Tensors of box encodings and of scores. */
  readonly outputs: readonly [number, number];
}

export function readDetectionPostProcess(
  c: OperatorContext,
  options: Uint8Array | undefined,
): DetectionHead | Refusal {
  const [boxes, scores, anchors] = c.inputs.map((id) => c.tensors[id]);
  if (c.inputs.length !== 3 || boxes === undefined || scores === undefined || anchors === undefined)
    throw c.file.malformed(`${c.label} has ${c.inputs.length} inputs`, undefined, '3');
  const count = boxes.shape[1];
  if (boxes.shape.length !== 3 || boxes.shape[2] !== 4 || scores.shape[1] !== count)
    return { refusal: 'its boxes are not four numbers for each anchor' };
  const values = dequantized(anchors);
  if (values === undefined || values.length !== 4 * (count ?? 0))
    return { refusal: 'its anchors are not constants, four numbers each' };
  const parsed = readOptions(options, scores.shape[2] ?? 0);
  if (typeof parsed === 'string') return { refusal: parsed };
  return { postProcess: { ...parsed, anchors: values }, outputs: [c.inputs[0]!, c.inputs[1]!] };
}

/** The options, or what is wrong with them. */
function readOptions(bytes: Uint8Array | undefined, scoresPerAnchor: number): SsdOptions | string {
  const map = bytes === undefined ? undefined : readFlexMap(bytes);
  if (map === undefined) return 'its options are not readable';
  const names = [
    ...['max_detections', 'max_classes_per_detection', 'num_classes', 'nms_score_threshold'],
    ...['nms_iou_threshold', 'y_scale', 'x_scale', 'h_scale', 'w_scale'],
  ];
  const missing = names.find((name) => !Number.isFinite(map.get(name)));
  if (missing !== undefined) return `its option ${missing} is missing`;
  const of = (name: string): number => map.get(name)!;
  const classes = of('num_classes');
  const counts = ['max_detections', 'max_classes_per_detection', 'num_classes'].map(of);
  const sound =
    counts.every((n) => Number.isInteger(n) && n > 0 && n <= 1 << 16) &&
    (scoresPerAnchor === classes || scoresPerAnchor === classes + 1) &&
    ['y_scale', 'x_scale', 'h_scale', 'w_scale'].every((name) => of(name) > 0);
  if (!sound) return 'its options contradict its tensors';
  return {
    kind: 'ssd',
    classes,
    maxDetections: of('max_detections'),
    maxClassesPerDetection: of('max_classes_per_detection'),
    detectionsPerClass: map.get('detections_per_class') ?? DEFAULT_DETECTIONS_PER_CLASS,
    regularNms: (map.get('use_regular_nms') ?? 0) !== 0,
    scoreThreshold: of('nms_score_threshold'),
    iouThreshold: of('nms_iou_threshold'),
    boxScale: { y: of('y_scale'), x: of('x_scale'), h: of('h_scale'), w: of('w_scale') },
  };
}

function dequantized(tensor: GraphTensor): Float32Array | undefined {
  const { data, quantization: q } = tensor;
  if (data instanceof Float32Array) return data;
  if (!(data instanceof Int8Array) || q === undefined || q.scale.length !== 1) return undefined;
  return Float32Array.from(data, (x) => (x - q.zeroPoint[0]!) * q.scale[0]!);
}
