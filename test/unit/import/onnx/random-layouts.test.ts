/** Random chains of operators that move axes about, against ONNX Runtime: layouts must come out right or be refused. */
import { expect, it } from 'vitest';
import { createRandom, type Random } from '../../../../src/support/random.js';
import { expectSameAsRuntime, opsOf } from '../../../support/onnx-compare.js';
import type { AttributeSpec, NodeSpec, OnnxSpec, TensorSpec } from '../../../support/onnx-encode.js';

const COUNT = Number(process.env.LAYOUT_COUNT ?? 60);
const SEED = Number(process.env.LAYOUT_SEED ?? 4000);

/** A network under construction: the current value and its shape. */
class Chain {
  readonly nodes: NodeSpec[] = [];
  readonly constants: TensorSpec[] = [];
  name = 'x';

  constructor(
    readonly random: Random,
    public shape: readonly number[],
  ) {}

  weights(...dims: readonly number[]): string {
    const data = Array.from({ length: count(dims) }, () => this.random.normal());
    return this.constant({ dims, data });
  }
  integers(data: readonly number[]): string {
    return this.constant({ dims: [data.length], type: 'int64', data });
  }
  private constant(spec: Omit<TensorSpec, 'name'>): string {
    const name = `k${this.constants.length}`;
    this.constants.push({ ...spec, name });
    return name;
  }

  add(
    op: string,
    shape: readonly number[],
    more: readonly string[] = [],
    attributes: Readonly<Record<string, AttributeSpec>> = {},
  ): void {
    const output = `v${this.nodes.length}`;
    this.nodes.push({ op, inputs: [this.name, ...more], outputs: [output], attributes });
    this.name = output;
    this.shape = shape;
  }
}
const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function shuffled(random: Random, rank: number): number[] {
  const order = Array.from({ length: rank }, (_, axis) => axis);
  for (let i = rank - 1; i > 0; i--) {
    const j = random.integer(0, i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Another shape of as many elements: prime factors dealt out at random. */
function regrouped(random: Random, shape: readonly number[]): number[] {
  const factors = shape.flatMap((size) => {
    const list: number[] = [];
    for (let rest = size, p = 2; rest > 1; ) {
      if (rest % p === 0) {
        list.push(p);
        rest /= p;
      } else p++;
    }
    return list;
  });
  const dims = new Array<number>(random.integer(2, 5)).fill(1);
  // Mostly in order, so that axes are joined and split rather than torn up.
  for (const [i, factor] of factors.entries())
    dims[Math.min(dims.length - 1, Math.floor((i * dims.length) / factors.length + random.next() * 0.6))]! *=
      factor;
  return dims;
}

/** The batch stays in front: a Graph has one sample. */
const STEPS: readonly ((chain: Chain) => void)[] = [
  (c) => {
    if (c.shape.length !== 4 || c.shape[0] !== 1) return;
    const [, depth, h, w] = c.shape as [number, number, number, number];
    if (h < 3 || w < 3) return;
    const filters = c.random.integer(2, 4);
    c.add('Conv', [1, filters, h - 2, w], [c.weights(filters, depth, 3, 3)], {
      pads: { ints: [0, 1, 0, 1] },
    });
  },
  (c) => c.add('Relu', c.shape),
  (c) => c.add('Sigmoid', c.shape),
  (c) => {
    const perm = shuffled(c.random, c.shape.length);
    const shape = perm.map((axis) => c.shape[axis]!);
    c.add('Transpose', shape, [], { perm: { ints: perm } });
  },
  (c) => {
    const dims = regrouped(c.random, c.shape);
    c.add('Reshape', dims, [c.integers(dims)]);
  },
  (c) => {
    const axis = c.random.integer(0, c.shape.length);
    const shape = [...c.shape.slice(0, axis), 1, ...c.shape.slice(axis)];
    if (shape.length <= 5) c.add('Unsqueeze', shape, [c.integers([axis])]);
  },
  (c) => {
    const axis = c.shape.indexOf(1);
    if (axis >= 0 && c.shape.length > 2)
      c.add('Squeeze', [...c.shape.slice(0, axis), ...c.shape.slice(axis + 1)], [c.integers([axis])]);
  },
  (c) => {
    const axis = c.random.integer(0, c.shape.length - 1);
    if (c.shape[axis]! > 1 && count(c.shape) > 8)
      c.add(
        'ReduceMean',
        c.shape.map((size, a) => (a === axis ? 1 : size)),
        [],
        { axes: { ints: [axis] } },
      );
  },
  (c) => {
    const axis = c.random.integer(0, c.shape.length - 1);
    if (c.shape[axis]! > 1) c.add('Softmax', c.shape, [], { axis: { int: axis } });
  },
  (c) => {
    const rank = c.random.integer(1, c.shape.length);
    const dims = c.shape.slice(-rank).map((size) => (c.random.next() < 0.5 ? 1 : size));
    c.add(c.random.pick(['Add', 'Mul', 'Sub']), c.shape, [c.weights(...dims)]);
  },
  (c) => {
    const depth = c.shape.at(-1)!;
    if (depth < 2 || depth > 400) return;
    const columns = c.random.integer(2, 6);
    c.add('MatMul', [...c.shape.slice(0, -1), columns], [c.weights(depth, columns)]);
  },
  (c) => {
    const before = c.name;
    c.add('Relu', c.shape);
    const axis = c.random.integer(0, c.shape.length - 1);
    c.add(
      'Concat',
      c.shape.map((size, a) => (a === axis ? 2 * size : size)),
      [before],
      { axis: { int: axis } },
    );
  },
  (c) => {
    const axis = c.random.integer(1, c.shape.length);
    const shape = [count(c.shape.slice(0, axis)), count(c.shape.slice(axis))];
    c.add('Flatten', shape, [], { axis: { int: axis } });
  },
];

function network(seed: number): OnnxSpec {
  const random = createRandom(seed);
  const input = random.pick([
    [1, 2, 6, 4],
    [1, 6, 5, 4],
    [1, 4, 3, 3],
    [1, 12, 4],
    [1, 24],
  ]);
  const chain = new Chain(random, input);
  const length = random.integer(3, 9);
  for (let tries = 0; chain.nodes.length < length && tries < 60; tries++)
    if (count(chain.shape) < 4000) random.pick(STEPS)(chain);
  // Something to compute even where every step above only moves values.
  chain.add('LeakyRelu', chain.shape);
  // Two dimensions leave no doubt about the order of the output.
  chain.add('Flatten', [chain.shape[0]!, count(chain.shape) / chain.shape[0]!]);
  return {
    opset: 13,
    nodes: chain.nodes,
    constants: chain.constants,
    inputs: [{ name: 'x', shape: input }],
    outputs: [{ name: chain.name }],
  };
}

it(`${COUNT} random networks compute what ONNX Runtime computes`, async () => {
  const seen = new Set<string>();
  for (let seed = SEED; seed < SEED + COUNT; seed++) {
    const spec = network(seed);
    try {
      for (const op of opsOf(await expectSameAsRuntime(spec, seed, true))) seen.add(op);
    } catch (error) {
      const story = spec.nodes.map((node) => `${node.op}(${JSON.stringify(node.attributes)})`).join(' → ');
      throw new Error(`seed ${seed}: ${(error as Error).message}\n${story}`);
    }
  }
  expect([...seen]).toEqual(
    expect.arrayContaining(['conv2d', 'fully_connected', 'transpose', 'reshape', 'mean']),
  );
});
