/**
 * WASM kernels against the slow references, byte for byte: every operator's own samples in every mode.
 * QUANTMCU_PARITY_CASES sets the samples per operator and mode, QUANTMCU_PARITY_SEED the first seed.
 */
import { describe, expect, it } from 'vitest';
import { REQUANT_MODES } from '../../src/numeric/requantize.js';
import { WIDTH_LIST } from '../../src/numeric/widths.js';
import { STEP_OP_LIST, STEP_OPS } from '../../src/ops/index.js';
import type { SampleCase, SampleRequest } from '../../src/ops/op-def.js';
import { referenceEngine } from '../../src/simulate/reference-engine.js';
import { createWasmEngine } from '../../src/simulate/wasm-engine.js';
import { createRandom } from '../../src/support/random.js';

const CASES = Number(process.env.QUANTMCU_PARITY_CASES ?? 40);
const FIRST_SEED = Number(process.env.QUANTMCU_PARITY_SEED ?? 1);
const wasm = createWasmEngine();

async function runBoth({ plan, inputs }: SampleCase): Promise<{ expected: Uint8Array; actual: Uint8Array }> {
  const [expected] = (await referenceEngine.load(plan)).run(inputs);
  const network = await wasm.load(plan);
  let observed: Uint8Array | undefined;
  const [actual] = network.run(inputs, (_step, _tensor, bytes) => {
    observed = bytes;
  });
  expect(observed, 'the observed map is the output').toEqual(actual);
  expect(network.run(inputs)[0], 'a second run gives the same').toEqual(actual);
  return { expected: expected!, actual: actual! };
}

/** Runs samples of one operator; returns how many had outputs of more than two values. */
async function compareSamples(
  op: keyof typeof STEP_OPS,
  request: SampleRequest,
  count = CASES,
): Promise<number> {
  let lively = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + count; seed++) {
    const sample = STEP_OPS[op].sample(createRandom(seed), request);
    const { expected, actual } = await runBoth(sample);
    if (Buffer.compare(expected, actual) !== 0) {
      const at = expected.findIndex((byte, i) => byte !== actual[i]);
      expect.fail(`${sample.label}: byte ${at} is ${actual[at]}, the reference says ${expected[at]}`);
    }
    if (new Set(expected).size > 2) lively++;
  }
  return lively;
}

describe('WASM equals the reference', () => {
  for (const op of STEP_OP_LIST) {
    for (const mode of REQUANT_MODES) {
      it(`${op} ${mode}`, async () => {
        const lively = await compareSamples(op, { mode });
        expect(lively, 'some outputs are neither constant nor saturated').toBeGreaterThan(CASES / 4);
      });
    }
  }
});

describe('WASM equals the reference at every width', () => {
  for (const op of STEP_OP_LIST) {
    for (const inputBits of WIDTH_LIST) {
      it(`${op} a${inputBits}`, async () => {
        for (const weightBits of WIDTH_LIST)
          for (const outputBits of WIDTH_LIST)
            await compareSamples(op, { inputBits, weightBits, outputBits }, Math.ceil(CASES / 3));
      });
    }
  }
});
