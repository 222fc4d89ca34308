/**
 * A network with QuantizeLinear and DequantizeLinear as an integer Graph: every activation int8 with the scale of
 * its QuantizeLinear, weights int8, biases int32 in units of input scale times weight scale, as in an int8 .tflite.
 *
 * Where ONNX names no scale, the one that TensorFlow Lite would use is taken: of the input, for operators that only
 * move or select values; 1/256 for softmax and logistic. Where an operator of TensorFlow Lite keeps the scale and
 * ONNX changes it, a QUANTIZE node follows.
 */
import { unsupported } from '../../../support/errors.js';
import type { Constant, QuantizationParameters } from '../constant.js';
import { type Draft, type DraftNode, type FakeQuantizeNode, shortLabel } from '../draft.js';
import { integerBias, integerOperand, integerWeights, type StoredTensor } from './integer-constants.js';
import type { Network, NetworkOutput } from './network.js';
import { rescalingAverage } from './rescaling-average.js';

/** Element type, quantisation and integer values of the tensors that are not plain floats. */
export type StoredTensors = ReadonlyMap<number, StoredTensor>;

export const isQuantized = (network: Network): boolean =>
  network.nodes.some((node) => node.op === 'fake_quantize');

export function quantize(network: Network): { readonly network: Network; readonly stored: StoredTensors } {
  const pass = new QuantizePass(network);
  for (const input of network.inputs) pass.takeInput(input.tensor, input.stored);
  for (const node of network.nodes) if (node.op !== 'fake_quantize') pass.take(node);
  const outputs = network.outputs.map((output) => pass.takeOutput(output));
  if (pass.missing.length > 0) throw notQuantized(network.draft.fileName, pass.missing);
  return { network: { ...network, nodes: pass.nodes, outputs }, stored: pass.stored };
}

const MAX_NAMED = 12;

function notQuantized(fileName: string, missing: readonly string[]): Error {
  const more = missing.length > MAX_NAMED ? `; and ${missing.length - MAX_NAMED} more` : '';
  return unsupported(
    'onnx/not-quantised',
    `the network is quantised in part only, ${missing.length} value(s) are not: ${missing.slice(0, MAX_NAMED).join('; ')}${more}`,
    {
      where: fileName,
      fix: 'Put QuantizeLinear and DequantizeLinear on every activation and on all weights, or give the float model.',
    },
  );
}

/** As PPQ and PyTorch name the values that they insert. */
const GENERATED_NAME = /^(PPQ_Variable_)?\d+$/;

/** Operators whose output keeps the scale of their input. */
const KEEPS_SCALE = new Set<DraftNode['op']>([
  'average_pool2d',
  'max_pool2d',
  'pad',
  'reshape',
  'resize_nearest',
  'transpose',
]);
/** Operators whose values stay within the range of their input, so that its scale does if none is given. */
const STAYS_IN_RANGE = new Set<DraftNode['op']>([
  ...KEEPS_SCALE,
  'mean',
  'relu',
  'relu6',
  'clip',
  'concatenation',
]);
const PROBABILITY: QuantizationParameters = { scale: [1 / 256], zeroPoint: [-128], axis: 0, type: 'int8' };

const same = (a: QuantizationParameters, b: QuantizationParameters): boolean =>
  a.scale[0] === b.scale[0] && centred(a) === centred(b);
const centred = (q: QuantizationParameters): number => q.zeroPoint[0]! - (q.type === 'uint8' ? 128 : 0);

const storedActivation = (q: QuantizationParameters): StoredTensor => ({
  dtype: 'int8',
  quantization: { scale: q.scale, zeroPoint: [centred(q)], axis: 0 },
  ...(q.type === 'uint8' ? { wasUint8: true } : {}),
});

class QuantizePass {
  readonly nodes: DraftNode[] = [];
  readonly stored = new Map<number, StoredTensor>();
  readonly missing: string[] = [];
  private readonly draft: Draft;
  /** QuantizeLinear nodes by the tensor they read. */
  private readonly quantizers = new Map<number, FakeQuantizeNode[]>();
  private readonly parameters = new Map<number, QuantizationParameters>();
  /** Output of a QuantizeLinear → the tensor that holds its integers. */
  private readonly aliases = new Map<number, number>();

  constructor(network: Network) {
    this.draft = network.draft;
    for (const node of network.nodes) {
      if (node.op !== 'fake_quantize') continue;
      const list = this.quantizers.get(node.inputs[0]!);
      if (list === undefined) this.quantizers.set(node.inputs[0]!, [node]);
      else list.push(node);
    }
  }

  takeInput(tensor: number, stored: boolean): void {
    const [first] = this.quantizers.get(tensor) ?? [];
    if (first === undefined) return;
    if (stored) this.define(tensor, first.parameters);
    this.settle(tensor, tensor);
  }

  take(node: DraftNode): void {
    const inputs = node.inputs.map((tensor) => this.aliases.get(tensor) ?? tensor);
    const output = node.outputs[0]!;
    const integer = this.withIntegerConstants({ ...node, inputs } as DraftNode);
    const own = this.ownParameters(integer);
    const wanted = this.quantizers.get(output)?.[0]?.parameters ?? own;
    if (wanted === undefined) {
      this.report(node, output, 'has no QuantizeLinear behind it');
      return;
    }
    this.place(integer, output, own, wanted);
    this.settle(output, output);
  }

  /** The QuantizeLinear nodes that read `value`, whose integers stand in `tensor`: nothing, or a QUANTIZE node. */
  private settle(value: number, tensor: number): void {
    const pending = [[value, tensor] as const];
    for (const [read, holder] of pending)
      for (const node of this.quantizers.get(read) ?? []) {
        const output = node.outputs[0]!;
        const parameters = this.parameters.get(holder);
        if (parameters !== undefined && same(parameters, node.parameters)) {
          this.aliases.set(output, holder);
          this.takeName(holder, output);
          pending.push([output, holder]);
        } else {
          this.addQuantize(holder, output, node.parameters);
          pending.push([output, output]);
        }
      }
  }

