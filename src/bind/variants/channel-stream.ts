/**
 * Weight streams of generated matrix kernels (firmware-templates/kernels/matrix_run.h): blocks of four channels, each
 * either fast, with what the short form of requantisation relies on proven from the real weights, or exact.
 */
import type { Clamp } from '../../ir/deploy-plan.js';
import { packLanes } from '../../numeric/lanes.js';
import {
  type FixedMultiplier,
  type RequantMode,
  requantize,
  SCALE_BY_MODE,
} from '../../numeric/requantize.js';
import { WIDTHS, type Width } from '../../numeric/widths.js';
import { CHANNEL_BLOCK, channelShifts } from '../channel-constants.js';
import { packDotBlocks } from '../pack-weights.js';
import type { ChannelReach } from './weight-facts.js';

/** Kinds of runs, as in run_kinds.h. */
export const RUN = { fast: 0, tail: 1, exact: 2, constant: 3 } as const;

/** What is known of a channel's accumulator; the input's zero point is folded into `bias`. */
export interface ChannelRange {
  readonly bias: number;
  readonly lowest: number;
  readonly highest: number;
}

/** One output channel before packing. */
export interface Channel extends ChannelRange {
  readonly multiplier: FixedMultiplier;
}

export interface OutputForm {
  readonly mode: RequantMode;
  readonly bits: Width;
  readonly zeroPoint: number;
  readonly clamp: Clamp;
  /** The kernel cuts outputs as what they are; others add 128 to bytes and cut them as unsigned values. */
  readonly signed?: boolean;
  /** Of `mulhi`: the kernel shifts accumulators left, each channel's by its own amount. */
  readonly shifts?: boolean;
}

/** What the kernel adds to outputs before it cuts them. */
const offsetOf = ({ bits, signed }: OutputForm): number => (bits === 8 && signed !== true ? 128 : 0);

/** The accumulators that a channel can have with inputs of `bits`. */
export function channelRange({ bias, positive, negative }: ChannelReach, bits: Width): ChannelRange {
  const { activationMin: min, activationMax: max } = WIDTHS[bits];
  return {
    bias,
    lowest: bias + positive * min - negative * max,
    highest: bias + positive * max - negative * min,
  };
}

/** Bias and the constants of src/codegen/asm/finish.ts; undefined when they would not be exact. */
export interface FastConstants {
  readonly bias: number;
  readonly words: readonly number[];
  /** Bits that accumulators are shifted left by before they are scaled; none without `shifts` of OutputForm. */
  readonly shift?: number;
}

/** A channel that always gives `value`, with the output's zero point at `zero`. */
function constantChannel(value: number, zero: number, mode: RequantMode): FastConstants {
  if (mode !== 'mulhi') return { bias: 0, words: [0, value * 2, 1] };
  // 2^10 · 2^22 = 2^32: the bias is scaled to value − zero exactly.
  return { bias: (value - zero) * 2 ** 10, words: [2 ** 22] };
}

const INT16 = 2 ** 15;
const INT32 = 2 ** 31;

/** The short form of a channel, when it is exact for every accumulator and its value fits int16 before it is cut. */
export function fastConstants(channel: Channel, output: OutputForm): FastConstants | undefined {
  const { bias, lowest, highest, multiplier: m } = channel;
  const offset = offsetOf(output);
  const { mode, zeroPoint, clamp } = output;
  const zero = zeroPoint + offset;
  if (lowest === highest) {
    const q = requantize(lowest, m, mode, { zeroPoint, ...clamp });
    return constantChannel(q + offset, zero, mode);
  }
  const values = [lowest, highest].map((acc) => SCALE_BY_MODE[mode](acc, m) + zero);
  if (values.some((value) => value < -INT16 || value >= INT16)) return undefined;
  if (mode === 'mulhi') {
    if (m.shift === 0) return { bias, words: [m.multiplier] };
    const reach = Math.max(-lowest, highest) * 2 ** m.shift;
    return output.shifts && reach < INT32 ? { bias, words: [m.multiplier], shift: m.shift } : undefined;
  }
  const { left, right } = channelShifts(mode, m);
  if (left !== (mode === 'tflm' ? 1 : 0) || right < 1) return undefined;
  const rounding = zero * 2 ** right + 2 ** (right - 1);
  const reach = Math.max(-lowest, highest) * 2 ** left;
  const high = (reach * m.multiplier) / 2 ** 32 + 2;
  if (reach >= INT32 || high + Math.abs(rounding) >= INT32) return undefined;
  return { bias, words: [m.multiplier, rounding, right] };
}

