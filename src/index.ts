/** The library: named re-exports only. Start with src/pipeline.ts, which calls these stages in order. */

// Stages
export { bind } from './bind/bind.js';
// The outside world
export { createNodeHost } from './cli/node-host.js';
export { emitProject, type ProjectFiles } from './codegen/emit-project.js';
export { diffTensor, type TensorDifference } from './compare/tensor-diff.js';
export { buildFirmware } from './compile/build.js';
export { elfMemoryUse, readElf } from './compile/read-elf.js';
export { findToolchain } from './compile/toolchain.js';
export { listDetectionSamples } from './data/detection-folder.js';
// Data
export { type InputSpec, inputSpec } from './data/input-spec.js';
export { listSamples, type Sample } from './data/labelled-folder.js';
export { prepareInput } from './data/prepare-input.js';
export { defaultPreset, PRESETS, parseRecipe, type Recipe } from './data/recipe.js';
export { ENGINES, type EngineId } from './emulate/engines.js';
export { type EmulationResult, emulateNetwork } from './emulate/layer-profile.js';
export type { Machine, MachineOptions } from './emulate/machine.js';
// The stages as commands use them
export { type BuiltFirmware, buildProject, generateProject } from './evaluate/build-project.js';
export { compareAccuracy } from './evaluate/compare-accuracy.js';
export { compareModes, type ModeComparison } from './evaluate/compare-modes.js';
export { EMULATION_CHOICES, type EmulationChoice, emulateFirmware } from './evaluate/emulate-firmware.js';
export { type EvaluateOptions, evaluateSamples, spreadSamples } from './evaluate/evaluate.js';
export { detector, evaluateDetections } from './evaluate/evaluate-detections.js';
export type { SimulatedMaps } from './evaluate/verify-facts.js';
export { importModel } from './import/index.js';
export { verifyPlan as planProblems } from './invariants/plan.js';
export type { BoundPlan } from './ir/bound-plan.js';
export type { DeployPlan, PlanPort, PlanTensor, Step, StepOp } from './ir/deploy-plan.js';
export type { ElfImage } from './ir/elf-image.js';
export type { Graph, GraphNode, GraphTensor } from './ir/graph.js';
export { decodePlan, encodePlan } from './ir/plan-file.js';
export { type LowerOptions, lowerToPlan } from './lower/lower.js';
// The number system and the plan
export type { RequantMode } from './numeric/requantize.js';
export type { Width } from './numeric/widths.js';
export { stepMacs } from './ops/index.js';
export {
  type EmulatedProgram,
  type EmulateProgramOptions,
  emulateProgram,
  type LogFile,
  lowerModel,
  type ModelOptions,
  type PlannedModel,
  planModel,
  readModel,
  simulatePlan,
  storePlan,
  type Verified,
  type VerifyPlanOptions,
  verifyPlan,
} from './pipeline.js';
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
export { BOARDS, CORES, findBoard } from './targets/index.js';
export type { Board, CoreId, CoreInfo } from './targets/target.js';
