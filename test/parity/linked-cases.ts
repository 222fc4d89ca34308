/** Two steps whose kernels agree on the layout of the map between them: as they are bound, and what differs of map and output. */
import { bind } from '../../src/bind/bind.js';
import { kernelName } from '../../src/bind/variants/chosen-kernel.js';
import { type KernelLink, linkedAt } from '../../src/bind/variants/links.js';
import { verifyBoundPlan } from '../../src/invariants/bound.js';
import { mapOfPlanes } from '../../src/ir/planes-layout.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { tensorOf } from '../../src/ops/plan-access.js';
import type { LoadedNetwork } from '../../src/simulate/engine.js';
import { referenceEngine } from '../../src/simulate/reference-engine.js';
import { coreOf } from '../../src/targets/index.js';
import type { CoreId } from '../../src/targets/target.js';
import type { ParityCase } from './c-programs.js';
import type { EmulatedCase } from './emulated-programs.js';

export interface LinkedCase extends ParityCase {
  /** The map between both steps. */
  readonly map: Uint8Array;
}

/** Both steps with the link's kernels; `index` gives the prefix of symbols. */
export function linkedCase(sample: SampleCase, link: KernelLink, core: CoreId, index: number): LinkedCase {
  const target = { core, feature: coreOf(core).feature };
  const choice = (_: unknown, at: number): string => kernelName(linkedAt([link], at)[0]!);
  const bound = bind(sample.plan, target, { choice });
  verifyBoundPlan(bound);
  const maps: Uint8Array[] = [];
  (referenceEngine.load(sample.plan) as LoadedNetwork).run(sample.inputs, (step, _, bytes) => {
    maps[step] = bytes;
  });
  const prefix = `n${String(index).padStart(3, '0')}`;
  return { sample, bound, prefix, map: maps[0]!, expected: maps[1]! };
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** A line for every map, taken out of its planes, and every output that differs from the reference. */
export function linkedDifferences(cases: readonly LinkedCase[], runs: readonly EmulatedCase[]): string[] {
  return cases.flatMap(({ sample, bound, map, expected }, i) => {
    const id = sample.plan.steps[0]!.output;
    const { shape, bits } = tensorOf(sample.plan, id);
    const { layout } = bound.tensors.find(({ tensor }) => tensor === id)!;
    const found = mapOfPlanes(runs[i]!.laidOut.get(id)!, layout!, shape, bits);
    return [
      ...(sameBytes(map, found) ? [] : [`${sample.label}: the map differs`]),
      ...(sameBytes(expected, runs[i]!.output) ? [] : [`${sample.label}: the output differs`]),
    ];
  });
}