/** In a matrix, accumulators of channels 1 and 3 come out of the upper 24 bits of a word, once at the end. */
const RAW_REACH = 2 ** 23;

/** Who reads the stream: src/codegen/asm/matrix.ts, matrix-nibbles.ts (4-bit weights) or vector.ts. */
export type StreamForm = 'matrix' | 'nibbles' | 'vector';

export interface ChannelStream {
  readonly words: Uint32Array;
  /** (kind, blocks) of each run. */
  readonly runs: readonly number[];
  readonly hasExact: boolean;
}

/**
 * The stream of `channels` rows of weights; `order` maps positions of the column to row indices, −1 to nothing.
 * `rows` is [channel][index]. `constants`: blocks of channels that always give the same stand there as their outputs, where
 * that saves more than another run costs.
 */
export function packChannelStream(
  rows: Int32Array,
  channels: readonly Channel[],
  order: Int32Array,
  output: OutputForm,
  form: StreamForm,
  constants = false,
): ChannelStream {
  const length = rows.length / channels.length;
  const words: number[] = [];
  const runs: number[] = [];
  const addRun = (kind: number): void => {
    if (runs.at(-2) === kind) runs[runs.length - 1]!++;
    else runs.push(kind, 1);
  };
  for (let first = 0; first < channels.length; first += CHANNEL_BLOCK) {
    const count = Math.min(CHANNEL_BLOCK, channels.length - first);
    const block = channels.slice(first, first + count);
    const isConstant = count === CHANNEL_BLOCK && block.every(({ lowest, highest }) => lowest === highest);
    if (constants && isConstant && order.length >= LEAST_SKIPPED) {
      words.push(constantOutputs(block, output));
      addRun(RUN.constant);
      continue;
    }
    const weights = rows.subarray(first * length, (first + count) * length);
    const fast = fastBlock(weights, block, length, order, output, form);
    if (fast !== undefined) words.push(...fast);
    else
      words.push(
        ...new Uint32Array(packDotBlocks(weights, count, length, order, form === 'nibbles' ? 4 : 8).buffer),
      );
    addRun(fast === undefined ? RUN.exact : count < CHANNEL_BLOCK ? RUN.tail : RUN.fast);
  }
  return {
    words: Uint32Array.from(words),
    runs,
    hasExact: runs.some((kind, i) => i % 2 === 0 && kind === RUN.exact),
  };
}

/** k of a block that is worth a run of its own. */
const LEAST_SKIPPED = 16;

/** Outputs of four channels, packed. */
function constantOutputs(block: readonly Channel[], { mode, bits, zeroPoint, clamp }: OutputForm): number {
  const outputs = block.map(({ lowest, multiplier }) =>
    requantize(lowest, multiplier, mode, { zeroPoint, ...clamp }),
  );
  const packed = packLanes(outputs, CHANNEL_BLOCK, bits);
  return packed.reduce((word, byte, i) => word + byte * 2 ** (8 * i), 0);
}

/** Words of a fast block with columns of `pairs` pairs of k. */
export const fastBlockWords = (
  pairs: number,
  { mode, shifts }: Pick<OutputForm, 'mode' | 'shifts'>,
  form: StreamForm,
): number =>
  4 + (form === 'nibbles' ? 1 : 2) * pairs + CHANNEL_BLOCK * (mode === 'mulhi' ? 1 : 3) + (shifts ? 1 : 0);

