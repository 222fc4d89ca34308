/** The samples of kernels whose operands share lanes reach what such kernels do: without that parity runs say little. */
import { describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { kernelsFor } from '../../src/bind/variants/choose.js';
import { WIDTH_LIST } from '../../src/numeric/widths.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { matrixSample } from './matrix-samples.js';

const applies = ({ plan }: SampleCase, name: string): boolean =>
  kernelsFor(plan.steps[0]!, plan, 'dsp').some(({ variant }) => variant?.name === name);

describe('samples for kernels of shared lanes', () => {
  it.each([
    { variant: 'lanes', inputBits: 4, weightBits: 4, blockChannels: 4 },
    { variant: 'pairs', inputBits: 2, weightBits: 2, blockChannels: 8 },
  ] as const)(
    'meet every finish and several segments, and are refused where sums do not fit: $variant',
    ({ variant, inputBits, weightBits, blockChannels }) => {
      const finishes = new Set<number>();
      let [refused, severalSegments] = [0, 0];
      for (let seed = 0; seed < 150; seed++) {
        const sample = matrixSample({ inputBits, weightBits, outputBits: WIDTH_LIST[seed % 3]!, seed });
        if (!applies(sample, variant)) {
          refused++;
          continue;
        }
        const bound = bind(sample.plan, { core: 'm4', feature: 'dsp' }, { choice: () => variant });
        finishes.add(bound.steps[0]!.calls[0]!.kernel.parameters!.finish!);
        // A stream begins with the bytes of its first segment's weights, k · channels of a block · bits / 8.
        const [, , channels] = bound.plan.tensors[0]!.shape;
        const bytes = (channels * blockChannels * weightBits) / 8;
        const { buffer, byteOffset } = bound.constants;
        if (new DataView(buffer, byteOffset).getUint32(0, true) < Math.floor(bytes)) severalSegments++;
      }
      expect([...finishes].sort()).toEqual([0, 1, 2]);
      expect(refused).toBeGreaterThan(0);
      expect(severalSegments).toBeGreaterThan(0);
    },
  );
});
