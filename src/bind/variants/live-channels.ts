/**
 * The output channels of a matrix product that can vary, without those that always give the same, as pruned networks have
 * them. A step over the live ones alone is a step like any other: live-variant.ts computes it with any kernel.
 */
import type { BlobRef, DeployPlan } from '../../ir/deploy-plan.js';
import { packLanes } from '../../numeric/lanes.js';
import { type FixedMultiplier, type RequantMode, requantize } from '../../numeric/requantize.js';
import type { Width } from '../../numeric/widths.js';
import { blobBytes, readMultipliers, tensorOf } from '../../ops/plan-access.js';
import { channelShifts } from '../channel-constants.js';
import { type ChannelRange, channelRange } from './channel-stream.js';
import { channelReaches, type MatrixStep, remembered } from './weight-facts.js';

/** Live channels that go from one lane of bytes to one lane: firmware-templates/kernels/conv2d_spread.h. */
export interface SpreadGroup {
  /** First byte of a dense pixel; the next channels stand in the next bytes. */
  readonly from: number;
  /** To the right, of the byte as a word. */
  readonly rotation: number;
  /** Of the lane in the output's byte. */
  readonly mask: number;
  /** Bytes of an output pixel. */
  readonly places: readonly number[];
}

/** What does not depend on the rest of the plan. */
interface LiveFacts {
  /** Live channels, 0 where all are constant; a dense pixel has `dense` channels, the last ones without weights. */
  readonly count: number;
  readonly dense: number;
  /** An output pixel, zero where a channel is live. */
  readonly pixel: Uint8Array;
  readonly groups: readonly SpreadGroup[];
  /** Channels that stay when whole blocks of constant ones are left out. */
  readonly inBlocks: number;
  readonly weights: Uint8Array;
  readonly refs: Pick<MatrixStep, 'weights' | 'bias' | 'multiplier' | 'shift'>;
}

export interface LiveChannels extends Omit<LiveFacts, 'weights' | 'refs'> {
  /** The same step with `dense` output channels, and a plan that has its constants. */
  readonly step: MatrixStep;
  readonly plan: DeployPlan;
}

/** Undefined where every channel can vary. Dense pixels are filled up to blocks of `block` channels: 4 or 8. */
export function liveChannels(step: MatrixStep, plan: DeployPlan, block: number): LiveChannels | undefined {
  if (step.weightZeroPoint !== 0) return undefined;
  const [input, output] = [tensorOf(plan, step.inputs[0]!), tensorOf(plan, step.output)];
  const { weights, bias, multiplier, shift, weightBits, clamp } = step;
  const key = [
    ...['live channels', plan.requantization, block, weightBits],
    ...[weights, bias, multiplier, shift].map(({ offset }) => offset),
    ...[input.bits, input.zeroPoint, input.shape[2], output.bits, output.zeroPoint, clamp.min, clamp.max],
  ];
  const facts = remembered(plan, key, () => factsOf(step, plan, block));
  if (facts === undefined) return undefined;
  const { weights: blob, refs, ...known } = facts;
  const { view: _, ...map } = output;
  const [height, width] = output.shape;
  const dense = { ...map, shape: [height, width, facts.dense] as const };
  const tensors = plan.tensors.map((tensor) => (tensor.id === output.id ? dense : tensor));
  return { ...known, step: { ...step, ...refs }, plan: { ...plan, weights: blob, tensors } };
}

function factsOf(step: MatrixStep, plan: DeployPlan, block: number): LiveFacts | undefined {
  const output = tensorOf(plan, step.output);
  const constants = constantOutputs(step, plan);
  const live = constants.flatMap((value, channel) => (value === undefined ? [channel] : []));
  if (live.length === constants.length) return undefined;
  const { slots, groups } = denseOrder(live, output.bits, block);
  return {
    count: live.length,
    dense: slots.length,
    pixel: packLanes(
      constants.map((value) => value ?? 0),
      constants.length,
      output.bits,
    ),
    groups,
    inBlocks: block * new Set(live.map((channel) => Math.floor(channel / block))).size,
    ...rowsOf(step, plan, slots, live[0] ?? 0),
  };
}