const unusedChannel = (output: OutputForm): FastConstants =>
  constantChannel(0, output.zeroPoint + offsetOf(output), output.mode);

/** The header, (w01 w23) per pair, constants; undefined where the block's bounds do not hold. */
function fastBlock(
  weights: Int32Array,
  block: readonly Channel[],
  length: number,
  order: Int32Array,
  output: OutputForm,
  form: StreamForm,
): number[] | undefined {
  const inRange = block.every((channel, c) => isReadable(channel, c, order.length, form));
  const known = block.map((channel) => fastConstants(channel, output));
  if (!inRange || known.includes(undefined)) return undefined;
  const constants = Array.from({ length: CHANNEL_BLOCK }, (_, c) => known[c] ?? unusedChannel(output));
  const weight = (channel: number, index: number): number =>
    channel < block.length && index >= 0 ? weights[channel * length + index]! : 0;
  const words = blockHeader(constants, form);
  for (let at = 0; at < order.length; at += 2) {
    const lanes = [order[at]!, order[at + 1]!].map((index) => [0, 1, 2, 3].map((c) => weight(c, index)));
    if (form === 'nibbles') {
      const [low, high] = lanes.map((w, k) => (order[at + k]! < 0 ? 0 : nibbleLane(w)));
      words.push(low! | (high! << 16));
      continue;
    }
    for (const c of [0, 2]) {
      const [low, high] = lanes.map((w) => 256 * w[c + 1]! + w[c]!);
      if (Math.min(low!, high!) < -INT16) return undefined;
      words.push((low! & 0xffff) | (high! << 16));
    }
  }
  const shifts = output.shifts ? [shiftWord(constants)] : [];
  return [...words, ...constants.flatMap((constant) => constant.words), ...shifts].map((word) => word >>> 0);
}

/** A byte for each channel, the first one lowest. */
const shiftWord = (constants: readonly FastConstants[]): number =>
  constants.reduce((word, { shift = 0 }, c) => word + shift * 2 ** (8 * c), 0);

/** Four channels' weights of one k, the lower three stored with an offset of 8. */
const nibbleLane = ([w0, w1, w2, w3]: readonly number[]): number =>
  ((w3! & 15) << 12) | ((w2! + 8) << 8) | ((w1! + 8) << 4) | (w0! + 8);

/** What a block's accumulators start from, in the order of their registers. */
function blockHeader(constants: readonly FastConstants[], form: StreamForm): number[] {
  const [b0, b1, b2, b3] = constants.map(({ bias }) => bias | 0) as [number, number, number, number];
  if (form === 'vector') return [b0, b1, b2, b3];
  if (form === 'matrix') return [(Math.imul(b1, 256) + b0) | 0, b0, (Math.imul(b3, 256) + b2) | 0, b2];
  const [bytes, top] = [(Math.imul(b1, 16) + b0) | 0, Math.imul(b2, 256)];
  return [(Math.imul(b3, 4096) + top + bytes) | 0, bytes, b0, top];
}

/** Whether the kernel gets the sum of the block's channel `c` out of the word that it shares with others. */
function isReadable({ lowest, highest }: Channel, c: number, length: number, form: StreamForm): boolean {
  const within = (reach: number): boolean => lowest > -reach && highest < reach;
  // A constant channel has another, small bias.
  if (form === 'vector' || lowest === highest) return true;
  if (form === 'matrix') return c % 2 === 0 || within(RAW_REACH);
  // S1 and S2 come with 8 times the column's sum, of at most 128 an element.
  const offset = 8 * 128 * length;
  return c === 0 || within(c === 1 ? 2 ** 27 - offset : c === 2 ? 2 ** 23 - offset : 2 ** 19);
}
