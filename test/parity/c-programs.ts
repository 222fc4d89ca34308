/** Many small networks in one C program: what the host and the emulated parity tests build. */
import { bind } from '../../src/bind/bind.js';
import { PORTABLE } from '../../src/bind/variants/chosen-kernel.js';
import { emitKernels } from '../../src/codegen/emit-kernels.js';
import { emitNetwork, kernelInstances } from '../../src/codegen/emit-network.js';
import { emitConfig } from '../../src/codegen/emit-project.js';
import { loadFirmwareTemplates } from '../../src/codegen/templates.js';
import { verifyBoundPlan } from '../../src/invariants/bound.js';
import type { BoundPlan, KernelInstance } from '../../src/ir/bound-plan.js';
import { packLanes } from '../../src/numeric/lanes.js';
import type { FirmwareMode, RequantMode } from '../../src/numeric/requantize.js';
import { WIDTH_LIST } from '../../src/numeric/widths.js';
import { STEP_OP_LIST, STEP_OPS, stepReference } from '../../src/ops/index.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { tensorOf, unpackActivation } from '../../src/ops/plan-access.js';
import { createRandom } from '../../src/support/random.js';
import type { CoreId, KernelFeature } from '../../src/targets/target.js';
import { tileSamples } from './c-tiles.js';
import { widthRequests } from './kernel-rows.js';

export interface ParityCase {
  readonly sample: SampleCase;
  readonly bound: BoundPlan;
  /** Prefix of its symbols: n000, n001, … */
  readonly prefix: string;
  readonly expected: Uint8Array;
}

/** A sample as it is bound, with what the reference makes of it; `index` gives its prefix. */
export function parityCase(sample: SampleCase, bound: BoundPlan, index: number): ParityCase {
  verifyBoundPlan(bound);
  const prefix = `n${String(index).padStart(3, '0')}`;
  return { sample, bound, prefix, expected: expectedOutput(sample) };
}

/** Samples of every operator in one mode, bound with portable kernels; seeds count up from `seed`. */
export function parityCases(options: {
  readonly mode: RequantMode;
  readonly core: CoreId;
  readonly feature: KernelFeature;
  readonly seed: number;
  readonly perKernel: number;
  readonly subByte: boolean;
  /** Add the sizes around every tile (8 bits only). */
  readonly tiles: boolean;
}): ParityCase[] {
  const cases: ParityCase[] = [];
  const add = (sample: SampleCase): void => {
    const bound = bind(sample.plan, options, { choice: () => PORTABLE });
    cases.push(parityCase(sample, bound, cases.length));
  };
  for (const op of STEP_OP_LIST) {
    for (const widths of options.subByte ? widthRequests(op) : [{ inputBits: 8, weightBits: 8 } as const]) {
      for (let i = 0; i < options.perKernel; i++) {
        const random = createRandom(options.seed + cases.length);
        // Three samples of a pair of widths meet every output width.
        const outputBits = options.subByte ? WIDTH_LIST[cases.length % WIDTH_LIST.length]! : 8;
        add(STEP_OPS[op].sample(random, { mode: options.mode, outputBits, ...widths }));
      }
    }
  }
  if (options.tiles) tileSamples(options.mode, options.seed + cases.length).forEach(add);
  return cases;
}

export function expectedOutput({ plan, inputs }: SampleCase): Uint8Array {
  const step = plan.steps[0]!;
  const values = new Map(
    plan.inputs.map((port, i) => [port.tensor, unpackActivation(tensorOf(plan, port.tensor), inputs[i]!)]),
  );
  const output = tensorOf(plan, step.output);
  const reference = stepReference(step, {
    plan,
    tensor: (id) => tensorOf(plan, id),
    values: (id) => values.get(id)!,
  });
  return packLanes(reference, output.shape[2], output.bits);
}

/**
 * All networks in one translation unit, their headers in one, the kernels' instances, config.h; the caller adds a main.
 * Few files: writing a thousand takes longer than compiling them.
 */
export function programFiles(cases: readonly ParityCase[]): Map<string, string> {
  const templates = loadFirmwareTemplates();
  const instances = new Map<string, KernelInstance>();
  const mode = cases[0]!.bound.plan.requantization as FirmwareMode;
  const headers: string[] = [];
  const unity = ['#include "networks.h"'];
  for (const { bound, prefix } of cases) {
    for (const kernel of kernelInstances(bound)) instances.set(kernel.name, kernel);
    for (const [path, text] of emitNetwork(bound, templates, prefix)) {
      const included = text.replaceAll(new RegExp(`^#include "${prefix}.*$`, 'gm'), '');
      (path.endsWith('.h') ? headers : unity).push(included);
    }
    unity.push('#undef AT', '#undef STEP', '#undef ALIGNED', '#undef ARENA_SECTION');
  }
  return new Map([
    ['quantmcu/networks.h', headers.join('\n')],
    [NETWORKS, `${unity.join('\n')}\n`],
    ...emitKernels([...instances.values()], mode, templates),
    ['quantmcu/config.h', emitConfig(cases[0]!.bound, templates)],
  ]);
}

/** The one source that holds all constants. */
export const NETWORKS = 'quantmcu/networks.c';

export const isStreamed = ({ sample }: ParityCase): boolean => sample.plan.patchStage?.input === 'streamed';

/** The callback of a streamed network: its image stands in flash. */
export function readInput({ prefix, sample }: ParityCase): string {
  const [height, width, channels] = sample.plan.tensors[sample.plan.inputs[0]!.tensor]!.shape;
  const bytes = [...new Int8Array(sample.inputs[0]!)].join(',');
  return `static const int8_t ${prefix}_image[${height * width * channels}] = {${bytes}};
void ${prefix}_read_input(uint32_t y, uint32_t x, uint32_t height, uint32_t width, void *to) {
  int8_t *out = (int8_t *)to;
  for (uint32_t row = y; row < y + height; row++)
    for (uint32_t i = 0; i < width * ${channels}u; i++) *out++ = ${prefix}_image[(row * ${width}u + x) * ${channels}u + i];
}`;
}

/** Share of outputs that stand at a bound of their clamp: a test whose outputs all saturate tests nothing. */
export function saturatedShare(cases: readonly ParityCase[]): number {
  let [extreme, total] = [0, 0];
  for (const { sample, expected } of cases) {
    const output = tensorOf(sample.plan, sample.plan.steps[0]!.output);
    const values = unpackActivation(output, expected);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    for (const value of values) if (value === low || value === high) extreme++;
    total += values.length;
  }
  return extreme / total;
}
