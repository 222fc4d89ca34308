/** Finds the recipe for a model: --recipe, --preset, the file beside the model, or the default for its classes. */
import { defaultPreset, PRESETS, parseRecipe, presetByName, type Recipe } from '../data/recipe.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { Host } from '../support/host.js';

export interface RecipeOptions {
  readonly recipe?: string;
  readonly preset?: string;
}

export interface NamedRecipe {
  readonly recipe: Recipe;
  /** For reports: a preset's name or a file. */
  readonly source: string;
}

export async function findRecipe(
  host: Host,
  model: string,
  plan: DeployPlan,
  options: RecipeOptions,
): Promise<NamedRecipe> {
  const output = plan.tensors[plan.outputs[0]?.tensor ?? -1];
  const preset = options.preset ?? defaultPreset(output?.shape[2] ?? 0);
  const base =
    options.preset === undefined ? PRESETS[defaultPreset(output?.shape[2] ?? 0)] : presetByName(preset);
  const beside = `${model.replace(/\.plan\.json$|\.[^./]+$/, '')}.recipe.json`;
  const file =
    options.recipe ?? (options.preset === undefined && (await host.exists(beside)) ? beside : undefined);
  if (file === undefined) return { recipe: base, source: preset };
  const text = new TextDecoder().decode(await host.readFile(file));
  return { recipe: parseRecipe(text, file, base), source: file };
}
