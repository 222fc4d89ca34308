/**
 * .tflite → Graph. Everything in the file is verified before use; all unsupported operators are reported at
 * once. Format: tensorflow/tflite-micro, tensorflow/compiler/mlir/lite/schema/schema.fbs.
 */
import type { Graph, GraphNode } from '../../ir/graph.js';
import { unsupported } from '../../support/errors.js';
import { createUniqueNames, shortenName } from '../names.js';
import { BUILTIN_OPERATORS } from './builtin-operators.js';
import { DETECTION_POST_PROCESS, type DetectionHead, readDetectionPostProcess } from './detection-head.js';
import { FlatBufferFile, type FlatTable } from './flatbuffer.js';
import { OPERATOR_READERS, type OperatorContext } from './operators.js';
import { type ImportedTensor, readTensors } from './read-tensors.js';
import { CUSTOM_OPERATOR, FIELD } from './schema.js';

const MAX_OPERATORS = 20_000;
/** Unsupported operators named in full before the message only counts. */
const MAX_NAMED = 20;

/** Reads a model; errors: `tflite/…`, one line naming the file and the offence. */
export function importTflite(bytes: Uint8Array, fileName: string): Graph {
  const model = new FlatBufferFile(bytes, fileName).root('model');
  const file = model.file;
  const version = model.u32(FIELD.model.version, 'version', 0);
  if (version !== 3) throw file.malformed('unknown schema version', String(version), '3');
  const subgraph = model.tables(FIELD.model.subgraphs, 'subgraphs', 1024)[0];
  if (subgraph === undefined) throw file.malformed('the model has no subgraph');
  const operatorNames = readOperatorNames(model);
  const tensors = readTensors(model, subgraph);
  const { nodes, head } = readNodes(subgraph, tensors, operatorNames);
  const outputs = readTensorIds(subgraph, FIELD.subgraph.outputs, 'outputs', tensors.length, false);
  return {
    name: modelName(fileName),
    source: { format: 'tflite', file: fileName },
    tensors,
    nodes,
    inputs: readTensorIds(subgraph, FIELD.subgraph.inputs, 'inputs', tensors.length, false),
    // The operator's own outputs are the network's; its inputs take their place.
    outputs: head === undefined ? outputs : head.outputs,
    ...(head === undefined ? {} : { postProcess: head.postProcess }),
  };
}

const modelName = (fileName: string): string =>
  fileName
    .replace(/^.*[\\/]/, '')
    .replace(/\.[A-Za-z0-9]+$/, '')
    .replace(/[^A-Za-z0-9_.-]+/g, '_') || 'model';

/** Schema names of the operator codes; custom ones by their own name. */
function readOperatorNames(model: FlatTable): { readonly name: string; readonly custom: boolean }[] {
  return model.tables(FIELD.model.operatorCodes, 'operator_codes', MAX_OPERATORS).map((table) => {
    // Files before schema 3a carry the code in the old byte field only; newer ones fill both.
    const code = Math.max(
      table.i8(FIELD.operatorCode.deprecatedBuiltinCode, 'deprecated_builtin_code', 0),
      table.i32(FIELD.operatorCode.builtinCode, 'builtin_code', 0),
    );
    if (code === CUSTOM_OPERATOR)
      return { name: table.string(FIELD.operatorCode.customCode, 'custom_code') ?? 'CUSTOM', custom: true };
    return { name: BUILTIN_OPERATORS[code] ?? `operator code ${code}`, custom: false };
  });
}

function readTensorIds(
  table: FlatTable,
  field: number,
  name: string,
  tensorCount: number,
  mayBeAbsent: boolean,
): number[] {
  const ids = table.i32s(field, name) ?? [];
  const lowest = mayBeAbsent ? -1 : 0;
  const bad = ids.find((id) => id < lowest || id >= tensorCount);
  if (bad !== undefined)
    throw table.file.malformed(
      `${table.what}.${name} names a tensor that does not exist`,
      String(bad),
      `below ${tensorCount}`,
    );
  return ids;
}

