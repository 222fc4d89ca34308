/**
 * The WASM engine: binds a plan to kernels.wasm, with its own packed weights and its own activation arena,
 * and runs it. Feature maps are one byte per element inside and canonically packed at every edge.
 */
import type { DeployPlan, PlanTensor, Step, StepOf, StepOp } from '../ir/deploy-plan.js';
import { executedSteps } from '../ops/executed-steps.js';
import { elementCount, tensorBytes, tensorOf } from '../ops/plan-access.js';
import { checkInputs } from './check-inputs.js';
import type { LoadedNetwork, Observer, SimulationEngine } from './engine.js';
import { type BindContext, type KernelCall, kernelCall } from './wasm-call.js';
import { compileKernels, instantiateKernels, type Kernel, type KernelInstance } from './wasm-kernels.js';
import { placeActivations } from './wasm-layout.js';
import { STEP_BINDERS, viewCopies } from './wasm-steps.js';

/** A kernel and the address of its argument record. */
interface ReadyCall {
  readonly kernel: Kernel;
  readonly record: number;
}

/** A network input, output or observed map: where its canonical bytes stand after `convert` has run. */
interface Edge {
  readonly address: number;
  readonly bytes: number;
  /** Conversion between packed bytes and elements; none at 8 bits. */
  readonly convert?: ReadyCall;
}

interface BoundNetwork {
  readonly steps: readonly (readonly ReadyCall[])[];
  readonly inputs: readonly Edge[];
  readonly outputs: readonly Edge[];
  /** Per step, its output map. */
  readonly maps: readonly Edge[];
}

const bindStep = <K extends StepOp>(step: StepOf<K>, context: BindContext): readonly KernelCall[] => {
  const binder = STEP_BINDERS[step.op] as (s: Step, c: BindContext) => readonly KernelCall[];
  return [
    ...[...new Set(step.inputs)].flatMap((id) => viewCopies(context, id, 'out_of_whole')),
    ...binder(step, context),
    ...viewCopies(context, step.output, 'into_whole'),
  ];
};

function bindContext(plan: DeployPlan, instance: KernelInstance, shortForm: boolean): BindContext {
  const { memory, group, slackBytes } = instance;
  const arena = placeActivations(plan, slackBytes);
  const base = memory.reserve(arena.bytes);
  return {
    plan,
    memory,
    group,
    slackBytes,
    shortForm,
    tensor: (id) => tensorOf(plan, id),
    address: (id) => base + arena.offsets[id]!,
    kernel: instance.kernel,
    runNow: (call) => instance.kernel(call.kernel)(call.writeRecord(0)),
  };
}

/** Where a tensor's canonical bytes are read or written; narrow tensors go through `staging`. */
function bindEdge(
  context: BindContext,
  instance: KernelInstance,
  tensor: PlanTensor,
  direction: 'pack' | 'unpack',
  staging: number,
): Edge {
  const address = context.address(tensor.id);
  if (tensor.bits === 8) return { address, bytes: elementCount(tensor) };
  const [height, width, channels] = tensor.shape;
  const fields = { packed: staging, elements: address, pixels: height * width, channels };
  const call = kernelCall(context, `${direction}__a${tensor.bits}`, 'Lanes', fields);
  return {
    address: staging,
    bytes: tensorBytes(tensor),
    convert: { kernel: instance.kernel(call.kernel), record: call.writeRecord(0) },
  };
}

function bindPlan(plan: DeployPlan, instance: KernelInstance, shortForm: boolean): BoundNetwork {
  const context = bindContext(plan, instance, shortForm);
  const calls = plan.steps.map((step) => bindStep(step, context));
  const narrow = plan.tensors.filter((tensor) => tensor.bits !== 8).map(tensorBytes);
  const staging = context.memory.reserve(Math.max(0, ...narrow));
  const edge = (id: number, direction: 'pack' | 'unpack'): Edge =>
    bindEdge(context, instance, context.tensor(id), direction, staging);
  const scratch = context.memory.reserve(Math.max(0, ...calls.flat().map((call) => call.scratchBytes)));
  const ready = (call: KernelCall): ReadyCall => ({
    kernel: instance.kernel(call.kernel),
    record: call.writeRecord(scratch),
  });
  return {
    steps: calls.map((stepCalls) => stepCalls.map(ready)),
    inputs: plan.inputs.map((port) => edge(port.tensor, 'unpack')),
    outputs: plan.outputs.map((port) => edge(port.tensor, 'pack')),
    maps: plan.steps.map((step) => edge(step.output, 'pack')),
  };
}

function runBound(
  plan: DeployPlan,
  bound: BoundNetwork,
  memory: WebAssembly.Memory,
  inputs: readonly Uint8Array[],
  observe: Observer | undefined,
): Uint8Array[] {
  checkInputs(plan, inputs);
  const bytes = new Uint8Array(memory.buffer);
  const read = ({ address, bytes: length, convert }: Edge): Uint8Array => {
    convert?.kernel(convert.record);
    return bytes.slice(address, address + length);
  };
  bound.inputs.forEach(({ address, convert }, index) => {
    bytes.set(inputs[index]!, address);
    convert?.kernel(convert.record);
  });
  for (const index of executedSteps(plan, inputs)) {
    for (const { kernel, record } of bound.steps[index]!) kernel(record);
    if (observe !== undefined) observe(index, plan.steps[index]!.output, read(bound.maps[index]!));
  }
  return bound.outputs.map(read);
}

export interface WasmEngineOptions {
  /** Compiled kernels, to share them between engines. */
  readonly module?: WebAssembly.Module;
  /** False: requantise by integer products alone. The bytes are the same; for tests and comparison. */
  readonly shortForm?: boolean;
}

/** An engine on compiled kernels; compiling costs some milliseconds, so keep the engine. */
export function createWasmEngine(options: WasmEngineOptions = {}): SimulationEngine {
  const module = options.module ?? compileKernels();
  return {
    name: 'wasm',
    load: (plan): LoadedNetwork => {
      const instance = instantiateKernels(module);
      const bound = bindPlan(plan, instance, options.shortForm ?? true);
      const { memory } = instance.memory;
      return { run: (inputs, observe) => runBound(plan, bound, memory, inputs, observe) };
    },
  };
}
