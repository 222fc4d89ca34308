/**
 * Mode `xnnpack` against LiteRT.js (TensorFlow Lite with its XNNPACK delegate): every layer, fed the interpreter's
 * own inputs, gives the interpreter's bytes, and so does the whole network. IMAGES sets the pictures per model.
 */
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createNodeHost } from '../../../src/cli/node-host.js';
import { inputSpec } from '../../../src/data/input-spec.js';
import { listSamples } from '../../../src/data/labelled-folder.js';
import { prepareInput } from '../../../src/data/prepare-input.js';
import { defaultPreset, PRESETS } from '../../../src/data/recipe.js';
import { importModel } from '../../../src/import/index.js';
import type { DeployPlan } from '../../../src/ir/deploy-plan.js';
import type { Graph } from '../../../src/ir/graph.js';
import { lowerToPlan } from '../../../src/lower/lower.js';
import { referenceEngine } from '../../../src/simulate/reference-engine.js';
import { createWasmEngine } from '../../../src/simulate/wasm-engine.js';
import { compileLiteRt } from '../../support/litert.mjs';
import { FIXTURES, PERSON_INPUT, PERSON_MODEL, readBytes, sharedPath } from '../../support/paths.js';
import { smoothInput } from '../tflm/models.js';
import { operatorCases } from '../tflm/operator-cases.js';
import { type LayerCount, openOracle } from './layers.js';

const IMAGES = Number(process.env.IMAGES ?? 20);

type Inputs = (graph: Graph, plan: DeployPlan) => Promise<readonly (readonly Uint8Array[])[]>;

/** The first pictures of a folder in the model's own element type. */
const pictures =
  (folder: string): Inputs =>
  async (graph, plan) => {
    const host = createNodeHost();
    const samples = await listSamples(host, folder);
    const classes = plan.tensors[plan.outputs[0]!.tensor]!.shape[2];
    const recipe = PRESETS[defaultPreset(classes)];
    const wasUint8 = graph.tensors[graph.inputs[0]!]!.wasUint8 === true;
    return Promise.all(
      samples.slice(0, IMAGES).map(async ({ path }) => {
        const stored = await prepareInput(await host.readFile(path), path, inputSpec(plan), recipe);
        return [wasUint8 ? stored.map((x) => x ^ 0x80) : stored];
      }),
    );
  };

const seeded =
  (seeds: readonly number[]): Inputs =>
  async (graph) =>
    seeds.map((seed) => smoothInput(graph, seed));

async function compareModel(path: string, inputsOf: Inputs): Promise<LayerCount[]> {
  const oracle = await openOracle(readBytes(path), basename(path), 'xnnpack');
  const counts: LayerCount[] = [];
  for (const inputs of await inputsOf(oracle.graph, oracle.plan)) {
    const { layers, differentAtEnd } = await oracle.compare(inputs);
    for (const layer of layers)
      if (layer.different > 0) expect.fail(`${layer.name}: ${layer.different} of ${layer.values} differ`);
    expect(differentAtEnd, 'the whole network').toBe(0);
    counts.push(...layers);
  }
  oracle.delete();
  return counts;
}

const ofOp = (counts: readonly LayerCount[], ...ops: readonly string[]): LayerCount[] =>
  counts.filter(({ op }) => ops.includes(op));

describe('every layer gives the bytes of LiteRT.js', () => {
  it('mobilenet_v2_0.35_160_person_int8: a golden input and two seeded ones', async () => {
    const golden: Inputs = async () => [[readBytes(PERSON_INPUT).map((x) => x ^ 0x80)]];
    const counts = [
      ...(await compareModel(PERSON_MODEL, golden)),
      ...(await compareModel(PERSON_MODEL, seeded([1, 2]))),
    ];
    expect(ofOp(counts, 'conv2d', 'depthwise_conv2d').length).toBe(3 * (35 + 17));
    expect(counts.filter(({ distinct }) => distinct > 64).length).toBeGreaterThan(100);
  });

  it('kws_dscnn_int8: seeded inputs', async () => {
    const counts = await compareModel(`${FIXTURES}kws/kws_dscnn_int8.tflite`, seeded([1, 2, 3, 4]));
    expect(ofOp(counts, 'conv2d', 'depthwise_conv2d').length).toBe(4 * 9);
  });

  const onPictures = (name: string, set: string, convolutions: number): void => {
    const path = sharedPath(`models/${name}.tflite`);
    const folder = sharedPath(`images/${set}`);
    const absent = path === undefined || folder === undefined;
    it.skipIf(absent)(
      `${name}: ${IMAGES} pictures of ${set} (needs the shared data)`,
      { timeout: 600_000 },
      async () => {
        const counts = await compareModel(path!, pictures(folder!));
        expect(ofOp(counts, 'conv2d', 'depthwise_conv2d').length).toBe(IMAGES * convolutions);
        expect(counts.filter(({ distinct }) => distinct > 64).length).toBeGreaterThan(IMAGES * 10);
      },
    );
  };
  onPictures('mobilenet_v2_1.0_224_ptq_perchannel', 'imagenet_val300', 53);
  onPictures('vww_96_int8', 'vww_test', 27);
  onPictures('ic_resnet8_int8', 'cifar10_test', 9);
  onPictures('mobilenet_v1_0.25_128_qat_uint8', 'imagenet_val300', 28);
});

describe('operators with random scales give the bytes of LiteRT.js', () => {
  it.each(operatorCases())('$name', async ({ model, inputs }) => {
    const oracle = await compileLiteRt(model);
    const [expected] = await oracle.run(inputs);
    oracle.delete();
    const plan = lowerToPlan(importModel(model, 'case.tflite'), { mode: 'xnnpack' });
    for (const engine of [referenceEngine, createWasmEngine()]) {
      const [output] = (await engine.load(plan)).run(inputs);
      expect(Buffer.compare(output!, expected!), `${engine.name} differs from LiteRT.js`).toBe(0);
    }
  });
});

it('mode tflm does not: the comparison tells the modes apart', async () => {
  const oracle = await openOracle(readBytes(PERSON_MODEL), 'person', 'tflm');
  const { layers } = await oracle.compare([readBytes(PERSON_INPUT).map((x) => x ^ 0x80)]);
  oracle.delete();
  const convolutions = ofOp(layers, 'conv2d', 'depthwise_conv2d');
  expect(convolutions.filter(({ different }) => different > 0).length).toBeGreaterThan(40);
});
