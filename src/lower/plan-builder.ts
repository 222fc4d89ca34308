/** Collects tensors, steps and constants of a plan while lowering; the only mutable state of the stage. */
import {
  type BlobRef,
  DEPLOY_PLAN_FORMAT,
  DEPLOY_PLAN_VERSION,
  type DeployPlan,
  type PlanPort,
  type PlanTensor,
  type Step,
} from '../ir/deploy-plan.js';
import type { PlanPostProcess } from '../ir/detection.js';
import type { Graph, GraphTensor } from '../ir/graph.js';
import type { RequantMode } from '../numeric/requantize.js';
import { dropLeadingOnes } from '../ops/graph-shapes.js';
import { invariant, unsupported } from '../support/errors.js';

export type Shape3 = readonly [number, number, number];

/** Constants are aligned so that an engine may read int32 in place. */
const BLOB_ALIGNMENT = 4;

export class PlanBuilder {
  private readonly tensors: PlanTensor[] = [];
  private readonly steps: Step[] = [];
  private readonly blobs: Uint8Array[] = [];
  private blobBytes = 0;
  private readonly planTensorOf = new Map<number, number>();
  private readonly tensorNames = new Set<string>();

  constructor(
    readonly graph: Graph,
    readonly mode: RequantMode,
  ) {}

  /** Adds an int8 tensor that the graph does not have. */
  addTensor(name: string, shape: Shape3, scale: number, zeroPoint: number): number {
    const id = this.tensors.length;
    let unique = name;
    for (let n = 2; this.tensorNames.has(unique); n++) unique = `${name}_${n}`;
    this.tensorNames.add(unique);
    this.tensors.push({ id, name: unique, shape, bits: 8, scale, zeroPoint });
    return id;
  }

  /** The plan's tensor for a graph activation, made on first use under the given name. */
  tensorFor(graphId: number, name: string): number {
    const known = this.planTensorOf.get(graphId);
    if (known !== undefined) return known;
    const tensor = this.graph.tensors[graphId]!;
    const id = this.addTensor(
      name,
      planShape(tensor, this.whereOf(name)),
      tensor.quantization!.scale[0]!,
      tensor.quantization!.zeroPoint[0]!,
    );
    this.planTensorOf.set(graphId, id);
    return id;
  }

  private whereOf(layer: string): string {
    const file = this.graph.source.file;
    return file === undefined ? `layer ${layer}` : `${file}, layer ${layer}`;
  }

  /** Lets a graph tensor stand for an existing plan tensor: QUANTIZE and DEQUANTIZE at the model's edges. */
  alias(graphId: number, planId: number): void {
    this.planTensorOf.set(graphId, planId);
  }

  planTensor(id: number): PlanTensor {
    const tensor = this.tensors[id];
    invariant(tensor !== undefined, 'lower/tensor', `plan tensor ${id} does not exist`);
    return tensor;
  }

  addStep(step: Step): void {
    this.steps.push(step);
  }

  addBlob(bytes: Uint8Array): BlobRef {
    const offset = this.blobBytes;
    const padded = Math.ceil(bytes.length / BLOB_ALIGNMENT) * BLOB_ALIGNMENT;
    this.blobs.push(bytes);
    this.blobBytes += padded;
    return { offset, length: bytes.length };
  }
  addInt8(values: ArrayLike<number>): BlobRef {
    return this.addBlob(new Uint8Array(Int8Array.from(values).buffer));
  }
  addInt32(values: ArrayLike<number>): BlobRef {
    const view = new DataView(new ArrayBuffer(4 * values.length));
    for (let i = 0; i < values.length; i++) view.setInt32(4 * i, values[i]!, true);
    return this.addBlob(new Uint8Array(view.buffer));
  }

  addFloat32(values: ArrayLike<number>): BlobRef {
    const view = new DataView(new ArrayBuffer(4 * values.length));
    for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i]!, true);
    return this.addBlob(new Uint8Array(view.buffer));
  }

  finish(
    inputs: readonly PlanPort[],
    outputs: readonly PlanPort[],
    postProcess: PlanPostProcess | undefined,
  ): DeployPlan {
    const weights = new Uint8Array(this.blobBytes);
    let at = 0;
    for (const blob of this.blobs) {
      weights.set(blob, at);
      at += Math.ceil(blob.length / BLOB_ALIGNMENT) * BLOB_ALIGNMENT;
    }
    return {
      format: DEPLOY_PLAN_FORMAT,
      version: DEPLOY_PLAN_VERSION,
      name: this.graph.name,
      requantization: this.mode,
      tensors: this.tensors,
      steps: this.steps,
      inputs,
      outputs,
      ...(postProcess === undefined ? {} : { postProcess }),
      weights,
    };
  }
}

/** [height, width, channels]: the last three dimensions; those in front must be 1, missing ones are 1. */
export function planShape(tensor: GraphTensor, where: string): Shape3 {
  const rest = dropLeadingOnes(tensor.shape);
  if (rest.length > 3)
    throw unsupported('lower/rank', `tensor ${tensor.name} has more than three dimensions beside the batch`, {
      where,
      found: `[${tensor.shape.join(', ')}]`,
      expected: '[1, height, width, channels]',
      fix: 'Export the network with batch size 1 and at most three further dimensions.',
    });
  const [h, w, c] = [...[1, 1, 1].slice(rest.length), ...rest];
  return [h!, w!, c!];
}
