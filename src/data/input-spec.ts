/** What the network expects at one input, and how outside values become its stored bytes (contract §Storage). */
import type { DeployPlan } from '../ir/deploy-plan.js';
import { badInput } from '../support/errors.js';
import { fillWith } from '../support/typed-arrays.js';
import type { InputWatch } from './input-watch.js';
import type { Recipe } from './recipe.js';

export interface InputSpec {
  readonly name: string;
  /** [height, width, channels] */
  readonly shape: readonly [number, number, number];
  /** Element type at the model file's edge; the stored bytes are int8 in any case. */
  readonly dtype: 'int8' | 'uint8' | 'float32';
  readonly scale: number;
  readonly zeroPoint: number;
}

/** Spec of input `index` of a plan. */
export function inputSpec(plan: DeployPlan, index = 0): InputSpec {
  const port = plan.inputs[index];
  const tensor = port === undefined ? undefined : plan.tensors[port.tensor];
  if (port === undefined || tensor === undefined) {
    throw badInput('data/input', `the network has no input ${index}`, { where: plan.name });
  }
  const { shape, scale, zeroPoint } = tensor;
  return { name: port.name, dtype: port.dtype, shape, scale, zeroPoint };
}

export const elementCount = (spec: InputSpec): number => spec.shape[0] * spec.shape[1] * spec.shape[2];

/** real = x · scale − mean (over std), per channel, x being 0…255. */
interface ValueMapping {
  readonly scale: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What float networks are trained on: −1…1, 0…1 or raw 0…255. */
const CONVENTIONS: readonly { low: number; high: number; mapping: ValueMapping }[] = [
  { low: -1, high: 1, mapping: { scale: 1 / 127.5, mean: [1], std: [1] } },
  { low: 0, high: 1, mapping: { scale: 1 / 255, mean: [0], std: [1] } },
  { low: 0, high: 255, mapping: { scale: 1, mean: [0], std: [1] } },
];

/** The convention whose range is most like what the input's scale and zero point can represent: width first. */
function conventionOf(spec: InputSpec): ValueMapping {
  const low = spec.scale * (-128 - spec.zeroPoint);
  const width = spec.scale * 255;
  const distance = (c: { low: number; high: number }): number =>
    Math.abs(Math.log2(width / (c.high - c.low))) + Math.abs(c.low - low) / width;
  return CONVENTIONS.reduce((best, c) => (distance(c) < distance(best) ? c : best)).mapping;
}

function mappingOf(spec: InputSpec, recipe: Recipe): ValueMapping | undefined {
  const { scale, mean, std } = recipe;
  if (scale !== undefined || mean !== undefined || std !== undefined) {
    return { scale: scale ?? 1, mean: mean ?? [0], std: std ?? [1] };
  }
  // Integer inputs take pixels as they are: uint8 models by definition, int8 ones shifted by 128.
  return spec.dtype === 'float32' ? conventionOf(spec) : undefined;
}

/** Picture values 0…255, channel-fastest → stored int8 bytes. */
export function storePixels(
  pixels: Uint8Array,
  spec: InputSpec,
  recipe: Recipe,
  watch?: InputWatch,
): Uint8Array {
  const mapping = mappingOf(spec, recipe);
  if (mapping === undefined) {
    const stored = pixels.map((x) => x ^ 0x80);
    watch?.addStored(stored);
    return stored;
  }
  const channels = spec.shape[2];
  const steps = Array.from({ length: channels }, (_, c) => channelSteps(mapping, c, spec));
  if (watch !== undefined)
    for (let i = 0; i < pixels.length; i++) watch.add(steps[i % channels]![pixels[i]!]!);
  const tables = steps.map((table) => Uint8Array.from(table, clampStored));
  return pixels.map((x, i) => tables[i % channels]![x]!);
}

function channelSteps(mapping: ValueMapping, channel: number, spec: InputSpec): Float64Array {
  const at = (list: readonly number[]): number => list[channel] ?? list[0]!;
  return Float64Array.from({ length: 256 }, (_, x) =>
    stepOf((x * mapping.scale - at(mapping.mean)) / at(mapping.std), spec),
  );
}

/** Real values → stored int8 bytes: q = round(x / scale) + zeroPoint in float32, halves away from zero (TFLite). */
export function storeReals(reals: Float32Array, spec: InputSpec, watch?: InputWatch): Uint8Array {
  return fillWith(new Uint8Array(reals.length), (i) => {
    const q = stepOf(reals[i]!, spec);
    watch?.add(q);
    return clampStored(q);
  });
}

/** The stored value, on a grid without ends. */
function stepOf(real: number, spec: InputSpec): number {
  const steps = Math.fround(Math.fround(real) / Math.fround(spec.scale));
  if (Number.isNaN(steps)) return spec.zeroPoint;
  return Math.sign(steps) * Math.round(Math.abs(steps)) + spec.zeroPoint;
}

const clampStored = (q: number): number => Math.max(-128, Math.min(127, q)) & 0xff;
