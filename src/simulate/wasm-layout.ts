/**
 * Linear memory of the WASM engine: the argument records (assembly/memory/arguments.ts, same order) and
 * where everything stands:
 *
 *   module data │ activation arena │ weights, tables, records … │ scratch, shared by all steps
 */
import type { DeployPlan } from '../ir/deploy-plan.js';
import { elementCount } from '../ops/plan-access.js';
import { limit } from '../support/errors.js';

const WINDOW = [
  'kernelHeight',
  'kernelWidth',
  'strideHeight',
  'strideWidth',
  'dilationHeight',
  'dilationWidth',
  'padTop',
  'padLeft',
] as const;
const OUTPUT_STAGE = ['outputZeroPoint', 'clampMin', 'clampMax'] as const;

/** Field order of every argument record; each field is 32 bits. Meanings stand in the AssemblyScript classes. */
export const RECORDS = {
  Conv2d: [
    'input',
    'output',
    'weights',
    'groups',
    'strip',
    'column',
    'pixels',
    'stripPixels',
    'outputChannels',
    'taps',
    ...OUTPUT_STAGE,
    'inputZeroPoint',
    'inputHeight',
    'inputWidth',
    'inputChannels',
    'outputWidth',
    ...WINDOW,
  ],
  DepthwiseConv2d: [
    'input',
    'output',
    'weights',
    'groups',
    'padded',
    'inputHeight',
    'inputWidth',
    'inputChannels',
    'depthMultiplier',
    'inputZeroPoint',
    'paddedHeight',
    'paddedWidth',
    'outputHeight',
    'outputWidth',
    'outputChannels',
    ...OUTPUT_STAGE,
    ...WINDOW,
  ],
  FullyConnected: [
    'input',
    'output',
    'weights',
    'groups',
    'strip',
    'outputChannels',
    'taps',
    ...OUTPUT_STAGE,
  ],
  Binary: ['first', 'second', 'output', 'table', 'count', 'period'],
  AddFloat: [
    'first',
    'second',
    'output',
    'count',
    'firstScale',
    'secondScale',
    'offset',
    'clampMin',
    'clampMax',
  ],
  AddTable: [
    'table',
    'leftShift',
    'firstZeroPoint',
    'firstMultiplier',
    'firstShift',
    'secondZeroPoint',
    'secondMultiplier',
    'secondShift',
    'secondSign',
    'outputMultiplier',
    'outputShift',
    ...OUTPUT_STAGE,
  ],
  MulTable: ['table', 'firstZeroPoint', 'secondZeroPoint', 'multiplier', 'shift', ...OUTPUT_STAGE],
  RequantizeTable: ['table', 'inputZeroPoint', 'multiplier', 'shift', ...OUTPUT_STAGE],
  Lookup: ['input', 'output', 'table', 'count'],
  Pool2d: [
    'input',
    'output',
    'sums',
    'perCount',
    'inputHeight',
    'inputWidth',
    'channels',
    'outputHeight',
    'outputWidth',
    ...WINDOW,
    'origin',
    'inputZeroPoint',
    ...OUTPUT_STAGE,
  ],
  Mean: [
    'input',
    'output',
    'sums',
    'pixels',
    'channels',
    'inputZeroPoint',
    'multiplier',
    'shift',
    ...OUTPUT_STAGE,
  ],
  Pad: [
    'input',
    'output',
    'inputHeight',
    'inputWidth',
    'inputChannels',
    'outputHeight',
    'outputWidth',
    'outputChannels',
    'top',
    'left',
    'front',
    'zeroPoint',
  ],
  CopyWindow: ['source', 'target', 'rows', 'rowBytes', 'sourceStride', 'targetStride'],
  Transpose: ['input', 'output', 'size0', 'size1', 'size2', 'stride0', 'stride1', 'stride2'],
  Concatenation: ['input', 'output', 'table', 'runs', 'runBytes', 'outputStride'],
  Softmax: ['input', 'output', 'expTable', 'pixels', 'channels', ...OUTPUT_STAGE],
  ResizeNearest: [
    'input',
    'output',
    'rows',
    'columns',
    'inputWidth',
    'channels',
    'outputHeight',
    'outputWidth',
  ],
  Lanes: ['packed', 'elements', 'pixels', 'channels'],
} as const;

