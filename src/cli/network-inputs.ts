/** The stored bytes of every network input for `verify` and `emulate`: from files, or seeded random values. */
import { elementCount, inputSpec } from '../data/input-spec.js';
import { prepareInput } from '../data/prepare-input.js';
import type { Recipe } from '../data/recipe.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { badInput } from '../support/errors.js';
import type { Host } from '../support/host.js';
import { createRandom } from '../support/random.js';

export interface NetworkInputs {
  readonly bytes: readonly Uint8Array[];
  /** For reports. */
  readonly source: string;
}

/** One file per input of the network, in its order. */
export async function readInputs(
  host: Host,
  plan: DeployPlan,
  files: readonly string[],
  recipe: Recipe,
): Promise<NetworkInputs> {
  if (files.length !== plan.inputs.length) {
    throw badInput('verify/inputs', 'one --input per input of the network', {
      where: plan.name,
      found: `${files.length} files`,
      expected: `${plan.inputs.length}: ${plan.inputs.map((port) => port.name).join(', ')}`,
    });
  }
  const bytes = await Promise.all(
    files.map(async (file, i) => prepareInput(await host.readFile(file), file, inputSpec(plan, i), recipe)),
  );
  return { bytes, source: files.join(', ') };
}

export function randomInputs(plan: DeployPlan, seed: number): NetworkInputs {
  const random = createRandom(seed);
  const bytes = plan.inputs.map((_, i) =>
    Uint8Array.from({ length: elementCount(inputSpec(plan, i)) }, () => random.integer(0, 255)),
  );
  return { bytes, source: `random bytes of seed ${seed}` };
}