/** Per channel what it always gives, or undefined. */
function constantOutputs(step: MatrixStep, plan: DeployPlan): readonly (number | undefined)[] {
  const [input, { zeroPoint }] = [tensorOf(plan, step.inputs[0]!), tensorOf(plan, step.output)];
  const multipliers = readMultipliers(plan, step);
  const mode = plan.requantization;
  return channelReaches(step, plan).map((reach, channel) => {
    const range = channelRange(reach, input.bits);
    const m = multipliers[channel]!;
    if (!isMonotone(range, m, mode)) return undefined;
    const [least, most] = [range.lowest, range.highest].map((acc) =>
      requantize(acc, m, mode, { zeroPoint, ...step.clamp }),
    );
    return least === most ? least : undefined;
  });
}

/** Outputs do not fall as sums rise, as long as no shift to the left overflows. */
function isMonotone({ lowest, highest }: ChannelRange, m: FixedMultiplier, mode: RequantMode): boolean {
  const limit = 2 ** (31 - channelShifts(mode, m).left);
  return lowest === highest || (m.multiplier >= 0 && lowest >= -limit && highest < limit);
}

/**
 * Which channel stands where in a dense pixel, −1 for none: in its own lane of a byte as long as there is room, so that most
 * are moved without a shift.
 */
function denseOrder(
  live: readonly number[],
  bits: Width,
  block: number,
): { slots: readonly number[]; groups: readonly SpreadGroup[] } {
  const lanes = 8 / bits;
  const slots = new Array<number>(Math.ceil(live.length / block) * block).fill(-1);
  const bytes = slots.length / lanes;
  const used = new Array<number>(lanes).fill(0);
  const groups: SpreadGroup[] = [];
  const take = (channels: readonly number[], fromLane: number, toLane: number): void => {
    const from = used[fromLane]!;
    used[fromLane]! += channels.length;
    channels.forEach((channel, i) => {
      slots[(from + i) * lanes + fromLane] = channel;
    });
    if (channels.length === 0) return;
    const [rotation, mask] = [(32 + bits * (fromLane - toLane)) % 32, (2 ** bits - 1) << (bits * toLane)];
    groups.push({ from, rotation, mask, places: channels.map((channel) => Math.floor(channel / lanes)) });
  };
  const rest = Array.from({ length: lanes }, (_, lane) => live.filter((channel) => channel % lanes === lane));
  for (let lane = 0; lane < lanes; lane++) take(rest[lane]!.splice(0, bytes), lane, lane);
  for (let to = 0; to < lanes; to++)
    for (let from = 0; from < lanes; from++) take(rest[to]!.splice(0, bytes - used[from]!), from, to);
  return { slots, groups };
}

/** Weights and constants of the channels in `slots`; those of none have no weights and the scale of channel `like`. */
function rowsOf(
  step: MatrixStep,
  plan: DeployPlan,
  slots: readonly number[],
  like: number,
): Pick<LiveFacts, 'weights' | 'refs'> {
  const channels = tensorOf(plan, step.output).shape[2];
  const parts: Uint8Array[] = [];
  let offset = 0;
  const gather = (ref: BlobRef, none: number | undefined): BlobRef => {
    const bytes = blobBytes(plan, ref);
    const size = ref.length / channels;
    const packed = new Uint8Array(size * slots.length);
    slots.forEach((channel, i) => {
      const from = channel < 0 ? none : channel;
      if (from !== undefined) packed.set(bytes.subarray(from * size, (from + 1) * size), i * size);
    });
    parts.push(packed);
    offset += packed.length;
    return { offset: offset - packed.length, length: packed.length };
  };
  const refs = {
    weights: gather(step.weights, undefined),
    bias: gather(step.bias, undefined),
    multiplier: gather(step.multiplier, like),
    shift: gather(step.shift, like),
  };
  const weights = new Uint8Array(offset);
  parts.reduce((at, part) => {
    weights.set(part, at);
    return at + part.length;
  }, 0);
  return { weights, refs };
}
