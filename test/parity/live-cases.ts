/** Samples with constant channels, bound to kernels that leave them out. */
import { bind } from '../../src/bind/bind.js';
import { liveNamed } from '../../src/bind/variants/live-kernels.js';
import type { Conv2dStep, DeployPlan, FullyConnectedStep } from '../../src/ir/deploy-plan.js';
import type { FirmwareMode } from '../../src/numeric/requantize.js';
import type { Width } from '../../src/numeric/widths.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { createRandom, type Random } from '../../src/support/random.js';
import type { CoreId, KernelFeature } from '../../src/targets/target.js';
import { type ParityCase, parityCase } from './c-programs.js';
import { type KernelRow, VARIANT_ROWS } from './kernel-rows.js';
import { kernelSamples, type SampleCount } from './kernel-samples.js';

/** Kernels that can leave channels out. */
export const PRUNABLE_ROWS: readonly KernelRow[] = VARIANT_ROWS.filter(
  ({ op }) => op === 'conv2d' || op === 'fully_connected',
);

/** Share of constant channels in eighths, 8 for all. */
const SHARES = [1, 2, 4, 4, 6, 7, 7, 8];

/** The contract keeps accumulators within int32, of `mulhi` shifted left by their channel's L. */
function largeBias(plan: DeployPlan, { shift }: Conv2dStep | FullyConnectedStep, channel: number): number {
  const left = plan.requantization === 'mulhi' ? plan.weights[shift.offset + channel]! : 0;
  return 2 ** (29 - left);
}

/** The plan with channels of its convolutions and matrix products made constant, by weights of zero or a large bias. */
export function pruned(plan: DeployPlan, random: Random): DeployPlan {
  const weights = plan.weights.slice();
  const view = new DataView(weights.buffer);
  for (const step of plan.steps) {
    if (step.op !== 'conv2d' && step.op !== 'fully_connected') continue;
    const [, , channels] = plan.tensors[step.output]!.shape;
    const share = random.pick(SHARES);
    const bytes = step.weights.length / channels;
    for (let channel = 0; channel < channels; channel++) {
      if (random.integer(0, 7) >= share) continue;
      const at = step.weights.offset + channel * bytes;
      if (random.integer(0, 2) > 0) weights.fill(0, at, at + bytes);
      else
        view.setInt32(
          step.bias.offset + 4 * channel,
          random.pick([-1, 1]) * largeBias(plan, step, channel),
          true,
        );
    }
  }
  return { ...plan, weights };
}

interface LiveBinding {
  readonly target: { readonly core: CoreId; readonly feature: KernelFeature };
  /** Of what becomes constant. */
  readonly seed: number;
  /** Gives the prefix of symbols. */
  readonly index: number;
}

/** The sample with constant channels and the row's kernel without them; undefined where nothing can be left out. */
export function liveCase(
  { name, variant }: KernelRow,
  sample: SampleCase,
  { target, seed, index }: LiveBinding,
): ParityCase | undefined {
  const plan = pruned(sample.plan, createRandom(seed));
  const [step] = plan.steps;
  const kernels = [{ variant: variant!, why: '', memory: variant!.memory(step as never, plan) }];
  if (variant!.applies(step as never, plan) !== undefined) return undefined;
  if (liveNamed(`${name}live`, step!, plan, kernels) === undefined) return undefined;
  const bound = bind(plan, target, { choice: () => `${name}live` });
  return parityCase({ ...sample, plan }, bound, index);
}

/** Shapes of one kernel before the next has its turn. */
const TURN = 10;
/** Between the first seeds of two turns. */
const TURN_SEEDS = 10_000;

/** `count` cases whose output has `bits`, by every prunable kernel of the mode in turn; seeds count up from `seed`. */
export function spreadCases(bits: Width, mode: FirmwareMode, { seed, count }: SampleCount): ParityCase[] {
  const rows = PRUNABLE_ROWS.filter(({ modes }) => modes.includes(mode));
  const target = { core: 'm4', feature: 'dsp' } as const;
  const cases: ParityCase[] = [];
  for (let turn = 0; cases.length < count; turn++) {
    const row = rows[turn % rows.length]!;
    const first = seed + TURN_SEEDS * turn;
    for (const sample of kernelSamples(row, mode, { seed: first, count: TURN, familySize: TURN })) {
      const { plan } = sample;
      if (cases.length === count || plan.tensors[plan.steps[0]!.output]!.bits !== bits) continue;
      const live = liveCase(row, sample, { target, seed: first + cases.length, index: cases.length });
      if (live !== undefined) cases.push(live);
    }
  }
  return cases;
}
