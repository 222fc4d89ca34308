/**
 * Runs a network over samples: prepares inputs while earlier ones run, on this thread or on workers. Accuracy of
 * classifiers. Stands between the stages and the pipeline because it joins two of them, data and simulate.
 */
import { inputSpec } from '../data/input-spec.js';
import type { InputWatch } from '../data/input-watch.js';
import type { Sample } from '../data/labelled-folder.js';
import { prepareInput } from '../data/prepare-input.js';
import type { Recipe } from '../data/recipe.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { rankOf } from '../report/simulate-report.js';
import { unsupported } from '../support/errors.js';
import type { Host } from '../support/host.js';
import type { EngineName } from './engines.js';
import { createRunner } from './runner.js';

export interface RunOptions {
  readonly plan: DeployPlan;
  readonly recipe: Recipe;
  readonly engine: EngineName;
  readonly threads: number;
  readonly host: Host;
  /** Sees every input before it is cut to the network's range. */
  readonly watch?: InputWatch;
  /** When aborted, the results so far are returned. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface EvaluateOptions extends RunOptions {
  readonly samples: readonly Sample[];
}

/** Inputs that are decoded ahead of the simulation, per thread: pictures are decoded off this thread. */
export const PREFETCH = 3;

/** Rank of the true class per sample (0 = best), in order; shorter than `samples` when interrupted. */
export async function evaluateSamples(options: EvaluateOptions): Promise<readonly number[]> {
  requireClassifier(options.plan);
  return runSamples(options, options.samples, ({ label }, [scores]) => {
    const signed = new Int8Array(scores!.buffer, scores!.byteOffset, scores!.length);
    return rankOf(signed, label + options.recipe.labelOffset);
  });
}

/** `finish` of every sample's output bytes, in order; shorter than `samples` when interrupted. */
export async function runSamples<S extends { readonly path: string }, T>(
  options: RunOptions,
  samples: readonly S[],
  finish: (sample: S, outputs: readonly Uint8Array[]) => T,
): Promise<readonly T[]> {
  const { plan, host, recipe, signal } = options;
  const spec = inputSpec(plan);
  const results: { readonly value: T }[] = [];
  const runner = await createRunner(plan, options.engine, options.threads);
  let next = 0;
  let done = 0;
  const lane = async (): Promise<void> => {
    while (next < samples.length && signal?.aborted !== true) {
      const index = next++;
      const sample = samples[index]!;
      const bytes = await host.readFile(sample.path);
      const outputs = await runner.run(await prepareInput(bytes, sample.path, spec, recipe, options.watch));
      results[index] = { value: finish(sample, outputs) };
      done += 1;
      options.onProgress?.(done, samples.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.threads + PREFETCH }, lane));
  } finally {
    await runner.close();
  }
  const missing = Array.from(samples.keys()).find((index) => results[index] === undefined);
  return results.slice(0, missing ?? samples.length).map(({ value }) => value);
}

function requireClassifier(plan: DeployPlan): void {
  if (plan.inputs.length === 1 && plan.outputs.length === 1) return;
  throw unsupported('simulate/classifier', 'accuracy needs a classifier', {
    where: plan.name,
    found: `${plan.inputs.length} inputs and ${plan.outputs.length} outputs`,
    expected: 'one input and one output',
    fix: 'For a detector give a folder of pictures with boxes: images/, labels/ and classes.yaml.',
  });
}

/** `limit` samples spread evenly over the list, so that lists sorted by class stay balanced. */
export function spreadSamples<T>(samples: readonly T[], limit: number | undefined): readonly T[] {
  if (limit === undefined || limit >= samples.length) return samples;
  return Array.from({ length: limit }, (_, i) => samples[Math.floor((i * samples.length) / limit)]!);
}
