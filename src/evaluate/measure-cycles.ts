/** Cycles of a whole plan on a core, from its own firmware; kept by the firmware's contents. */
import type { DeployPlan } from '../ir/deploy-plan.js';
import { tensorBytes, tensorOf } from '../ops/plan-access.js';
import { type Cache, contentKey } from '../support/cache.js';
import type { Host } from '../support/host.js';
import type { Board } from '../targets/index.js';
import { type BuildProjectOptions, buildProject } from './build-project.js';
import { DEFAULT_ENGINE, emulateFirmware } from './emulate-firmware.js';

export interface MeasureOptions extends Pick<BuildProjectOptions, 'choice' | 'cycles' | 'toolchain'> {
  readonly cache: Cache;
  readonly now: () => number;
  readonly runBlocking?: <T>(action: () => T) => T;
}

/** On zero input: kernels take the same time whatever the values are. */
export async function measureCycles(
  host: Host,
  plan: DeployPlan,
  board: Board,
  options: MeasureOptions,
): Promise<number> {
  return (await measureStepCycles(host, plan, board, options)).invoke;
}

export interface StepCycles {
  readonly steps: readonly number[];
  /** The whole run, between the steps as well. */
  readonly invoke: number;
}

export async function measureStepCycles(
  host: Host,
  plan: DeployPlan,
  board: Board,
  { cache, runBlocking = (action) => action(), ...options }: MeasureOptions,
): Promise<StepCycles> {
  const firmware = await buildProject(host, plan, board, options);
  const key = contentKey(['cycles 2', board.core, firmware.elf]);
  return cache.json(key, () => {
    const inputs = plan.inputs.map(({ tensor }) => new Uint8Array(tensorBytes(tensorOf(plan, tensor))));
    const { emulations } = runBlocking(() =>
      emulateFirmware(firmware, { engines: [DEFAULT_ENGINE], inputs }),
    );
    const { steps, invoke } = emulations[0]!;
    return { steps: steps.map(({ cycles }) => cycles), invoke: invoke.cycles };
  });
}
