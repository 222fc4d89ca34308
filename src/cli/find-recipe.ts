/**
 * Finds the recipe for a model: --recipe, --preset, the file beside the model, or the default for its classes; and
 * stores it beside a plan, so that it travels with the model.
 */
import { defaultPreset, formatRecipe, parseRecipe, presetFor, type Recipe } from '../data/recipe.js';
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

/** What a plan and a float network have in common: enough to know the number of classes. */
export interface NetworkOutputs {
  readonly tensors: readonly { readonly shape: readonly [number, number, number] }[];
  readonly outputs: readonly { readonly tensor: number }[];
}

/** `net.recipe.json` for `net.tflite`, `net.onnx`, `net.plan.json` and the base name `net`. */
const recipeBeside = (model: string): string =>
  `${model.replace(/\.plan\.json$|\.(?:tflite|onnx)$/, '')}.recipe.json`;

export async function findRecipe(
  host: Host,
  model: string,
  network: NetworkOutputs,
  options: RecipeOptions,
): Promise<NamedRecipe> {
  const classes = network.tensors[network.outputs[0]?.tensor ?? -1]?.shape[2] ?? 0;
  const base = presetFor(options.preset, classes);
  const beside = recipeBeside(model);
  const file =
    options.recipe ?? (options.preset === undefined && (await host.exists(beside)) ? beside : undefined);
  if (file === undefined) return { recipe: base, source: options.preset ?? defaultPreset(classes) };
  const text = new TextDecoder().decode(await host.readFile(file));
  return { recipe: parseRecipe(text, file, base), source: file };
}

/** Stores a recipe beside the plan `<base>.plan.json`; returns the file. */
export async function storeRecipe(host: Host, base: string, recipe: Recipe): Promise<string> {
  const file = recipeBeside(`${base}.plan.json`);
  await host.writeFile(file, formatRecipe(recipe));
  return file;
}

/** Copies the recipe beside a model to the plan that was made from it, where there is one. */
export async function carryRecipe(host: Host, model: string, base: string): Promise<void> {
  const [from, to] = [recipeBeside(model), recipeBeside(`${base}.plan.json`)];
  if (from !== to && (await host.exists(from))) await host.writeFile(to, await host.readFile(from));
}
