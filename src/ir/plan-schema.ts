/**
 * Parsers of a plan's JSON, one per type of src/ir/deploy-plan.ts: every field is present and of its type, nothing
 * is unknown. Values are judged later, by src/invariants/plan.ts.
 */
import { REQUANT_MODES } from '../numeric/requantize.js';
import type {
  AddScaling,
  BlobRef,
  BranchChoice,
  Clamp,
  PatchStage,
  PlanPort,
  PlanTensor,
  Step,
  StepOf,
  StepOp,
  StepWindow,
  StreamingStage,
  TensorView,
  TiledStage,
} from './deploy-plan.js';
import type { PlanPostProcess } from './detection.js';

/** Thrown by parsers; `path` says where in the document. */
export class SchemaError extends Error {
  constructor(
    readonly path: string,
    readonly expected: string,
    readonly found: unknown,
  ) {
    super(`${path} is not ${expected}`);
  }
}

type Parser<T> = (value: unknown, path: string) => T;
type Fields<T> = { readonly [K in keyof T]-?: Parser<T[K]> };

const integer: Parser<number> = (value, path) => {
  if (!Number.isSafeInteger(value)) throw new SchemaError(path, 'an integer', value);
  return value as number;
};
const finite: Parser<number> = (value, path) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new SchemaError(path, 'a number', value);
  return value;
};
const boolean: Parser<boolean> = (value, path) => {
  if (typeof value !== 'boolean') throw new SchemaError(path, 'true or false', value);
  return value;
};
const string: Parser<string> = (value, path) => {
  if (typeof value !== 'string' || value.length > 4096) throw new SchemaError(path, 'a short string', value);
  return value;
};
const oneOf =
  <T extends string | number>(...values: readonly T[]): Parser<T> =>
  (value, path) => {
    if (!values.includes(value as T)) throw new SchemaError(path, `one of ${values.join(', ')}`, value);
    return value as T;
  };
export const list =
  <T>(element: Parser<T>): Parser<readonly T[]> =>
  (value, path) => {
    if (!Array.isArray(value)) throw new SchemaError(path, 'a list', value);
    return value.map((item, i) => element(item, `${path}[${i}]`));
  };
/** A list of fixed length, as the tuple type that the caller names. */
const tuple =
  <T>(element: Parser<unknown>, length: number): Parser<T> =>
  (value, path) => {
    if (!Array.isArray(value) || value.length !== length)
      throw new SchemaError(path, `a list of ${length}`, value);
    return value.map((item, i) => element(item, `${path}[${i}]`)) as T;
  };
const nullable =
  <T>(parser: Parser<T>): Parser<T | null> =>
  (value, path) =>
    value === null ? null : parser(value, path);
export const optional =
  <T>(parser: Parser<T>): Parser<T | undefined> =>
  (value, path) =>
    value === undefined ? undefined : parser(value, path);

export function record<T>(fields: Fields<T>): Parser<T> {
  const names = Object.keys(fields) as (keyof T & string)[];
  return (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new SchemaError(path, 'an object', value);
    const unknown = Object.keys(value).find((key) => !Object.hasOwn(fields, key));
    if (unknown !== undefined) throw new SchemaError(`${path}.${unknown}`, 'a known field', 'unknown field');
    const source = value as Record<string, unknown>;
    const entries = names.map((name) => {
      const own = Object.hasOwn(source, name) ? source[name] : undefined;
      return [name, fields[name](own, `${path}.${name}`)] as const;
    });
    return Object.fromEntries(entries.filter(([, parsed]) => parsed !== undefined)) as T;
  };
}

const blob = record<BlobRef>({ offset: integer, length: integer });
const clamp = record<Clamp>({ min: integer, max: integer });
const multiplier = record({ multiplier: integer, shift: integer });
const width = oneOf(8 as const, 4 as const, 2 as const);
const axis = oneOf(0 as const, 1 as const, 2 as const);

const window = record<StepWindow>({
  kernelHeight: integer,
  kernelWidth: integer,
  strideHeight: integer,
  strideWidth: integer,
  dilationHeight: integer,
  dilationWidth: integer,
  padTop: integer,
  padLeft: integer,
});

type WeighedScaling = Extract<AddScaling, { readonly multipliers: unknown }>;
const scalingWeighed = record<{ [K in keyof WeighedScaling]: WeighedScaling[K] }>({
  mode: oneOf('mulhi' as const, 'xnnpack' as const),
  multipliers: tuple(integer, 2),
  shift: integer,
});
const scalingTflm = record<Extract<AddScaling, { mode: 'tflm' | 'single' }>>({
  mode: oneOf('tflm' as const, 'single' as const),
  leftShift: integer,
  inputs: tuple(multiplier, 2),
  output: multiplier,
});
const scaling: Parser<AddScaling> = (value, path) => {
  const mode = (value as { mode?: unknown } | null)?.mode;
  const weighed = mode === 'mulhi' || mode === 'xnnpack';
  return weighed ? (scalingWeighed(value, path) as WeighedScaling) : scalingTflm(value, path);
};

