/** Two layers whose kernels may be linked: 1×1 and depthwise 3×3 behind it, 24×24×96; then layers of their own. */
import { buildBenchPlan } from '../../src/evaluate/bench-plan.js';
import { BENCH_CHAINS, type BenchShape } from '../../src/evaluate/bench-shapes.js';
import type { DeployPlan } from '../../src/ir/deploy-plan.js';

const { before, behind } = BENCH_CHAINS[0]!;

/** As a layer of its own, of the same parameters, so that its kernels are shared with the chain's layer. */
export const likeBefore = (input: BenchShape['input'], channels: number): BenchShape => ({
  ...before,
  id: '1x1 alone',
  input,
  output: [input[0], input[1], channels],
});

export const likeBehind = (map: BenchShape['input']): BenchShape => ({
  ...behind,
  id: 'dw alone',
  input: map,
  output: map,
});

export function chainPlan(alone: readonly BenchShape[]): DeployPlan {
  const widths = { inputBits: 8, weightBits: 8 } as const;
  const layers = [
    { shape: before, ...widths },
    { shape: behind, ...widths, behind: true as const },
    ...alone.map((shape) => ({ shape, ...widths })),
  ];
  return buildBenchPlan(layers, { mode: 'mulhi', spread: 'gaussian', seed: 1 }).plan;
}
