/** Binds the operators that become tables at load: mul (65536 results; add in wasm-add.ts), lookup and requantize. */
import type { AddStep, Clamp, LookupStep, MulStep, PlanTensor, RequantizeStep } from '../ir/deploy-plan.js';
import type { FixedMultiplier } from '../numeric/requantize.js';
import { elementCount, widthRange } from '../ops/plan-access.js';
import { tableValues } from '../ops/step-checks.js';
import { type BindContext, type KernelCall, kernelCall } from './wasm-call.js';

export const outputStage = (clamp: Clamp, output: PlanTensor) => ({
  outputZeroPoint: output.zeroPoint,
  clampMin: clamp.min,
  clampMax: clamp.max,
});

/** A pointwise operator of two inputs, its table at `table`. */
export function binaryCall(context: BindContext, step: AddStep | MulStep, table: number): KernelCall[] {
  const [first, second] = [context.tensor(step.inputs[0]!), context.tensor(step.inputs[1]!)];
  const fields = {
    first: context.address(first.id),
    second: context.address(second.id),
    output: context.address(step.output),
    table,
    count: elementCount(first),
    period: elementCount(second),
  };
  return [kernelCall(context, 'binary', 'Binary', fields)];
}

export function bindMul(step: MulStep, context: BindContext): KernelCall[] {
  const [first, second] = [context.tensor(step.inputs[0]!), context.tensor(step.inputs[1]!)];
  const table = context.memory.reserve(65536);
  const fields = {
    table,
    firstZeroPoint: first.zeroPoint,
    secondZeroPoint: second.zeroPoint,
    ...step.requant,
    ...outputStage(step.clamp, context.tensor(step.output)),
  };
  context.runNow(kernelCall(context, `build_mul_table__${context.plan.requantization}`, 'MulTable', fields));
  return binaryCall(context, step, table);
}

/** Address of a table of clamp(z_out + scale(q − z_in)) by the byte of q. */
export function requantizeTable(
  context: BindContext,
  input: PlanTensor,
  requant: FixedMultiplier,
  clamp: Clamp,
  output: PlanTensor,
): number {
  const table = context.memory.reserve(256);
  const fields = {
    table,
    inputZeroPoint: input.zeroPoint,
    ...requant,
    ...outputStage(clamp, output),
  };
  context.runNow(
    kernelCall(context, `build_requantize_table__${context.plan.requantization}`, 'RequantizeTable', fields),
  );
  return table;
}

/** A table indexed by the byte of q, of a function of q. */
export function byteTable(context: BindContext, resultOf: (q: number) => number): number {
  return context.memory.store(Int8Array.from({ length: 256 }, (_, byte) => resultOf((byte << 24) >> 24)));
}

function lookupCall(context: BindContext, step: LookupStep | RequantizeStep, table: number): KernelCall[] {
  const input = step.inputs[0]!;
  const fields = {
    input: context.address(input),
    output: context.address(step.output),
    table,
    count: elementCount(context.tensor(input)),
  };
  return [kernelCall(context, 'lookup', 'Lookup', fields)];
}

export function bindRequantize(step: RequantizeStep, context: BindContext): KernelCall[] {
  const input = context.tensor(step.inputs[0]!);
  const output = context.tensor(step.output);
  return lookupCall(context, step, requantizeTable(context, input, step.requant, step.clamp, output));
}

export function bindLookup(step: LookupStep, context: BindContext): KernelCall[] {
  const values = tableValues(context.plan, step.table);
  const lowest = widthRange(context.tensor(step.inputs[0]!).bits).min;
  const table = byteTable(context, (q) => values[q - lowest] ?? 0);
  return lookupCall(context, step, table);
}
