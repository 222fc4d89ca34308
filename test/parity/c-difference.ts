/** Says where two feature maps differ, with the sample's label (its seed) in front. */
import type { SampleCase } from '../../src/ops/op-def.js';
import { tensorOf, unpackActivation } from '../../src/ops/plan-access.js';

/** One line for the first difference; empty when the bytes are equal. */
export function tensorDifference(sample: SampleCase, expected: Uint8Array, actual: Uint8Array): string[] {
  if (actual.length !== expected.length)
    return [`${sample.label}: ${actual.length} bytes instead of ${expected.length}`];
  const byte = expected.findIndex((value, i) => value !== actual[i]);
  if (byte < 0) return [];
  const output = tensorOf(sample.plan, sample.plan.steps[0]!.output);
  const wanted = unpackActivation(output, expected);
  const found = unpackActivation(output, actual);
  const count = wanted.reduce((sum, value, i) => sum + (value === found[i] ? 0 : 1), 0);
  const first = wanted.findIndex((value, i) => value !== found[i]);
  const [, width, channels] = output.shape;
  const position =
    first < 0
      ? `unused bits of byte ${byte}`
      : `(${Math.floor(first / (width * channels))}, ${Math.floor(first / channels) % width}, ${first % channels}): ${wanted[first]} expected, ${found[first]} found`;
  return [`${sample.label}: ${count} of ${wanted.length} differ, first at ${position}`];
}
