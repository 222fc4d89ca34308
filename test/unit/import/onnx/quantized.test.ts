/** QuantizeLinear and DequantizeLinear: integer graphs whose layers agree with ONNX Runtime within rounding. */
import { describe, expect, it } from 'vitest';
import { importModel } from '../../../../src/import/index.js';
import { lowerToPlan } from '../../../../src/lower/lower.js';
import { referenceEngine } from '../../../../src/simulate/reference-engine.js';
import { createRandom } from '../../../../src/support/random.js';
import { inGraphOrder, opsOf, toNhwc } from '../../../support/onnx-compare.js';
import {
  encodeOnnx,
  type NodeSpec,
  type OnnxSpec,
  type OnnxType,
  type TensorSpec,
} from '../../../support/onnx-encode.js';
import { runOnnxRuntime } from '../../../support/onnx-runtime.js';

const random = createRandom(11);
const IMAGE = [1, 4, 6, 9];
type Stored = 'int8' | 'uint8';

/** Collects nodes and constants of a quantised network while it is written down. */
class Qdq {
  readonly nodes: NodeSpec[] = [];
  readonly constants: TensorSpec[] = [];
  private count = 0;

  constructor(private readonly type: Stored) {}

  /** QuantizeLinear and DequantizeLinear behind `value`. */
  pair(value: string, scale: number, zeroPoint: number): string {
    const [q, d] = [`${value}_q`, `${value}_dq`];
    this.parameters(value, [scale], [zeroPoint], this.type);
    this.nodes.push({ op: 'QuantizeLinear', inputs: [value, `${value}_s`, `${value}_z`], outputs: [q] });
    this.nodes.push({ op: 'DequantizeLinear', inputs: [q, `${value}_s`, `${value}_z`], outputs: [d] });
    return d;
  }

  private parameters(name: string, scale: readonly number[], zero: readonly number[], type: OnnxType): void {
    const dims = scale.length === 1 ? [] : [scale.length];
    this.constants.push({ name: `${name}_s`, dims, data: scale });
    this.constants.push({ name: `${name}_z`, dims, type, data: zero });
  }

  /** A de-quantised constant. */
  constant(
    name: string,
    dims: readonly number[],
    type: OnnxType,
    scale: readonly number[],
    zero: number,
  ): string {
    const [low, high] = type === 'int32' ? [-400, 400] : type === 'int8' ? [-127, 127] : [0, 255];
    const data = Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => random.integer(low, high));
    this.constants.push({ name: `${name}_i`, dims, type, data });
    this.parameters(
      name,
      scale,
      scale.map(() => zero),
      type,
    );
    this.nodes.push({
      op: 'DequantizeLinear',
      inputs: [`${name}_i`, `${name}_s`, `${name}_z`],
      outputs: [name],
      attributes: { axis: { int: 0 } },
    });
    return name;
  }

  add(op: string, inputs: readonly string[], attributes: NodeSpec['attributes'] = {}): string {
    const output = `${op.toLowerCase()}_${this.count++}`;
    this.nodes.push({ op, inputs, outputs: [output], attributes });
    return output;
  }

  model(output: string, shape: readonly number[] = IMAGE): OnnxSpec {
    const nodes = [...this.nodes, { op: 'Identity', inputs: [output], outputs: ['y'] }];
    return { nodes, constants: this.constants, inputs: [{ name: 'x', shape }], outputs: [{ name: 'y' }] };
  }
}

/**
 * Runs the plan and ONNX Runtime on the same input, in units of the output's scale. In mode `single`, whose one
 * rounding is nearest to ONNX's real arithmetic.
 */
async function differences(spec: OnnxSpec, seed = 3) {
  const bytes = encodeOnnx(spec);
  const graph = importModel(bytes, 'm.onnx');
  const plan = lowerToPlan(graph, { mode: 'single' });
  const port = plan.tensors[plan.inputs[0]!.tensor]!;
  const source = createRandom(seed);
  const dims = spec.inputs[0]!.shape as number[];
  const data = Float32Array.from(
    { length: dims.reduce((a, b) => a * b, 1) },
    () => (source.integer(-128, 127) - port.zeroPoint) * port.scale,
  );
  const input = { dims, data };
  const expected = (await runOnnxRuntime(bytes, { x: input })).get('y')!;
  const packed = Uint8Array.from(
    dims.length === 4 ? toNhwc(input) : data,
    (value) => Math.round(value / port.scale) + port.zeroPoint,
  );
  const [result] = (await referenceEngine.load(plan)).run([packed]);
  const output = plan.tensors[plan.outputs[0]!.tensor]!;
  const real = inGraphOrder(expected, graph.tensors[graph.outputs[0]!]!.shape);
  const off = Array.from(real, (value, i) =>
    Math.abs(value / output.scale + output.zeroPoint - ((result![i]! << 24) >> 24)),
  );
  expect(new Set(real).size).toBeGreaterThan(3);
  return { graph, plan, largest: Math.max(...off), mean: off.reduce((a, b) => a + b, 0) / off.length };
}

