/**
 * Pools, means and products that go by words of channels, where random samples do not reach: windows and maps of more pixels
 * than a lane of 16 bits can sum, all values at the bounds, products that need the full form of requantisation. The
 * kernels that ship, on the host (sanitizers on) and on an emulated core, byte for byte against the reference.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { createNodeHost } from '../../src/cli/node-host.js';
import { findToolchain } from '../../src/compile/toolchain.js';
import type { StepWindow } from '../../src/ir/deploy-plan.js';
import { packLanes } from '../../src/numeric/lanes.js';
import { type FirmwareMode, quantizeMulhi, quantizeMultiplierFor } from '../../src/numeric/requantize.js';
import type { Width } from '../../src/numeric/widths.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { elementCount, tensorOf, widthRange } from '../../src/ops/plan-access.js';
import { SamplePlan } from '../../src/ops/sample-plan.js';
import { createRandom } from '../../src/support/random.js';
import { tensorDifference } from './c-difference.js';
import { type ParityCase, parityCase } from './c-programs.js';
import { buildCases, emulateCases, roomyBoard } from './emulated-programs.js';
import { hostCompiler, hostOutputs } from './host-programs.js';

const SEED = Number(process.env.PARITY_SEED ?? 50260);
const host = createNodeHost();
afterAll(() => host.cleanUp());

type Shape = readonly [number, number, number];

/** What a map's values are. */
type Fill = 'lowest' | 'highest' | 'alternating' | 'random';
const FILLS: readonly Fill[] = ['lowest', 'highest', 'alternating', 'random'];

/** The sample with its inputs filled so. */
function filled(sample: SampleCase, fill: Fill, seed: number): SampleCase {
  const random = createRandom(seed);
  const inputs = sample.plan.inputs.map(({ tensor: id }) => {
    const tensor = tensorOf(sample.plan, id);
    const { min, max } = widthRange(tensor.bits);
    const value = (i: number): number =>
      fill === 'random'
        ? random.integer(min, max)
        : fill === 'highest' || (fill === 'alternating' && i % 2 > 0)
          ? max
          : min;
    return packLanes(
      Array.from({ length: elementCount(tensor) }, (_, i) => value(i)),
      tensor.shape[2],
      tensor.bits,
    );
  });
  return { ...sample, label: `${sample.label} ${fill}`, inputs };
}

const windowOf = (height: number, width: number, pad = 0): StepWindow => ({
  ...{ kernelHeight: height, kernelWidth: width, strideHeight: 1, strideWidth: 1 },
  ...{ dilationHeight: 1, dilationWidth: 1, padTop: pad, padLeft: pad },
});

interface Request {
  readonly mode: FirmwareMode;
  readonly bits: Width;
  readonly seed: number;
}

const planOf = ({ mode, bits, seed }: Request): SamplePlan =>
  new SamplePlan(createRandom(seed), { mode, inputBits: bits, outputBits: bits });

function averagePool(request: Request, shape: Shape, window: StepWindow): SampleCase {
  const s = planOf(request);
  const input = s.tensor(shape, s.inputBits);
  const out = (size: number, kernel: number, pad: number): number => size + 2 * pad - kernel + 1;
  const size = [
    out(shape[0], window.kernelHeight, window.padTop),
    out(shape[1], window.kernelWidth, window.padLeft),
    shape[2],
  ] as const;
  const mulhi = s.mode === 'mulhi';
  const output = s.tensor(size, s.inputBits, mulhi ? undefined : input);
  const counts = window.kernelHeight * window.kernelWidth;
  return s.finish(
    {
      ...{ op: 'average_pool2d', name: 'average_pool2d', inputs: [input.id], output: output.id, window },
      origin: s.random.pick(mulhi || s.inputBits !== 8 ? [0] : [0, 128]),
      ...(mulhi ? { perCount: Array.from({ length: counts }, (_, i) => quantizeMulhi(0.9 / (i + 1))) } : {}),
      clamp: s.clamp(output),
    },
    `${counts} pixels`,
  );
}

function mean(request: Request, shape: Shape): SampleCase {
  const s = planOf(request);
  const input = s.tensor(shape, s.inputBits);
  const output = s.tensor([1, 1, shape[2]], s.outputBits);
  const requant = quantizeMultiplierFor(s.mode, 0.9 / (shape[0] * shape[1]));
  const clamp = s.clamp(output);
  return s.finish({ op: 'mean', name: 'mean', inputs: [input.id], output: output.id, requant, clamp }, '');
}

function maxPool(request: Request, shape: Shape): SampleCase {
  const s = planOf(request);
  const input = s.tensor(shape, s.inputBits);
  const window = windowOf(3, 3, 1);
  const output = s.tensor(shape, s.inputBits, input);
  const clamp = s.clamp(output);
  return s.finish(
    { op: 'max_pool2d', name: 'max_pool2d', inputs: [input.id], output: output.id, window, clamp },
    '',
  );
}

