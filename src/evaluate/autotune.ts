/**
 * Which kernel of every step is quickest, measured: the network's own firmware runs on the built-in core once for the first
 * kernel of each step, once for the second, and so on. `bind` then takes the quickest that leaves the arena as small as
 * its rule demands (src/bind/variants/choose.ts). Bytes do not depend on it.
 */
import { type KernelChoice, type KernelPreference, kernelsFor } from '../bind/variants/choose.js';
import { type KernelCycles, kernelName } from '../bind/variants/chosen-kernel.js';
import { linkedAt, linkedKernels } from '../bind/variants/links.js';
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
 * Cycles for `bind`. Where the kernels chosen by them do not fit the board: without those of linked kernels, which are a
 * kernel more; where these do not fit either, but those of the rule do, undefined. Where nothing fits: all cycles. What is
 * measured is kept by the sources and the compiler, so that a second time nothing is compiled.
 */
export async function autotune(
  host: Host,
  plan: DeployPlan,
  board: Board,
  options: AutotuneOptions,
): Promise<KernelCycles | undefined> {
  const { onProgress: _, cache, ...building } = options;
  const { feature } = coreOf(board.core);
  const toolchain = await findToolchain(host, options.toolchain);
  const keyOf: KeyOf = (what, preference) => {
    const { files } = generateProject(plan, board, preference);
    return contentKey([what, board.core, toolchain.version, ...[...files].flat()]);
  };
  const links = linkedKernels(plan, feature);
  const linked = plan.steps.map((_step, index) => linkedAt(links, index).map(kernelName));
  const all = await measureKernels(host, plan, board, { ...options, linked, keyOf });
  const withoutLinks: KernelCycles = (index, kernel) =>
    linked[index]!.includes(kernel) ? undefined : all(index, kernel);
  const fits = (preference: KernelPreference): Promise<boolean> =>
    cache.json(keyOf(`fits ${board.flash.bytes} ${board.sram.bytes}`, preference), async () => {
      const { isVirtual } = await buildProject(host, plan, board, { ...building, ...preference });
      return !isVirtual;
    });
  for (const cycles of links.length === 0 ? [all] : [all, withoutLinks])
    if (await fits({ cycles })) return cycles;
  return (await fits({})) ? undefined : all;
}

type KeyOf = (what: string, preference: KernelPreference) => string;

interface KernelMeasuring extends AutotuneOptions {
  /** Names of linked kernels of every step. */
  readonly linked: readonly (readonly string[])[];
  readonly keyOf: KeyOf;
}

/** A round each for the first, second … kernel of all steps, then for the first, second … linked one. */
async function measureKernels(
  host: Host,
  plan: DeployPlan,
  board: Board,
  { onProgress, cache, linked, keyOf, ...options }: KernelMeasuring,
): Promise<KernelCycles> {
  const { feature } = coreOf(board.core);
  const kernels = plan.steps.map((step) => kernelsFor(step, plan, feature).map(kernelName));
  const measured = plan.steps.map(() => new Map<string, number>());
  const most = (names: readonly (readonly string[])[]): number =>
    names.reduce((longest, { length }) => Math.max(longest, length), 0);
  const rounds = Math.max(1, most(kernels));
  const allRounds = rounds + most(linked);
  for (let round = 0; round < allRounds; round++) {
    onProgress?.('measuring kernels', round, allRounds);
    const nameAt = (index: number): string => {
      const names = kernels[index]!;
      return round < rounds
        ? names[Math.min(round, names.length - 1)]!
        : (linked[index]![round - rounds] ?? names[0]!);
    };
    const choice: KernelChoice = (_, index) => nameAt(index);
    const { steps } = await cache.json(keyOf('step cycles 1', { choice }), () =>
      measureStepCycles(host, plan, board, { ...options, cache: noCache, choice }),
    );
    steps.forEach((cycles, index) => {
      if (!measured[index]!.has(nameAt(index))) measured[index]!.set(nameAt(index), cycles);
    });
  }
  return (index, kernel) => measured[index]!.get(kernel);
}
