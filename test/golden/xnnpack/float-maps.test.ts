/** Every map of the float .tflite files next to LiteRT.js's; test/unit/import/onnx/models.test.ts has the .onnx files. */
import { describe, expect, it } from 'vitest';
import { buildFloatNetwork } from '../../../src/calibrate/build-network.js';
import { createFloatRunner } from '../../../src/calibrate/run-float.js';
import { importModel } from '../../../src/import/index.js';
import type { Graph } from '../../../src/ir/graph.js';
import { createRandom } from '../../../src/support/random.js';
import { compileLiteRt, exposeTensors, fixedShapes, withFloatConstant } from '../../support/litert.mjs';
import { expectClose } from '../../support/onnx-compare.js';
import { readBytes, sharedPath } from '../../support/paths.js';

/** The real values that an input byte stands for. */
const MODELS = [
  { name: 'ic_resnet8_float', real: (byte: number) => byte },
  { name: 'ic_resnet_large_float', real: (byte: number) => byte },
  { name: 'vww_96_float', real: (byte: number) => byte / 255 },
  { name: 'mobilenet_v1_0.25_128_float', real: (byte: number) => byte / 127.5 - 1 },
  { name: 'kws_dscnn_float', real: (byte: number) => (byte - 211) * 0.584703 },
];
const SEEDS = [1, 2, 3];
const ABSENT = MODELS.some(({ name }) => sharedPath(`models/${name}.tflite`) === undefined);

/** The keyword spotter's file stores int8 weights, per tensor: LiteRT.js would round their inputs to int8 as well. */
function withRealWeights(bytes: Uint8Array, graph: Graph): Uint8Array {
  return graph.tensors.reduce((model, { id, dtype, data, quantization }) => {
    if (dtype !== 'int8' || data === undefined) return model;
    const { scale, zeroPoint } = quantization!;
    expect([scale.length, zeroPoint[0]]).toEqual([1, 0]);
    return withFloatConstant(
      model,
      id,
      Float32Array.from(data as Int8Array, (q) => q * scale[0]!),
    );
  }, bytes);
}

/** Bytes of a smooth random picture, [height][width][channels]. */
function picture([height, width, channels]: readonly [number, number, number], seed: number): number[] {
  const random = createRandom(seed);
  const phases = Array.from({ length: 2 * channels }, () => random.next() * 6.3);
  return Array.from({ length: height * width * channels }, (_, i) => {
    const [c, x, y] = [
      i % channels,
      Math.floor(i / channels) % width,
      Math.floor(i / channels / width) % height,
    ];
    const wave = Math.sin(x / 5 + phases[c]!) + Math.cos(y / 7 + phases[channels + c]!);
    return Math.max(0, Math.min(255, Math.round(128 + 60 * (wave + random.normal() * 0.3))));
  });
}

describe('every float map is within 1e-4 of its range of LiteRT.js', () => {
  it.skipIf(ABSENT).each(MODELS)('$name (needs the shared data)', async ({ name, real }) => {
    const bytes = readBytes(sharedPath(`models/${name}.tflite`)!);
    const graph = importModel(bytes, name);
    const network = buildFloatNetwork(graph);
    const runner = createFloatRunner(network);
    const layers = network.layers.filter(({ output }) => network.tensors[output]!.graphTensor >= 0);
    expect(layers.length, 'every layer has its map in the file').toBe(network.layers.length);
    const tensors = layers.map(({ output }) => network.tensors[output]!.graphTensor);
    const model = await compileLiteRt(exposeTensors(withRealWeights(fixedShapes(bytes), graph), tensors));
    for (const seed of SEEDS) {
      const { tensor } = network.inputs[0]!;
      const input = Float32Array.from(picture(network.tensors[tensor]!.shape, seed), real);
      const outputs = await model.run([new Uint8Array(input.buffer)]);
      runner.run([input]);
      layers.forEach((layer, i) => {
        const expected = new Float32Array(outputs[i]!.buffer, outputs[i]!.byteOffset, outputs[i]!.length / 4);
        expectClose(runner.map(layer.output), expected, `${layer.name}, seed ${seed}`, true);
      });
    }
    model.delete();
  });
});