describe.each(['int8', 'uint8'] as const)('activations of %s', (type) => {
  const middle = type === 'uint8' ? 128 : 0;
  const input = (q: Qdq) => q.pair('x', 0.05, middle - 20);
  const convolved = (q: Qdq, attributes: NodeSpec['attributes'] = { pads: { ints: [1, 1, 1, 1] } }) => {
    const w = q.constant('w', [5, 4, 3, 3], 'int8', [0.01, 0.02, 0.015, 0.005, 0.01], 0);
    const b = q.constant('b', [5], 'int32', [0.0005, 0.001, 0.00075, 0.00025, 0.0005], 0);
    return q.add('Conv', [input(q), w, b], attributes);
  };

  it('Conv with int8 weights per channel, Relu fused', async () => {
    const q = new Qdq(type);
    const y = q.pair(q.add('Relu', [convolved(q)]), 0.2, middle - 128);
    const { graph, largest, mean } = await differences(q.model(y));
    expect(opsOf(graph)).toEqual(['quantize', 'conv2d', 'dequantize']);
    expect(graph.tensors[graph.nodes[1]!.inputs[0]!]!.wasUint8 ?? false).toBe(type === 'uint8');
    expect(largest).toBeLessThanOrEqual(1.001);
    expect(mean).toBeLessThan(0.02);
  });

  it('Conv with uint8 weights per tensor and a float bias', async () => {
    const q = new Qdq(type);
    const w = q.constant('w', [5, 4, 3, 3], 'uint8', [0.01], 131);
    q.constants.push({ name: 'b', dims: [5], data: [0.3, -1, 2, 0.25, 0] });
    const y = q.pair(q.add('Conv', [input(q), w, 'b']), 0.2, middle);
    const { largest, mean } = await differences(q.model(y));
    expect(largest).toBeLessThanOrEqual(1.001);
    expect(mean).toBeLessThan(0.02);
  });

  it('depthwise and grouped Conv', async () => {
    const q = new Qdq(type);
    const w = q.constant('w', [4, 1, 3, 3], 'int8', [0.01, 0.02, 0.015, 0.005], 0);
    const v = q.constant('v', [6, 2, 1, 1], 'int8', [0.01, 0.02, 0.015, 0.005, 0.01, 0.02], 0);
    const d = q.pair(q.add('Conv', [input(q), w], { group: { int: 4 } }), 0.1, middle);
    const y = q.pair(q.add('Conv', [d, v], { group: { int: 2 } }), 0.2, middle);
    const { graph, largest } = await differences(q.model(y));
    expect(opsOf(graph)).toEqual(['quantize', 'depthwise_conv2d', 'conv2d', 'dequantize']);
    // One unit of the first map weighs up to 127 · 0.02 · 0.1 units in two channels of the second.
    expect(largest).toBeLessThanOrEqual(4);
  });

  it('Add of two maps and of a constant', async () => {
    const q = new Qdq(type);
    const x = input(q);
    const c = q.constant('c', [4, 1, 1], 'int8', [0.02], 0);
    const shifted = q.pair(q.add('Add', [x, c]), 0.07, middle + 3);
    const y = q.pair(q.add('Add', [x, shifted]), 0.1, middle);
    const { largest } = await differences(q.model(y));
    expect(largest).toBeLessThanOrEqual(2);
  });

  it('MaxPool into another scale is followed by a quantize', async () => {
    const q = new Qdq(type);
    const y = q.pair(q.add('MaxPool', [input(q)], { kernel_shape: { ints: [2, 2] } }), 0.08, middle);
    const { graph, largest } = await differences(q.model(y));
    expect(opsOf(graph)).toEqual(['quantize', 'max_pool2d', 'quantize', 'dequantize']);
    expect(largest).toBeLessThanOrEqual(1.001);
  });

  it.each([
    ['the whole map', [6, 9], 'mean'],
    ['parts of it', [3, 2], 'depthwise_conv2d'],
  ] as const)('AveragePool of %s into another scale rounds once', async (_, kernel, op) => {
    const q = new Qdq(type);
    const y = q.pair(q.add('AveragePool', [input(q)], { kernel_shape: { ints: kernel } }), 0.013, middle);
    const { graph, largest, mean } = await differences(q.model(y));
    expect(opsOf(graph)).toEqual(['quantize', op, 'dequantize']);
    expect(largest).toBeLessThanOrEqual(1.001);
    expect(mean).toBeLessThan(0.05);
  });

  it('Concat, Reshape and Transpose between quantised values', async () => {
    const q = new Qdq(type);
    const x = input(q);
    const relu = q.pair(q.add('Relu', [x]), 0.04, middle - 128);
    const joined = q.pair(q.add('Concat', [x, relu], { axis: { int: 1 } }), 0.06, middle);
    q.constants.push({ name: 'shape', dims: [3], type: 'int64', data: [1, 8, 54] });
    const flat = q.add('Reshape', [joined, 'shape']);
    const y = q.pair(q.add('Transpose', [flat], { perm: { ints: [0, 2, 1] } }), 0.06, middle);
    const { graph, largest } = await differences(q.model(y));
    expect(opsOf(graph)).toEqual(['quantize', 'relu', 'concatenation', 'reshape', 'dequantize']);
    expect(largest).toBeLessThanOrEqual(2);
  });

  it('Gemm on a flattened map, then Softmax with no QuantizeLinear behind it', async () => {
    const q = new Qdq(type);
    const flat = q.add('Flatten', [input(q)]);
    const w = q.constant('w', [6, 216], 'int8', [0.003], 0);
    const b = q.constant('b', [6], 'int32', [0.00015], 0);
    const logits = q.pair(q.add('Gemm', [flat, w, b], { transB: { int: 1 } }), 0.06, middle);
    const { graph, plan, largest } = await differences(q.model(q.add('Softmax', [logits])));
    expect(opsOf(graph)).toEqual(['quantize', 'reshape', 'fully_connected', 'softmax', 'dequantize']);
    expect(plan.tensors[plan.outputs[0]!.tensor]).toMatchObject({ scale: 1 / 256, zeroPoint: -128 });
    expect(largest).toBeLessThanOrEqual(6);
  });
});

