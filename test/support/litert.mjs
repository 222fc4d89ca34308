/**
 * LiteRT.js (@litertjs/core) in plain Node: TensorFlow Lite with its XNNPACK delegate as WebAssembly, one thread.
 * Its own loader wants a browser and knows no int8 tensors, so this talks to the WASM module directly.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
const FOLDER = join(dirname(require.resolve('@litertjs/core')), '../wasm');

/** @type {Promise<any> | undefined} */
let loading;

/** The build without relaxed SIMD, which is the one that its loader picks on Node 20. */
async function loadModule() {
  const script = join(FOLDER, 'litert_wasm_compat_internal.js');
  const source = `${readFileSync(script, 'utf8')};return ModuleFactory;`;
  const factory = new Function('require', '__filename', '__dirname', source)(require, script, FOLDER);
  const module = await factory({
    wasmBinary: readFileSync(script.replace(/js$/, 'wasm')),
    print: () => {},
    printErr: () => {},
  });
  module.setupLogging();
  return { module, environment: module.LiteRtEnvironment.create(null) };
}

/** Compiles a .tflite file. */
export async function compileLiteRt(model) {
  loading ??= loadModule();
  const { module, environment } = await loading;
  const address = module._malloc(model.length);
  module.HEAPU8.set(model, address);
  const loaded = module.loadModel(environment, address, model.length);
  const compiled = await module.compileModel(environment, loaded, {
    environment: { liteRtEnvironment: environment },
    accelerator: 'wasm',
    cpuOptions: { numThreads: 1 },
    gpuOptions: {},
    webNNOptions: {},
  });
  const names = loaded.getSignature(0).outputNames();
  const outputNames = Array.from({ length: names.size() }, (_, i) => names.get(i));
  const inputNames = loaded.getSignature(0).inputNames();
  const buffers = Array.from({ length: inputNames.size() }, (_, i) => {
    const type = loaded.getInputTensorType(0, i);
    const { HOST_MEMORY } = module.LiteRtTensorBufferType;
    return module.LiteRtTensorBuffer.createManaged(environment, HOST_MEMORY, type, type.bytes());
  });
  const { READ, WRITE } = module.LiteRtTensorBufferLockMode;
  return {
    outputNames,
    async run(inputs) {
      buffers.forEach((buffer, i) => {
        module.HEAPU8.set(inputs[i], buffer.lock(WRITE));
        buffer.unlock();
      });
      const outputs = await compiled.run(0, buffers);
      return outputs.map((buffer) => {
        const at = buffer.lock(READ);
        const bytes = module.HEAPU8.slice(at, at + buffer.packedSize());
        buffer.unlock();
        buffer.delete();
        return bytes;
      });
    },
    delete() {
      for (const buffer of buffers) buffer.delete();
      compiled.delete();
      loaded.delete();
      module._free(address);
    },
  };
}

/** Field id of Model.signature_defs. */
const SIGNATURES = 7;

/** A .tflite file under the knife: positions by the FlatBuffers layout; new vectors go to its end. */
class Editor {
  constructor(model) {
    this.bytes = model;
    this.view = new DataView(model.buffer, model.byteOffset, model.length);
    this.root = this.follow(0);
    this.subgraph = this.follow(this.follow(this.field(this.root, 2)) + 4);
  }

  follow(at) {
    return at + this.view.getUint32(at, true);
  }

  /** Position of a table's entry for field `id` in its vtable. */
  entry(table, id) {
    return table - this.view.getInt32(table, true) + 4 + 2 * id;
  }

  field(table, id) {
    return table + this.view.getUint16(this.entry(table, id), true);
  }

  /** Table `index` of the vector of tables in field `id`. */
  element(table, id, index) {
    return this.follow(this.follow(this.field(table, id)) + 4 + 4 * index);
  }

  /** The file with field `id` of a table pointing to a new vector of int32. */
  withVector(table, id, values) {
    const end = Math.ceil(this.bytes.length / 4) * 4;
    const edited = new Uint8Array(end + 4 + 4 * values.length);
    edited.set(this.bytes);
    const view = new DataView(edited.buffer);
    const field = this.field(table, id);
    view.setUint32(field, end - field, true);
    for (const [i, value] of [values.length, ...values].entries()) view.setInt32(end + 4 * i, value, true);
    return edited;
  }

  /** Without signatures, which name the old outputs. */
  withoutSignatures() {
    const entries = this.view.getUint16(this.root - this.view.getInt32(this.root, true), true) / 2 - 2;
    const edited = this.bytes.slice();
    if (entries > SIGNATURES)
      new DataView(edited.buffer).setUint16(this.entry(this.root, SIGNATURES), 0, true);
    return edited;
  }
}

/** The model with these tensors of its first subgraph as outputs, so that an interpreter shows them. */
export function exposeTensors(model, tensors) {
  const { subgraph } = new Editor(model);
  return new Editor(new Editor(model).withVector(subgraph, 2, tensors)).withoutSignatures();
}

/** Field ids of Tensor. */
const [TYPE, BUFFER, SHAPE_SIGNATURE] = [1, 2, 7];
/** Field id of Model.buffers. */
const BUFFERS = 4;

/** The model with the shapes that stand in the file, none of them left open. */
export function fixedShapes(model) {
  const editor = new Editor(model);
  const edited = new Editor(model.slice());
  const tensors = editor.follow(editor.field(editor.subgraph, 0));
  for (let i = 0; i < editor.view.getUint32(tensors, true); i++) {
    const tensor = editor.element(editor.subgraph, 0, i);
    const entries = editor.view.getUint16(tensor - editor.view.getInt32(tensor, true), true) / 2 - 2;
    if (entries > SHAPE_SIGNATURE) edited.view.setUint16(editor.entry(tensor, SHAPE_SIGNATURE), 0, true);
  }
  return edited.bytes;
}

/** The model with real weights in place of an int8 constant: an interpreter rounds the inputs of int8 weights. */
export function withFloatConstant(model, tensor, values) {
  const editor = new Editor(model);
  const table = editor.element(editor.subgraph, 0, tensor);
  const buffer = editor.element(
    editor.root,
    BUFFERS,
    editor.view.getUint32(editor.field(table, BUFFER), true),
  );
  const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
  const edited = editor.withVector(buffer, 0, bits);
  const after = new Editor(edited);
  after.view.setUint8(after.field(table, TYPE), 0);
  // The vector counts bytes.
  after.view.setUint32(after.follow(after.field(buffer, 0)), 4 * bits.length, true);
  return edited;
}

/** The model with another shape of a tensor; LiteRT.js makes output buffers of the shapes in the file. */
export function reshapeTensor(model, tensor, shape) {
  const editor = new Editor(model);
  return editor.withVector(editor.element(editor.subgraph, 0, tensor), 0, shape);
}
