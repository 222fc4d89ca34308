/**
 * Boxes of an SSD network from its encodings and scores, as TFLite_Detection_PostProcess computes them.
 * Source: tensorflow/lite/kernels/detection_postprocess.cc (float32 where it is float, double where it is double).
 */
import type { SsdPostProcess } from '../ir/detection.js';
import { type Box, byScore, type Detection, suppress } from './boxes.js';

const f32 = Math.fround;

/**
 * @param encodings y, x, h, w per anchor
 * @param scores per anchor and class, background first when there is one more than `ssd.classes`
 * @returns at most `maxDetections` (times `maxClassesPerDetection` under fast suppression), best first
 */
export function decodeSsd(ssd: SsdPostProcess, encodings: Float32Array, scores: Float32Array): Detection[] {
  const anchors = ssd.anchors.length / 4;
  const perAnchor = scores.length / anchors;
  const boxes = Array.from({ length: anchors }, (_, i) => decodeBox(ssd, encodings, i));
  const scoreOf = (anchor: number, classId: number): number =>
    scores[anchor * perAnchor + (perAnchor - ssd.classes) + classId]!;
  return ssd.regularNms ? regular(ssd, boxes, scoreOf) : fast(ssd, boxes, scoreOf);
}

function decodeBox({ anchors, boxScale }: SsdPostProcess, encodings: Float32Array, index: number): Box {
  const [y, x, h, w] = encodings.subarray(4 * index, 4 * index + 4) as unknown as number[];
  const [anchorY, anchorX, anchorH, anchorW] = anchors.subarray(
    4 * index,
    4 * index + 4,
  ) as unknown as number[];
  const centreY = f32((y! / boxScale.y) * anchorH! + anchorY!);
  const centreX = f32((x! / boxScale.x) * anchorW! + anchorX!);
  const halfHeight = f32(0.5 * Math.exp(h! / boxScale.h) * anchorH!);
  const halfWidth = f32(0.5 * Math.exp(w! / boxScale.w) * anchorW!);
  return {
    left: f32(centreX - halfWidth),
    top: f32(centreY - halfHeight),
    right: f32(centreX + halfWidth),
    bottom: f32(centreY + halfHeight),
  };
}

type ScoreOf = (anchor: number, classId: number) => number;

/** One suppression over all anchors by their best class; then each kept anchor's best classes. */
function fast(ssd: SsdPostProcess, boxes: readonly Box[], scoreOf: ScoreOf): Detection[] {
  const classesOf = (anchor: number): { classId: number; score: number }[] =>
    byScore(
      Array.from({ length: ssd.classes }, (_, classId) => ({ classId, score: scoreOf(anchor, classId) })),
    );
  const candidates = boxes
    .map((box, anchor) => ({ ...box, anchor, score: bestScore(ssd.classes, anchor, scoreOf) }))
    .filter(({ score }) => score >= ssd.scoreThreshold);
  return suppress(candidates, ssd.iouThreshold, ssd.maxDetections).flatMap(({ anchor }) =>
    classesOf(anchor)
      .slice(0, ssd.maxClassesPerDetection)
      .map((best) => ({ ...boxes[anchor]!, ...best })),
  );
}

function bestScore(classes: number, anchor: number, scoreOf: ScoreOf): number {
  let best = -Infinity;
  for (let classId = 0; classId < classes; classId++) best = Math.max(best, scoreOf(anchor, classId));
  return best;
}

/** A suppression per class, and the best of all classes. */
function regular(ssd: SsdPostProcess, boxes: readonly Box[], scoreOf: ScoreOf): Detection[] {
  const perClass = Math.min(ssd.detectionsPerClass, ssd.maxDetections);
  const kept = Array.from({ length: ssd.classes }, (_, classId) => {
    const candidates = boxes
      .map((box, anchor) => ({ ...box, classId, score: scoreOf(anchor, classId) }))
      .filter(({ score }) => score >= ssd.scoreThreshold);
    return suppress(candidates, ssd.iouThreshold, perClass);
  });
  return byScore(kept.flat()).slice(0, ssd.maxDetections);
}