  /** A generated name gives way to that of the de-quantised value, which quantisers leave as it was. */
  private takeName(tensor: number, alias: number): void {
    const [own, other] = [this.draft.tensors[tensor]!.name, this.draft.tensors[alias]!.name];
    if (GENERATED_NAME.test(own) && !GENERATED_NAME.test(other)) this.draft.rename(tensor, other);
  }

  /** Real outputs get a DEQUANTIZE node. */
  takeOutput(output: NetworkOutput): NetworkOutput {
    const tensor = this.aliases.get(output.tensor) ?? output.tensor;
    const parameters = this.parameters.get(tensor);
    if (parameters === undefined) {
      if (this.missing.length === 0) this.missing.push(`output ${shortLabel(output.name)}`);
      return output;
    }
    if (output.stored) return { ...output, tensor };
    const real = this.draft.addNode(
      { op: 'dequantize', inputs: [tensor] },
      output.name,
      this.draft.tensors[tensor]!.shape,
    );
    this.nodes.push(this.draft.nodes.at(-1)!);
    return { ...output, tensor: real };
  }

  private define(tensor: number, parameters: QuantizationParameters): void {
    this.parameters.set(tensor, parameters);
    this.stored.set(tensor, storedActivation(parameters));
  }

  private addQuantize(from: number, to: number, parameters: QuantizationParameters): void {
    this.nodes.push({ op: 'quantize', inputs: [from], outputs: [to] });
    this.define(to, parameters);
  }

  private report(node: DraftNode, tensor: number, problem: string): void {
    // An input that was reported already makes everything behind it unknown; once is enough.
    if (node.inputs.some((id) => id >= 0 && this.lost.has(this.aliases.get(id) ?? id))) {
      this.lost.add(tensor);
      return;
    }
    this.lost.add(tensor);
    this.missing.push(`${shortLabel(this.draft.tensors[tensor]!.name)} (${node.op}) ${problem}`);
  }
  private readonly lost = new Set<number>();

  /** The quantisation that the operator itself imposes or keeps. */
  private ownParameters(node: DraftNode): QuantizationParameters | undefined {
    if (node.op === 'softmax' || node.op === 'logistic') return PROBABILITY;
    if (!STAYS_IN_RANGE.has(node.op)) return undefined;
    const [first, ...others] = node.inputs.map((tensor) => this.parameters.get(tensor));
    if (first === undefined) return undefined;
    return others.every((q) => q !== undefined && same(q, first)) ? first : undefined;
  }

  private place(
    node: DraftNode,
    output: number,
    own: QuantizationParameters | undefined,
    wanted: QuantizationParameters,
  ): void {
    const fixed = own !== undefined && (KEEPS_SCALE.has(node.op) || own === PROBABILITY);
    if (!fixed || same(own, wanted)) {
      this.nodes.push(node);
      this.define(output, wanted);
      return;
    }
    const rescaling =
      node.op === 'average_pool2d' ? rescalingAverage(this.draft, this.stored, node) : undefined;
    if (rescaling !== undefined) {
      this.nodes.push(rescaling);
      this.define(output, wanted);
      return;
    }
    const { name, shape } = this.draft.tensors[output]!;
    const between = this.draft.addTensor(`${name}/unscaled`, shape);
    this.nodes.push({ ...node, outputs: [between] } as DraftNode);
    this.define(between, own);
    this.addQuantize(between, output, wanted);
  }

  private withIntegerConstants(node: DraftNode): DraftNode {
    for (const tensor of node.inputs)
      if (
        tensor >= 0 &&
        this.constant(tensor) === undefined &&
        !this.parameters.has(tensor) &&
        !this.lost.has(tensor)
      ) {
        this.lost.add(tensor);
        this.missing.push(`${shortLabel(this.draft.tensors[tensor]!.name)} (read by ${node.op})`);
      }
    if (node.op === 'conv2d' || node.op === 'depthwise_conv2d' || node.op === 'fully_connected')
      return this.withIntegerWeights(node);
    return {
      ...node,
      inputs: node.inputs.map((tensor) => {
        const constant = this.constant(tensor);
        if (constant === undefined) return tensor;
        return this.replaced(node, tensor, integerOperand(constant));
      }),
    } as DraftNode;
  }

  private constant(tensor: number): Constant | undefined {
    return this.draft.tensors[tensor]!.constant;
  }

  private withIntegerWeights<N extends DraftNode>(node: N): N {
    const [x, w, b] = node.inputs as [number, number, number];
    const weights = integerWeights(this.constant(w)!);
    const scale = this.parameters.get(x)?.scale[0];
    const weightScale = weights?.quantization.scale;
    const bias =
      b < 0 || scale === undefined || weightScale === undefined
        ? undefined
        : integerBias(this.constant(b)!, scale, weightScale);
    return {
      ...node,
      inputs: [
        x,
        this.replaced(node, w, weights),
        b < 0 || bias === undefined ? -1 : this.replaced(node, b, bias),
      ],
    };
  }

  /** A tensor of integers in place of a constant of real numbers. */
  private replaced(node: DraftNode, tensor: number, integers: StoredTensor | undefined): number {
    if (integers === undefined) {
      this.missing.push(`constant ${shortLabel(this.draft.tensors[tensor]!.name)} (read by ${node.op})`);
      return tensor;
    }
    const { name, constant } = this.draft.tensors[tensor]!;
    const copy = this.draft.addConstant(name, constant!);
    this.stored.set(copy, integers);
    return copy;
  }
}
