/**
 * The MLPerf Tiny models as .onnx: the same Graph as their .tflite, every float map equal to ONNX Runtime's, and the
 * quantised ones as plans whose maps stay within rounding of ONNX Runtime's.
 */
import { describe, expect, it } from 'vitest';
import { buildFloatNetwork } from '../../../../src/calibrate/build-network.js';
import { createFloatRunner } from '../../../../src/calibrate/run-float.js';
import { inputSpec, storeReals } from '../../../../src/data/input-spec.js';
import { quantizeModel } from '../../../../src/evaluate/quantize-model.js';
import { importModel } from '../../../../src/import/index.js';
import type { DeployPlan } from '../../../../src/ir/deploy-plan.js';
import type { Graph } from '../../../../src/ir/graph.js';
import { uniformAssignment } from '../../../../src/ir/stage-data.js';
import { lowerToPlan } from '../../../../src/lower/lower.js';
import { stepReference } from '../../../../src/ops/index.js';
import { createWasmEngine } from '../../../../src/simulate/wasm-engine.js';
import { createRandom } from '../../../../src/support/random.js';
import { expectClose, inGraphOrder, toNhwc } from '../../../support/onnx-compare.js';
import { withOutputs } from '../../../support/onnx-encode.js';
import { type OnnxResult, runOnnxRuntime } from '../../../support/onnx-runtime.js';
import { FIXTURES, readBytes, sharedPath } from '../../../support/paths.js';

interface Pair {
  readonly name: string;
  readonly size: number;
  /** Real values of an input byte. */
  readonly real: (byte: number) => number;
}
const PAIRS: readonly Pair[] = [
  { name: 'ic_resnet8', size: 32, real: (byte) => byte },
  { name: 'vww_96', size: 96, real: (byte) => byte / 255 },
];

const load = (file: string): Graph => importModel(readBytes(sharedPath(`models/${file}`)!), file);

/** Everything of a Graph but names and the numbering of tensors. */
function anatomy(graph: Graph) {
  const describeTensor = (id: number) => {
    if (id < 0) return 'absent';
    const { shape, dtype, quantization, data } = graph.tensors[id]!;
    return {
      shape,
      dtype,
      quantization,
      data,
      input: graph.inputs.indexOf(id),
      output: graph.outputs.indexOf(id),
    };
  };
  const producers = new Map(graph.nodes.map((node, index) => [node.outputs[0]!, index]));
  return graph.nodes.map(({ name: _, inputs, outputs, ...rest }) => ({
    ...rest,
    inputs: inputs.map((id) => ({ from: producers.get(id) ?? -1, tensor: describeTensor(id) })),
    outputs: outputs.map(describeTensor),
  }));
}

/** Everything of a plan but its names. */
const withoutNames = ({ name: _, tensors, steps, inputs, outputs, weights: __, ...rest }: DeployPlan) => ({
  ...rest,
  ...Object.fromEntries(
    Object.entries({ tensors, steps, inputs, outputs }).map(([key, list]) => [
      key,
      list.map(({ name: _own, ...own }) => own),
    ]),
  ),
});

/** Pixels of a smooth random picture, as NCHW and NHWC real values. */
function picture(size: number, real: (byte: number) => number, seed: number) {
  const random = createRandom(seed);
  const phases = Array.from({ length: 6 }, () => random.next() * 6.3);
  const data = Float32Array.from({ length: 3 * size * size }, (_, i) => {
    const [c, y, x] = [Math.floor(i / size / size), Math.floor(i / size) % size, i % size];
    const wave = Math.sin(x / 5 + phases[c]!) + Math.cos(y / 7 + phases[c + 3]!) + random.normal() * 0.3;
    return real(Math.max(0, Math.min(255, Math.round(128 + 60 * wave))));
  });
  const nchw: OnnxResult = { dims: [1, 3, size, size], data };
  return { nchw, nhwc: toNhwc(nchw) };
}

/** The picture in the layout that the file wants. */
const inputFor = (bytes: Uint8Array, { nchw, nhwc }: ReturnType<typeof picture>): OnnxResult => {
  // The quantised ResNet-8 was converted with its NHWC input kept.
  const wantsNhwc = bytes.length < 110_000;
  return wantsNhwc ? { dims: [1, nchw.dims[2]!, nchw.dims[3]!, 3], data: nhwc } : nchw;
};

/** The quantised ResNet-8 is a fixture; the rest is in the optional data collection. */
const quantizedPath = (name: string): string | undefined =>
  name === 'ic_resnet8'
    ? `${FIXTURES}image-classification/ic_resnet8_qdq.onnx`
    : sharedPath(`models/${name}_qdq.onnx`);

const missing = PAIRS.some(({ name }) => sharedPath(`models/${name}_float.onnx`) === undefined);

