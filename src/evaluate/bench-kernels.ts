/**
 * Measures kernels: every operator × width × variant that `bind` knows on the layers of bench-shapes.ts, on the built-in
 * core at zero wait states. A layer goes the ordinary way, bound, generated, compiled and run in a network of many; its
 * bytes are compared with the simulation's, its costs are all that happens between its entry and the next layer's.
 */
import { createHash } from 'node:crypto';
import { kernelsFor } from '../bind/variants/choose.js';
import { kernelName } from '../bind/variants/chosen-kernel.js';
import { linkedKernels } from '../bind/variants/links.js';
import { readElf } from '../compile/read-elf.js';
import type { RawProfile } from '../emulate/builtin-counts.js';
import { BuiltinMachine } from '../emulate/builtin-machine.js';
import { FunctionIndex } from '../emulate/builtin-profile.js';
import { type EmulationResult, emulateNetwork } from '../emulate/layer-profile.js';
import type { BoundPlan } from '../ir/bound-plan.js';
import type { ElfImage } from '../ir/elf-image.js';
import type { FirmwareMode } from '../numeric/requantize.js';
import { WIDTH_LIST } from '../numeric/widths.js';
import { stepMacs } from '../ops/index.js';
import { elementCount, tensorOf } from '../ops/plan-access.js';
import type { KernelRow } from '../report/kernel-bench-report.js';
import { badInput } from '../support/errors.js';
import type { Host } from '../support/host.js';
import { type Board, type CoreId, coreOf, findBoard } from '../targets/index.js';
import { type BenchLayer, buildBenchPlan, type WeightSpread } from './bench-plan.js';
import { BENCH_CHAINS, BENCH_SHAPES } from './bench-shapes.js';
import { type BuildProjectOptions, type BuiltFirmware, buildProject } from './build-project.js';
import { SIMULATION_ENGINES } from './engines.js';

export interface KernelBenchOptions extends Pick<BuildProjectOptions, 'toolchain' | 'now'> {
  readonly cores: readonly CoreId[];
  readonly modes: readonly FirmwareMode[];
  readonly spread: WeightSpread;
  readonly seed: number;
  /** Which layers; default all. */
  readonly only?: (layer: BenchLayer) => boolean;
  /** Only this kernel of those that a layer can have; default: each of them. */
  readonly variant?: string;
  readonly onProgress?: (what: string) => void;
  readonly runBlocking?: <T>(action: () => T) => T;
}

export interface KernelBench {
  /** Compiler with its version. */
  readonly toolchain: string;
  readonly rows: readonly KernelRow[];
}

/** Boards that lend their core; a bench network is larger than any of them, so they are enlarged. */
const BOARD_OF: Readonly<Record<CoreId, string>> = { m4: 'l4r5zi', m7: 'h743', m33: 'u575' };

const WEIGHTED = new Set(['conv2d', 'depthwise_conv2d', 'fully_connected']);

/** Every shape at every width, or pair of widths. */
export const BENCH_LAYERS: readonly BenchLayer[] = BENCH_SHAPES.flatMap((shape) =>
  WIDTH_LIST.flatMap((inputBits): BenchLayer[] =>
    WEIGHTED.has(shape.op)
      ? WIDTH_LIST.map((weightBits) => ({ shape, inputBits, weightBits }))
      : [{ shape, inputBits }],
  ),
);

/** BENCH_CHAINS at every pair of widths: two layers each. */
const CHAIN_LAYERS: readonly (readonly [BenchLayer, BenchLayer])[] = BENCH_CHAINS.flatMap(
  ({ before, behind }) =>
    WIDTH_LIST.flatMap((inputBits) =>
      WIDTH_LIST.map((weightBits): [BenchLayer, BenchLayer] => [
        { shape: before, inputBits, weightBits },
        { shape: behind, inputBits, weightBits, behind: true },
      ]),
    ),
);

/** A layer, or two in a chain, and the kernels that are to compute them. */
interface Measurement {
  readonly layers: readonly BenchLayer[];
  readonly variants: readonly string[];
  /** What `bind` takes where the arena allows it. */
  readonly isPreferred: boolean;
}

