/**
 * Convolutions with whole blocks of channels that always give the same, as pruned networks have them: outputs that no product
 * is computed for equal the reference on emulated cores. A wrong constant must show.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { RUN } from '../../src/bind/variants/channel-stream.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import type { BoundPlan } from '../../src/ir/bound-plan.js';
import type { Conv2dStep } from '../../src/ir/deploy-plan.js';
import type { FirmwareMode } from '../../src/numeric/requantize.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { createRandom } from '../../src/support/random.js';
import { coreOf } from '../../src/targets/index.js';
import { type ParityCase, parityCase } from './c-programs.js';
import { emulatedDifferences, isDifference } from './emulated-differences.js';
import { roomyBoard } from './emulated-programs.js';
import { VARIANT_ROWS } from './kernel-rows.js';
import { kernelSamples } from './kernel-samples.js';

const SEED = Number(process.env.PARITY_SEED ?? 90260);
const PER_ROW = 8;
const host = createNodeHost();
afterAll(() => host.cleanUp());

const rows = VARIANT_ROWS.filter(({ op, name }) => op === 'conv2d' && name === 'columns');

/** The sample with all weights of some blocks of four channels at zero. */
function withDeadBlocks(sample: SampleCase, seed: number): SampleCase {
  const random = createRandom(seed);
  const step = sample.plan.steps[0] as Conv2dStep;
  const [, , channels] = sample.plan.tensors[step.output]!.shape;
  const weights = sample.plan.weights.slice();
  const { offset, length } = step.weights;
  const blockBytes = (4 * length) / channels;
  for (let block = 0; block * 4 < channels; block++)
    if (random.integer(0, 1) === 0)
      weights.fill(
        0,
        offset + block * blockBytes,
        Math.min(offset + (block + 1) * blockBytes, offset + length),
      );
  return { ...sample, plan: { ...sample.plan, weights } };
}

/** Blocks of constant channels in the weight streams of the first step. */
function constantBlocks({ steps, constantTable, constants }: BoundPlan): number {
  const { runs } = steps[0]!.calls[0]!.args as { readonly runs: { readonly constant: number } };
  const { offset, length } = constantTable[runs.constant]!.ref;
  const view = new DataView(constants.buffer, constants.byteOffset + offset, length);
  let blocks = 0;
  for (let at = 0; at < length; at += 4)
    if (view.getUint16(at, true) === RUN.constant) blocks += view.getUint16(at + 2, true);
  return blocks;
}

function casesOf(mode: FirmwareMode, boardId: string): ParityCase[] {
  const { core } = roomyBoard(boardId);
  const samples = rows.flatMap((row, i) =>
    kernelSamples(row, mode, { seed: SEED + 10_000 * i, count: PER_ROW }),
  );
  return samples.map((sample, i) => {
    const dead = withDeadBlocks(sample, SEED + i);
    const bound = bind(dead.plan, { core, feature: coreOf(core).feature }, { choice: () => 'columns' });
    return parityCase(dead, bound, i);
  });
}

describe('blocks of constant channels', () => {
  it.each([
    ['l4r5zi', 'mulhi', 'gcc'],
    ['f746', 'single', 'gcc'],
    ['u575', 'tflm', 'zig'],
  ] as const)(
    'equal the reference on %s, %s, %s',
    async (boardId, mode, compiler) => {
      const cases = casesOf(mode, boardId);
      const blocks = cases.map(({ bound }) => constantBlocks(bound));
      expect(blocks.filter((count) => count > 0).length).toBeGreaterThan(5);
      const found = await emulatedDifferences(host, cases, { boardId, compiler });
      expect(found.filter(isDifference).slice(0, 10)).toEqual([]);
    },
    600_000,
  );

  it('show a wrong constant', async () => {
    const cases = casesOf('mulhi', 'l4r5zi');
    const wrong = (path: string, text: string): string =>
      path.endsWith('matrix_run.h') ? text.replace('= *outputs++;', '= *outputs++ ^ 1u;') : text;
    const on = { boardId: 'l4r5zi', compiler: 'gcc', change: wrong };
    const found = await emulatedDifferences(host, cases, on);
    const constant = cases.filter(({ bound }) => constantBlocks(bound) > 0);
    expect(found.filter(isDifference)).toHaveLength(constant.length);
  }, 600_000);
});
