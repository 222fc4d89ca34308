/** A labelled folder as real values with the labels that the network means. */
import { listSamples } from '../data/labelled-folder.js';
import type { Recipe } from '../data/recipe.js';
import type { LabelledSample } from '../evaluate/compare-accuracy.js';
import { readFloatInput } from '../evaluate/float-inputs.js';
import type { FloatNetwork } from '../ir/float-network.js';
import type { Host } from '../support/host.js';

export async function readTestSamples(
  host: Host,
  folder: string,
  network: FloatNetwork,
  recipe: Recipe,
): Promise<LabelledSample[]> {
  const samples: LabelledSample[] = [];
  for (const { path, label } of await listSamples(host, folder)) {
    const values = await readFloatInput(await host.readFile(path), path, network, recipe);
    samples.push({ values: [values], label: label + recipe.labelOffset });
  }
  return samples;
}