/** Measurements of one firmware: enough to share its kernels, few enough to lay out at once. */
const AT_ONCE = 21;

/** Throws `bench/empty` (kind `badInput`) when no kernel is left. */
export async function benchKernels(host: Host, options: KernelBenchOptions): Promise<KernelBench> {
  const rows: KernelRow[] = [];
  let toolchain = '';
  for (const core of options.cores) {
    for (const mode of options.modes) {
      const wanted = measurements(core, mode, options);
      const measured: (readonly KernelRow[] | undefined)[] = wanted.map(() => undefined);
      for (const part of partsOf(wanted)) {
        const done = measured.filter((found) => found !== undefined).length;
        options.onProgress?.(`measuring kernels, ${core}, ${mode}: ${done} of ${wanted.length}`);
        const result = await measure(
          host,
          part.map((index) => wanted[index]!),
          { core, mode },
          options,
        );
        toolchain = result.toolchain;
        part.forEach((index, at) => {
          measured[index] = result.rows[at];
        });
      }
      rows.push(...measured.flatMap((found) => found ?? []));
    }
  }
  if (rows.length > 0) return { toolchain, rows };
  throw badInput('bench/empty', 'no kernel is left to be measured', {
    ...(options.variant === undefined ? {} : { found: `variant ${options.variant}` }),
    expected: `layers among ${BENCH_SHAPES.map(({ id }) => id).join(', ')}`,
  });
}

/** Every kernel that can compute each layer; which can depends on the weights. */
function measurements(
  core: CoreId,
  mode: FirmwareMode,
  { only = () => true, variant, ...options }: KernelBenchOptions,
): readonly Measurement[] {
  const { feature } = coreOf(core);
  const alone = BENCH_LAYERS.filter(only).flatMap((layer) => {
    const { plan } = buildBenchPlan([layer], { ...options, mode });
    return kernelsFor(plan.steps[0]!, plan, feature).map((kernel, place) => ({
      ...{ layers: [layer], variants: [kernelName(kernel)], isPreferred: place === 0 },
    }));
  });
  return [...alone, ...chainMeasurements(core, mode, { only, ...options })].filter(
    ({ variants }) => variant === undefined || variants.includes(variant),
  );
}

/** Two layers by the kernels of the rule, and by each pair of kernels that agree on the layout of the map between them. */
function chainMeasurements(
  core: CoreId,
  mode: FirmwareMode,
  { only, ...options }: KernelBenchOptions & { readonly only: (layer: BenchLayer) => boolean },
): readonly Measurement[] {
  const { feature } = coreOf(core);
  return CHAIN_LAYERS.filter((layers) => layers.some(only)).flatMap((layers) => {
    const { plan } = buildBenchPlan(layers, { ...options, mode });
    const links = linkedKernels(plan, feature);
    if (links.length === 0) return [];
    const usual = plan.steps.map((step) => kernelName(kernelsFor(step, plan, feature)[0]!));
    const linked = links.map(({ writer, reader }) => [kernelName(writer), kernelName(reader)]);
    return [usual, ...linked].map((variants, place) => ({ layers, variants, isPreferred: place === 0 }));
  });
}

/** Indices, those of one kernel together, so that few kernels are compiled twice. */
function partsOf(wanted: readonly Measurement[]): readonly (readonly number[])[] {
  const kernelOf = ({ layers, variants }: Measurement): string => {
    const { shape, inputBits, weightBits } = layers[0]!;
    return `${shape.op} ${inputBits} ${weightBits ?? ''} ${variants[0]}`;
  };
  const sorted = wanted
    .map((measurement, index) => ({ index, kernel: kernelOf(measurement) }))
    .sort((a, b) => (a.kernel < b.kernel ? -1 : a.kernel > b.kernel ? 1 : a.index - b.index))
    .map(({ index }) => index);
  return Array.from({ length: Math.ceil(sorted.length / AT_ONCE) }, (_, part) =>
    sorted.slice(part * AT_ONCE, (part + 1) * AT_ONCE),
  );
}

