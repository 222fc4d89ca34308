/**
 * The stages in order, one typed call each. Read this file first: the rest of src/ is what these calls do.
 *
 *   model file ─readModel─► Graph ─lowerModel─► DeployPlan ─┬─ simulatePlan ──────────────► feature maps ─┐
 *                                                           └─ buildProject ─ emulateFirmware ────────────┴► verifyPlan
 */
import type { KernelCycles } from './bind/variants/chosen-kernel.js';
import { elfMemoryUse, readElf } from './compile/read-elf.js';
import { type BuiltFirmware, buildProject } from './evaluate/build-project.js';
import { compareBoardLog, type LogFile, openBoardLog } from './evaluate/check-board-log.js';
import {
  DEFAULT_ENGINE,
  type EmulationChoice,
  emulateFirmware,
  enginesOf,
} from './evaluate/emulate-firmware.js';
import { SIMULATION_ENGINES } from './evaluate/engines.js';
import { checkWithQemu, findQemu } from './evaluate/qemu-check.js';
import {
  crossCheckReport,
  memoryFigures,
  networkOutputs,
  reportedProblems,
  type SimulatedMaps,
  verifiedLayers,
} from './evaluate/verify-facts.js';
import { type ImportOptions, importModel } from './import/index.js';
import { verifyPlan as planProblems } from './invariants/plan.js';
import type { DeployPlan } from './ir/deploy-plan.js';
import type { Graph } from './ir/graph.js';
import { decodePlan, encodePlan, PLAN_JSON_SUFFIX, PLAN_WEIGHTS_SUFFIX } from './ir/plan-file.js';
import { type LowerOptions, lowerToPlan } from './lower/lower.js';
import { roundTo } from './report/units.js';
import { buildVerifyReport, type VerifyReport } from './report/verify-report.js';
import { badInput } from './support/errors.js';
import type { Host } from './support/host.js';
import { type Board, coreOf } from './targets/index.js';

export type { SelfCheckInput } from './codegen/emit-self-check.js';
export { type AutotuneOptions, autotune } from './evaluate/autotune.js';
export {
  BENCH_LAYERS,
  benchKernels,
  type KernelBench,
  type KernelBenchOptions,
} from './evaluate/bench-kernels.js';
export { type BenchLayer, WEIGHT_SPREADS, type WeightSpread, widthsOf } from './evaluate/bench-plan.js';
export { buildProject, generateProject } from './evaluate/build-project.js';
export { type LogFile, readBoardLog } from './evaluate/check-board-log.js';
export { EMULATION_CHOICES, type EmulationChoice, emulateFirmware } from './evaluate/emulate-firmware.js';
export {
  type EmulatedProgram,
  type EmulateProgramOptions,
  emulateProgram,
} from './evaluate/emulate-program.js';
export {
  type MeasureOptions,
  measureKernels,
  measureNetwork,
  type ObservedWith,
} from './evaluate/measure-subjects.js';
export {
  drawPlan,
  planStages,
  planStagesByCycles,
  type StagedPlan,
  type StageOptions,
} from './evaluate/plan-stages.js';

/** How a model file is read and lowered. */
export interface ModelOptions extends Partial<LowerOptions> {
  /** Sizes for the dynamic dimensions of an .onnx model, by name; the batch needs none. */
  readonly dim?: NonNullable<ImportOptions['dimensions']>;
}

/** 1. Model file → Graph. */
export async function readModel(host: Host, path: string, { dim }: ModelOptions = {}): Promise<Graph> {
  return importModel(await host.readFile(path), path, dim === undefined ? {} : { dimensions: dim });
}

/** 2. Graph of a quantised network → DeployPlan: what is computed, to the bit. */
export const lowerModel = (graph: Graph, options: Partial<LowerOptions>): DeployPlan =>
  lowerToPlan(graph, { mode: options.mode ?? 'tflm' });

