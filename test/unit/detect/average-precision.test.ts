/** COCO's average precision on cases small enough to work out by hand. */
import { describe, expect, it } from 'vitest';
import { classPrecisions, meanPrecision, type PictureResult } from '../../../src/detect/average-precision.js';
import type { Detection } from '../../../src/detect/boxes.js';

/** A box of the given left edge in a row of boxes 0.1 wide and 0.1 high. */
const box = (left: number, classId = 0) => ({ left, top: 0, right: left + 0.1, bottom: 0.1, classId });
const found = (left: number, score: number, classId = 0): Detection => ({ ...box(left, classId), score });
/** Shifted by d, boxes 0.1 wide overlap by (0.1 − d) / (0.1 + d). */
const SHIFT_OF_IOU_60 = 0.025;

describe('one class', () => {
  const single = (pictures: readonly PictureResult[]) => classPrecisions(pictures)[0]!;

  it('is 1 when every box is found exactly, 0 when none is', () => {
    const labels = [box(0), box(0.3)];
    const exact = single([{ labels, detections: [found(0, 0.9), found(0.3, 0.8)] }]);
    expect(exact).toEqual({ classId: 0, labels: 2, ap50: 1, ap: 1 });
    expect(single([{ labels, detections: [] }]).ap50).toBe(0);
    expect(single([{ labels, detections: [found(0.6, 0.9)] }]).ap50).toBe(0);
  });

  it('half of the boxes: 51 of 101 recall points at precision 1', () => {
    const { ap50 } = single([{ labels: [box(0), box(0.3)], detections: [found(0, 0.9)] }]);
    expect(ap50).toBeCloseTo(51 / 101, 12);
  });

  it('a false one ranked first halves the precision of the first hit', () => {
    // Precisions 0/1, 1/2, 2/3; made monotone from the right: 2/3 at every recall.
    const detections = [found(0.6, 0.9), found(0, 0.8), found(0.3, 0.7)];
    expect(single([{ labels: [box(0), box(0.3)], detections }]).ap50).toBeCloseTo(2 / 3, 12);
  });

  it('a false one ranked last costs nothing', () => {
    const detections = [found(0, 0.9), found(0.3, 0.8), found(0.6, 0.7)];
    expect(single([{ labels: [box(0), box(0.3)], detections }]).ap50).toBe(1);
  });

  it('a second detection of the same box is a false one', () => {
    // Hit, miss, hit: precision 1 up to recall 0.5, then 2/3.
    const detections = [found(0, 0.9), found(0.001, 0.8), found(0.3, 0.7)];
    const { ap50 } = single([{ labels: [box(0), box(0.3)], detections }]);
    expect(ap50).toBeCloseTo((51 + 50 * (2 / 3)) / 101, 12);
  });

  it('ranks detections of all pictures together', () => {
    const pictures = [
      { labels: [box(0)], detections: [found(0.6, 0.95)] },
      { labels: [box(0)], detections: [found(0, 0.9)] },
    ];
    // Miss, hit: precision 1/2 up to recall 1/2.
    expect(single(pictures).ap50).toBeCloseTo((51 * 0.5) / 101, 12);
  });

  it('an overlap of 0.6 counts at three of the ten thresholds', () => {
    const { ap50, ap } = single([{ labels: [box(0)], detections: [found(SHIFT_OF_IOU_60 - 1e-9, 0.9)] }]);
    expect(ap50).toBe(1);
    expect(ap).toBeCloseTo(0.3, 12);
  });

  it('a detection takes the free box that it overlaps most', () => {
    const labels = [box(0), box(0.02)];
    const { ap50 } = single([{ labels, detections: [found(0.02, 0.9), found(0, 0.8)] }]);
    expect(ap50).toBe(1);
  });
});

it('means are over classes with labelled boxes only', () => {
  const pictures = [{ labels: [box(0, 0), box(0.3, 2)], detections: [found(0, 0.9, 0), found(0.6, 0.9, 1)] }];
  const classes = classPrecisions(pictures);
  expect(classes.map(({ classId, ap50 }) => [classId, ap50])).toEqual([
    [0, 1],
    [2, 0],
  ]);
  expect(meanPrecision(classes)).toEqual({ map50: 0.5, map: 0.5 });
  expect(meanPrecision([])).toEqual({ map50: 0, map: 0 });
});
