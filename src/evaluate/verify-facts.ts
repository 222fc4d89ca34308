/** Joins what simulation, emulation and the ELF file say of one inference into the facts that `verify` reports. */
import { diffTensor } from '../compare/tensor-diff.js';
import type { ElfMemoryUse } from '../compile/read-elf.js';
import type { EmulationResult } from '../emulate/layer-profile.js';
import type { BoundPlan, BoundStep } from '../ir/bound-plan.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { stepMacs } from '../ops/index.js';
import { streamedInput, tensorOf, unpackActivation } from '../ops/plan-access.js';
import type { CrossCheckReport } from '../report/cross-check.js';
import { roundTo } from '../report/units.js';
import type {
  Difference,
  MemoryFigures,
  NetworkOutput,
  ReportedProblem,
  VerifiedLayer,
} from '../report/verify-report.js';
import type { ChosenEngines, Emulated, EmulationChoice } from './emulate-firmware.js';

export interface SimulatedMaps {
  /** Canonical packed bytes of each step's output, by step; none where the step did not run. */
  readonly maps: readonly (Uint8Array | undefined)[];
  /** Canonical packed bytes per network output. */
  readonly outputs: readonly Uint8Array[];
}

/** One row per step that ran: equal when every emulation computed the simulation's bytes. Cycles are the first one's. */
export function verifiedLayers(
  { plan, steps }: BoundPlan,
  simulated: SimulatedMaps,
  emulations: readonly EmulationResult[],
): { readonly layers: readonly VerifiedLayer[]; readonly difference?: Difference } {
  let difference: Difference | undefined;
  const profiles = emulations.map(
    ({ steps: list }) => new Map(list.map((profile) => [profile.index, profile])),
  );
  const layers = plan.steps.flatMap((step, index): VerifiedLayer[] => {
    const output = tensorOf(plan, step.output);
    const expected = simulated.maps[index];
    // The input asked for the other alternative of this branch.
    if (expected === undefined) return [];
    const found = emulations.map((emulation, at) => {
      const actual = profiles[at]!.get(index)?.output;
      if (actual === undefined) return 'not reached';
      const differs = diffTensor(step.name, output, expected, actual);
      if (differs !== undefined) difference ??= { ...differs, engine: emulation.engine };
      return differs === undefined ? 'equal' : 'different';
    });
    const reached = !found.includes('not reached');
    const layer = {
      name: step.name,
      op: step.op,
      ...kernelOf(steps[index]!),
      outputShape: output.shape,
      macs: stepMacs(step, plan),
      cycles: profiles[0]?.get(index)?.cycles ?? 0,
      comparedBytes: reached ? expected.length : 0,
      equal: found.every((state) => state === 'equal'),
      ...(reached ? {} : { note: 'not reached' }),
    };
    return [layer];
  });
  return { layers, ...(difference === undefined ? {} : { difference }) };
}

/** The kernel of a step beside copies of its operands, `+` the variant of one that follows, and why no other. */
function kernelOf({ calls, why }: BoundStep): Pick<VerifiedLayer, 'kernel' | 'kernelWhy'> {
  const own = calls.filter(({ kernel }) => kernel.op !== 'crop');
  const [first, ...rest] = own.length > 0 ? own : calls.slice(0, 1);
  const names = [first?.kernel.name ?? '', ...rest.map(({ kernel }) => kernel.variant)];
  return { kernel: names.join('+'), kernelWhy: why };
}

/** Arena as planned, stack as measured, the rest from the ELF file. */
export function memoryFigures(
  bound: BoundPlan,
  use: ElfMemoryUse,
  emulations: readonly EmulationResult[],
): MemoryFigures {
  const most = (of: (result: EmulationResult) => number): number => Math.max(0, ...emulations.map(of));
  return {
    arenaBytes: bound.arenaBytes,
    stackBytes: most((result) => result.stack.usedBytes),
    staticSramBytes: use.staticSramBytes - bound.arenaBytes,
    // The planner gives network inputs a place in the arena, unless they are streamed.
    inputBytes: 0,
    inputStreamed: streamedInput(bound.plan) !== undefined,
    flashBytes: use.flashBytes,
    measured: {
      arenaBytes: most((result) => result.arenaBytes),
      staticSramBytes: most((result) => result.staticBytes),
      paintedStackBytes: most((result) => result.stack.paintedBytes),
      reservedStackBytes: most((result) => result.stack.reservedBytes),
    },
  };
}

export function networkOutputs(plan: DeployPlan, outputs: readonly Uint8Array[]): readonly NetworkOutput[] {
  return plan.outputs.map((port, i) => {
    const tensor = tensorOf(plan, port.tensor);
    const stored = unpackActivation(tensor, outputs[i]!);
    // Outside, values of a uint8 port are the stored ones plus 128.
    const offset = port.dtype === 'uint8' ? 128 : 0;
    return { name: port.name, shape: tensor.shape, values: Array.from(stored, (q) => q + offset) };
  });
}

export const reportedProblems = (emulations: readonly EmulationResult[]): readonly ReportedProblem[] =>
  emulations.flatMap(({ engine, problems }) =>
    problems.map(({ kind, layer, symbol, message }) => ({
      ...{ engine, kind, message },
      ...(layer === undefined ? {} : { layer }),
      ...(symbol === undefined ? {} : { symbol }),
    })),
  );

const NOT_COMPARED = {
  ...{ engines: [], layers: 0, registers: 0, memoryBytes: 0 },
  ...{ cycleDifference: null, difference: null },
} as const;

/** What the second engine says of the first; without one, whether it was asked for or is missing. */
export function crossCheckReport(
  plan: DeployPlan,
  choice: EmulationChoice,
  { noReference }: ChosenEngines,
  { emulations, crossCheck }: Emulated,
): CrossCheckReport {
  const [first, second] = emulations;
  if (crossCheck === undefined || first === undefined || second === undefined) {
    const skipped = noReference !== '' && (choice === 'both' || choice === 'builtin');
    return { state: skipped ? 'skipped' : 'not asked', ...NOT_COMPARED, note: skipped ? noReference : '' };
  }
  const { stops, registers, memoryBytes, difference } = crossCheck;
  return {
    state: difference === undefined ? 'equal' : 'different',
    engines: [first.engine, second.engine],
    layers: Math.max(0, stops - 1),
    ...{ registers, memoryBytes },
    cycleDifference: roundTo(second.invoke.cycles / first.invoke.cycles - 1, 6),
    difference:
      difference === undefined
        ? null
        : {
            layer: plan.steps[difference.step]?.name ?? null,
            what: difference.what,
            ...(difference.address === undefined ? {} : { address: difference.address }),
            values: { [first.engine]: difference.first, [second.engine]: difference.second },
            ...(difference.count === undefined ? {} : { count: difference.count }),
          },
    note: '',
  };
}
