/**
 * A variant of conv2d or fully_connected that computes only the channels that can vary: another variant, whichever it is,
 * writes them densely into scratch, and firmware-templates/kernels/conv2d_spread.c sets them among the constants.
 *
 *   scratch:  | the other variant's | dense map |
 */
import type { ConstantUse, KernelCall } from '../../ir/bound-plan.js';
import type { DeployPlan } from '../../ir/deploy-plan.js';
import { ARENA_ALIGNMENT } from '../../memory/arena.js';
import { pixelBytes } from '../../numeric/widths.js';
import { elementCount, tensorBytes, tensorOf } from '../../ops/plan-access.js';
import { type BindContext, inputTensor, outputTensor, type StepCalls } from '../bound-op.js';
import { kernelInstance } from '../kernel-instance.js';
import { pixelCount } from '../struct-args.js';
import { type LiveChannels, liveChannels } from './live-channels.js';
import type { KernelVariant } from './variant.js';
import type { MatrixStep } from './weight-facts.js';

type MatrixVariant = KernelVariant<'conv2d'> | KernelVariant<'fully_connected'>;

/** What a variant's name ends with when it computes live channels only. */
export const LIVE = 'live';

/** What is saved by leaving a channel out. */
interface Saving {
  /** Channels of a block, which is computed whole. */
  readonly block: number;
  /** Cycles per multiply-accumulate, at least. */
  readonly macCycles: number;
  /** Whole blocks of constant channels cost it nothing as it is. */
  readonly skips?: true;
}

/** Of the variants that can be told to compute fewer channels; bounds from their inner loops (src/codegen/asm). */
const SAVINGS: Readonly<Record<string, Saving>> = {
  pairs: { block: 8, macCycles: 0.27 },
  pairs1: { block: 8, macCycles: 0.3 },
  lanes: { block: 4, macCycles: 0.43 },
  lanes1: { block: 4, macCycles: 0.5 },
  rows: { block: 4, macCycles: 0.8 },
  strips: { block: 4, macCycles: 0.8 },
  columns: { block: 4, macCycles: 0.8, skips: true },
};

/** Cycles of the spreading kernel, at most: of two pixels, of four bytes of them, of a group and of a channel moved. */
const SPREAD = { pixels: 80, word: 12, group: 40, byte: 14, lane: 26 } as const;

/** The variant without constant channels, where there are any; with `worthIt` only where that surely is quicker. */
export function liveVariant<V extends MatrixVariant>(
  variant: V,
  step: MatrixStep,
  plan: DeployPlan,
  worthIt: boolean,
): V | undefined {
  const saving = SAVINGS[variant.name];
  const live = saving && liveChannels(step, plan, saving.block);
  if (live === undefined || (worthIt && !isWorthIt(step, plan, live, saving!))) return undefined;
  const inner = variant as unknown as KernelVariant<MatrixStep['op']>;
  if (live.count > 0 && inner.applies(live.step as never, live.plan) !== undefined) return undefined;
  const scratchBytes = live.count === 0 ? 0 : inner.memory(live.step as never, live.plan).scratchBytes;
  const mapAt = Math.ceil(scratchBytes / ARENA_ALIGNMENT) * ARENA_ALIGNMENT;
  const map = tensorOf(live.plan, step.output);
  return {
    ...variant,
    name: `${variant.name}${LIVE}`,
    memory: () => ({
      // The output is written when all of the input has been read.
      ...inner.memory(step as never, plan),
      scratchBytes: live.count === 0 ? 0 : mapAt + tensorBytes(map),
    }),
    bind(_: MatrixStep, context: BindContext): StepCalls {
      if (live.count === 0) return { calls: [spreadCall(step, context, live, null)] };
      const { calls } = inner.bind(live.step as never, { ...context, plan: live.plan });
      const own = calls.map((call) => ({
        ...call,
        staged: { output: mapAt },
        ...(scratchBytes === 0 ? {} : { workspace: 0 }),
      }));
      return { calls: [...own, spreadCall(step, context, live, mapAt)] };
    },
  };
}

/** By the lower bound of what the variant needs for the channels left out, and the upper one of what spreading needs. */
function isWorthIt(step: MatrixStep, plan: DeployPlan, live: LiveChannels, saving: Saving): boolean {
  const { block, macCycles, skips } = saving;
  const [input, output] = [tensorOf(plan, step.inputs[0]!), tensorOf(plan, step.output)];
  const [, , channels] = output.shape;
  const taps = step.op === 'conv2d' ? step.window.kernelHeight * step.window.kernelWidth : 0;
  const length = taps === 0 ? elementCount(input) : taps * input.shape[2];
  const computed = skips ? live.inBlocks : Math.ceil(channels / block) * block;
  const words = Math.ceil(pixelBytes(channels, output.bits) / 4);
  const spread =
    SPREAD.pixels +
    SPREAD.word * words +
    SPREAD.group * live.groups.length +
    (output.bits === 8 ? SPREAD.byte : SPREAD.lane) * live.count;
  const pixels = pixelCount(output);
  return (computed - live.dense) * length * macCycles * pixels > spread * Math.ceil(pixels / 2);
}

/** `from`: the dense map in scratch; null where there is none. */
function spreadCall(
  step: MatrixStep,
  context: BindContext,
  { plan, groups, pixel }: LiveChannels,
  from: number | null,
): KernelCall {
  const { constants, label, target } = context;
  const [input, output] = [inputTensor(step, context), outputTensor(step, context)];
  const table = (name: string, values: readonly number[]): ConstantUse | 0 =>
    values.length === 0 ? 0 : constants.uint16(`${label}_${name}`, values);
  const args = {
    pixels: pixelCount(output),
    dense_bytes: pixelBytes(tensorOf(plan, output.id).shape[2], output.bits),
    pixel_bytes: pixel.length,
    constants: constants.add(`${label}_constants`, 'uint8_t', pixel),
    group_count: groups.length,
    groups: table(
      'groups',
      groups.flatMap(({ from: first, places, rotation, mask }) => [first, places.length, rotation, mask]),
    ),
    places: table(
      'places',
      groups.flatMap(({ places }) => places),
    ),
  };
  const kernel = kernelInstance('conv2d', target.feature, output.bits, undefined, { variant: 'spread' });
  return { kernel, args, inputs: [input.id], staged: from === null ? {} : { inputs: [from] } };
}
