/** The `detection` field of a recipe: heads, anchors and thresholds of a YOLO network. */
import type { YoloHead, YoloPostProcess } from '../ir/detection.js';
import { badInput } from '../support/errors.js';

const EXPECTED =
  '{"kind": "yolo", "heads": [{"stride": 32, "anchors": [[116, 90], …]}, …], "scoreThreshold", "iouThreshold", "maxDetections"}';

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0;

function readHead(value: unknown): YoloHead | undefined {
  if (!isRecord(value) || !isPositive(value.stride) || !Array.isArray(value.anchors)) return undefined;
  const anchors = value.anchors.filter(
    (pair): pair is [number, number] => Array.isArray(pair) && pair.length === 2 && pair.every(isPositive),
  );
  if (anchors.length === 0 || anchors.length !== value.anchors.length) return undefined;
  return { stride: value.stride, anchors };
}

/** `where` names file and field in errors. */
export function readDetection(value: unknown, where: string): YoloPostProcess {
  const heads = isRecord(value) && Array.isArray(value.heads) ? value.heads.map(readHead) : [];
  const sound = isRecord(value) && value.kind === 'yolo' && heads.length > 0 && !heads.includes(undefined);
  const { scoreThreshold = 0.01, iouThreshold = 0.45, maxDetections = 100 } = sound ? value : {};
  if (!sound || !isPositive(iouThreshold) || !isPositive(maxDetections) || typeof scoreThreshold !== 'number')
    throw badInput('recipe/value', 'wrong detection recipe', { where, expected: EXPECTED });
  return { kind: 'yolo', heads: heads as YoloHead[], scoreThreshold, iouThreshold, maxDetections };
}
