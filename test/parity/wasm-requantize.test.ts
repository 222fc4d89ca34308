/**
 * Requantisation in WASM on accumulators at and around the ties of every multiplier, against
 * src/numeric/requantize.ts: one-step convolutions whose biases put each accumulator where it is wanted.
 * With the short form in float32 where it is proven, and by integer products alone. QUANTMCU_PARITY_CASES sets
 * the plans per operator and mode.
 */
import { describe, expect, it } from 'vitest';
import {
  DEPLOY_PLAN_FORMAT,
  DEPLOY_PLAN_VERSION,
  type DeployPlan,
  type Step,
} from '../../src/ir/deploy-plan.js';
import {
  type FixedMultiplier,
  quantizeMultiplierFor,
  REQUANT_MODES,
  type RequantMode,
  requantize,
} from '../../src/numeric/requantize.js';
import { createWasmEngine } from '../../src/simulate/wasm-engine.js';
import {
  type ChannelScaling,
  FAST_SHIFT,
  FLOAT_FORM,
  groupConstants,
} from '../../src/simulate/wasm-requantize.js';
import { createRandom, type Random } from '../../src/support/random.js';

const CASES = Number(process.env.QUANTMCU_PARITY_CASES ?? 40) * 4;
const CHANNELS = 16;
const PIXELS = 4;
const wasm = { short: createWasmEngine(), integer: createWasmEngine({ shortForm: false }) };

/** Multipliers of all sorts: common ones, short ones whose ties are exact, left shifts, deep right shifts. */
function randomMultiplier(random: Random, mode: RequantMode): FixedMultiplier {
  const kind = random.integer(0, 7);
  const real = 2 ** -(3 + 9 * random.next());
  const base = quantizeMultiplierFor(mode, real);
  if (kind === 0) return quantizeMultiplierFor(mode, 2 ** -random.integer(1, 12));
  if (kind === 1)
    return quantizeMultiplierFor(mode, (2 * random.integer(1, 7) + 1) * 2 ** -random.integer(6, 14));
  if (kind === 2) return quantizeMultiplierFor(mode, 1 + 3 * random.next());
  if (kind === 3) return quantizeMultiplierFor(mode, 2 ** -(16 + 6 * random.next()));
  if (kind === 4)
    return { ...base, multiplier: Math.max(1, base.multiplier & (-1 << random.integer(8, 26))) };
  return base;
}

const realOf = ({ multiplier, shift }: FixedMultiplier, mode: RequantMode): number =>
  multiplier * 2 ** (shift - (mode === 'mulhi' ? 32 : 31));

/** Accumulators next to k + 1/2 output units, for k mostly within the output's range. */
function nearTie(random: Random, real: number, reach: number): number {
  const k = random.integer(-140, 140) + 0.5;
  const acc = Math.round(k / real) + random.integer(-2, 2);
  return Math.max(-reach, Math.min(reach, acc));
}

interface Fuzz {
  readonly plan: DeployPlan;
  readonly input: Uint8Array;
  /** Output per pixel and channel. */
  readonly expected: Int8Array;
  /** Of both channel groups, with and without the short form. */
  readonly totalShifts: readonly number[];
  readonly integerShifts: readonly number[];
}

function makeFuzz(op: 'conv2d' | 'depthwise_conv2d', mode: RequantMode, random: Random): Fuzz {
  const multipliers = Array.from({ length: CHANNELS }, () => randomMultiplier(random, mode));
  const inputZeroPoint = random.integer(-128, 127);
  const zeroPoint = random.pick([-128, random.integer(-128, 127)]);
  const clamp = { min: -128, max: 127 };
  const weight = random.integer(1, 127);
  const input = Int8Array.from({ length: PIXELS * CHANNELS }, () => random.integer(-128, 127));
  // Channel c of either operator multiplies input channel c alone, by `weight`.
  const biasReach = 2 ** random.integer(8, 24);
  const bias = multipliers.map((m, c) => {
    const pixel = random.integer(0, PIXELS - 1);
    const product = weight * (input[pixel * CHANNELS + c]! - inputZeroPoint);
    const left = mode === 'single' ? 0 : Math.max(0, m.shift);
    const reach = Math.min(biasReach, 2 ** (29 - left)) - 2 ** 16;
    return nearTie(random, realOf(m, mode), Math.max(reach, 0)) - product;
  });
  const expected = Int8Array.from({ length: PIXELS * CHANNELS }, (_, i) => {
    const c = i % CHANNELS;
    const acc = bias[c]! + weight * (input[i]! - inputZeroPoint);
    return requantize(acc, multipliers[c]!, mode, { zeroPoint, ...clamp });
  });
  const scalings = multipliers.map((m, c): ChannelScaling => {
    const ends = [-128, 127].map((q) => bias[c]! + weight * (q - inputZeroPoint));
    return { ...m, accMin: Math.min(...ends), accMax: Math.max(...ends), weightMax: weight };
  });
  const groups = [scalings.slice(0, 8), scalings.slice(8)];
  return {
    plan: makePlan(op, mode, weight, bias, multipliers, inputZeroPoint, zeroPoint),
    input: new Uint8Array(input.buffer),
    expected,
    totalShifts: groups.map((g) => groupConstants(mode, g, { zeroPoint, ...clamp }).totalShift),
    integerShifts: groups.map((g) => groupConstants(mode, g, undefined).totalShift),
  };
}

