/** `compare` in memory: modes of an imported model, and a plan against its float network. */
import { beforeAll, describe, expect, it } from 'vitest';
import { quantizeModel } from '../../../src/evaluate/quantize-model.js';
import { importModel } from '../../../src/import/index.js';
import { encodePlan } from '../../../src/ir/plan-file.js';
import { uniformAssignment } from '../../../src/ir/stage-data.js';
import { EXIT_CODES } from '../../../src/support/errors.js';
import { labelledKeywordFiles, wanderingTensors } from '../../support/keyword-files.js';
import { runInMemory } from '../../support/memory-environment.js';
import { FIXTURES, readBytes } from '../../support/paths.js';

const MODEL = readBytes(`${FIXTURES}kws/kws_dscnn_int8.tflite`);
const SAMPLES = 6;
/** The network's input quantisation: real = 0.584703 (q − 83). */
const [SCALE, ZERO_POINT] = [0.5847029089927673, 83];

const tensors = wanderingTensors(SAMPLES, 3);
const FILES = labelledKeywordFiles(tensors);

describe('modes', () => {
  it('says in one line from which layer on, and gives a row per layer', async () => {
    const { exitCode, stdout } = await runInMemory(['compare', 'kws.tflite', '--data', 'set'], FILES);
    expect(exitCode).toBe(0);
    const [line] = stdout.split('\n');
    expect(line).toMatch(
      /^tflm and xnnpack disagree from layer 1 of 13 on, \S+ \(conv2d\), because they round differently \(two integer roundings; a float32 scale, rounded to even\): there 0\.\d\d % of the values differ, by at most 1; at the end \d+\.\d\d % do, by at most \d+, and the best class agrees on \d of 6\.$/,
    );
    expect(stdout.split('\n').filter((row) => / {2}(depthwise_)?conv2d {2}/.test(row)).length).toBe(9);
  });

  it('gives the same as data; a layer’s own rounding is off by one at most', async () => {
    const argv = ['compare', 'kws.tflite', '--data', 'set', '--modes', 'tflm,single', '--json'];
    const report = JSON.parse((await runInMemory(argv, FILES)).stdout);
    expect(report).toMatchObject({ modes: ['tflm', 'single'], n: SAMPLES, complete: true });
    expect(report.layers).toHaveLength(13);
    const [first] = report.layers;
    expect(first.values).toBe(SAMPLES * 25 * 5 * 64);
    expect(first.own).toEqual(first.accumulated);
    expect(report.firstDifference).toMatchObject({ index: 1, name: first.name });
    expect(Math.max(...report.layers.map((layer: { own: { max: number } }) => layer.own.max))).toBe(1);
    expect(report.top1).toHaveLength(2);
  });

  it('says so where modes agree: both of these round once', async () => {
    const argv = ['compare', 'kws.tflite', '--data', 'set', '--modes', 'single,xnnpack'];
    const { stdout } = await runInMemory(argv, FILES);
    expect(stdout.split('\n')[0]).toBe(
      `single and xnnpack give the same bytes in all 13 layers on ${SAMPLES} samples.`,
    );
    expect(stdout).toContain(`outputs  ${SAMPLES} of ${SAMPLES} equal`);
  });

  it('takes one input file in place of a folder', async () => {
    const argv = ['compare', 'kws.tflite', '--input', 'set/0.bin', '--json'];
    const report = JSON.parse((await runInMemory(argv, FILES)).stdout);
    expect(report).toMatchObject({ n: 1, data: 'set/0.bin', top1: null });
  });

  it.each([
    [['compare', 'kws.tflite'], EXIT_CODES.input, /either --data folder or --input file/],
    [['compare', 'kws.tflite', '--data', 'set', '--modes', 'tflm'], EXIT_CODES.usage, /expected two of tflm/],
    [['compare', 'net.plan.json', '--data', 'set'], EXIT_CODES.input, /has its mode fixed/],
  ])('%j', async (argv, expected, message) => {
    const { exitCode, stderr } = await runInMemory(argv, FILES);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(expected);
  });
});

describe('a plan against its float network', () => {
  let files = FILES;
  beforeAll(async () => {
    const samples = tensors.map((tensor) => [Float32Array.from(tensor, (q) => SCALE * (q - ZERO_POINT))]);
    const { plan } = await quantizeModel(importModel(MODEL, 'kws.tflite'), samples, {
      assignment: uniformAssignment(8, 8),
    });
    const { json, weights } = encodePlan(plan);
    files = { ...FILES, 'net.plan.json': json, 'net.plan.bin': weights };
  });

  it('gives maps, accuracy and agreement', async () => {
    const argv = ['compare', 'kws.tflite', 'net.plan.json', '--data', 'set', '--json'];
    const { exitCode, stdout } = await runInMemory(argv, files);
    const report = JSON.parse(stdout);
    expect(exitCode).toBe(0);
    expect(report.n).toBe(SAMPLES);
    expect(report.worst.length).toBe(10);
    expect(report.scoreSqnrDb).toBeGreaterThan(15);
    expect(report.top1.n).toBe(SAMPLES);
  });

  it('and as text', async () => {
    const { stdout } = await runInMemory(['compare', 'kws.tflite', 'net.plan.json', '--data', 'set'], files);
    expect(stdout).toContain('against kws.tflite in float, on set');
    expect(stdout).toMatch(/agreement +\d+\.\d\d % same best class/);
  });
});
