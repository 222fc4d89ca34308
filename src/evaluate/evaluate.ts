/**
 * Accuracy over labelled samples: prepares inputs while earlier ones run, on this thread or on workers.
 * Stands between the stages and the pipeline because it joins two of them, data and simulate.
 */
import type { InputSpec } from '../data/input-spec.js';
import { inputSpec } from '../data/input-spec.js';
import type { Sample } from '../data/labelled-folder.js';
import { prepareInput } from '../data/prepare-input.js';
import type { Recipe } from '../data/recipe.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { rankOf } from '../report/simulate-report.js';
import { unsupported } from '../support/errors.js';
import type { Host } from '../support/host.js';
import type { EngineName } from './engines.js';
import { createRunner } from './runner.js';

export interface EvaluateOptions {
  readonly plan: DeployPlan;
  readonly samples: readonly Sample[];
  readonly recipe: Recipe;
  readonly engine: EngineName;
  readonly threads: number;
  readonly host: Host;
  /** When aborted, the results so far are returned. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/** Inputs that are decoded ahead of the simulation, per thread: pictures are decoded off this thread. */
const PREFETCH = 3;

/** Rank of the true class per sample (0 = best), in order; shorter than `samples` when interrupted. */
export async function evaluateSamples(options: EvaluateOptions): Promise<readonly number[]> {
  const { plan, samples, signal } = options;
  const spec = classifierInput(plan);
  const ranks: (number | undefined)[] = samples.map(() => undefined);
  const threads = Math.max(1, Math.min(options.threads, samples.length));
  const runner = await createRunner(plan, options.engine, threads);
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (next < samples.length && signal?.aborted !== true) {
      const index = next++;
      const sample = samples[index]!;
      ranks[index] = await rankSample(sample, spec, options, runner.run);
      done += 1;
      options.onProgress?.(done, samples.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: threads + PREFETCH }, lane));
  } finally {
    await runner.close();
  }
  const firstMissing = ranks.indexOf(undefined);
  return (firstMissing < 0 ? ranks : ranks.slice(0, firstMissing)) as number[];
}

async function rankSample(
  sample: Sample,
  spec: InputSpec,
  options: EvaluateOptions,
  run: (input: Uint8Array) => Promise<readonly Uint8Array[]>,
): Promise<number> {
  const bytes = await options.host.readFile(sample.path);
  const input = await prepareInput(bytes, sample.path, spec, options.recipe);
  const [scores] = await run(input);
  const signed = new Int8Array(scores!.buffer, scores!.byteOffset, scores!.length);
  return rankOf(signed, sample.label + options.recipe.labelOffset);
}

function classifierInput(plan: DeployPlan): InputSpec {
  if (plan.inputs.length === 1 && plan.outputs.length === 1) return inputSpec(plan);
  throw unsupported('simulate/classifier', 'accuracy needs a classifier', {
    where: plan.name,
    found: `${plan.inputs.length} inputs and ${plan.outputs.length} outputs`,
    expected: 'one input and one output',
  });
}

/** `limit` samples spread evenly over the list, so that lists sorted by class stay balanced. */
export function spreadSamples<T>(samples: readonly T[], limit: number | undefined): readonly T[] {
  if (limit === undefined || limit >= samples.length) return samples;
  return Array.from({ length: limit }, (_, i) => samples[Math.floor((i * samples.length) / limit)]!);
}