function readNodes(
  subgraph: FlatTable,
  tensors: readonly ImportedTensor[],
  operatorNames: readonly { readonly name: string; readonly custom: boolean }[],
): { readonly nodes: GraphNode[]; readonly head: DetectionHead | undefined } {
  const refusals: string[] = [];
  const nodes: GraphNode[] = [];
  let head: DetectionHead | undefined;
  const uniqueName = createUniqueNames();
  const operators = subgraph.tables(FIELD.subgraph.operators, 'operators', MAX_OPERATORS);
  for (const [index, table] of operators.entries()) {
    const code = operatorNames[table.u32(FIELD.operator.opcodeIndex, 'opcode_index', 0)];
    if (code === undefined) throw table.file.malformed(`operator ${index} has no operator code`);
    const context = readContext(table, `${code.name} (operator ${index})`, tensors, (wanted) =>
      uniqueName(wanted, `${code.name.toLowerCase()}_${index}`),
    );
    // Only as the last operator do its inputs end the network.
    const isHead = code.custom && code.name === DETECTION_POST_PROCESS && index === operators.length - 1;
    const result = isHead
      ? readDetectionPostProcess(context, table.bytes(FIELD.operator.customOptions, 'custom_options'))
      : readNode(context, code);
    if ('refusal' in result) refusals.push(describeRefusal(context, result.refusal));
    else if ('postProcess' in result) head = result;
    else nodes.push(result);
  }
  if (refusals.length > 0) throw unsupportedOperators(subgraph.file.fileName, refusals);
  return { nodes, head };
}

function readContext(
  table: FlatTable,
  label: string,
  tensors: readonly ImportedTensor[],
  nameFor: (wanted: string) => string,
): OperatorContext {
  const outputs = readTensorIds(table, FIELD.operator.outputs, 'outputs', tensors.length, false);
  const first = outputs[0];
  if (first === undefined) throw table.file.malformed(`${label} has no output`);
  return {
    file: table.file,
    label,
    name: nameFor(shortenName(tensors[first]!.name)),
    inputs: readTensorIds(table, FIELD.operator.inputs, 'inputs', tensors.length, true),
    outputs,
    tensors,
    optionsType: table.u8(FIELD.operator.optionsType, 'builtin_options_type', 0),
    options: table.table(FIELD.operator.options, 'builtin_options'),
  };
}

function readNode(c: OperatorContext, code: { readonly name: string; readonly custom: boolean }) {
  if (code.custom) return { refusal: 'custom operator' };
  const reader = OPERATOR_READERS[code.name];
  if (reader === undefined) return { refusal: 'no reader for this operator' };
  const tensor = [...c.inputs, ...c.outputs]
    .filter((id) => id >= 0)
    .map((id) => c.tensors[id]!)
    .find((t) => t.problem !== undefined);
  if (tensor !== undefined) return { refusal: `tensor ${tensor.name} ${tensor.problem}` };
  if (c.outputs.length !== 1)
    throw c.file.malformed(`${c.label} has ${c.outputs.length} outputs`, undefined, '1');
  return reader(c);
}

function describeRefusal(c: OperatorContext, reason: string): string {
  const names = (ids: readonly number[]) =>
    ids
      .filter((id) => id >= 0)
      .slice(0, 4)
      .map((id) => c.tensors[id]!.name)
      .join(', ');
  return `${c.label}: ${reason} [inputs ${names(c.inputs)}; outputs ${names(c.outputs)}]`;
}

function unsupportedOperators(fileName: string, refusals: readonly string[]): Error {
  const named = refusals.slice(0, MAX_NAMED).join('; ');
  const more = refusals.length > MAX_NAMED ? `; and ${refusals.length - MAX_NAMED} more` : '';
  return unsupported('tflite/operators', `${refusals.length} unsupported operator(s): ${named}${more}`, {
    where: fileName,
    fix: 'Remove these operators from the exported network, or cut it before them.',
  });
}
