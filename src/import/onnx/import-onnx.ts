/**
 * .onnx → Graph: NCHW becomes NHWC once, here; batch normalisation, activations, padding and shape arithmetic are
 * folded; QuantizeLinear and DequantizeLinear become an integer network. All unsupported operators are reported at
 * once. Format: onnx/onnx, onnx/onnx.proto; operators: docs/Operators.md, opset 11 to 23.
 */
import type { Graph } from '../../ir/graph.js';
import { badInput, unsupported } from '../../support/errors.js';
import { OperatorContext, type OperatorReader, Refusal, type Value } from './context.js';
import { Draft, shortLabel } from './draft.js';
import { finishGraph } from './finish.js';
import { type OnnxModel, type OnnxNode, readModel } from './model.js';
import { OPERATOR_READERS } from './operators/index.js';
import { foldPadding } from './passes/fold-padding.js';
import { fuse } from './passes/fuse.js';
import type { Network, NetworkInput, NetworkOutput } from './passes/network.js';
import { isQuantized, quantize } from './passes/quantize.js';
import { type DimensionSizes, findConsumers, inputOrder, inputType, resolveShape } from './ports.js';
import { identityOrder, viewOf } from './view.js';
import { WireFile } from './wire.js';

const OLDEST_OPSET = 11;
const NEWEST_OPSET = 23;
const MAX_INPUTS = 256;
/** Unsupported operators named in full before the message only counts. */
const MAX_NAMED = 20;

export interface OnnxOptions {
  readonly dimensions?: DimensionSizes;
}

/** A ModelProto starts with its ir_version, a small number; ONNX files have no other signature. */
export const isOnnx = (bytes: Uint8Array): boolean => bytes[0] === 0x08 && bytes[1]! >= 1 && bytes[1]! < 0x40;

/** Reads a model; errors: `onnx/…`, one line naming the file and the offence. */
export function importOnnx(bytes: Uint8Array, fileName: string, options: OnnxOptions = {}): Graph {
  const file = new WireFile(bytes, fileName);
  const model = readModel(file);
  checkModel(file, model);
  const reader = new ModelReader(file, model, options.dimensions ?? {});
  const fused = fuse(reader.read());
  if (!isQuantized(fused)) return finishGraph(foldPadding(fused), new Map(), fileName);
  const { network, stored } = quantize(fused);
  return finishGraph(foldPadding(network), stored, fileName);
}

function checkModel(file: WireFile, model: OnnxModel): void {
  if (model.opset < OLDEST_OPSET || model.opset > NEWEST_OPSET)
    throw unsupported('onnx/opset', 'the operator set is not supported', {
      where: file.fileName,
      found: `opset ${model.opset}`,
      expected: `${OLDEST_OPSET}…${NEWEST_OPSET}`,
      fix: 'Export the model again with opset_version=17, or convert it with onnx.version_converter.',
    });
  if (model.problems.length > 0)
    throw unsupported('onnx/content', `the model contains ${model.problems.join(' and ')}`, {
      where: file.fileName,
      fix: 'Inline or simplify the model when exporting it.',
    });
}

class ModelReader {
  private readonly draft: Draft;
  private readonly values = new Map<string, Value>();
  private readonly refusals: string[] = [];
  private readonly inputs: NetworkInput[] = [];

  constructor(
    private readonly file: WireFile,
    private readonly model: OnnxModel,
    private readonly sizes: DimensionSizes,
  ) {
    this.draft = new Draft(file.fileName, file.bytes.length);
  }

  read(): Network {
    for (const { name, constant, problem } of this.model.constants)
      this.define(
        name,
        constant === undefined ? { kind: 'unknown', problem: problem! } : { kind: 'constant', constant },
      );
    this.readInputs();
    for (const node of this.model.nodes) this.readNode(node);
    if (this.refusals.length > 0) throw this.unsupportedOperators();
    const outputs = this.model.outputs.map((port) => this.readOutput(port.name));
    return { draft: this.draft, nodes: this.draft.nodes, inputs: this.inputs, outputs };
  }

  /** Names are assigned once (static single assignment). */
  private define(name: string, value: Value): void {
    if (name === '') return;
    if (this.values.has(name)) throw this.file.malformed(`value ${shortLabel(name)} is defined twice`);
    this.values.set(name, value);
  }

