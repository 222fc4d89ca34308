/**
 * Which kernel of every step is quickest, measured: the network's own firmware runs on the built-in core once for the first
 * kernel of each step, once for the second, and so on. `bind` then takes the quickest that leaves the arena as small as
 * its rule demands (src/bind/variants/choose.ts). Bytes do not depend on it.
 */
import { type KernelCycles, type KernelPreference, kernelName, kernelsFor } from '../bind/variants/choose.js';
import { findToolchain } from '../compile/toolchain.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { contentKey, noCache } from '../support/cache.js';
import type { Host } from '../support/host.js';
import { type Board, coreOf } from '../targets/index.js';
import { buildProject, generateProject } from './build-project.js';
import { type MeasureOptions, measureStepCycles } from './measure-cycles.js';

export interface AutotuneOptions extends Omit<MeasureOptions, keyof KernelPreference> {
  readonly onProgress?: (what: string, done?: number, total?: number) => void;
}

/**
 * Cycles for `bind`. Undefined when the kernels chosen by them do not fit the board, but those of the rule do. What is
 * measured is kept by the sources and the compiler, so that a second time nothing is compiled.
 */
export async function autotune(
  host: Host,
  plan: DeployPlan,
  board: Board,
  { onProgress, cache, ...options }: AutotuneOptions,
): Promise<KernelCycles | undefined> {
  const { feature } = coreOf(board.core);
  const toolchain = await findToolchain(host, options.toolchain);
  const keyOf = (what: string, preference: KernelPreference): string => {
    const { files } = generateProject(plan, board, preference);
    return contentKey([what, board.core, toolchain.version, ...[...files].flat()]);
  };
  const kernels = plan.steps.map((step) => kernelsFor(step, plan, feature).map(kernelName));
  const measured = plan.steps.map(() => new Map<string, number>());
  const rounds = Math.max(1, ...kernels.map(({ length }) => length));
  for (let round = 0; round < rounds; round++) {
    onProgress?.('measuring kernels', round, rounds);
    const nameAt = (index: number): string => kernels[index]![Math.min(round, kernels[index]!.length - 1)]!;
    const choice = (_: unknown, index: number): string => nameAt(index);
    const { steps } = await cache.json(keyOf('step cycles 1', { choice }), () =>
      measureStepCycles(host, plan, board, { ...options, cache: noCache, choice }),
    );
    steps.forEach((cycles, index) => {
      if (!measured[index]!.has(nameAt(index))) measured[index]!.set(nameAt(index), cycles);
    });
  }
  const cycles: KernelCycles = (index, kernel) => measured[index]!.get(kernel);
  const fits = (preference: KernelPreference): Promise<boolean> =>
    cache.json(keyOf(`fits ${board.flash.bytes} ${board.sram.bytes}`, preference), async () => {
      const { isVirtual } = await buildProject(host, plan, board, { ...options, ...preference });
      return !isVirtual;
    });
  return (await fits({ cycles })) || !(await fits({})) ? cycles : undefined;
}