const base = { name: string, inputs: list(integer), output: integer };
const weighted = {
  ...base,
  weights: blob,
  weightBits: width,
  weightZeroPoint: integer,
  bias: blob,
  multiplier: blob,
  shift: blob,
  clamp,
};
const op = <K extends StepOp>(name: K) => oneOf(name);

const STEP_PARSERS: { readonly [K in StepOp]: Parser<StepOf<K>> } = {
  conv2d: record<StepOf<'conv2d'>>({ op: op('conv2d'), ...weighted, window }),
  depthwise_conv2d: record<StepOf<'depthwise_conv2d'>>({
    op: op('depthwise_conv2d'),
    ...weighted,
    window,
    depthMultiplier: integer,
  }),
  fully_connected: record<StepOf<'fully_connected'>>({ op: op('fully_connected'), ...weighted }),
  add: record<StepOf<'add'>>({ op: op('add'), ...base, subtract: boolean, scaling, clamp }),
  mul: record<StepOf<'mul'>>({ op: op('mul'), ...base, requant: multiplier, clamp }),
  average_pool2d: record<StepOf<'average_pool2d'>>({
    op: op('average_pool2d'),
    ...base,
    window,
    origin: integer,
    perCount: optional(list(multiplier)) as Parser<NonNullable<StepOf<'average_pool2d'>['perCount']>>,
    clamp,
  }),
  max_pool2d: record<StepOf<'max_pool2d'>>({ op: op('max_pool2d'), ...base, window, clamp }),
  mean: record<StepOf<'mean'>>({ op: op('mean'), ...base, requant: multiplier, clamp }),
  pad: record<StepOf<'pad'>>({ op: op('pad'), ...base, before: tuple(integer, 3) }),
  reshape: record<StepOf<'reshape'>>({ op: op('reshape'), ...base }),
  transpose: record<StepOf<'transpose'>>({ op: op('transpose'), ...base, permutation: tuple(axis, 3) }),
  concatenation: record<StepOf<'concatenation'>>({
    op: op('concatenation'),
    ...base,
    axis,
    requant: list(nullable(multiplier)),
    clamp,
  }),
  softmax: record<StepOf<'softmax'>>({ op: op('softmax'), ...base, expTable: blob }),
  lookup: record<StepOf<'lookup'>>({ op: op('lookup'), ...base, table: blob }),
  requantize: record<StepOf<'requantize'>>({ op: op('requantize'), ...base, requant: multiplier, clamp }),
  resize_nearest: record<StepOf<'resize_nearest'>>({
    op: op('resize_nearest'),
    ...base,
    rows: list(integer),
    columns: list(integer),
  }),
  crop: record<StepOf<'crop'>>({ op: op('crop'), ...base, y: integer, x: integer }),
};

export const parseStep: Parser<Step> = (value, path) => {
  const name = (value as { op?: unknown } | null)?.op;
  if (typeof name !== 'string' || !Object.hasOwn(STEP_PARSERS, name))
    throw new SchemaError(`${path}.op`, 'a known operator', name);
  return STEP_PARSERS[name as StepOp](value, path);
};

export const parseTensor = record<PlanTensor>({
  id: integer,
  name: string,
  shape: tuple(integer, 3),
  bits: width,
  scale: finite,
  zeroPoint: integer,
  view: optional(record<TensorView>({ of: integer, y: integer, x: integer })) as Parser<TensorView>,
  channelScales: optional(list(finite)),
});

const inputMode = oneOf('resident' as const, 'streamed' as const);
const patches = record<PatchStage>({
  kind: oneOf('patches' as const),
  firstStep: integer,
  stepsPerBranch: integer,
  rows: integer,
  columns: integer,
  input: inputMode,
  choice: optional(
    record<BranchChoice>({
      common: integer,
      steps: integer,
      low: integer,
      high: integer,
      most: list(integer),
    }),
  ) as Parser<BranchChoice>,
});
const streaming = record<StreamingStage>({
  kind: oneOf('streaming' as const),
  firstStep: integer,
  steps: integer,
  rowsPerStep: integer,
  input: inputMode,
});
export const parsePatchStage: Parser<TiledStage> = (value, path) =>
  (value as { kind?: unknown } | null)?.kind === 'streaming' ? streaming(value, path) : patches(value, path);

export const parsePort = record<PlanPort>({
  name: string,
  tensor: integer,
  dtype: oneOf('int8' as const, 'uint8' as const, 'float32' as const),
});

export const parsePostProcess = record<PlanPostProcess>({
  kind: oneOf('ssd' as const),
  classes: integer,
  maxDetections: integer,
  maxClassesPerDetection: integer,
  detectionsPerClass: integer,
  regularNms: boolean,
  scoreThreshold: finite,
  iouThreshold: finite,
  boxScale: record({ y: finite, x: finite, h: finite, w: finite }),
  anchors: blob,
});

export const parseMode = oneOf(...REQUANT_MODES);
export const parseString = string;
export const parseInteger = integer;