  private readInputs(): void {
    const consumers = findConsumers(this.model);
    for (const port of this.model.inputs) {
      // Older files list constants among the inputs, as defaults.
      if (this.values.get(port.name)?.kind === 'constant') continue;
      const type = inputType(this.file, port);
      const shape = resolveShape(this.file, port, this.sizes);
      const order = inputOrder(consumers, port.name, shape.length);
      const ordered = order.map((axis) => shape[axis]!);
      const tensor = this.draft.addTensor(port.name, ordered);
      const view = viewOf(tensor, ordered, order);
      const stored = type !== 'float32';
      if (this.inputs.push({ tensor, stored }) > MAX_INPUTS)
        throw this.file.tooMany('inputs', this.inputs.length, MAX_INPUTS);
      this.define(port.name, stored ? { kind: 'stored input', view, type } : { kind: 'activation', view });
    }
  }

  private readNode(node: OnnxNode): void {
    const inputs = node.inputs.map((name) => this.input(node, name));
    const context = new OperatorContext(this.file, node, this.model.opset, this.draft, inputs);
    const results = this.run(context);
    for (const [index, name] of node.outputs.entries())
      this.define(
        name,
        results[index] ?? { kind: 'unknown', problem: `is output ${index} of ${context.label}` },
      );
  }

  private input(node: OnnxNode, name: string): Value | undefined {
    if (name === '') return undefined;
    const value = this.values.get(name);
    if (value === undefined)
      throw this.file.malformed(
        `${node.opType} (node ${node.index}) reads ${shortLabel(name)} before anything computes it`,
      );
    return value;
  }

  /** Values of the node's outputs; an unsupported node is noted and its outputs become unknown. */
  private run(context: OperatorContext): readonly Value[] {
    const unknown = context.node.outputs.map((): Value => ({ kind: 'unknown' }));
    const reader = this.readerOf(context.node);
    if (reader === undefined) {
      this.refusals.push(describe(context, `no reader for this operator${domainText(context.node)}`));
      return unknown;
    }
    try {
      const result = reader(context);
      return Array.isArray(result) ? (result as readonly Value[]) : [result as Value];
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (!error.known) this.refusals.push(describe(context, error.message));
      return unknown;
    }
  }

  private readerOf(node: OnnxNode): OperatorReader | undefined {
    return node.domain === '' || node.domain === 'ai.onnx' ? OPERATOR_READERS.get(node.opType) : undefined;
  }

  private unsupportedOperators(): Error {
    const named = this.refusals.slice(0, MAX_NAMED).join('; ');
    const more = this.refusals.length > MAX_NAMED ? `; and ${this.refusals.length - MAX_NAMED} more` : '';
    return unsupported('onnx/operators', `${this.refusals.length} unsupported operator(s): ${named}${more}`, {
      where: this.file.fileName,
      fix: 'Remove these operators from the exported network, or cut it before them.',
    });
  }

  private readOutput(name: string): NetworkOutput {
    const value = this.values.get(name);
    if (value === undefined) throw this.file.malformed(`output ${shortLabel(name)} is not computed`);
    if (value.kind !== 'activation')
      throw badInput('onnx/output', `output ${shortLabel(name)} does not depend on the inputs`, {
        where: this.file.fileName,
        fix: 'Remove this output from the exported network.',
      });
    const { view } = value;
    const order =
      view.dims.length === 4 && view.order !== undefined ? view.order : identityOrder(view.dims.length);
    return { tensor: this.draft.materialize(view, order, name), name, stored: value.stored !== undefined };
  }
}

const domainText = (node: OnnxNode): string =>
  node.domain === '' ? '' : ` of domain ${shortLabel(node.domain)}`;

function describe({ node, label }: OperatorContext, reason: string): string {
  const names = (list: readonly string[]) =>
    list
      .filter((name) => name !== '')
      .slice(0, 4)
      .map(shortLabel)
      .join(', ');
  const called = node.name === '' ? '' : ` '${shortLabel(node.name)}'`;
  return `${shortLabel(label)}${called}: ${reason} [inputs ${names(node.inputs)}; outputs ${names(node.outputs)}]`;
}
