/** The library: named re-exports only. Start with src/pipeline.ts, which calls these stages in order. */

// The outside world
export { createNodeHost } from './cli/node-host.js';
// Data
export { type InputSpec, inputSpec } from './data/input-spec.js';
export { listSamples, type Sample } from './data/labelled-folder.js';
export { prepareInput } from './data/prepare-input.js';
export { defaultPreset, PRESETS, parseRecipe, type Recipe } from './data/recipe.js';
export { type EvaluateOptions, evaluateSamples, spreadSamples } from './evaluate/evaluate.js';
// Stages
export { importModel } from './import/index.js';
export { verifyPlan as planProblems } from './invariants/plan.js';
export type { DeployPlan, PlanPort, PlanTensor, Step, StepOp } from './ir/deploy-plan.js';
export type { Graph, GraphNode, GraphTensor } from './ir/graph.js';
export { decodePlan, encodePlan } from './ir/plan-file.js';
export { type LowerOptions, lowerToPlan } from './lower/lower.js';
// The number system and the plan
export type { RequantMode } from './numeric/requantize.js';
export type { Width } from './numeric/widths.js';
export { stepMacs } from './ops/index.js';
// The stages as commands use them
export { lowerModel, type PlannedModel, planModel, readModel, storePlan } from './pipeline.js';
export { type InspectReport, inspectGraph, inspectPlan } from './report/inspect-report.js';
export { buildSimulateReport, type SimulateReport } from './report/simulate-report.js';
export { buildVerifyReport, type VerifyReport } from './report/verify-report.js';
export type { LoadedNetwork, Observer, SimulationEngine } from './simulate/engine.js';
export { referenceEngine } from './simulate/reference-engine.js';
export { createWasmEngine } from './simulate/wasm-engine.js';
export { EXIT_CODES, QuantmcuError } from './support/errors.js';
export type { Host } from './support/host.js';
export { createMemoryHost } from './support/memory-host.js';
// Targets and reports
export type { Board, CoreId, CoreInfo } from './targets/target.js';
