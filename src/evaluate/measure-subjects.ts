/** What `regress` compares: bytes and costs of networks and of kernels, on the built-in core. */
import { createHash } from 'node:crypto';
import { elfMemoryUse, readElf } from '../compile/read-elf.js';
import type { KernelSubject, Observed } from '../ir/baseline.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import { FIRMWARE_MODES } from '../numeric/requantize.js';
import type { KernelRow } from '../report/kernel-bench-report.js';
import type { Host } from '../support/host.js';
import { type Board, CORE_IDS } from '../targets/index.js';
import { benchKernels } from './bench-kernels.js';
import { type BenchLayer, widthsOf } from './bench-plan.js';
import { type BuildProjectOptions, buildProject } from './build-project.js';
import { emulateFirmware } from './emulate-firmware.js';
import { SIMULATION_ENGINES } from './engines.js';

export interface MeasureOptions extends Pick<BuildProjectOptions, 'toolchain' | 'now'> {
  readonly onProgress?: (what: string) => void;
  readonly runBlocking?: <T>(action: () => T) => T;
}

export interface ObservedWith {
  readonly compiler: string;
  readonly observed: readonly Observed[];
}

/** A network on a board, with its name in the baseline. */
export interface NetworkSubject {
  readonly name: string;
  readonly plan: DeployPlan;
  readonly board: Board;
  readonly inputs: readonly Uint8Array[];
}

export async function measureNetwork(
  host: Host,
  { name, plan, board, inputs }: NetworkSubject,
  options: MeasureOptions,
): Promise<ObservedWith> {
  const { onProgress, runBlocking = (action) => action() } = options;
  onProgress?.(`measuring ${name}`);
  const expected: Uint8Array[] = [];
  (await SIMULATION_ENGINES.wasm().load(plan)).run(inputs, (step, _tensor, bytes) => {
    expected[step] = bytes;
  });
  const firmware = await buildProject(host, plan, board, options);
  const emulate = () => emulateFirmware(firmware, { engines: ['builtin'], inputs }).emulations[0]!;
  const emulation = runBlocking(emulate);
  const hash = createHash('sha256');
  for (const { output } of emulation.steps) hash.update(output);
  const isEqual = expected.every((bytes, i) => sameBytes(bytes, emulation.steps[i]?.output));
  const observed: Observed = {
    name,
    outputs: hash.digest('hex'),
    costs: {
      cycles: emulation.invoke.cycles,
      stackBytes: emulation.stack.usedBytes,
      arenaBytes: firmware.bound.arenaBytes,
      flashBytes: elfMemoryUse(readElf(firmware.elf)).flashBytes,
    },
    correct: isEqual && emulation.completed && emulation.problems.length === 0,
  };
  return { compiler: firmware.toolchain, observed: [observed] };
}

const sameBytes = (a: Uint8Array, b: Uint8Array | undefined): boolean =>
  b !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);

export async function measureKernels(
  host: Host,
  subject: KernelSubject,
  options: MeasureOptions,
): Promise<ObservedWith> {
  const only = (layer: BenchLayer): boolean =>
    layer.shape.id.includes(subject.shape) && subject.widths.includes(widthsOf(layer));
  const { toolchain, rows } = await benchKernels(host, {
    ...options,
    cores: CORE_IDS.filter((core) => subject.cores.includes(core)),
    modes: FIRMWARE_MODES.filter((mode) => subject.modes.includes(mode)),
    ...{ spread: 'gaussian', seed: subject.seed, only },
  });
  const observed = rows.map(
    (row): Observed => ({
      name: kernelSubjectName(row),
      outputs: row.sha256,
      costs: { cycles: row.cycles, scratchBytes: row.scratchBytes, codeBytes: row.codeBytes },
      correct: row.equal,
    }),
  );
  return { compiler: toolchain, observed };
}

/** Without what a variant's code is specialised by: that may change, and is what the gate looks at. */
const kernelSubjectName = (row: KernelRow): string => {
  const weights = row.weightBits === null ? '' : `w${row.weightBits}`;
  return `${row.op} a${row.activationBits}${weights} ${row.variant} on ${row.shape}, ${row.core}, ${row.mode}`;
};
