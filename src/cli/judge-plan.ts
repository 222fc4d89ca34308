/** What is said of a plan that a search found: firmware on the emulated cores, accuracy on test images. */
import type { Recipe } from '../data/recipe.js';
import { compareAccuracy } from '../evaluate/compare-accuracy.js';
import { SIMULATION_ENGINES } from '../evaluate/engines.js';
import { measureCycles } from '../evaluate/measure-cycles.js';
import type { ModelSearch, SearchedPlan } from '../evaluate/search-model.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { FloatNetwork } from '../ir/float-network.js';
import { type Verified, verifyPlan } from '../pipeline.js';
import type { CoreCycles, SearchFacts } from '../report/search-report.js';
import type { Cache } from '../support/cache.js';
import { BOARDS, type Board } from '../targets/index.js';
import { type AutotuneCliOptions, measuredKernels } from './autotune-option.js';
import type { Environment } from './environment.js';
import { randomInputs } from './network-inputs.js';
import type { Progress } from './progress.js';
import { readTestSamples } from './test-samples.js';

export const NOT_EMULATED = {
  peakSramBytes: null,
  cycles: null,
  cyclesInt8: null,
  cyclesInt8Patched: null,
  verified: null,
  onTarget: undefined,
} as const;

interface EmulationContext {
  /** `autotune`: kernels by measured cycles, of the plans at 8 bits as well. */
  readonly options: AutotuneCliOptions;
  readonly sramBytes: number;
  readonly board: Board;
  readonly cache: Cache;
  readonly environment: Environment;
  readonly progress: Progress;
  readonly seed: number;
}

/** Firmware of the plan, verified on either core and on the target; cycles of the int8 plans it is compared with. */
export async function emulateAll(search: ModelSearch, { plan }: SearchedPlan, context: EmulationContext) {
  const { board, cache, environment, options, progress, seed, sramBytes } = context;
  const boards = { m4: boardOf('m4', board), m7: boardOf('m7', board) };
  const { host, now, runBlocking } = environment;
  const inputs = randomInputs(plan, seed);
  const verifyOn = async (on: Board): Promise<Verified> =>
    verifyPlan(host, plan, on, {
      ...{ inputs: inputs.bytes, inputName: inputs.source, now, runBlocking },
      onProgress: (what, done, total) => progress.update(what, done, total),
      ...(await measuredKernels(plan, on, options, environment)),
    });
  const [m4, m7] = [await verifyOn(boards.m4), await verifyOn(boards.m7)];
  const own = Object.values(boards).includes(board) ? undefined : await verifyOn(board);
  const onTarget = own ?? (board === boards.m7 ? m7 : m4);
  const cyclesOf = async (int8: DeployPlan | undefined): Promise<CoreCycles | null> => {
    if (int8 === undefined) return null;
    progress.update('emulating at 8 bits');
    const cyclesOn = async (on: Board): Promise<number> => {
      const kernels = await measuredKernels(int8, on, options, environment);
      return measureCycles(host, int8, on, { cache, now, runBlocking, ...kernels });
    };
    return { m4: await cyclesOn(boards.m4), m7: await cyclesOn(boards.m7) };
  };
  return {
    onTarget,
    peakSramBytes: onTarget.report.totals.peakSramBytes,
    cycles: { m4: m4.report.totals.cycles, m7: m7.report.totals.cycles },
    cyclesInt8: await cyclesOf(await search.int8Plan('layers', sramBytes)),
    cyclesInt8Patched: await cyclesOf(await search.int8Plan('patches', sramBytes)),
    verified: [m4, m7, onTarget].every(({ report }) => report.ok),
  };
}

const boardOf = (core: 'm4' | 'm7', board: Board): Board =>
  board.core === core ? board : BOARDS.find((candidate) => candidate.core === core)!;

export async function testPlan(
  { host }: Environment,
  network: FloatNetwork,
  plan: DeployPlan,
  folder: string,
  recipe: Recipe,
  progress: Progress,
): Promise<SearchFacts['test']> {
  const samples = await readTestSamples(host, folder, network, recipe);
  const result = await compareAccuracy(network, plan, samples, {
    ...{ engine: SIMULATION_ENGINES.wasm(), mapSamples: 0 },
    onProgress: (done, total) => progress.update('testing', done, total),
  });
  const { n, top1, agreement, scoreSqnrDb } = result;
  return {
    ...{ n, agreement, scoreSqnrDb },
    top1: top1?.second ?? null,
    top1Float: top1?.first ?? null,
    points: top1?.points ?? null,
    halfWidth: top1?.halfWidth ?? null,
  };
}