/** 3. DeployPlan × inputs → every feature map, in WASM. */
export async function simulatePlan(plan: DeployPlan, inputs: readonly Uint8Array[]): Promise<SimulatedMaps> {
  const network = await SIMULATION_ENGINES.wasm().load(plan);
  const maps: Uint8Array[] = [];
  const outputs = network.run(inputs, (step, _tensor, bytes) => {
    maps[step] = bytes;
  });
  return { maps, outputs };
}

export interface VerifyPlanOptions {
  /** Stored bytes per network input. */
  readonly inputs: readonly Uint8Array[];
  /** What the report calls them. */
  readonly inputName: string;
  /** Default: the built-in core. */
  readonly engine?: EmulationChoice;
  readonly toolchain?: string;
  /** Kernels by measured cycles (autotune) and not by the rule of `bind`. */
  readonly cycles?: KernelCycles;
  /** What the self-check firmware printed on a board, to be compared as well. */
  readonly log?: LogFile;
  /** A clock in milliseconds. */
  readonly now: () => number;
  readonly onProgress?: (what: string, done?: number, total?: number) => void;
  /** Wraps the emulation, which does not return to the event loop for seconds. */
  readonly runBlocking?: <T>(action: () => T) => T;
}

export interface Verified {
  readonly report: VerifyReport;
  readonly firmware: BuiltFirmware;
}

/** 3 to 6: simulate; bind, generate and compile (buildProject); emulate; compare and report. */
export async function verifyPlan(
  host: Host,
  plan: DeployPlan,
  board: Board,
  options: VerifyPlanOptions,
): Promise<Verified> {
  const { inputs, now, onProgress, runBlocking = (action) => action() } = options;
  const choice = options.engine ?? DEFAULT_ENGINE;
  const chosen = enginesOf(choice);
  const qemu = choice === 'qemu' ? await findQemu(host) : undefined;
  const log = options.log === undefined ? undefined : openBoardLog(options.log, board, plan, inputs);
  const start = now();
  const simulated = await simulatePlan(plan, inputs);
  const simulateMs = now() - start;
  onProgress?.('compiling');
  const firmware = await buildProject(host, plan, board, options);
  const emulateStart = now();
  const emulated = runBlocking(() =>
    emulateFirmware(firmware, {
      engines: chosen.engines,
      inputs,
      ...(onProgress === undefined ? {} : { onProgress }),
    }),
  );
  const crossCheck =
    qemu === undefined
      ? crossCheckReport(plan, choice, chosen, emulated)
      : await checkWithQemu(host, qemu, plan, board, simulated, options);
  const end = now();
  const { emulations } = emulated;
  const { generateMs, compileMs } = firmware;
  const timing = { totalMs: end - start, simulateMs, generateMs, compileMs, emulateMs: end - emulateStart };
  const report = buildVerifyReport({
    model: plan.name,
    mode: plan.requantization,
    engine: choice === 'both' && chosen.engines.length === 1 ? DEFAULT_ENGINE : choice,
    toolchain: firmware.toolchain,
    board,
    core: coreOf(board.core),
    virtualBoard: firmware.isVirtual,
    input: options.inputName,
    ...verifiedLayers(firmware.bound, simulated, emulations),
    problems: reportedProblems(emulations),
    cyclesByEngine: Object.fromEntries(emulations.map(({ engine, invoke }) => [engine, invoke.cycles])),
    crossCheck,
    ...(log === undefined || options.log === undefined
      ? {}
      : {
          boardLog: compareBoardLog(log, options.log.name, board, firmware.bound, simulated, emulations[0]),
        }),
    outputs: networkOutputs(plan, simulated.outputs),
    memory: memoryFigures(firmware.bound, elfMemoryUse(readElf(firmware.elf)), emulations),
    timing: Object.fromEntries(Object.entries(timing).map(([name, ms]) => [name, roundTo(ms, 1)])),
  });
  return { report, firmware };
}

/** A plan with what it came from. */
export interface PlannedModel {
  readonly plan: DeployPlan;
  /** `tflite`, `onnx` or `plan`. */
  readonly format: string;
}

export const isPlanPath = (path: string): boolean => path.endsWith(PLAN_JSON_SUFFIX);

/** 1 and 2 together; a stored plan is read as it is. */
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
