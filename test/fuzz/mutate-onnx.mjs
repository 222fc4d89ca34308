/**
 * Seeded damage to an .onnx file: raw damage to its bytes, and edits of its message tree (numbers, names, operators,
 * fields dropped, repeated or exchanged) with all lengths made right again, so that they reach past the reader.
 */
import { createRandom } from './mutate.mjs';

/** Which fields of which message hold messages; from onnx/onnx, onnx/onnx.proto. */
const SCHEMA = {
  model: { 7: 'graph', 8: 'opset' },
  graph: { 1: 'node', 5: 'tensor', 11: 'valueInfo', 12: 'valueInfo' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor' },
  valueInfo: { 2: 'type' },
  type: { 1: 'tensorType' },
  tensorType: { 2: 'shape' },
  shape: { 1: 'dimension' },
};
const OPERATORS = [
  ...[
    'Conv',
    'Gemm',
    'MatMul',
    'Add',
    'Sub',
    'Mul',
    'Div',
    'Relu',
    'Clip',
    'LeakyRelu',
    'HardSwish',
    'Softmax',
  ],
  ...[
    'MaxPool',
    'AveragePool',
    'GlobalAveragePool',
    'ReduceMean',
    'BatchNormalization',
    'Pad',
    'Concat',
    'Reshape',
  ],
  ...[
    'Flatten',
    'Squeeze',
    'Unsqueeze',
    'Transpose',
    'Resize',
    'Constant',
    'Identity',
    'Dropout',
    'Shape',
    'Gather',
  ],
  ...[
    'Slice',
    'Cast',
    'ConstantOfShape',
    'QuantizeLinear',
    'DequantizeLinear',
    'Expand',
    'Range',
    'Where',
    'Sum',
  ],
  'NoSuchOperator',
];

function readVarint(bytes, at) {
  let value = 0n;
  for (let i = 0; ; i++) {
    value |= BigInt(bytes[at + i] & 127) << BigInt(7 * i);
    if (bytes[at + i] < 128) return { value, next: at + i + 1 };
  }
}
function writeVarint(out, value) {
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 128n; rest >>= 7n) out.push(Number(rest & 127n) | 128);
  out.push(Number(rest));
}

/** The fields of an intact message. */
function parse(bytes, kind) {
  const fields = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = readVarint(bytes, at);
    const number = Number(tag.value >> 3n);
    const type = Number(tag.value & 7n);
    const field = { kind, number, type };
    if (type === 0) {
      const { value, next } = readVarint(bytes, tag.next);
      fields.push({ ...field, value });
      at = next;
      continue;
    }
    const sized = type === 2 ? readVarint(bytes, tag.next) : { value: type === 1 ? 8n : 4n, next: tag.next };
    at = sized.next + Number(sized.value);
    const content = bytes.slice(sized.next, at);
    const inner = type === 2 ? SCHEMA[kind]?.[number] : undefined;
    fields.push(inner === undefined ? { ...field, content } : { ...field, fields: parse(content, inner) });
  }
  return fields;
}

function encode(fields) {
  const chunks = [];
  for (const field of fields) {
    const head = [];
    writeVarint(head, BigInt(field.number * 8 + field.type));
    if (field.type === 0) {
      writeVarint(head, field.value);
      chunks.push(Buffer.from(head));
      continue;
    }
    const content = field.fields === undefined ? field.content : encode(field.fields);
    if (field.type === 2) writeVarint(head, BigInt(content.length));
    chunks.push(Buffer.from(head), content);
  }
  return Buffer.concat(chunks);
}

/** What `mutate` needs to know of a file; made once. */
export const prepare = (bytes) => parse(bytes, 'model');

const clone = (fields) =>
  fields.map((field) =>
    field.fields === undefined ? { ...field } : { ...field, fields: clone(field.fields) },
  );

/** Every list of fields in the tree. */
function lists(fields) {
  return [fields, ...fields.flatMap((field) => (field.fields === undefined ? [] : lists(field.fields)))];
}
const all = (tree) => lists(tree).flat();

