/**
 * Average precision of detections: COCO's definition (pycocotools, cocoeval.py): greedy matching by falling score,
 * precision made monotone, 101 recall points, IoU from 0.50 to 0.95; no crowd boxes, no area ranges.
 */
import { type Box, byScore, type Detection, overlap } from './boxes.js';

/** A box that the picture truly shows; classId in the data set's numbering, as in the detections. */
export interface LabelledBox extends Box {
  readonly classId: number;
}

export interface PictureResult {
  readonly labels: readonly LabelledBox[];
  readonly detections: readonly Detection[];
}

export interface ClassPrecision {
  readonly classId: number;
  /** Labelled boxes. */
  readonly labels: number;
  /** 0…1 at IoU 0.5. */
  readonly ap50: number;
  /** 0…1, mean over IoU 0.50, 0.55 … 0.95. */
  readonly ap: number;
}

const IOU_THRESHOLDS = Array.from({ length: 10 }, (_, i) => 0.5 + 0.05 * i);
const RECALL_POINTS = Array.from({ length: 101 }, (_, i) => i / 100);
/** Detections of a class per picture that count. */
const MAX_DETECTIONS = 100;

/** One entry per class that has labelled boxes, by class. */
export function classPrecisions(pictures: readonly PictureResult[]): ClassPrecision[] {
  const classes = new Set(pictures.flatMap(({ labels }) => labels.map(({ classId }) => classId)));
  return [...classes]
    .sort((a, b) => a - b)
    .map((classId) => {
      const ofClass = pictures.map(({ labels, detections }) => ({
        labels: labels.filter((label) => label.classId === classId),
        detections: byScore(detections.filter((d) => d.classId === classId)).slice(0, MAX_DETECTIONS),
      }));
      const count = ofClass.reduce((sum, { labels }) => sum + labels.length, 0);
      const precisions = IOU_THRESHOLDS.map((threshold) => averagePrecision(ofClass, count, threshold));
      const ap = precisions.reduce((sum, x) => sum + x, 0) / precisions.length;
      return { classId, labels: count, ap50: precisions[0]!, ap };
    });
}

/** Means over classes. */
export function meanPrecision(classes: readonly ClassPrecision[]): { map50: number; map: number } {
  const mean = (of: (c: ClassPrecision) => number): number =>
    classes.length === 0 ? 0 : classes.reduce((sum, c) => sum + of(c), 0) / classes.length;
  return { map50: mean((c) => c.ap50), map: mean((c) => c.ap) };
}

function averagePrecision(pictures: readonly PictureResult[], labels: number, threshold: number): number {
  const ranked = byScore(pictures.flatMap((picture) => matched(picture, threshold)));
  let hits = 0;
  const curve = ranked.map(({ hit }, i) => {
    hits += hit ? 1 : 0;
    return { recall: hits / labels, precision: hits / (i + 1) };
  });
  // From the right: the best precision at this recall or more.
  let best = 0;
  const envelope = curve.reverse().map(({ recall, precision }) => {
    best = Math.max(best, precision);
    return { recall, precision: best };
  });
  envelope.reverse();
  let at = 0;
  const sum = RECALL_POINTS.reduce((total, recall) => {
    while (at < envelope.length && envelope[at]!.recall < recall) at++;
    return total + (envelope[at]?.precision ?? 0);
  }, 0);
  return sum / RECALL_POINTS.length;
}

/** Each detection, best first, takes the free labelled box that it overlaps most, by `threshold` at least. */
function matched(picture: PictureResult, threshold: number): { score: number; hit: boolean }[] {
  const free = new Set(picture.labels);
  return picture.detections.map((detection) => {
    let best: LabelledBox | undefined;
    let bestOverlap = Math.min(threshold, 1 - 1e-10);
    for (const label of free) {
      const found = overlap(detection, label);
      if (found < bestOverlap) continue;
      bestOverlap = found;
      best = label;
    }
    if (best !== undefined) free.delete(best);
    return { score: detection.score, hit: best !== undefined };
  });
}
