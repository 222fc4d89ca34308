/**
 * Binds add: a table of all 65536 results, exact by construction, and where it can be had the short form in float32
 * (assembly/kernels/add-float.ts), taken only after it has given every one of those results.
 */
import type { AddScaling, AddStep } from '../ir/deploy-plan.js';
import type { FixedMultiplier } from '../numeric/requantize.js';
import { elementCount } from '../ops/plan-access.js';
import { type BindContext, type KernelCall, kernelCall } from './wasm-call.js';
import { binaryCall, outputStage } from './wasm-table-steps.js';

/** An add's rescaling constants; modes `mulhi` and `xnnpack` keep their multipliers in the same fields. */
function addConstants(scaling: AddScaling) {
  if (scaling.mode === 'mulhi' || scaling.mode === 'xnnpack') {
    return {
      leftShift: 0,
      firstMultiplier: scaling.multipliers[0],
      firstShift: 0,
      secondMultiplier: scaling.multipliers[1],
      secondShift: 0,
      outputMultiplier: 0,
      outputShift: scaling.shift,
    };
  }
  const [first, second] = scaling.inputs;
  return {
    leftShift: scaling.leftShift,
    firstMultiplier: first.multiplier,
    firstShift: first.shift,
    secondMultiplier: second.multiplier,
    secondShift: second.shift,
    outputMultiplier: scaling.output.multiplier,
    outputShift: scaling.output.shift,
  };
}

export function bindAdd(step: AddStep, context: BindContext): readonly KernelCall[] {
  const [first, second] = [context.tensor(step.inputs[0]!), context.tensor(step.inputs[1]!)];
  const table = context.memory.reserve(TABLE_BYTES);
  const fields = {
    table,
    ...addConstants(step.scaling),
    firstZeroPoint: first.zeroPoint,
    secondZeroPoint: second.zeroPoint,
    secondSign: step.subtract ? -1 : 1,
    ...outputStage(step.clamp, context.tensor(step.output)),
  };
  context.runNow(kernelCall(context, `build_add_table__${context.plan.requantization}`, 'AddTable', fields));
  const sameShape = elementCount(first) === elementCount(second);
  const short = context.shortForm && sameShape ? findShortForm(step, context, table) : undefined;
  if (short === undefined) return binaryCall(context, step, table);
  const buffers = {
    first: context.address(first.id),
    second: context.address(second.id),
    output: context.address(step.output),
    count: elementCount(first),
  };
  return [kernelCall(context, 'add_float', 'AddFloat', { ...buffers, ...short })];
}

const TABLE_BYTES = 65536;
const ROW_BYTES = 256;

interface ShortForm {
  /** Bits of float32. */
  readonly firstScale: number;
  readonly secondScale: number;
  readonly offset: number;
  readonly clampMin: number;
  readonly clampMax: number;
}

/** Neighbours of the real constants to try, nearest first: float32 rounds each in its own way. */
const NUDGES: readonly (readonly [number, number, number])[] = [-2, -1, 0, 1, 2]
  .flatMap((a) => [-2, -1, 0, 1, 2].flatMap((b) => [-3, -1, 0, 1, 3].map((c) => [a, b, c] as const)))
  .sort((a, b) => size(a) - size(b));

function size([a, b, c]: readonly [number, number, number]): number {
  return Math.abs(a) + Math.abs(b) + Math.abs(c);
}

/** The short form that gives the whole table, or undefined. */
function findShortForm(step: AddStep, context: BindContext, table: number): ShortForm | undefined {
  const [first, second] = realScales(step.scaling);
  const signed = step.subtract ? -second : second;
  const zeroPoints = step.inputs.map((id) => context.tensor(id).zeroPoint);
  const offset = context.tensor(step.output).zeroPoint - first * zeroPoints[0]! - signed * zeroPoints[1]!;
  // Beyond 2^21 the rounding would need more bits than a float32 has.
  if (Math.abs(offset) + 128 * (first + second) > 2 ** 21) return undefined;
  const rows = {
    first: context.memory.reserve(ROW_BYTES),
    second: context.memory.store(Uint8Array.from({ length: ROW_BYTES }, (_, i) => i)),
    output: context.memory.reserve(ROW_BYTES),
  };
  const record = context.memory.reserve(SHORT_FORM_RECORD_BYTES);
  for (const [a, b, c] of NUDGES) {
    const short = {
      firstScale: floatBits(first, a),
      secondScale: floatBits(signed, b),
      offset: floatBits(offset, c),
      clampMin: step.clamp.min,
      clampMax: step.clamp.max,
    };
    if (givesTable(context, table, record, { ...rows, count: ROW_BYTES, ...short })) return short;
  }
  return undefined;
}

const SHORT_FORM_RECORD_BYTES = 64;

/** Runs the kernel on every pair of bytes, a row of pairs at a time. */
function givesTable(
  context: BindContext,
  table: number,
  record: number,
  fields: ShortForm & {
    readonly first: number;
    readonly second: number;
    readonly output: number;
    readonly count: number;
  },
): boolean {
  const kernel = context.kernel('add_float');
  context.memory.writeRecord('AddFloat', fields, record);
  const bytes = new Uint8Array(context.memory.memory.buffer);
  for (let row = 0; row < ROW_BYTES; row++) {
    bytes.fill(row, fields.first, fields.first + ROW_BYTES);
    kernel(record);
    const expected = table + row * ROW_BYTES;
    for (let i = 0; i < ROW_BYTES; i++) if (bytes[fields.output + i] !== bytes[expected + i]) return false;
  }
  return true;
}

/** What one unit of either operand adds to the result. */
function realScales(scaling: AddScaling): readonly [number, number] {
  if (scaling.mode === 'mulhi' || scaling.mode === 'xnnpack') {
    const unit = 2 ** -scaling.shift;
    return [scaling.multipliers[0] * unit, scaling.multipliers[1] * unit];
  }
  const real = ({ multiplier, shift }: FixedMultiplier): number => multiplier * 2 ** (shift - 31);
  const common = 2 ** scaling.leftShift * real(scaling.output);
  return [real(scaling.inputs[0]) * common, real(scaling.inputs[1]) * common];
}

/** Bits of the float32 `steps` away from `value`, of greater magnitude for positive steps. */
function floatBits(value: number, steps: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  const bits = view.getInt32(0);
  return (bits & 0x7fffffff) === 0 ? bits : bits + steps;
}