describe.skipIf(missing)('MLPerf Tiny models (needs the shared data)', () => {
  it.each(PAIRS)('$name: .onnx and .tflite give the same Graph up to names', ({ name }) => {
    const fromOnnx = load(`${name}_float.onnx`);
    const fromTflite = load(`${name}_float.tflite`);
    expect(fromOnnx.nodes.length).toBeGreaterThan(10);
    expect(anatomy(fromOnnx)).toEqual(anatomy(fromTflite));
  });

  it.each(PAIRS)(
    '$name: quantised, they give the same plan up to names, and the same bytes',
    async (pair) => {
      const { name, size, real } = pair;
      const pictures = Array.from({ length: 4 }, (_, seed) => [picture(size, real, seed).nhwc]);
      const [fromOnnx, fromTflite] = await Promise.all(
        ['onnx', 'tflite'].map(async (format) => {
          const assignment = uniformAssignment(4, 4);
          const reconstruction = { kind: 'none' } as const;
          const graph = load(`${name}_float.${format}`);
          return (await quantizeModel(graph, pictures.slice(1), { assignment, reconstruction })).plan;
        }),
      );
      expect(withoutNames(fromOnnx!)).toEqual(withoutNames(fromTflite!));
      expect(fromOnnx!.weights).toEqual(fromTflite!.weights);
      const bytes = [fromOnnx!, fromTflite!].map(async (plan) => {
        const network = await createWasmEngine().load(plan);
        return network.run([storeReals(pictures[0]![0]!, inputSpec(plan))]).map((output) => output.slice());
      });
      expect(await bytes[0]).toEqual(await bytes[1]);
    },
  );

  it.each(PAIRS)('$name: every float map equals ONNX Runtime', async ({ name, size, real }) => {
    const bytes = readBytes(sharedPath(`models/${name}_float.onnx`)!);
    const graph = importModel(bytes, name);
    const input = picture(size, real, 5);
    const names = graph.nodes.map((node) => graph.tensors[node.outputs[0]!]!.name);
    const inner = names.filter((tensor) => !graph.outputs.some((id) => graph.tensors[id]!.name === tensor));
    const expected = await runOnnxRuntime(withOutputs(bytes, inner), { input_1: inputFor(bytes, input) });
    const runner = createFloatRunner(buildFloatNetwork(graph));
    runner.run([input.nhwc]);
    let compared = 0;
    for (const layer of runner.network.layers) {
      const tensor = graph.tensors[runner.network.tensors[layer.output]!.graphTensor];
      if (tensor === undefined) continue;
      const result = expected.get(tensor.name)!;
      expectClose(runner.map(layer.output), inGraphOrder(result, tensor.shape), tensor.name);
      compared++;
    }
    expect(compared).toBe(runner.network.layers.length);
  });
});

describe.each(PAIRS)('$name, quantised', ({ name, size }) => {
  const path = quantizedPath(name);
  it.skipIf(path === undefined)(
    "every layer, fed ONNX Runtime's maps, is within one unit (needs the shared data)",
    async () => {
      const bytes = readBytes(path!);
      const graph = importModel(bytes, name);
      const plan = lowerToPlan(graph, { mode: 'single' });
      const port = plan.tensors[plan.inputs[0]!.tensor]!;
      const input = picture(size, (byte) => port.scale * (byte - 128 - port.zeroPoint), 6);
      const graphTensors = new Map(graph.nodes.map((node) => [node.name, graph.tensors[node.outputs[0]!]!]));
      // A plan's softmax has its own scale, which ONNX Runtime's real numbers know nothing of.
      const steps = plan.steps.filter((step) => step.op !== 'softmax');
      const names = steps.map((step) => graphTensors.get(step.name)!.name);
      const expected = await runOnnxRuntime(withOutputs(bytes, names), { input_1: inputFor(bytes, input) });
      const stored = (id: number, real: ArrayLike<number>): Int32Array => {
        const { scale, zeroPoint } = plan.tensors[id]!;
        return Int32Array.from(real, (v) => Math.max(-128, Math.min(127, Math.round(v / scale) + zeroPoint)));
      };
      const maps = new Map([[plan.inputs[0]!.tensor, stored(plan.inputs[0]!.tensor, input.nhwc)]]);
      const context = {
        plan,
        tensor: (id: number) => plan.tensors[id]!,
        values: (id: number) => maps.get(id)!,
      };
      for (const step of steps) {
        const tensor = graphTensors.get(step.name)!;
        const wanted = stored(step.output, inGraphOrder(expected.get(tensor.name)!, tensor.shape));
        const found = stepReference(step, context);
        const off = wanted.map((q, i) => Math.abs(q - found[i]!));
        expect(new Set(wanted).size, `${step.name} has different values`).toBeGreaterThan(1);
        expect(Math.max(...off), `${step.name}: largest difference`).toBeLessThanOrEqual(1);
        expect(off.reduce((a, b) => a + b, 0) / off.length, `${step.name}: share that differs`).toBeLessThan(
          0.02,
        );
        maps.set(step.output, wanted);
      }
    },
  );
});
