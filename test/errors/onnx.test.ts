/** Broken and unsupported .onnx files, each with its exact message. */
import { describe, expect, it } from 'vitest';
import { importModel } from '../../src/import/index.js';
import { QuantmcuError } from '../../src/support/errors.js';
import { runInMemory } from '../support/memory-environment.js';
import { encodeOnnx, type NodeSpec, type OnnxSpec, type TensorSpec } from '../support/onnx-encode.js';
import { FIXTURES, readBytes } from '../support/paths.js';

const IMAGE = [1, 3, 4, 4];
const weights = (name: string, ...dims: readonly number[]): TensorSpec => ({
  name,
  dims,
  data: new Array<number>(dims.reduce((a, b) => a * b, 1)).fill(0.5),
});
const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  more: Partial<NodeSpec> = {},
): NodeSpec => ({
  op,
  inputs,
  outputs: [output],
  ...more,
});
const network = (nodes: readonly NodeSpec[], more: Partial<OnnxSpec> = {}): OnnxSpec => ({
  nodes,
  inputs: [{ name: 'x', shape: IMAGE }],
  outputs: [{ name: 'y' }],
  ...more,
});
const SOUND = network([node('Relu', ['x'], 'y')]);

function failure(bytes: Uint8Array, options = {}): QuantmcuError {
  try {
    importModel(bytes, 'm.onnx', options);
  } catch (error) {
    if (error instanceof QuantmcuError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
}
const refused = (spec: OnnxSpec) => {
  const { code, message } = failure(encodeOnnx(spec));
  return { code, message };
};

it('accepts the file that the cases below break', () => {
  expect(importModel(encodeOnnx(SOUND), 'm.onnx').nodes).toHaveLength(1);
});

describe('unsupported operators', () => {
  it('are all reported at once, with what is missing for each', () => {
    const spec = network(
      [
        node('Einsum', ['x'], 'a', { name: '/model/einsum' }),
        node('Relu', ['a'], 'b'),
        node('Conv', ['x', 'w'], 'c', { attributes: { pads: { ints: [-1, 0, 0, 0] } } }),
        node('QLinearAdd', ['c'], 'd', { domain: 'com.microsoft' }),
        node('Resize', ['x', '', 's'], 'e', { attributes: { mode: { text: 'linear' } } }),
        node('Add', ['b', 'd'], 'f'),
        node('Sum', ['e', 'f'], 'y'),
      ],
      { constants: [weights('w', 2, 3, 1, 1), { name: 's', dims: [4], data: [1, 1, 2, 2] }] },
    );
    expect(refused(spec)).toEqual({
      code: 'onnx/operators',
      message:
        "m.onnx: 4 unsupported operator(s): Einsum (node 0) '/model/einsum': no reader for this operator [inputs x; outputs a]; " +
        'Conv (node 2): its pads are negative [inputs x, w; outputs c]; ' +
        'QLinearAdd (node 3): no reader for this operator of domain com.microsoft [inputs c; outputs d]; ' +
        'Resize (node 4): its mode is linear [inputs x, s; outputs e]. ' +
        'Remove these operators from the exported network, or cut it before them.',
    });
  });

  it.each<readonly [string, NodeSpec, string]>([
    ['padding with other values', node('Pad', ['x', 'pads', 'one'], 'y'), 'it pads with 0.5 instead of zero'],
    [
      'reflecting padding',
      node('Pad', ['x', 'pads'], 'y', { attributes: { mode: { text: 'reflect' } } }),
      'it pads in mode reflect',
    ],
    ['weights computed at run time', node('Conv', ['x', 'x'], 'y'), 'its weights must be constant'],
    ['products of two maps', node('MatMul', ['x', 'x'], 'y'), 'both operands are computed at run time'],
    [
      'training mode',
      node('BatchNormalization', ['x', 'c', 'c', 'c', 'c'], 'y', {
        attributes: { training_mode: { int: 1 } },
      }),
      'it is in training mode; export the network for inference',
    ],
    ['reshaping to a computed shape', node('Reshape', ['x', 'x'], 'y'), 'its shape must be constant'],
    [
      'weights in another file',
      node('Conv', ['x', 'far'], 'y'),
      'tensor far has its values in another file; save the model with its data inside (one .onnx file)',
    ],
    [
      'element types that are not read',
      node('Conv', ['x', 'wide'], 'y'),
      'tensor wide has element type INT4',
    ],
    ['cutting a map', node('Slice', ['x', 'from', 'to'], 'y'), 'it cuts a value computed at run time'],
  ])('%s', (_, broken, reason) => {
    const spec = network([broken], {
      constants: [
        { name: 'pads', dims: [8], type: 'int64', data: [0, 0, 1, 1, 0, 0, 1, 1] },
        { name: 'one', dims: [], data: [0.5] },
        { name: 'from', dims: [2], type: 'int64', data: [0, 0] },
        { name: 'to', dims: [2], type: 'int64', data: [1, 2] },
        weights('c', 3),
        { ...weights('far', 2, 3, 1, 1), storage: 'external' },
      ],
    });
    const bytes = encodeOnnx(spec);
    const { code, message } = failure(broken.inputs.includes('wide') ? withInt4(bytes) : bytes);
    expect(code).toBe('onnx/operators');
    expect(message).toContain(`: ${reason} [`);
  });
});

/** A constant of type INT4, which the encoder does not know, as the bytes of an initializer. */
const int4Constant = Buffer.from([0x2a, 0x0a, 0x08, 0x02, 0x10, 0x16, 0x42, 0x04, ...Buffer.from('wide')]);
/** The model with that constant inside its graph, whose length grows with it. */
function withInt4(bytes: Uint8Array): Uint8Array {
  // The graph is field 7, behind ir_version (two bytes); its length takes two bytes here.
  const length = (bytes[3]! & 127) + bytes[4]! * 128;
  const graph = Buffer.concat([bytes.subarray(5, 5 + length), int4Constant]);
  const head = [bytes[0]!, bytes[1]!, bytes[2]!, (graph.length & 127) | 128, graph.length >> 7];
  return new Uint8Array(Buffer.concat([Buffer.from(head), graph, bytes.subarray(5 + length)]));
}

describe('dynamic dimensions', () => {
  const dynamic = (...shape: readonly (number | string)[]): OnnxSpec => ({
    ...SOUND,
    inputs: [{ name: 'x', shape }],
  });
  it('a dynamic batch becomes 1', () => {
    const graph = importModel(encodeOnnx(dynamic('N', 3, 4, 5)), 'm.onnx');
    expect(graph.tensors[graph.inputs[0]!]!.shape).toEqual([1, 4, 5, 3]);
  });
  it('any other is named with the option that fixes it', () => {
    expect(refused(dynamic('N', 3, 'height', 4))).toEqual({
      code: 'onnx/dynamic-dimension',
      message:
        "m.onnx: dimension 2 of input x is dynamic; found 'height'; expected a fixed size. Give its size: --dim height=<size> (importModel option dimensions).",
    });
    expect(refused(dynamic('N', 3, 4, '')).message).toContain('Give its size: --dim x.3=<size>');
  });
  it('and the option does fix it', () => {
    const options = { dimensions: { height: 6, 'x.3': 7 } };
    const graph = importModel(encodeOnnx(dynamic('N', 3, 'height', '')), 'm.onnx', options);
    expect(graph.tensors[graph.outputs[0]!]!.shape).toEqual([1, 6, 7, 3]);
  });
  it('on the command line too', async () => {
    const files = { 'm.onnx': encodeOnnx(dynamic('N', 3, 'height', '')) };
    const without = await runInMemory(['inspect', 'm.onnx'], files);
    expect(without.stderr).toContain('--dim height=<size>');
    const given = await runInMemory(['inspect', 'm.onnx', '--dim', 'height=6', '--dim', 'x.3=7'], files);
    expect(given.stderr).toBe('');
    expect(given.stdout).toMatch(/6.7.3/);
    const wrong = await runInMemory(['inspect', 'm.onnx', '--dim', 'height'], files);
    expect(wrong.stderr).toContain('expected name=size');
  });
  it('impossible sizes are refused', () => {
    const { message } = failure(encodeOnnx(dynamic('N', 3, 'h', 4)), { dimensions: { h: 0 } });
    expect(message).toBe("m.onnx: the size given for dimension 'h' is impossible; found 0; expected 1…65536");
  });
  it('a fixed batch other than 1 is refused', () => {
    expect(refused(dynamic(8, 3, 4, 4)).message).toBe(
      'm.onnx: input x has batch size 8; found [8, 3, 4, 4]. Export the network with batch size 1 or a dynamic batch.',
    );
  });
});

describe('inconsistent models', () => {
  it.each<readonly [string, OnnxSpec, string, string]>([
    [
      'an old operator set',
      { ...SOUND, opset: 9 },
      'onnx/opset',
      'm.onnx: the operator set is not supported; found opset 9; expected 11…23. Export the model again with opset_version=17, or convert it with onnx.version_converter.',
    ],
    [
      'a value that nothing computes',
      network([node('Relu', ['z'], 'y')]),
      'onnx/malformed',
      'm.onnx: Relu (node 0) reads z before anything computes it',
    ],
    [
      'nodes out of order',
      network([node('Relu', ['a'], 'y'), node('Relu', ['x'], 'a')]),
      'onnx/malformed',
      'm.onnx: Relu (node 0) reads a before anything computes it',
    ],
    [
      'a value defined twice',
      network([node('Relu', ['x'], 'y'), node('Relu', ['x'], 'y')]),
      'onnx/malformed',
      'm.onnx: value y is defined twice',
    ],
    [
      'an output that nothing computes',
      network([node('Relu', ['x'], 'z')]),
      'onnx/malformed',
      'm.onnx: output y is not computed',
    ],
    [
      'a constant output',
      network([node('Constant', [], 'y', { attributes: { value_float: { float: 1 } } })]),
      'onnx/output',
      'm.onnx: output y does not depend on the inputs. Remove this output from the exported network.',
    ],
    [
      'weights for other channels',
      network([node('Conv', ['x', 'w'], 'y')], { constants: [weights('w', 2, 5, 1, 1)] }),
      'onnx/malformed',
      'm.onnx: Conv (node 0) has weights [2, 5, 1, 1] in 1 group(s) for 3 channels',
    ],
    [
      'operands that do not broadcast',
      network([node('Add', ['x', 'w'], 'y')], { constants: [weights('w', 3)] }),
      'onnx/malformed',
      'm.onnx: Add (node 0) has operands that do not broadcast; found [1, 3, 4, 4] and [3]',
    ],
    [
      'a window larger than its input',
      network([node('MaxPool', ['x'], 'y', { attributes: { kernel_shape: { ints: [9, 9] } } })]),
      'onnx/malformed',
      'm.onnx: MaxPool (node 0) has a window larger than its input; found kernel 9; expected input 4',
    ],
    [
      'a reshape that loses elements',
      network([node('Reshape', ['x', 's'], 'y')], {
        constants: [{ name: 's', dims: [2], type: 'int64', data: [1, 47] }],
      }),
      'onnx/malformed',
      'm.onnx: Reshape (node 0) changes the number of elements; found [1, 3, 4, 4] to [1, 47]',
    ],
    [
      'values that do not fill their shape',
      network([node('Add', ['x', 'w'], 'y')], { constants: [{ name: 'w', dims: [3], data: [1, 2] }] }),
      'onnx/malformed',
      'm.onnx: tensor w has values that do not match its shape; found 8 bytes; expected 12',
    ],
    [
      'an input of another type',
      { ...SOUND, inputs: [{ name: 'x', shape: IMAGE, type: 'int64' }] },
      'onnx/input-type',
      'm.onnx: input x has element type INT64; expected FLOAT, INT8 or UINT8',
    ],
    [
      'an input without a shape',
      { ...SOUND, inputs: [{ name: 'x' }] },
      'onnx/input-shape',
      'm.onnx: input x has no shape. Export the network with a fixed input shape.',
    ],
  ])('%s', (_, spec, code, message) => {
    expect(refused(spec)).toEqual({ code, message });
  });
});

describe('corrupt files', () => {
  const intact = readBytes(`${FIXTURES}onnx/tiny_float.onnx`);
  it('cut off anywhere, are refused in one line', () => {
    for (let length = 2; length < intact.length; length += 37) {
      const { kind, message } = failure(intact.slice(0, length));
      expect(kind, `cut at ${length}`).toBe('input');
      expect(message).toMatch(/^m\.onnx: [^\n]+$/);
    }
  });
  it('say where they end', () => {
    expect(failure(intact.slice(0, 900)).message).toBe(
      `m.onnx: field 7 of the model reaches past its end; found ${intact.length - 10} bytes; expected at most 894`,
    );
  });
  it('of another kind are no model', () => {
    expect(failure(new TextEncoder().encode('hello world')).code).toBe('import/unknown-format');
  });
});

describe('hostile files', () => {
  it('that unfold to far more than they hold are stopped', () => {
    const size = [4096, 4096];
    const fills = Array.from({ length: 40 }, (_, i) => node('ConstantOfShape', ['s'], `c${i}`));
    const spec = network([...fills, node('Relu', ['x'], 'y')], {
      constants: [{ name: 's', dims: [2], type: 'int64', data: size }],
    });
    expect(refused(spec)).toEqual({
      code: 'onnx/amplified',
      message:
        'm.onnx: ConstantOfShape (node 1) unfolds to far more data than the file holds. The file is corrupt or hostile; export it again.',
    });
  });
  it('with thousands of equal names and refusals end quickly and in one line', () => {
    const nodes = Array.from({ length: 5000 }, (_, i) => node('Einsum', ['x'], `n${i}`, { name: 'same' }));
    const { message } = refused(network([...nodes, node('Relu', ['x'], 'y')]));
    expect(message).toContain('5000 unsupported operator(s)');
    expect(message).toContain('; and 4980 more.');
    expect(message.length).toBeLessThan(4000);
  });
});