export type RecordName = keyof typeof RECORDS;
export type FieldOf<N extends RecordName> = (typeof RECORDS)[N][number];
export type RecordFields<N extends RecordName> = { readonly [F in FieldOf<N>]: number };

function recordWords<N extends RecordName>(name: N, fields: RecordFields<N>): Int32Array {
  const order: readonly FieldOf<N>[] = RECORDS[name];
  return Int32Array.from(order, (field) => fields[field]);
}

/** A bump allocator over a growing linear memory. */
export class LinearMemory {
  private end: number;

  constructor(
    readonly memory: WebAssembly.Memory,
    heapBase: number,
    private readonly slackBytes: number,
  ) {
    this.end = heapBase;
  }

  /** Reserves `bytes`, 16-byte aligned, with slack behind them. */
  reserve(bytes: number): number {
    const address = alignUp(this.end, 16);
    this.end = address + bytes + this.slackBytes;
    const missing = Math.ceil((this.end - this.memory.buffer.byteLength) / 65536);
    if (missing > 0) this.grow(missing);
    return address;
  }

  private grow(pages: number): void {
    try {
      this.memory.grow(pages);
    } catch {
      throw limit('simulate/memory', 'the network does not fit the simulator’s 4 GiB of linear memory', {
        found: `${this.end} bytes`,
        fix: 'Use a smaller input or model.',
      });
    }
  }

  /** Copies constant data in; returns its address. */
  store(data: ArrayBufferView): number {
    const address = this.reserve(data.byteLength);
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    new Uint8Array(this.memory.buffer).set(bytes, address);
    return address;
  }

  /** Writes an argument record; returns its address. */
  storeRecord<N extends RecordName>(name: N, fields: RecordFields<N>): number {
    return this.store(recordWords(name, fields));
  }

  /** Writes an argument record over reserved memory. */
  writeRecord<N extends RecordName>(name: N, fields: RecordFields<N>, address: number): void {
    new Int32Array(this.memory.buffer).set(recordWords(name, fields), address / 4);
  }
}

export const alignUp = (value: number, alignment: number): number => Math.ceil(value / alignment) * alignment;

interface Placed {
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  readonly offset: number;
}

export interface ActivationArena {
  readonly bytes: number;
  /** Offset of each tensor by id. */
  readonly offsets: readonly number[];
}

/** A reshape's output stands where its input does: one byte per element makes the two the same bytes. */
function storageOwners(plan: DeployPlan): number[] {
  const owners = plan.tensors.map((tensor) => tensor.id);
  for (const step of plan.steps) {
    if (step.op === 'reshape') owners[step.output] = owners[step.inputs[0]!]!;
  }
  return owners;
}

/** First fit by lifetime, in execution order; one byte per element, `slackBytes` behind each tensor. */
export function placeActivations(plan: DeployPlan, slackBytes: number): ActivationArena {
  const owners = storageOwners(plan);
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  const touch = (tensor: number, at: number): void => {
    const owner = owners[tensor]!;
    if (!first.has(owner)) first.set(owner, at);
    last.set(owner, Math.max(last.get(owner) ?? at, at));
    const { view } = plan.tensors[tensor]!;
    if (view !== undefined) touch(view.of, at);
  };
  for (const port of plan.inputs) touch(port.tensor, -1);
  plan.steps.forEach((step, index) => {
    for (const id of step.inputs) touch(id, index);
    touch(step.output, index);
  });
  for (const port of plan.outputs) touch(port.tensor, plan.steps.length);

  const placed: Placed[] = [];
  const byOwner = new Map<number, number>();
  for (const [owner, start] of first) {
    const bytes = alignUp(elementCount(plan.tensors[owner]!) + slackBytes, 16);
    const offset = firstGap(placed, start, last.get(owner)!, bytes);
    placed.push({ first: start, last: last.get(owner)!, bytes, offset });
    byOwner.set(owner, offset);
  }
  return {
    bytes: placed.reduce((end, p) => Math.max(end, p.offset + p.bytes), 0),
    offsets: owners.map((owner) => byOwner.get(owner) ?? 0),
  };
}

function firstGap(placed: readonly Placed[], first: number, last: number, bytes: number): number {
  const alive = placed.filter((p) => p.first <= last && p.last >= first).sort((a, b) => a.offset - b.offset);
  let offset = 0;
  for (const p of alive) {
    if (offset + bytes <= p.offset) break;
    offset = Math.max(offset, p.offset + p.bytes);
  }
  return offset;
}
