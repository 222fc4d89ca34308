/** The keyword network of the fixtures and samples for it as files in memory: `kws.tflite`, `set/0.bin`, … */
import { createRandom } from '../../src/support/random.js';
import { FIXTURES, readBytes } from './paths.js';

/** Elements of the network's input. */
const LENGTH = 490;
const CLASSES = 12;
const ZERO_POINT = 83;

const clamped = (value: number): number => Math.max(-128, Math.min(127, value));

/** Values that wander, so that neighbours are near each other. */
export function wanderingTensors(count: number, seed: number): readonly Int8Array[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    let level = 0;
    return Int8Array.from({ length: LENGTH }, () => {
      level = clamped(level + random.integer(-30, 30));
      return level;
    });
  });
}

/** Noise that gets louder towards the end of the utterance. */
export function growingTensors(count: number, seed: number): readonly Int8Array[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () =>
    Int8Array.from({ length: LENGTH }, (_, at) =>
      clamped(ZERO_POINT + Math.round((random.normal() * (10 + at)) / 20)),
    ),
  );
}

export const keywordFiles = (tensors: readonly Int8Array[]): Record<string, Uint8Array> => ({
  'kws.tflite': readBytes(`${FIXTURES}kws/kws_dscnn_int8.tflite`),
  ...Object.fromEntries(
    tensors.map(({ buffer }, i) => [`set/${i}.bin`, new Uint8Array(buffer as ArrayBuffer)]),
  ),
});

/** With `set/labels.csv`: the classes in turn. */
export const labelledKeywordFiles = (tensors: readonly Int8Array[]): Record<string, Uint8Array | string> => ({
  ...keywordFiles(tensors),
  'set/labels.csv': `file,label\n${tensors.map((_, i) => `${i}.bin,${i % CLASSES}`).join('\n')}\n`,
});
