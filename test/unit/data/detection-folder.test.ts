/** Folders of pictures with boxes, and recipes of detectors. */
import { expect, it } from 'vitest';
import {
  isDetectionFolder,
  listDetectionSamples,
  parseBoxes,
  readClassNames,
} from '../../../src/data/detection-folder.js';
import { PRESETS, parseRecipe } from '../../../src/data/recipe.js';
import { createMemoryHost } from '../../../src/support/memory-host.js';

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

it('lists pictures with their boxes; one without a label file shows nothing', async () => {
  const host = createMemoryHost({
    'set/images/b.png': text(''),
    'set/images/a.jpg': text(''),
    'set/labels/a.txt': text('3 0.5 0.25 0.2 0.1\n'),
    'set/classes.yaml': text('path: .\nnames:\n  0: person\n  3: motor cycle\n'),
  });
  expect(await isDetectionFolder(host, 'set/')).toBe(true);
  expect(await isDetectionFolder(host, 'set/images')).toBe(false);
  const samples = await listDetectionSamples(host, 'set/');
  expect(samples.map(({ path, boxes }) => [path, boxes.length])).toEqual([
    ['set/images/a.jpg', 1],
    ['set/images/b.png', 0],
  ]);
  expect(samples[0]!.boxes[0]).toEqual({ classId: 3, left: 0.4, top: 0.2, right: 0.6, bottom: 0.3 });
  expect([...(await readClassNames(host, 'set'))]).toEqual([
    [0, 'person'],
    [3, 'motor cycle'],
  ]);
});

it('names file and row of a label that is none', () => {
  expect(() => parseBoxes('0 0.5 0.5 0.1 0.1\n0 0.5 half 0.1 0.1', 'l.txt')).toThrow(
    'l.txt:2: wrong row; found "0 0.5 half 0.1 0.1"; expected class, centre x, centre y, width, height',
  );
});

it('reads the heads of a recipe', () => {
  const heads = [{ stride: 8, anchors: [[10, 13]] }];
  const recipe = parseRecipe(
    JSON.stringify({ detection: { kind: 'yolo', heads } }),
    'r.json',
    PRESETS.stretch,
  );
  expect(recipe.detection).toEqual({
    kind: 'yolo',
    heads,
    scoreThreshold: 0.01,
    iouThreshold: 0.45,
    maxDetections: 100,
  });
});

it.each([
  { kind: 'ssd', heads: [] },
  { kind: 'yolo', heads: [] },
  { kind: 'yolo', heads: [{ stride: 0, anchors: [[1, 1]] }] },
  { kind: 'yolo', heads: [{ stride: 8, anchors: [[1]] }] },
  { kind: 'yolo', heads: [{ stride: 8, anchors: [[1, 1]] }], iouThreshold: 'half' },
])('refuses the recipe %j', (detection) => {
  expect(() => parseRecipe(JSON.stringify({ detection }), 'r.json', PRESETS.stretch)).toThrow(
    'r.json, "detection": wrong detection recipe; expected {"kind": "yolo"',
  );
});
