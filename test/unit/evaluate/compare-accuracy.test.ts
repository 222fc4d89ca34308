/** Comparison of a float network with its plan: definitions on constructed maps, and a whole small network. */
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/calibrate/calibrate.js';
import { FidelityMeter } from '../../../src/compare/fidelity.js';
import { pairedDifference } from '../../../src/compare/paired-statistics.js';
import { compareAccuracy } from '../../../src/evaluate/compare-accuracy.js';
import { createFloatEngine } from '../../../src/evaluate/quantize-model.js';
import { uniformAssignment } from '../../../src/ir/stage-data.js';
import { quantizeNetwork } from '../../../src/quantize/quantize.js';
import { createWasmEngine } from '../../../src/simulate/wasm-engine.js';
import { everyOperator, randomSamples } from '../quantize/random-graph.js';

describe('FidelityMeter', () => {
  it('is the textbook ratio and cosine', () => {
    const meter = new FidelityMeter();
    meter.add([3, 0], [3, 0.3]);
    meter.add([4], [4]);
    // signal 25, noise 0.09; product 25, stored 25.09
    expect(meter.sqnrDb).toBeCloseTo(10 * Math.log10(25 / 0.09), 9);
    expect(meter.cosine).toBeCloseTo(25 / Math.sqrt(25 * 25.09), 12);
  });

  it('knows equal and empty maps', () => {
    const meter = new FidelityMeter();
    meter.add([0, 0], [0, 0]);
    expect(meter.sqnrDb).toBe(Number.POSITIVE_INFINITY);
    expect(meter.cosine).toBe(1);
  });
});

describe('pairedDifference', () => {
  it('counts only samples on which the two differ', () => {
    const first = [true, true, true, false, true];
    const second = [true, false, true, false, true];
    const result = pairedDifference(first, second);
    expect(result).toMatchObject({ n: 5, first: 80, second: 60 });
    expect(result.points).toBeCloseTo(20, 9);
    // differences 0, 1, 0, 0, 0: variance 0.2
    expect(result.halfWidth).toBeCloseTo(100 * 1.96 * Math.sqrt(0.2 / 5), 9);
    expect(pairedDifference(first, first).halfWidth).toBe(0);
  });
});

describe('compareAccuracy', () => {
  const network = everyOperator(1);
  const calibration = randomSamples(2, 24);
  const tests = randomSamples(3, 12).map((values, i) => ({ values, label: i % 5 }));

  it('ranks maps by fidelity and says what 8 bits would win', async () => {
    const ranges = await calibrate(network, calibration);
    const engine = createFloatEngine();
    const assignment = { ...uniformAssignment(8, 8), activations: { [network.layers[0]!.name]: 2 as const } };
    const { plan } = quantizeNetwork(network, ranges, assignment, calibration, engine);
    const result = await compareAccuracy(network, plan, tests, { engine: createWasmEngine() });
    expect(result.n).toBe(12);
    expect(result.maps).toHaveLength(network.tensors.length);
    expect(result.worst).toHaveLength(10);
    const dbs = result.worst.map((map) => map.sqnrDb);
    expect(dbs).toEqual([...dbs].sort((a, b) => a - b));
    expect(result.restored.map((map) => map.name)).toEqual([network.layers[0]!.name]);
    expect(result.restored[0]!.scoreGainDb).toBeGreaterThan(3);
    expect(result.top1!.n).toBe(12);
    expect(result.top5!.first).toBe(100);
    expect(result.agreement).toBeGreaterThan(50);
  });

  it('is nearly faithful at 8 bits, and needs no labels', async () => {
    const ranges = await calibrate(network, calibration);
    const { plan } = quantizeNetwork(
      network,
      ranges,
      uniformAssignment(8, 8),
      calibration,
      createFloatEngine(),
    );
    const unlabelled = tests.map(({ values }) => ({ values }));
    const result = await compareAccuracy(network, plan, unlabelled, { engine: createWasmEngine() });
    expect(result.top1).toBeUndefined();
    expect(result.scoreSqnrDb).toBeGreaterThan(25);
    expect(result.restored).toEqual([]);
  });

  it('says the same of a second plan when the float network is known already', async () => {
    const ranges = await calibrate(network, calibration);
    const [eight, four] = ([8, 4] as const).map(
      (bits) =>
        quantizeNetwork(network, ranges, uniformAssignment(bits, 8), calibration, createFloatEngine()).plan,
    );
    const known = new Map();
    const options = { engine: createWasmEngine(), mapSamples: 2 };
    await compareAccuracy(network, eight!, tests, { ...options, known });
    expect(known.size).toBe(tests.length);
    const again = await compareAccuracy(network, four!, tests, { ...options, known });
    expect(again).toEqual(await compareAccuracy(network, four!, tests, options));
  });
});