describe('edges', () => {
  it('stored inputs and outputs stay stored', () => {
    const q = new Qdq('uint8');
    q.constants.push(
      { name: 's', dims: [], data: [0.1] },
      { name: 'z', dims: [], type: 'uint8', data: [100] },
    );
    const graph = importModel(
      encodeOnnx({
        nodes: [
          { op: 'DequantizeLinear', inputs: ['x', 's', 'z'], outputs: ['r'] },
          { op: 'MaxPool', inputs: ['r'], outputs: ['p'], attributes: { kernel_shape: { ints: [2, 2] } } },
          { op: 'QuantizeLinear', inputs: ['p', 's', 'z'], outputs: ['y'] },
        ],
        constants: q.constants,
        inputs: [{ name: 'x', shape: IMAGE, type: 'uint8' }],
        outputs: [{ name: 'y', type: 'uint8' }],
      }),
      'm.onnx',
    );
    expect(opsOf(graph)).toEqual(['max_pool2d']);
    const quantization = { scale: [Math.fround(0.1)], zeroPoint: [-28], axis: 0 };
    for (const id of [graph.inputs[0]!, graph.outputs[0]!])
      expect(graph.tensors[id]).toMatchObject({ dtype: 'int8', wasUint8: true, quantization });
    expect(lowerToPlan(graph, { mode: 'tflm' }).inputs).toMatchObject([{ name: 'x', dtype: 'uint8' }]);
  });

  it('values without a QuantizeLinear are named', () => {
    const q = new Qdq('int8');
    const x = q.pair('x', 0.1, 0);
    const w = q.constant('w', [4, 4, 1, 1], 'int8', [0.01], 0);
    const conv = q.add('Conv', [x, w]);
    const y = q.pair(q.add('LeakyRelu', [conv]), 0.1, 0);
    expect(() => importModel(encodeOnnx(q.model(y)), 'm.onnx')).toThrow(
      /^m\.onnx: the network is quantised in part only, 1 value\(s\) are not: conv_0 \(conv2d\) has no QuantizeLinear behind it\. Put/,
    );
  });
});
