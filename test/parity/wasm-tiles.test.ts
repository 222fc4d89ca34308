/** WASM convolutions at sizes around every tile of the kernels, against the slow references, byte for byte. */
import { describe, expect, it } from 'vitest';
import { REQUANT_MODES, type RequantMode } from '../../src/numeric/requantize.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { SamplePlan } from '../../src/ops/sample-plan.js';
import { referenceEngine } from '../../src/simulate/reference-engine.js';
import { createWasmEngine } from '../../src/simulate/wasm-engine.js';
import { createRandom } from '../../src/support/random.js';
import { conv2dCase, depthwiseCase, PADDINGS, square } from './c-tiles.js';

const wasm = createWasmEngine();
let seed = 0;
const nextPlan = (mode: RequantMode): SamplePlan => new SamplePlan(createRandom(++seed), { mode });

async function expectEqual({ plan, inputs, label }: SampleCase): Promise<void> {
  const [expected] = (await referenceEngine.load(plan)).run(inputs);
  const [actual] = (await wasm.load(plan)).run(inputs);
  if (Buffer.compare(actual!, expected!) !== 0) expect.fail(`${label}: outputs differ`);
}

describe('convolutions around the tiles', () => {
  for (const mode of REQUANT_MODES) {
    it(`conv2d 1×1 ${mode}: 4 pixels, strips of 32, 8 channels, 2 taps`, async () => {
      for (const pixels of [1, 2, 3, 4, 5, 7, 31, 32, 33, 35, 65]) {
        for (const inputs of [1, 2, 7, 8, 9, 17]) {
          for (const outputs of [1, 5, 7, 8, 9, 15, 16, 17]) {
            await expectEqual(
              conv2dCase(nextPlan(mode), [1, pixels, inputs], [1, pixels, outputs], square(1, 1, 0, 0)),
            );
          }
        }
      }
    });

    it(`conv2d 3×3 ${mode}: strides and paddings`, async () => {
      for (const stride of [1, 2]) {
        for (const [padTop, padLeft] of PADDINGS) {
          for (const size of [3, 4, 5, 7, 11]) {
            const out = Math.floor((size - 1) / stride) + 1;
            const window = square(3, stride, padTop, padLeft);
            await expectEqual(conv2dCase(nextPlan(mode), [size, size, 3], [out, out, 9], window));
          }
        }
      }
    });

    it(`depthwise_conv2d 3×3 ${mode}: 2 columns, 2 rows, 8 channels`, async () => {
      for (const stride of [1, 2]) {
        for (const [padTop, padLeft] of [
          [0, 0],
          [1, 1],
          [0, 1],
          [1, 0],
          [2, 2],
        ] as const) {
          for (const [height, width] of [
            [1, 2],
            [2, 3],
            [3, 5],
            [4, 4],
            [5, 3],
            [6, 8],
          ] as const) {
            for (const channels of [7, 8, 9, 15, 16, 19]) {
              const to = [height, width, channels] as const;
              const from = [(height - 1) * stride + 1, (width - 1) * stride + 1, channels] as const;
              await expectEqual(depthwiseCase(nextPlan(mode), from, to, square(3, stride, padTop, padLeft)));
            }
          }
        }
      }
    });
  }
});
