/** Suppression, YOLO heads, SSD boxes and COCO's numbering on worked examples. */
import { describe, expect, it } from 'vitest';
import { overlap, suppress } from '../../../src/detect/boxes.js';
import { COCO_90_LABELS } from '../../../src/detect/coco-classes.js';
import { decodeSsd } from '../../../src/detect/ssd.js';
import { decodeYolo } from '../../../src/detect/yolo.js';
import type { SsdPostProcess, YoloPostProcess } from '../../../src/ir/detection.js';

const box = (left: number, top: number, right: number, bottom: number) => ({ left, top, right, bottom });

describe('boxes', () => {
  it('overlap: a quarter of a unit square with its neighbour', () => {
    // Intersection 0.5 × 0.5, union 1 + 1 − 0.25.
    expect(overlap(box(0, 0, 1, 1), box(0.5, 0.5, 1.5, 1.5))).toBeCloseTo(0.25 / 1.75, 15);
    expect(overlap(box(0, 0, 1, 1), box(1, 0, 2, 1))).toBe(0);
    expect(overlap(box(0, 0, 0, 1), box(0, 0, 1, 1))).toBe(0);
  });

  it('suppression keeps the best of a crowd, what is apart, and no more than asked', () => {
    const boxes = [
      { ...box(0, 0, 1, 1), score: 0.5 },
      { ...box(0.1, 0, 1.1, 1), score: 0.9 },
      { ...box(3, 3, 4, 4), score: 0.1 },
      { ...box(5, 5, 6, 6), score: 0.05 },
    ];
    expect(suppress(boxes, 0.5, 10).map(({ score }) => score)).toEqual([0.9, 0.1, 0.05]);
    expect(suppress(boxes, 0.95, 2).map(({ score }) => score)).toEqual([0.9, 0.5]);
  });
});

describe('YOLO', () => {
  const yolo: YoloPostProcess = {
    kind: 'yolo',
    heads: [
      {
        stride: 16,
        anchors: [
          [16, 8],
          [32, 32],
        ],
      },
    ],
    scoreThreshold: 0.01,
    iouThreshold: 0.45,
    maxDetections: 100,
  };
  const SURE = 20;

  it('places a box by cell, anchor and stride', () => {
    // 2 rows × 4 columns of stride 16: a picture of 64 × 32 pixels; all but one anchor say no.
    const values = new Float32Array(2 * 4 * 2 * 6).fill(-SURE);
    // Row 1, column 2, second anchor: centre (2.5, 1.5) cells, twice the anchor's width.
    values.set([0, 0, Math.log(2), 0, SURE, SURE], ((1 * 4 + 2) * 2 + 1) * 6);
    const [only, ...rest] = decodeYolo(yolo, [{ rows: 2, columns: 4, values }]);
    expect(rest).toEqual([]);
    expect(only!.score).toBeCloseTo(1, 6);
    const pixels = [only!.left * 64, only!.top * 32, only!.right * 64, only!.bottom * 32];
    [40 - 32, 24 - 16, 40 + 32, 24 + 16].forEach((expected, i) => {
      expect(pixels[i]).toBeCloseTo(expected, 4);
    });
  });

  it('multiplies objectness by class and drops what is below the threshold', () => {
    const values = new Float32Array(2 * 6).fill(0);
    values.set([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -SURE, 0]);
    const found = decodeYolo(yolo, [{ rows: 1, columns: 1, values }]);
    expect(found.map(({ score }) => score)).toEqual([0.25]);
  });
});

describe('SSD', () => {
  const ssd: SsdPostProcess = {
    kind: 'ssd',
    classes: 2,
    maxDetections: 3,
    maxClassesPerDetection: 1,
    detectionsPerClass: 100,
    regularNms: false,
    scoreThreshold: 0.1,
    iouThreshold: 0.6,
    boxScale: { y: 10, x: 10, h: 5, w: 5 },
    anchors: Float32Array.of(0.5, 0.5, 0.2, 0.4, 0.5, 0.5, 0.2, 0.4, 0.1, 0.1, 0.1, 0.1),
  };
  // Background first; anchors 0 and 1 stand on each other.
  const scores = Float32Array.of(0.1, 0.7, 0.2, 0.1, 0.3, 0.6, 0.9, 0.05, 0.05);

  it('moves the anchor by tenths and stretches it by exponentials of fifths', () => {
    const encodings = new Float32Array(12);
    encodings.set([5, -2.5, 5 * Math.log(2), 0]);
    const [first] = decodeSsd(ssd, encodings, scores);
    // Centre y 0.5 + 0.5 · 0.2, x 0.5 − 0.25 · 0.4; height doubled.
    const expected = { left: 0.2, top: 0.4, right: 0.6, bottom: 0.8 };
    for (const side of ['left', 'top', 'right', 'bottom'] as const)
      expect(first![side]).toBeCloseTo(expected[side], 6);
    expect(first!.classId).toBe(0);
  });

  it('fast suppression is blind to classes, regular suppression is not', () => {
    const found = (options: Partial<SsdPostProcess>) =>
      decodeSsd({ ...ssd, ...options }, new Float32Array(12), scores).map(({ classId, score }) => [
        classId,
        Math.round(100 * score),
      ]);
    expect(found({})).toEqual([[0, 70]]);
    expect(found({ regularNms: true })).toEqual([
      [0, 70],
      [1, 60],
    ]);
    expect(found({ maxClassesPerDetection: 2 })).toEqual([
      [0, 70],
      [1, 20],
    ]);
  });
});

it("COCO's 90 classes with gaps are its 80 in order", () => {
  // person, bicycle; stop sign is id 13 and the 12th class; the toothbrush, id 90, is the last.
  expect([COCO_90_LABELS[0], COCO_90_LABELS[1], COCO_90_LABELS[12], COCO_90_LABELS[89]]).toEqual([
    0, 1, 11, 79,
  ]);
  expect(COCO_90_LABELS.filter((label) => label >= 0)).toEqual(Array.from({ length: 80 }, (_, i) => i));
});