const TREE_EDITS = {
  editNumber(tree, random) {
    const field = random.pick(all(tree).filter((candidate) => candidate.type === 0));
    const old = field.value;
    field.value = random.pick([
      0n,
      1n,
      2n,
      -1n,
      old + 1n,
      old - 1n,
      old * 2n,
      old * 1000n,
      65536n,
      1n << 31n,
      (1n << 63n) - 1n,
      -(1n << 63n),
      BigInt(random.integer(0, 64)),
    ]);
  },
  /** Another name of the file in place of one: rewires the network. */
  editName(tree, random) {
    const isName = ({ kind, number, type }) =>
      type === 2 &&
      ((kind === 'node' && number <= 2) ||
        (kind === 'tensor' && number === 8) ||
        (kind === 'valueInfo' && number === 1));
    const names = all(tree).filter(isName);
    const name = random.pick(names);
    name.content = random.pick([
      random.pick(names).content,
      random.pick(names).content,
      Buffer.alloc(0),
      Buffer.from('no such\nvalue'),
    ]);
  },
  editOperator(tree, random) {
    const types = all(tree).filter(({ kind, number }) => kind === 'node' && number === 4);
    random.pick(types).content = Buffer.from(random.pick(OPERATORS));
  },
  /** Contents of constants and attributes of few bytes: shapes, axes, scales, pads. */
  editContent(tree, random) {
    const small = all(tree).filter(
      ({ content }) => content !== undefined && content.length > 0 && content.length <= 64,
    );
    const field = random.pick(small);
    field.content = Buffer.from(field.content);
    field.content[random.integer(0, field.content.length - 1)] = random.pick([
      0,
      1,
      0x7f,
      0x80,
      0xff,
      random.integer(0, 255),
    ]);
  },
  dropField(tree, random) {
    const list = random.pick(lists(tree).filter((candidate) => candidate.length > 0));
    list.splice(random.integer(0, list.length - 1), 1);
  },
  repeatField(tree, random) {
    const list = random.pick(lists(tree).filter((candidate) => candidate.length > 0));
    const field = random.pick(list);
    const copies = random.pick([1, 1, 2, 70, 3000]);
    const small = (field.content?.length ?? 64) < 1024 && field.fields === undefined;
    for (let n = small ? copies : 1; n > 0; n--) list.push(field);
  },
  exchangeFields(tree, random) {
    const list = random.pick(lists(tree).filter((candidate) => candidate.length > 1));
    const [a, b] = [random.integer(0, list.length - 1), random.integer(0, list.length - 1)];
    [list[a], list[b]] = [list[b], list[a]];
  },
  exchangeConstants(tree, random) {
    const tensors = all(tree).filter(({ kind, number }) => kind === 'graph' && number === 5);
    if (tensors.length < 2) return;
    const [a, b] = [random.pick(tensors), random.pick(tensors)];
    const isName = ({ number }) => number === 8;
    const rest = (tensor) => tensor.fields.filter((field) => !isName(field));
    const [ofA, ofB] = [rest(a), rest(b)];
    a.fields = [...a.fields.filter(isName), ...ofB];
    b.fields = [...b.fields.filter(isName), ...ofA];
  },
};

const RAW_EDITS = {
  flipBits(bytes, random) {
    for (let n = random.integer(1, 32); n > 0; n--)
      bytes[random.integer(0, bytes.length - 1)] ^= 1 << random.integer(0, 7);
    return bytes;
  },
  truncate: (bytes, random) =>
    bytes.slice(0, random.pick([random.integer(0, 64), random.integer(0, bytes.length)])),
  moveBlock(bytes, random) {
    const length = random.integer(1, Math.min(256, bytes.length));
    const from = random.integer(0, bytes.length - length);
    bytes.copyWithin(random.integer(0, bytes.length - length), from, from + length);
    return bytes;
  },
};

/** The mutated file of one seed, and which damage was done. */
export function mutate(original, tree, seed) {
  const random = createRandom(seed);
  const kind = random.pick([...Object.keys(TREE_EDITS), ...Object.keys(RAW_EDITS)]);
  if (kind in RAW_EDITS) return { kind, bytes: RAW_EDITS[kind](original.slice(), random) };
  const copy = clone(tree);
  TREE_EDITS[kind](copy, random);
  // Several kinds of damage in one file now and then.
  while (random.integer(0, 2) === 0) TREE_EDITS[random.pick(Object.keys(TREE_EDITS))](copy, random);
  return { kind, bytes: new Uint8Array(encode(copy)) };
}
