/** Networks that kernels are measured on: sound plans, weights as promised, outputs that say something. */
import { describe, expect, it } from 'vitest';
import { BENCH_LAYERS } from '../../../src/evaluate/bench-kernels.js';
import { type BenchPlanOptions, buildBenchPlan } from '../../../src/evaluate/bench-plan.js';
import { BENCH_SHAPES } from '../../../src/evaluate/bench-shapes.js';
import { verifyPlan } from '../../../src/invariants/plan.js';
import { FIRMWARE_MODES } from '../../../src/numeric/requantize.js';
import { WIDTHS } from '../../../src/numeric/widths.js';
import { stepMacs } from '../../../src/ops/index.js';
import { readWeights, tensorOf, unpackActivation } from '../../../src/ops/plan-access.js';
import { createWasmEngine } from '../../../src/simulate/wasm-engine.js';
import { PUBLIC_SHAPES, publicKernels } from '../../../src/targets/public-kernels.js';

const OPTIONS: BenchPlanOptions = { mode: 'mulhi', spread: 'gaussian', seed: 1 };

/** Multiply-accumulates as the published figures count them (kernel_bench_m4.csv). */
const MACS: Readonly<Record<string, number>> = {
  '1x1 24x24x96->24': 1_327_104,
  '1x1 12x12x32->192': 884_736,
  '1x1 6x6x576->96': 1_990_656,
  '1x1 48x48x16->96': 3_538_944,
  '3x3 16x16x32->32': 2_359_296,
  'first 3x3 s2 96x96x3->16': 995_328,
  'dw 3x3 s1 24x24x96': 497_664,
  'dw 3x3 s2 24x24x96': 124_416,
  'dw 3x3 s1 6x6x576': 186_624,
  'fc 1280->100': 128_000,
};

describe('layers of the bench', () => {
  it('do the work of the published ones', () => {
    expect(Object.keys(MACS)).toEqual(PUBLIC_SHAPES);
    const { plan } = buildBenchPlan(BENCH_LAYERS, OPTIONS);
    BENCH_LAYERS.forEach(({ shape }, i) => {
      if (shape.id in MACS) expect(stepMacs(plan.steps[i]!, plan), shape.id).toBe(MACS[shape.id]);
    });
    const weighted = BENCH_LAYERS.filter(({ weightBits }) => weightBits !== undefined);
    // Thirteen shapes with weights, each at all nine pairs of widths.
    expect(weighted).toHaveLength(13 * 9);
    expect(new Set(BENCH_SHAPES.map(({ id }) => id)).size).toBe(BENCH_SHAPES.length);
  });

  it.each(FIRMWARE_MODES)('are sound plans in mode %s, with outputs over their whole range', async (mode) => {
    const layers = BENCH_LAYERS.filter(({ shape }) => (MACS[shape.id] ?? 0) < 500_000);
    const { plan, inputs } = buildBenchPlan(layers, { ...OPTIONS, mode });
    // Ports of networks have 8 bits; here the narrow layers have ports, too.
    expect(verifyPlan(plan).filter((problem) => !/^port \S+ is \d bits wide, not 8$/.test(problem))).toEqual(
      [],
    );
    const outputs = (await createWasmEngine().load(plan)).run(inputs);
    plan.steps.forEach((step, i) => {
      const output = tensorOf(plan, step.output);
      const values = unpackActivation(output, outputs[i]!);
      const distinct = new Set(values).size;
      const { activationMin, activationMax } = WIDTHS[output.bits];
      const extremes = values.filter((q) => q === activationMin || q === activationMax).length;
      const name = `${step.name} ${output.bits} bits`;
      // Averages of many values lie close together.
      const isAverage = step.op === 'average_pool2d' || step.op === 'mean';
      expect(distinct, name).toBeGreaterThan(isAverage ? 1 : Math.min(2 ** output.bits, 16) * 0.7);
      if (output.bits === 8) {
        // The zero point lies low, so that about a third is cut off below, as by a ReLU.
        expect(extremes / values.length, name).toBeLessThan(0.4);
      }
    });
  });

  it('are the same whatever else is measured', () => {
    const all = buildBenchPlan(BENCH_LAYERS, OPTIONS);
    const index = BENCH_LAYERS.findIndex(({ shape }) => shape.id === 'fc 1280->100');
    const alone = buildBenchPlan([BENCH_LAYERS[index]!], OPTIONS);
    const weightsOf = (plan: typeof all.plan, at: number): Int32Array => {
      const step = plan.steps[at]!;
      if (step.op !== 'fully_connected') throw new Error(step.op);
      return readWeights(plan, step.weights, 100, 1280, step.weightBits);
    };
    expect(weightsOf(alone.plan, 0)).toEqual(weightsOf(all.plan, index));
    const port = all.plan.inputs.findIndex(({ tensor }) => tensor === all.plan.steps[index]!.inputs[0]);
    expect(alone.inputs).toEqual([all.inputs[port]]);
  });

  it('have Gaussian weights of a third of the range, ternary ones half zero, or uniform ones', () => {
    const layers = BENCH_LAYERS.filter(({ shape }) => shape.id === 'fc 1280->100');
    for (const spread of ['gaussian', 'uniform'] as const) {
      const { plan } = buildBenchPlan(layers, { ...OPTIONS, spread });
      plan.steps.forEach((step) => {
        if (step.op !== 'fully_connected') throw new Error(step.op);
        const weights = [...readWeights(plan, step.weights, 100, 1280, step.weightBits)];
        const deviation = Math.sqrt(weights.reduce((sum, w) => sum + w * w, 0) / weights.length);
        const zeros = weights.filter((w) => w === 0).length / weights.length;
        const largest = { 8: 127, 4: 7, 2: 1 }[step.weightBits];
        if (spread === 'uniform') {
          // n = 2·largest + 1 values: variance (n² − 1) / 12
          expect(deviation).toBeCloseTo(Math.sqrt(((2 * largest + 1) ** 2 - 1) / 12), largest > 7 ? 0 : 1);
        } else if (step.weightBits === 2) expect(zeros).toBeCloseTo(0.5, 1);
        else expect(deviation / largest).toBeCloseTo(1 / 3, 1);
      });
    }
  });
});

describe('public kernels', () => {
  it('are those of the table in the data collection', () => {
    const cmsis = publicKernels('1x1 24x24x96->24').find(({ library }) => library === 'CMSIS-NN s8');
    expect(cmsis).toMatchObject({ activationBits: 8, weightBits: 8, cyclesPerMac: 2.268 });
    const cmix = publicKernels('1x1 24x24x96->24').find(({ activationBits: a }) => a === 4);
    expect(cmix).toMatchObject({ library: 'CMix-NN', weightBits: 8, cyclesPerMac: 3.45 });
    // A run that failed is no figure.
    expect(publicKernels('1x1 24x24x96->24').some(({ activationBits: a }) => a === 2)).toBe(false);
    expect(publicKernels('mean 6x6x576')).toEqual([]);
  });
});
