/** Kernels that leave out constant channels: where the rule takes them, that they cost no arena, and that planning knows. */
import { describe, expect, it } from 'vitest';
import { bind } from '../../../src/bind/bind.js';
import { measuredCosts } from '../../../src/bind/measure.js';
import { verifyBoundPlan } from '../../../src/invariants/bound.js';
import type { BoundPlan } from '../../../src/ir/bound-plan.js';
import type { Conv2dStep, DeployPlan, PlanTensor } from '../../../src/ir/deploy-plan.js';
import { packLanes } from '../../../src/numeric/lanes.js';
import { quantizeMulhi } from '../../../src/numeric/requantize.js';
import { WIDTHS, type Width } from '../../../src/numeric/widths.js';
import { SamplePlan } from '../../../src/ops/sample-plan.js';
import { createRandom } from '../../../src/support/random.js';

const TARGET = { core: 'm4', feature: 'dsp' } as const;

const NEVER = (): boolean => false;

/** A 1×1 convolution of weights of one value; channel c gives a constant where `isConstant(c)`. */
function pointwise(
  s: SamplePlan,
  input: PlanTensor,
  stride: number,
  channels: number,
  isConstant: (channel: number) => boolean,
): Conv2dStep {
  const [height, width, length] = input.shape;
  const { bits } = input;
  const output = s.tensor([height / stride, width / stride, channels], bits, input);
  const weight = bits === 8 ? 17 : 1;
  const perChannel = <T>(value: (channel: number) => T): T[] =>
    Array.from({ length: channels }, (_, c) => value(c));
  const rows = perChannel((c) => new Array<number>(length).fill(isConstant(c) ? 0 : weight)).flat();
  // Sums of all inputs map to the whole output range.
  const scale = quantizeMulhi(1 / (weight * length));
  const window = { kernelHeight: 1, kernelWidth: 1, strideHeight: stride, strideWidth: stride };
  return {
    ...{ op: 'conv2d', name: `conv ${output.id}`, inputs: [input.id], output: output.id },
    window: { ...window, dilationHeight: 1, dilationWidth: 1, padTop: 0, padLeft: 0 },
    ...{ weights: s.blob(packLanes(rows, length, bits)), weightBits: bits, weightZeroPoint: 0 },
    bias: s.int32Blob(perChannel(() => 0)),
    multiplier: s.int32Blob(perChannel(() => scale.multiplier)),
    shift: s.int8Blob(perChannel(() => scale.shift)),
    clamp: { min: WIDTHS[bits].activationMin, max: WIDTHS[bits].activationMax },
  };
}

/** A convolution of 64 channels to 32, behind one that needs more memory unless `alone`. */
function network(bits: Width, isConstant: (channel: number) => boolean, alone = false): DeployPlan {
  const s = new SamplePlan(createRandom(7), { mode: 'mulhi', inputBits: bits });
  const lowest = { scale: 0.01, zeroPoint: WIDTHS[bits].activationMin } as PlanTensor;
  const input = s.tensor(alone ? [6, 5, 64] : [12, 10, 64], bits, lowest);
  if (alone) return s.finish(pointwise(s, input, 1, 32, isConstant), '').plan;
  const first = pointwise(s, input, 2, 64, NEVER);
  const between: PlanTensor = { ...input, id: first.output, shape: [6, 5, 64] };
  return s.finishNetwork('two', [first, pointwise(s, between, 1, 32, isConstant)], [input.id], '').plan;
}

const kernels = ({ steps }: BoundPlan): string[] =>
  steps.flatMap(({ calls }) => calls.map(({ kernel }) => kernel.variant ?? ''));

/** The rule without what is tested here. */
const ALL_CHANNELS = { choice: () => undefined };

describe('kernels without constant channels', () => {
  it.each([
    [8, 'columns'],
    [4, 'lanes'],
    [2, 'pairs'],
  ] as const)('at %i bits are taken where many channels are constant, by the usual variant', (bits, name) => {
    const plan = network(bits, (channel) => channel % 3 !== 0);
    const bound = bind(plan, TARGET);
    verifyBoundPlan(bound);
    expect(kernels(bound)).toEqual([name, name, 'spread']);
    const all = bind(plan, TARGET, ALL_CHANNELS);
    expect(kernels(all)).toEqual([name, name]);
    expect(bound.constants.length).toBeLessThan(0.9 * all.constants.length);
    expect(bound.arenaBytes).toBe(all.arenaBytes);
    const { arenaBytes, scratchBytes, peakStep } = bound;
    expect(measuredCosts.memory(plan)).toMatchObject({ arenaBytes, scratchBytes, peakStep });
    expect(kernels(bind(plan, TARGET, { cycles: () => 1 }))).toContain('spread');
  });

  it('compute nothing where all are', () => {
    expect(
      kernels(
        bind(
          network(4, () => true),
          TARGET,
        ),
      ),
    ).toEqual(['lanes', 'spread']);
  });

  it('are left where too few are, none, or where the map of the others would raise the arena', () => {
    const left = [network(4, (channel) => channel === 5), network(4, NEVER), network(4, (c) => c > 9, true)];
    for (const plan of left) expect(bind(plan, TARGET)).toEqual(bind(plan, TARGET, ALL_CHANNELS));
    // Had there been room:
    expect(
      kernels(
        bind(
          network(4, (channel) => channel > 9),
          TARGET,
        ),
      ),
    ).toContain('spread');
  });

  it('are refused by name where no channel is constant', () => {
    const choice = () => 'laneslive';
    expect(() => bind(network(4, NEVER), TARGET, { choice })).toThrow(
      expect.objectContaining({ code: 'bind/variant' }),
    );
  });
});
