/**
 * The stages in order, one typed call each. Read this file first: the rest of src/ is what these calls do.
 *
 *   model file ─importModel─► Graph ─lowerToPlan─► DeployPlan ─┬─ simulatePlan ──► expected feature maps ─┐
 *                                                              └─ bind ► generate ► build ► emulate ──────┴► compare
 */
import { bind } from './bind/bind.js';
import { emitProject, type ProjectFiles } from './codegen/emit-project.js';
import { type ImportOptions, importModel } from './import/index.js';
import { verifyPlan as planProblems } from './invariants/plan.js';
import type { BoundPlan } from './ir/bound-plan.js';
import type { DeployPlan } from './ir/deploy-plan.js';
import type { Graph } from './ir/graph.js';
import { decodePlan, encodePlan, PLAN_JSON_SUFFIX, PLAN_WEIGHTS_SUFFIX } from './ir/plan-file.js';
import { type LowerOptions, lowerToPlan } from './lower/lower.js';
import { badInput } from './support/errors.js';
import type { Host } from './support/host.js';
import { type Board, coreOf } from './targets/index.js';

/** A plan with what it came from. */
export interface PlannedModel {
  readonly plan: DeployPlan;
  /** `tflite`, `onnx` or `plan`. */
  readonly format: string;
}

export const isPlanPath = (path: string): boolean => path.endsWith(PLAN_JSON_SUFFIX);

/** How a model file is read and lowered. */
export interface ModelOptions extends Partial<LowerOptions> {
  /** Sizes for the dynamic dimensions of an .onnx model, by name; the batch needs none. */
  readonly dim?: NonNullable<ImportOptions['dimensions']>;
}

/** 1. Model file → Graph. */
export async function readModel(host: Host, path: string, { dim }: ModelOptions = {}): Promise<Graph> {
  return importModel(await host.readFile(path), path, dim === undefined ? {} : { dimensions: dim });
}

/** 2. Model file or stored plan → DeployPlan: what is computed, to the bit. */
export async function planModel(host: Host, path: string, options: ModelOptions): Promise<PlannedModel> {
  if (isPlanPath(path)) return { plan: await readPlan(host, path, options.mode), format: 'plan' };
  const graph = await readModel(host, path, options);
  return { plan: lowerModel(graph, options), format: graph.source.format };
}

async function readPlan(host: Host, path: string, mode: string | undefined): Promise<DeployPlan> {
  const weightsPath = path.slice(0, -PLAN_JSON_SUFFIX.length) + PLAN_WEIGHTS_SUFFIX;
  const json = new TextDecoder().decode(await host.readFile(path));
  const plan = decodePlan(json, await host.readFile(weightsPath), path);
  const problems = planProblems(plan);
  if (problems.length > 0) {
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
    throw badInput('plan/unsound', `not a sound plan: ${problems[0]}${more}`, { where: path });
  }
  if (mode === undefined || mode === plan.requantization) return plan;
  throw badInput('plan/mode', 'a stored plan has its mode fixed', {
    where: path,
    found: `--mode ${mode}`,
    expected: plan.requantization,
  });
}

/** Stores a plan as `<base>.plan.json` and `<base>.plan.bin`; returns the first path. */
export async function storePlan(host: Host, plan: DeployPlan, base: string): Promise<string> {
  const { json, weights } = encodePlan(plan);
  await host.writeFile(base + PLAN_WEIGHTS_SUFFIX, weights);
  await host.writeFile(base + PLAN_JSON_SUFFIX, json);
  return base + PLAN_JSON_SUFFIX;
}

/** Graph → DeployPlan for a quantised network. */
export const lowerModel = (graph: Graph, options: Partial<LowerOptions>): DeployPlan =>
  lowerToPlan(graph, { mode: options.mode ?? 'tflm' });

/** 3. DeployPlan × board → BoundPlan: kernel variants, packed weights, arena offsets. No feature map changes. */
export function bindPlan(plan: DeployPlan, board: Board): BoundPlan {
  return bind(plan, { core: board.core, feature: coreOf(board.core).feature });
}

/** 4. BoundPlan → the C project that a user takes home. */
export function generateProject(plan: DeployPlan, board: Board): { bound: BoundPlan; files: ProjectFiles } {
  const bound = bindPlan(plan, board);
  return { bound, files: emitProject(bound, board) };
}