function product(request: Request, shape: Shape, second: Shape, real: number): SampleCase {
  const s = planOf(request);
  const [a, b] = [s.tensor(shape, s.inputBits), s.tensor(second, s.inputBits)];
  const output = s.tensor(shape, s.outputBits);
  const requant = quantizeMultiplierFor(s.mode, real);
  const clamp = s.clamp(output);
  return s.finish(
    { op: 'mul', name: 'mul', inputs: [a.id, b.id], output: output.id, requant, clamp },
    `× ${real}`,
  );
}

/** Channels of one word, of two, of three. */
const channelsOf = (bits: Width): readonly number[] => [1, 2, 3].map((words) => (words * 32) / bits);

function samples(mode: FirmwareMode): readonly SampleCase[] {
  const widths: readonly Width[] = [8, 4, 2];
  const made = widths.flatMap((bits, w) => {
    const [one, two, three] = channelsOf(bits) as [number, number, number];
    const at = (i: number): Request => ({ mode, bits, seed: SEED + 100 * w + i });
    return [
      averagePool(at(0), [16, 16, one], windowOf(16, 16)),
      averagePool(at(1), [17, 17, three], windowOf(17, 17)),
      averagePool(at(2), [3, 128, two], windowOf(3, 128, 1)),
      averagePool(at(3), [2, 255, one], windowOf(2, 255)),
      averagePool(at(4), [2, 256, one], windowOf(2, 256)),
      averagePool(at(5), [300, 1, three], windowOf(300, 1)),
      averagePool(at(6), [17, 17, one + 1], windowOf(17, 17)),
      mean(at(10), [5, 51, two]),
      mean(at(11), [16, 16, three]),
      mean(at(12), [257, 256, one]),
      mean(at(13), [19, 27, two + 1]),
      maxPool(at(20), [3, 4, one]),
      maxPool(at(21), [4, 3, three]),
      maxPool(at(22), [3, 3, one + 1]),
      ...[0.0005, 0.03, 0.7, 40].flatMap((real, i) => [
        product(at(30 + i), [3, 3, two], [3, 3, two], real),
        product(at(40 + i), [3, 3, three], [1, 1, three], real),
        product(at(50 + i), [1, 1, two + 3], [1, 1, two + 3], real),
        product(at(60 + i), [3, 2, one + 3], [1, 1, one + 3], real),
        product(at(70 + i), [3, 2, one + 1], [1, 1, 1], real),
      ]),
    ];
  });
  return made.flatMap((sample, i) =>
    FILLS.filter((fill) => sample.plan.steps[0]!.op !== 'mul' || fill === 'lowest' || fill === 'random').map(
      (fill) => filled(sample, fill, SEED + i),
    ),
  );
}

const casesOf = (mode: FirmwareMode, feature: 'dsp' | 'scalar'): readonly ParityCase[] =>
  samples(mode).map((sample, i) => parityCase(sample, bind(sample.plan, { core: 'm4', feature }), i));

async function emulatedDifferences(
  boardId: string,
  mode: FirmwareMode,
  compiler: string,
  change: (path: string, text: string) => string = (_, text) => text,
): Promise<readonly string[]> {
  const cases = casesOf(mode, 'dsp');
  const board = roomyBoard(boardId);
  const elf = await buildCases(host, await findToolchain(host, compiler), cases, board, { change });
  const runs = emulateCases(cases, elf, board, 'builtin');
  return cases.flatMap(({ sample, expected }, i) => tensorDifference(sample, expected, runs[i]!.output));
}

describe('sums and products by words of channels', () => {
  it.skipIf(hostCompiler === undefined).each([
    ['single', 'scalar'],
    ['mulhi', 'dsp'],
  ] as const)(
    'equal the reference on the host, %s, %s (needs a C compiler)',
    (mode, feature) => {
      const cases = casesOf(mode, feature);
      const outputs = hostOutputs(cases);
      const differences = cases.flatMap(({ sample, expected }, i) =>
        tensorDifference(sample, expected, outputs[i]!),
      );
      expect(differences.slice(0, 10)).toEqual([]);
    },
    600_000,
  );

  it.each([
    ['f746', 'single', 'gcc'],
    ['u575', 'tflm', 'zig'],
  ] as const)(
    'equal the reference on %s, %s, %s',
    async (boardId, mode, compiler) => {
      expect((await emulatedDifferences(boardId, mode, compiler)).slice(0, 10)).toEqual([]);
    },
    600_000,
  );

  it.each([
    [
      'a lane that overflows',
      'sum_pixels.h',
      'SUM_REACH = 255',
      'SUM_REACH = 300',
      ['average_pool2d', 'mean'],
    ],
    ['a product in a form too short', 'mul.c', '!args->scale.wide && ', '', ['mul']],
  ] as const)(
    'show %s',
    async (_, file, right, wrong, ops) => {
      const change = (path: string, text: string): string =>
        path.endsWith(file) ? text.replace(right, wrong) : text;
      const differences = await emulatedDifferences('l4r5zi', 'single', 'gcc', change);
      for (const op of ops) expect(differences.some((line) => line.startsWith(`sample_${op} `))).toBe(true);
    },
    600_000,
  );
});
