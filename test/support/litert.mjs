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

/** The model with these tensors of its first subgraph as outputs, so that an interpreter shows them. */
export function exposeTensors(model, tensors) {
  const view = new DataView(model.buffer, model.byteOffset, model.length);
  /** Position of a table's entry for field `id`, and of the field, by the FlatBuffers layout. */
  const entry = (table, id) => table - view.getInt32(table, true) + 4 + 2 * id;
  const field = (table, id) => table + view.getUint16(entry(table, id), true);
  const follow = (at) => at + view.getUint32(at, true);
  const root = follow(0);
  const subgraph = follow(follow(field(root, 2)) + 4);
  const outputs = field(subgraph, 2);
  const end = Math.ceil(model.length / 4) * 4;
  const edited = new Uint8Array(end + 4 + 4 * tensors.length);
  edited.set(model);
  const editedView = new DataView(edited.buffer);
  editedView.setUint32(outputs, end - outputs, true);
  for (const [i, value] of [tensors.length, ...tensors].entries())
    editedView.setInt32(end + 4 * i, value, true);
  // Signatures name the old outputs: the model is left without any.
  const entries = view.getUint16(root - view.getInt32(root, true), true) / 2 - 2;
  if (entries > SIGNATURES) editedView.setUint16(entry(root, SIGNATURES), 0, true);
  return edited;
}
