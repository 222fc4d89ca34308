/** `--autotune`: kernels by measured cycles. */
import { Option } from 'commander';
import type { KernelCycles } from '../bind/variants/chosen-kernel.js';
import { CACHE_FOLDER } from '../evaluate/calibrate-for-search.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { autotune } from '../pipeline.js';
import { folderCache } from '../support/cache.js';
import type { Board } from '../targets/index.js';
import type { Environment } from './environment.js';
import { startProgress } from './progress.js';

export interface AutotuneCliOptions {
  readonly autotune?: boolean;
  readonly cache: string;
  readonly toolchain?: string;
}

export const autotuneOption = (): Option =>
  new Option(
    '--autotune',
    'choose kernels by their cycles, measured on the emulated core (default: by rule; bytes are the same)',
  );

export const autotuneOptions = (): readonly Option[] => [
  autotuneOption(),
  new Option('--cache <folder>', 'where measurements are kept').default(CACHE_FOLDER),
];

/** What bind and its callers take: nothing without the option, or where the quickest kernels do not fit the board. */
export async function measuredKernels(
  plan: DeployPlan,
  board: Board,
  options: AutotuneCliOptions,
  environment: Environment,
): Promise<{ readonly cycles?: KernelCycles }> {
  if (options.autotune !== true) return {};
  const { host, now, runBlocking, writeError } = environment;
  const progress = startProgress(environment);
  const cycles = await autotune(host, plan, board, {
    ...{ cache: folderCache(host, options.cache), now, runBlocking, onProgress: progress.update },
    ...(options.toolchain === undefined ? {} : { toolchain: options.toolchain }),
  }).finally(progress.end);
  if (cycles !== undefined) return { cycles };
  writeError('warning: the quickest kernels do not fit the board; kernels are chosen by rule\n');
  return {};
}