/** Rows of each measurement, one per layer. */
interface MeasuredPart {
  readonly toolchain: string;
  readonly rows: readonly (readonly KernelRow[])[];
}

async function measure(
  host: Host,
  wanted: readonly Measurement[],
  where: { readonly core: CoreId; readonly mode: FirmwareMode },
  options: KernelBenchOptions,
): Promise<MeasuredPart> {
  const { runBlocking = (action) => action() } = options;
  const { plan, inputs } = buildBenchPlan(
    wanted.flatMap(({ layers }) => layers),
    { ...options, mode: where.mode },
  );
  const expected = await simulate(plan, inputs);
  const variants = wanted.flatMap((measurement) => measurement.variants);
  const firmware = await buildProject(host, plan, findBoard(BOARD_OF[where.core])!, {
    ...options,
    choice: (_, index) => variants[index]!,
  });
  const run = runBlocking(() => profiledRun(firmware, inputs));
  let next = 0;
  const rows = wanted.map(({ layers, isPreferred }) =>
    layers.map((layer): KernelRow => {
      const index = next++;
      const step = run.result.steps[index];
      const actual = step?.output ?? new Uint8Array(0);
      return {
        ...described(layer, firmware.bound, index),
        ...{ variant: variants[index]!, chosen: isPreferred, ...where },
        instructions: step?.instructions ?? 0,
        cycles: step?.cycles ?? 0,
        codeBytes: run.codeBytes[index] ?? 0,
        sha256: createHash('sha256').update(actual).digest('hex'),
        equal: sameBytes(actual, expected[index]!),
      };
    }),
  );
  return { toolchain: firmware.toolchain, rows };
}

/** The output of every step. */
async function simulate(
  plan: BoundPlan['plan'],
  inputs: readonly Uint8Array[],
): Promise<readonly Uint8Array[]> {
  const maps: Uint8Array[] = [];
  (await SIMULATION_ENGINES.wasm().load(plan)).run(inputs, (step, _tensor, bytes) => {
    maps[step] = bytes;
  });
  return maps;
}

type Description = Pick<
  KernelRow,
  'kernel' | 'shape' | 'op' | 'activationBits' | 'weightBits' | 'unit' | 'macs' | 'scratchBytes'
>;

function described(
  { shape, inputBits, weightBits }: BenchLayer,
  bound: BoundPlan,
  index: number,
): Description {
  const { calls, scratch } = bound.steps[index]!;
  const step = bound.plan.steps[index]!;
  const macs = stepMacs(step, bound.plan);
  return {
    kernel: calls.map(({ kernel }) => kernel.name).join('+'),
    shape: shape.id,
    op: shape.op,
    activationBits: inputBits,
    weightBits: weightBits ?? null,
    unit: macs === 0 ? 'element' : 'mac',
    macs: macs === 0 ? elementCount(tensorOf(bound.plan, step.inputs[0]!)) : macs,
    scratchBytes: scratch?.bytes ?? 0,
  };
}

/** Runs once, noting which functions each step executes. */
function profiledRun(
  { elf, bound, board }: BuiltFirmware,
  inputs: readonly Uint8Array[],
): { readonly result: EmulationResult; readonly codeBytes: readonly number[] } {
  const image = readElf(elf);
  const codeBytes: number[] = [];
  let machine: BuiltinMachine | undefined;
  const result = emulateNetwork({
    ...{ elf: image, bound, board: board as Board, inputs },
    createMachine: (machineOptions) => {
      machine = new BuiltinMachine(machineOptions);
      return machine;
    },
    onStop: (_, step) => {
      if (step >= 0) codeBytes.push(executedBytes(machine!.endProfile(), image));
      machine!.startProfile();
    },
  });
  return { result, codeBytes };
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Code of all functions that ran. */
function executedBytes(profile: RawProfile, elf: ElfImage): number {
  const index = new FunctionIndex(elf);
  const functions = new Set(
    profile.counts.filter(({ executions }) => executions > 0).map(({ address }) => index.at(address)),
  );
  return [...functions].reduce((sum, symbol) => sum + (symbol?.size ?? 0), 0);
}
