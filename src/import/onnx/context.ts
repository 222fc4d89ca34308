/** What the reader of one ONNX operator sees: its inputs as values, its attributes, and how to refuse or complain. */
import { shapeElements } from '../../ops/graph-shapes.js';
import { type Constant, numbersOf, type QuantizationParameters, reshapeConstant } from './constant.js';
import { type Draft, shortLabel } from './draft.js';
import type { OnnxNode } from './model.js';
import type { ElementType } from './schema.js';
import { reshapeView, type View, viewOf } from './view.js';
import type { WireFile } from './wire.js';

export interface ConstantValue {
  readonly kind: 'constant';
  readonly constant: Constant;
}
export interface ActivationValue {
  readonly kind: 'activation';
  readonly view: View;
  /** Present between QuantizeLinear and DequantizeLinear: the value stands for stored integers. */
  readonly stored?: QuantizationParameters;
}
/** What an unsupported operator would have computed; whatever reads it is passed over, unless a problem is named. */
export interface UnknownValue {
  readonly kind: 'unknown';
  readonly problem?: string;
}
/** A quantised network input in front of its DequantizeLinear. */
export interface StoredInputValue {
  readonly kind: 'stored input';
  readonly view: View;
  readonly type: ElementType;
}
export type Value = ConstantValue | ActivationValue | UnknownValue | StoredInputValue;

/** A valid operator that we cannot process. */
export class Refusal extends Error {
  constructor(
    reason: string,
    /** True when the cause has been reported already. */
    readonly known = false,
  ) {
    super(reason);
  }
}

export const constantValue = (constant: Constant): ConstantValue => ({ kind: 'constant', constant });
export const activation = (view: View): ActivationValue => ({ kind: 'activation', view });

export class OperatorContext {
  constructor(
    readonly file: WireFile,
    readonly node: OnnxNode,
    readonly opset: number,
    readonly draft: Draft,
    /** undefined for an absent optional input. */
    readonly inputs: readonly (Value | undefined)[],
  ) {}

  /** For messages: `Conv (node 3)`. */
  get label(): string {
    return `${this.node.opType} (node ${this.node.index})`;
  }
  /** Name of the first output, after which tensors are called. */
  get name(): string {
    return this.node.outputs[0] ?? this.node.name;
  }

  refuse(reason: string): never {
    throw new Refusal(reason);
  }
  malformed(message: string, found?: string, expected?: string): Error {
    return this.file.malformed(`${this.label} ${message}`, found, expected);
  }

  int(name: string, fallback: number): number {
    return this.node.attributes.get(name)?.int ?? fallback;
  }
  float(name: string, fallback: number): number {
    return this.node.attributes.get(name)?.float ?? fallback;
  }
  text(name: string, fallback: string): string {
    return this.node.attributes.get(name)?.text ?? fallback;
  }
  ints(name: string): readonly number[] | undefined {
    return this.node.attributes.get(name)?.ints;
  }

  has(index: number): boolean {
    return this.inputs[index] !== undefined;
  }

  value(index: number): ConstantValue | ActivationValue {
    const value = this.inputs[index];
    if (value === undefined) throw this.malformed(`lacks input ${index}`);
    if (value.kind === 'unknown') {
      if (value.problem === undefined) throw new Refusal('', true);
      return this.refuse(`tensor ${shortLabel(this.node.inputs[index]!)} ${value.problem}`);
    }
    if (value.kind === 'stored input') return this.refuse('it works on stored integers');
    return value;
  }

  /** A value computed at run time, in real numbers. */
  view(index: number): View {
    const value = this.value(index);
    if (value.kind === 'constant') return this.refuse(`input ${index} is a constant`);
    if (value.stored !== undefined) return this.refuse('it works on stored integers');
    return value.view;
  }

  constant(index: number, what: string): Constant {
    const value = this.value(index);
    return value.kind === 'constant' ? value.constant : this.refuse(`its ${what} must be constant`);
  }
  optionalConstant(index: number, what: string): Constant | undefined {
    return this.has(index) ? this.constant(index, what) : undefined;
  }
  scalar(index: number, what: string): number | undefined {
    const constant = this.optionalConstant(index, what);
    if (constant === undefined) return undefined;
    if (constant.data.length !== 1)
      throw this.malformed(`has ${what} of ${constant.data.length} values`, undefined, '1');
    return constant.data[0]!;
  }
  integers(index: number, what: string): number[] | undefined {
    const constant = this.optionalConstant(index, what);
    if (constant === undefined) return undefined;
    if (constant.data.length > 64) throw this.malformed(`has ${what} of ${constant.data.length} values`);
    return numbersOf(constant);
  }

  /** Axes as an attribute in older operator sets, as an input in newer ones. */
  axes(input: number, rank: number): number[] | undefined {
    const axes = this.ints('axes') ?? this.integers(input, 'axes');
    return axes === undefined ? undefined : axes.map((axis) => this.axis(axis, rank));
  }
  /** A non-negative axis. */
  axis(axis: number, rank: number): number {
    const positive = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(positive) || positive < 0 || positive >= rank)
      throw this.malformed('has an axis outside its input', String(axis), `${-rank}…${rank - 1}`);
    return positive;
  }

  /** The view under another shape, through a copy in ONNX's own order where a view cannot express it. */
  reshaped(view: View, dims: readonly number[]): View {
    if (shapeElements(dims) !== shapeElements(view.dims))
      throw this.malformed(
        'changes the number of elements',
        `[${view.dims.join(', ')}] to [${dims.join(', ')}]`,
      );
    const direct = reshapeView(view, dims);
    if (direct !== undefined) return direct;
    const order = view.dims.map((_, axis) => axis);
    const copy = this.draft.materialize(view, order, `${this.name}/contiguous`);
    return reshapeView(viewOf(copy, view.dims, order), dims)!;
  }
  reshapedConstant(constant: Constant, dims: readonly number[]): Constant {
    if (shapeElements(dims) !== constant.data.length)
      throw this.malformed(
        'changes the number of elements',
        `[${constant.dims.join(', ')}] to [${dims.join(', ')}]`,
      );
    return reshapeConstant(constant, dims) ?? this.refuse('it reshapes a per-channel quantised constant');
  }
}

/** Readers return the value of each output they define, in order. */
export type OperatorReader = (context: OperatorContext) => Value | readonly Value[];
