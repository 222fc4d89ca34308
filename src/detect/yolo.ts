/** Boxes of YOLO heads: formulas at YoloPostProcess; suppression class by class. */
import type { YoloHead, YoloPostProcess } from '../ir/detection.js';
import { byScore, type Detection, suppress } from './boxes.js';

/** One head's output, [rows][columns][anchors · (5 + classes)]. */
export interface HeadOutput {
  readonly rows: number;
  readonly columns: number;
  readonly values: Float32Array;
}

/** Values per anchor in front of the classes: tx, ty, tw, th, objectness. */
const BOX_VALUES = 5;

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Best first. Outputs stand in the order of `yolo.heads`. */
export function decodeYolo(yolo: YoloPostProcess, outputs: readonly HeadOutput[]): Detection[] {
  const candidates = yolo.heads.flatMap((head, i) => headCandidates(head, outputs[i]!, yolo.scoreThreshold));
  const classes = new Set(candidates.map(({ classId }) => classId));
  const kept = [...classes].flatMap((id) =>
    suppress(
      candidates.filter(({ classId }) => classId === id),
      yolo.iouThreshold,
      yolo.maxDetections,
    ),
  );
  return byScore(kept).slice(0, yolo.maxDetections);
}

function headCandidates(head: YoloHead, output: HeadOutput, scoreThreshold: number): Detection[] {
  const { rows, columns, values } = output;
  const perAnchor = values.length / (rows * columns * head.anchors.length);
  const found: Detection[] = [];
  for (let at = 0; at < values.length; at += perAnchor) {
    const index = at / perAnchor;
    const anchor = head.anchors[index % head.anchors.length]!;
    const cell = Math.floor(index / head.anchors.length);
    const objectness = sigmoid(values[at + 4]!);
    for (let classId = 0; classId < perAnchor - BOX_VALUES; classId++) {
      const score = objectness * sigmoid(values[at + BOX_VALUES + classId]!);
      if (score <= scoreThreshold) continue;
      const x = (sigmoid(values[at]!) + (cell % columns)) / columns;
      const y = (sigmoid(values[at + 1]!) + Math.floor(cell / columns)) / rows;
      const halfWidth = (Math.exp(values[at + 2]!) * anchor[0]) / (2 * columns * head.stride);
      const halfHeight = (Math.exp(values[at + 3]!) * anchor[1]) / (2 * rows * head.stride);
      found.push({
        left: x - halfWidth,
        top: y - halfHeight,
        right: x + halfWidth,
        bottom: y + halfHeight,
        classId,
        score,
      });
    }
  }
  return found;
}
