/** Builds small float graphs for tests: tensors and nodes in a few words. */
import type { ConstantData, Graph, GraphNode, GraphTensor, Window2d } from '../../../src/ir/graph.js';

/** A node without its name and outputs, which the builder fills in. */
type Bare<N> = N extends GraphNode ? Omit<N, 'name' | 'outputs'> : never;

export class GraphBuilder {
  private readonly tensors: GraphTensor[] = [];
  private readonly nodes: GraphNode[] = [];
  private readonly inputs: number[] = [];

  input(shape: readonly number[], extra: Partial<GraphTensor> = {}): number {
    const id = this.tensor(shape, extra);
    this.inputs.push(id);
    return id;
  }

  constant(shape: readonly number[], data: ConstantData, extra: Partial<GraphTensor> = {}): number {
    return this.tensor(shape, { data, ...extra });
  }

  /** Adds a node whose output has the given shape; returns the output's id. */
  node(bare: Bare<GraphNode>, shape: readonly number[], extra: Partial<GraphTensor> = {}): number {
    const output = this.tensor(shape, extra);
    this.nodes.push({ ...bare, name: `${bare.op}_${this.nodes.length}`, outputs: [output] } as GraphNode);
    return output;
  }

  finish(...outputs: readonly number[]): Graph {
    return {
      name: 'test',
      source: { format: 'memory' },
      tensors: this.tensors,
      nodes: this.nodes,
      inputs: this.inputs,
      outputs,
    };
  }

  private tensor(shape: readonly number[], extra: Partial<GraphTensor>): number {
    const id = this.tensors.length;
    this.tensors.push({ id, name: `t${id}`, shape, dtype: 'float32', ...extra });
    return id;
  }
}

export const plainWindow = (kernel: number, stride = 1, pad = 0): Window2d => ({
  kernelHeight: kernel,
  kernelWidth: kernel,
  strideHeight: stride,
  strideWidth: stride,
  dilationHeight: 1,
  dilationWidth: 1,
  padding: { top: pad, bottom: pad, left: pad, right: pad },
});