function makePlan(
  op: 'conv2d' | 'depthwise_conv2d',
  mode: RequantMode,
  weight: number,
  bias: readonly number[],
  multipliers: readonly FixedMultiplier[],
  inputZeroPoint: number,
  zeroPoint: number,
): DeployPlan {
  const size = op === 'conv2d' ? 1 : 3;
  const weights =
    op === 'conv2d'
      ? Int8Array.from({ length: CHANNELS ** 2 }, (_, i) => (i % (CHANNELS + 1) === 0 ? weight : 0))
      : Int8Array.from({ length: 9 * CHANNELS }, (_, i) => (Math.floor(i / CHANNELS) === 4 ? weight : 0));
  const parts = [
    weights,
    Int32Array.from(bias),
    Int32Array.from(multipliers, (m) => m.multiplier),
    Int8Array.from(multipliers, (m) => m.shift),
  ].map((part) => Buffer.from(part.buffer));
  const refs = parts.map((part, i) => ({
    offset: parts.slice(0, i).reduce((sum, p) => sum + p.length, 0),
    length: part.length,
  }));
  const window = {
    kernelHeight: size,
    kernelWidth: size,
    strideHeight: 1,
    strideWidth: 1,
    dilationHeight: 1,
    dilationWidth: 1,
    padTop: (size - 1) / 2,
    padLeft: (size - 1) / 2,
  };
  const constants = {
    name: op,
    inputs: [0],
    output: 1,
    window,
    weights: refs[0]!,
    weightBits: 8 as const,
    weightZeroPoint: 0,
    bias: refs[1]!,
    multiplier: refs[2]!,
    shift: refs[3]!,
    clamp: { min: -128, max: 127 },
  };
  const step: Step = op === 'conv2d' ? { ...constants, op } : { ...constants, op, depthMultiplier: 1 };
  const tensor = (id: number, zero: number) => ({
    id,
    name: `t${id}`,
    shape: [1, PIXELS, CHANNELS] as const,
    bits: 8 as const,
    scale: 1,
    zeroPoint: zero,
  });
  return {
    format: DEPLOY_PLAN_FORMAT,
    version: DEPLOY_PLAN_VERSION,
    name: `ties_${op}_${mode}`,
    requantization: mode,
    tensors: [tensor(0, inputZeroPoint), tensor(1, zeroPoint)],
    steps: [step],
    inputs: [{ name: 'in', tensor: 0, dtype: 'int8' }],
    outputs: [{ name: 'out', tensor: 1, dtype: 'int8' }],
    weights: new Uint8Array(Buffer.concat(parts)),
  };
}

function pathOf(totalShift: number): 'short' | 'fast' | 'anyShift' | 'exact' {
  if (totalShift === FLOAT_FORM) return 'short';
  if (totalShift === 0) return 'exact';
  return totalShift === FAST_SHIFT ? 'fast' : 'anyShift';
}

describe('requantisation near ties', () => {
  for (const mode of REQUANT_MODES) {
    for (const op of ['conv2d', 'depthwise_conv2d'] as const) {
      it(`${op} ${mode}`, async () => {
        const paths = { short: 0, fast: 0, anyShift: 0, exact: 0 };
        const seen = new Set<number>();
        for (let seed = 1; seed <= CASES; seed++) {
          const { plan, input, expected, totalShifts, integerShifts } = makeFuzz(
            op,
            mode,
            createRandom(seed),
          );
          for (const [name, engine] of Object.entries(wasm)) {
            const [output] = (await engine.load(plan)).run([input]);
            expect(new Int8Array(output!.buffer), `seed ${seed}, ${name}`).toEqual(expected);
          }
          for (const value of expected) seen.add(value);
          for (const shift of [...totalShifts, ...integerShifts]) paths[pathOf(shift)]++;
        }
        expect(seen.size, 'outputs cover the int8 range').toBeGreaterThan(200);
        expect(paths.short, 'short form taken').toBeGreaterThan(0);
        // The short form defines mode xnnpack; it has no integer products.
        if (mode !== 'xnnpack') expect(paths.fast, 'fast path taken').toBeGreaterThan(0);
        // Lowering keeps acc·2^L within int32, so mode mulhi always has its proof.
        if (mode === 'mulhi' || mode === 'xnnpack') return;
        expect(paths.anyShift, 'any-shift path taken').toBeGreaterThan(0);
        expect(paths.exact, 'exact path taken').toBeGreaterThan(0);
      });
    }
  }
});
