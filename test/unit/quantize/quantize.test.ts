/** Quantising end to end: the plan, run by the integer reference, against the float network. */
import { beforeAll, describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/calibrate/calibrate.js';
import { createMatrixKernels } from '../../../src/calibrate/matrix-kernels.js';
import { createRoundingKernels } from '../../../src/calibrate/rounding-kernels.js';
import { createFloatRunner } from '../../../src/calibrate/run-float.js';
import { verifyPlan } from '../../../src/invariants/plan.js';
import type { DeployPlan } from '../../../src/ir/deploy-plan.js';
import type { FloatNetwork, FloatSample } from '../../../src/ir/float-network.js';
import { decodePlan, encodePlan } from '../../../src/ir/plan-file.js';
import { type Ranges, uniformAssignment } from '../../../src/ir/stage-data.js';
import { WIDTH_LIST } from '../../../src/numeric/widths.js';
import { stepReference } from '../../../src/ops/index.js';
import { tensorOf } from '../../../src/ops/plan-access.js';
import {
  DEFAULT_QUANTIZE_OPTIONS,
  type QuantizeOptions,
  quantizeNetwork,
} from '../../../src/quantize/quantize.js';
import { everyOperator, randomSamples } from './random-graph.js';

const engine = {
  createRunner: createFloatRunner,
  matrices: createMatrixKernels(),
  rounding: createRoundingKernels(),
};
const network = everyOperator(1);
const samples = randomSamples(2, 24);
let ranges: Ranges;
beforeAll(async () => {
  ranges = await calibrate(network, samples);
});

/** Stored values of every tensor: the integer reference, operator by operator. */
function runIntegers(plan: DeployPlan, sample: FloatSample): Int32Array[] {
  const values: Int32Array[] = [];
  const context = { plan, tensor: (id: number) => tensorOf(plan, id), values: (id: number) => values[id]! };
  plan.inputs.forEach((port, i) => {
    const { scale, zeroPoint } = plan.tensors[port.tensor]!;
    values[port.tensor] = Int32Array.from(sample[i]!, (x) =>
      Math.min(127, Math.max(-128, Math.round(x / scale) + zeroPoint)),
    );
  });
  for (const step of plan.steps) values[step.output] = stepReference(step, context);
  return values;
}

/** Real values that stored ones stand for. */
function realValues(plan: DeployPlan, id: number, stored: Int32Array): Float64Array {
  const { scale, zeroPoint, channelScales } = plan.tensors[id]!;
  return Float64Array.from(stored, (q, i) => {
    const factor = channelScales === undefined ? 1 : channelScales[i % channelScales.length]!;
    return scale * factor * (q - zeroPoint);
  });
}

/** Signal-to-noise ratio in dB of every tensor over some samples. */
function fidelity(net: FloatNetwork, plan: DeployPlan, some: readonly FloatSample[]): number[] {
  const runner = createFloatRunner(net);
  const [noise, signal] = [0, 1].map(() => new Float64Array(net.tensors.length)) as [
    Float64Array,
    Float64Array,
  ];
  for (const sample of some) {
    runner.run(sample);
    const stored = runIntegers(plan, sample);
    for (const { id } of net.tensors) {
      const expected = runner.map(id);
      realValues(plan, id, stored[id]!).forEach((x, i) => {
        noise[id] = noise[id]! + (x - expected[i]!) ** 2;
        signal[id] = signal[id]! + expected[i]! ** 2;
      });
    }
  }
  return Array.from(noise, (n, id) => 10 * Math.log10(signal[id]! / n));
}

const quantize = (activationBits: 8 | 4 | 2, weightBits: 8 | 4 | 2, options: Partial<QuantizeOptions> = {}) =>
  quantizeNetwork(network, ranges, uniformAssignment(activationBits, weightBits), samples, engine, {
    ...DEFAULT_QUANTIZE_OPTIONS,
    ...options,
  });

describe('quantizeNetwork', () => {
  it('keeps every feature map of every operator within 8-bit noise', () => {
    const { plan } = quantize(8, 8);
    expect(new Set(plan.steps.map((step) => step.op)).size).toBe(16);
    fidelity(network, plan, samples.slice(0, 4)).forEach((db, id) => {
      expect(db, `${network.tensors[id]!.name} (dB)`).toBeGreaterThan(25);
    });
  });

  const pairs = WIDTH_LIST.flatMap((a) => WIDTH_LIST.map((w) => [a, w] as const));
  it.each(pairs)('makes a sound plan of widths a%iw%i that survives its file', (a, w) => {
    const { plan } = quantize(a, w, { reconstruction: { kind: 'none' } });
    expect(verifyPlan(plan)).toEqual([]);
    expect(plan.requantization).toBe('mulhi');
    const files = encodePlan(plan);
    expect(decodePlan(files.json, files.weights, 'test')).toEqual(plan);
    for (const port of [...plan.inputs, ...plan.outputs]) expect(plan.tensors[port.tensor]!.bits).toBe(8);
    const inner = plan.tensors.filter((t) => t.name.startsWith('conv2d'));
    expect(inner.map((t) => t.bits)).toEqual(inner.map(() => a));
    for (const step of plan.steps)
      if ('weightBits' in step) {
        expect(step.weightBits).toBe(w);
        expect(step.weightZeroPoint).toBe(0);
      }
    expect(() => runIntegers(plan, samples[0]!)).not.toThrow();
  });

  it('loses more at fewer bits, and less with channels scaled apart, compensation and refitting', () => {
    const scores = network.layers.find((layer) => layer.op === 'softmax')!.inputs[0]!;
    const held = randomSamples(77, 6);
    const noise = (a: 8 | 4, w: 8 | 4, options: Partial<QuantizeOptions>) =>
      fidelity(network, quantize(a, w, options).plan, held)[scores]!;
    const none = { kind: 'none' } as const;
    const best = noise(4, 4, {});
    expect(noise(8, 8, {})).toBeGreaterThan(best + 6);
    expect(best).toBeGreaterThan(
      noise(4, 4, { channelScales: false, compensateUpTo: 0, reconstruction: none }),
    );
  });

  it('takes widths per map and per layer by name, and says which name is unknown', () => {
    const [first] = network.layers;
    const assignment = {
      ...uniformAssignment(8, 8),
      activations: { [first!.name]: 4 as const },
      weights: { [first!.name]: 2 as const },
    };
    const { plan } = quantizeNetwork(network, ranges, assignment, samples, engine);
    expect(plan.tensors.find((t) => t.name === first!.name)!.bits).toBe(4);
    expect(plan.tensors.filter((t) => t.bits !== 8)).toHaveLength(1);
    expect(plan.steps[0]).toMatchObject({ weightBits: 2 });
    const wrong = { ...assignment, activations: { nowhere: 4 as const } };
    expect(() => quantizeNetwork(network, ranges, wrong, samples, engine)).toThrow(/found nowhere/);
  });

  it('gives maps that share storage one width, and refuses two', () => {
    const pool = network.layers.find((layer) => layer.op === 'max_pool2d')!;
    const source = network.tensors[pool.inputs[0]!]!.name;
    const narrow = { ...uniformAssignment(8, 8), activations: { [source]: 4 as const } };
    const { plan } = quantizeNetwork(network, ranges, narrow, samples, engine);
    expect(plan.tensors.find((t) => t.name === pool.name)!.bits).toBe(4);
    const torn = { ...narrow, activations: { [source]: 4 as const, [pool.name]: 8 as const } };
    expect(() => quantizeNetwork(network, ranges, torn, samples, engine)).toThrow(/share one scale/);
    const edge = { ...uniformAssignment(8, 8), activations: { [network.tensors[0]!.name]: 4 as const } };
    expect(() => quantizeNetwork(network, ranges, edge, samples, engine)).toThrow(/edge of the network/);
  });

  it('refuses ranges of another network and an empty set', () => {
    const other = { ...ranges, tensors: ranges.tensors.slice(1) };
    expect(() => quantizeNetwork(network, other, uniformAssignment(8, 8), samples, engine)).toThrow(
      /belong to another network/,
    );
    expect(() => quantizeNetwork(network, ranges, uniformAssignment(8, 8), [], engine)).toThrow(
      /no calibration samples/,
    );
  });

  it('refits on all of few samples, and keeps what the check refitted on seven eighths of many', () => {
    const result = (count: number) =>
      quantizeNetwork(network, ranges, uniformAssignment(8, 2), randomSamples(5, count), engine);
    for (const [count, kept] of [
      [127, false],
      [128, true],
    ] as const) {
      const { trials, weights, reconstruction } = result(count);
      expect(reconstruction.kind).toBe('sequential');
      const [none, refitted] = trials;
      expect(refitted!.noise).toBeLessThan(none!.noise);
      expect(weights === refitted!.weights).toBe(kept);
    }
  });

  it('is deterministic', () => {
    const once = encodePlan(quantize(4, 4).plan);
    expect(encodePlan(quantize(4, 4).plan).json).toBe(once.json);
  });
});
