/** Network inputs: their sizes, dynamic ones resolved, and whether a four-dimensional one is NCHW or NHWC. */
import { unsupported } from '../../support/errors.js';
import { shortLabel } from './draft.js';
import type { OnnxDimension, OnnxModel, OnnxNode, OnnxPort } from './model.js';
import { DATA_TYPES, type ElementType, typeName } from './schema.js';
import { identityOrder, NHWC } from './view.js';
import type { WireFile } from './wire.js';

/** Sizes for dynamic dimensions by their name in the file, or `<input>.<axis>` for one without a name. */
export type DimensionSizes = Readonly<Record<string, number>>;

const MAX_DIMENSION = 1 << 16;

/** Shape with every dynamic dimension filled in; the batch, axis 0, becomes 1. */
export function resolveShape(file: WireFile, port: OnnxPort, sizes: DimensionSizes): number[] {
  if (port.shape === undefined)
    throw unsupported('onnx/input-shape', `input ${shortLabel(port.name)} has no shape`, {
      where: file.fileName,
      fix: 'Export the network with a fixed input shape.',
    });
  const shape = port.shape.map((dimension, axis) => resolveDimension(file, port, dimension, axis, sizes));
  if (shape.length >= 2 && shape[0] !== 1)
    throw unsupported('onnx/batch', `input ${shortLabel(port.name)} has batch size ${shape[0]}`, {
      where: file.fileName,
      found: `[${shape.join(', ')}]`,
      fix: 'Export the network with batch size 1 or a dynamic batch.',
    });
  return shape;
}

function resolveDimension(
  file: WireFile,
  port: OnnxPort,
  dimension: OnnxDimension,
  axis: number,
  sizes: DimensionSizes,
): number {
  if (typeof dimension === 'number') {
    if (dimension > MAX_DIMENSION)
      throw file.malformed(`input ${shortLabel(port.name)} has an impossible dimension`, String(dimension));
    return dimension;
  }
  const name = dimension === '' ? `${port.name}.${axis}` : dimension;
  const given = Object.hasOwn(sizes, name) ? sizes[name]! : axis === 0 ? 1 : undefined;
  if (given === undefined)
    throw unsupported(
      'onnx/dynamic-dimension',
      `dimension ${axis} of input ${shortLabel(port.name)} is dynamic`,
      {
        where: file.fileName,
        found: `'${shortLabel(name)}'`,
        expected: 'a fixed size',
        fix: `Give its size: --dim ${shortLabel(name)}=<size> (importModel option dimensions).`,
      },
    );
  if (!Number.isInteger(given) || given < 1 || given > MAX_DIMENSION)
    throw unsupported(
      'onnx/dynamic-dimension',
      `the size given for dimension '${shortLabel(name)}' is impossible`,
      {
        where: file.fileName,
        found: String(given),
        expected: `1…${MAX_DIMENSION}`,
      },
    );
  return given;
}

/** float32, or int8 and uint8 for inputs that a DequantizeLinear reads. */
export function inputType(file: WireFile, port: OnnxPort): ElementType {
  const type = port.elementType === 0 ? 'float32' : DATA_TYPES[port.elementType]?.type;
  if (type === 'float32' || type === 'int8' || type === 'uint8') return type;
  throw unsupported(
    'onnx/input-type',
    `input ${shortLabel(port.name)} has element type ${typeName(port.elementType)}`,
    {
      where: file.fileName,
      expected: 'FLOAT, INT8 or UINT8',
    },
  );
}

/** Operators that read images as NCHW. */
const READS_NCHW = new Set([
  'Conv',
  'BatchNormalization',
  'MaxPool',
  'AveragePool',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'Resize',
]);
/** Operators that say nothing about the meaning of axes. */
const SAYS_NOTHING = new Set([
  'Identity',
  'Dropout',
  'Cast',
  'QuantizeLinear',
  'DequantizeLinear',
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Pad',
  'Relu',
  'Clip',
  'Sigmoid',
  'LeakyRelu',
]);

export type Consumers = ReadonlyMap<string, readonly OnnxNode[]>;

export function findConsumers(model: OnnxModel): Consumers {
  const consumers = new Map<string, OnnxNode[]>();
  for (const node of model.nodes)
    for (const name of new Set(node.inputs)) {
      const list = consumers.get(name);
      if (list === undefined) consumers.set(name, [node]);
      else list.push(node);
    }
  return consumers;
}

/**
 * The order of an input's axes in memory. An image is NCHW, ONNX's convention, and becomes NHWC; unless a Transpose
 * to NCHW reads it, as converters from TensorFlow write: then it is NHWC as it stands.
 */
export function inputOrder(consumers: Consumers, name: string, rank: number): readonly number[] {
  if (rank !== 4) return identityOrder(rank);
  const seen = new Set<string>([name]);
  const queue = [name];
  for (const value of queue)
    for (const node of consumers.get(value) ?? []) {
      if (READS_NCHW.has(node.opType)) return NHWC;
      if (node.opType === 'Transpose')
        return node.attributes.get('perm')?.ints?.join() === '0,3,1,2' ? identityOrder(4) : NHWC;
      if (!SAYS_NOTHING.has(node.opType)) continue;
      for (const output of node.outputs)
        if (!seen.has(output)) {
          seen.add(output);
          queue.push(output);
        }
    }
  return NHWC;
}
