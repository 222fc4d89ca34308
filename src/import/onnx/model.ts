/** ModelProto → plain data: nodes with attributes, constants, inputs and outputs; nothing is interpreted yet. */
import { FIELD } from './schema.js';
import { MAX_RANK, type OnnxTensor, readTensor } from './tensor.js';
import { WIRE, type WireField, type WireFile, type WireMessage } from './wire.js';

const MAX_NODES = 20_000;
const MAX_PORTS = 1024;
const MAX_ATTRIBUTES = 64;
const MAX_ATTRIBUTE_VALUES = 1 << 20;

/** Whichever of the fields a file fills; a graph (of If, Loop, Scan) is not read. */
export interface OnnxAttribute {
  readonly float?: number;
  readonly int?: number;
  readonly text?: string;
  readonly tensor?: OnnxTensor;
  readonly floats?: readonly number[];
  readonly ints?: readonly number[];
}

export interface OnnxNode {
  readonly index: number;
  readonly name: string;
  readonly opType: string;
  readonly domain: string;
  /** Value names; an absent optional input or output is ''. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** A size, the name of a dynamic one, or '' for a dynamic one without a name. */
export type OnnxDimension = number | string;

export interface OnnxPort {
  readonly name: string;
  /** 0 when the file does not say. */
  readonly elementType: number;
  readonly shape?: readonly OnnxDimension[];
}

export interface OnnxModel {
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxTensor[];
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /** Parts that we do not read, such as sparse constants; empty in nearly all files. */
  readonly problems: readonly string[];
}

export function readModel(file: WireFile): OnnxModel {
  const model = file.root('the model');
  const graphs: WireMessage[] = [];
  const problems: string[] = [];
  let opset: number | undefined;
  model.forEachField((field) => {
    if (field.number === FIELD.model.graph) graphs.push(model.message(field, 'the graph'));
    else if (field.number === FIELD.model.functions) problems.push('functions defined inside the model');
    else if (field.number === FIELD.model.opsetImport) {
      const { domain, version } = readOpset(model.message(field, 'opset_import'));
      if (domain === '' || domain === 'ai.onnx') opset = version;
    }
  });
  if (graphs.length !== 1) throw file.malformed('the model must have one graph', `${graphs.length}`);
  if (opset === undefined) throw file.malformed('the model does not name its operator set (opset_import)');
  return { opset, ...readGraph(graphs[0]!, problems) };
}

function readOpset(message: WireMessage): { domain: string; version: number } {
  const result = { domain: '', version: 0 };
  message.forEachField((field) => {
    if (field.number === FIELD.opset.domain) result.domain = message.string(field);
    else if (field.number === FIELD.opset.version) result.version = message.int(field);
  });
  return result;
}

function readGraph(graph: WireMessage, problems: string[]): Omit<OnnxModel, 'opset'> {
  const f = FIELD.graph;
  const nodes: OnnxNode[] = [];
  const constants: OnnxTensor[] = [];
  const inputs: OnnxPort[] = [];
  const outputs: OnnxPort[] = [];
  const capped = <T>(list: T[], cap: number, what: string, item: T): void => {
    if (list.push(item) > cap) throw graph.file.tooMany(what, list.length, cap);
  };
  graph.forEachField((field) => {
    const sub = (what: string) => graph.message(field, what);
    if (field.number === f.node)
      capped(nodes, MAX_NODES, 'nodes', readNode(sub(`node ${nodes.length}`), nodes.length));
    else if (field.number === f.initializer)
      capped(constants, MAX_NODES, 'initializers', readTensor(sub(`initializer ${constants.length}`)));
    else if (field.number === f.input)
      capped(inputs, MAX_NODES, 'inputs', readPort(sub(`input ${inputs.length}`)));
    else if (field.number === f.output)
      capped(outputs, MAX_PORTS, 'outputs', readPort(sub(`output ${outputs.length}`)));
    else if (field.number === f.sparseInitializer) problems.push('sparse initializers');
  });
  return { nodes, constants, inputs, outputs, problems: [...new Set(problems)] };
}

function readNode(message: WireMessage, index: number): OnnxNode {
  const f = FIELD.node;
  const node = { index, name: '', opType: '', domain: '', inputs: [] as string[], outputs: [] as string[] };
  const attributes = new Map<string, OnnxAttribute>();
  const names = (list: string[], field: WireField) => {
    if (list.push(message.string(field)) > MAX_PORTS)
      throw message.file.tooMany(`inputs or outputs of ${message.what}`, list.length, MAX_PORTS);
  };
  message.forEachField((field) => {
    if (field.number === f.input) names(node.inputs, field);
    else if (field.number === f.output) names(node.outputs, field);
    else if (field.number === f.name) node.name = message.string(field);
    else if (field.number === f.opType) node.opType = message.string(field);
    else if (field.number === f.domain) node.domain = message.string(field);
    else if (field.number === f.attribute) {
      const { name, attribute } = readAttribute(message.message(field, `an attribute of ${message.what}`));
      attributes.set(name, attribute);
      if (attributes.size > MAX_ATTRIBUTES)
        throw message.file.tooMany(`attributes of ${message.what}`, attributes.size, MAX_ATTRIBUTES);
    }
  });
  return { ...node, attributes };
}

function readAttribute(message: WireMessage): { name: string; attribute: OnnxAttribute } {
  const f = FIELD.attribute;
  let name = '';
  const floats: number[] = [];
  const ints: number[] = [];
  const single: { float?: number; int?: number; text?: string; tensor?: OnnxTensor } = {};
  message.forEachField((field) => {
    if (field.number === f.name) name = message.string(field);
    else if (field.number === f.f) single.float = message.float(field);
    else if (field.number === f.i) single.int = message.int(field);
    else if (field.number === f.s) single.text = message.string(field);
    else if (field.number === f.t) single.tensor = readTensor(message.message(field, message.what));
    else if (field.number === f.floats) message.reals(field, 4, floats, MAX_ATTRIBUTE_VALUES);
    else if (field.number === f.ints) message.ints(field, ints, MAX_ATTRIBUTE_VALUES);
  });
  return {
    name,
    attribute: { ...single, ...(floats.length > 0 ? { floats } : {}), ...(ints.length > 0 ? { ints } : {}) },
  };
}

function readPort(message: WireMessage): OnnxPort {
  let name = '';
  let type: { elementType: number; shape?: OnnxDimension[] } = { elementType: 0 };
  message.forEachField((field) => {
    if (field.number === FIELD.valueInfo.name) name = message.string(field);
    else if (field.number === FIELD.valueInfo.type)
      type = readType(message.message(field, `the type of ${name}`));
  });
  return { name, ...type };
}

function readType(message: WireMessage): { elementType: number; shape?: OnnxDimension[] } {
  let elementType = 0;
  let shape: OnnxDimension[] | undefined;
  message.forEachField((outer) => {
    if (outer.number !== FIELD.type.tensor) return;
    const tensor = message.message(outer, message.what);
    tensor.forEachField((field) => {
      if (field.number === FIELD.tensorType.elementType) elementType = tensor.int(field);
      else if (field.number === FIELD.tensorType.shape)
        shape = readShape(tensor.message(field, message.what));
    });
  });
  return { elementType, ...(shape === undefined ? {} : { shape }) };
}

function readShape(message: WireMessage): OnnxDimension[] {
  const shape: OnnxDimension[] = [];
  message.forEachField((field) => {
    if (field.number !== FIELD.shape.dimension) return;
    if (shape.push(readDimension(message.message(field, message.what))) > MAX_RANK)
      throw message.file.tooMany(`dimensions in ${message.what}`, shape.length, MAX_RANK);
  });
  return shape;
}

/** Exporters also write −1 or 0 for a dynamic dimension. */
function readDimension(message: WireMessage): OnnxDimension {
  let dimension: OnnxDimension = '';
  message.forEachField((field) => {
    if (field.number === FIELD.dimension.value && field.type === WIRE.varint) dimension = message.int(field);
    else if (field.number === FIELD.dimension.parameter) dimension = message.string(field);
  });
  return typeof dimension === 'number' && dimension < 1 ? '' : dimension;
}
