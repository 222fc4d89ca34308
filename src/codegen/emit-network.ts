/** Writes the generated part of the firmware: the network's API header, its steps and its constants. */
import { type BoundPlan, type KernelCall, type KernelInstance, kernelFile } from '../ir/bound-plan.js';
import type { PlanPort } from '../ir/deploy-plan.js';
import { DEFAULT_PREFIX } from '../ir/step-functions.js';
import { stepMacs } from '../ops/index.js';
import { streamedInput, tensorBytes } from '../ops/plan-access.js';
import { arrayBody, commentText, elementCountOf, floatLiteral, stringLiteral } from './c-text.js';
import { SELF_CHECK_INCLUDE } from './emit-self-check.js';
import { emitSteps } from './emit-steps.js';
import { type FirmwareTemplates, fillTemplate } from './templates.js';

/** Folder of the network inside a generated project. */
export const NETWORK_FOLDER = 'quantmcu';

export const REQUANT_MACROS = {
  tflm: 'QMCU_REQUANT_TFLM',
  single: 'QMCU_REQUANT_SINGLE',
  mulhi: 'QMCU_REQUANT_MULHI',
} as const;

/** Files that one network adds to NETWORK_FOLDER. */
export function emitNetwork(
  bound: BoundPlan,
  templates: FirmwareTemplates,
  prefix = DEFAULT_PREFIX,
  selfCheck = false,
): Map<string, string> {
  const own = prefix === DEFAULT_PREFIX;
  const weightsHeader = own ? 'weights.h' : `${prefix}_weights.h`;
  const common = { prefix, PREFIX: prefix.toUpperCase() };
  const networkName = commentText(bound.plan.name);
  const file = (name: string): string => `${NETWORK_FOLDER}/${name}`;
  return new Map([
    [file(`${prefix}.h`), networkHeader(bound, templates, common, networkName)],
    [
      file(own ? 'network.c' : `${prefix}_network.c`),
      fillTemplate(templates, 'runtime/network.c.tmpl', {
        ...common,
        networkName,
        weightsHeader,
        ...networkBody(bound, prefix, selfCheck),
      }),
    ],
    [
      file(weightsHeader),
      fillTemplate(templates, 'runtime/weights.h.tmpl', {
        PREFIX: common.PREFIX,
        networkName,
        declarations: declarations(bound, prefix),
      }),
    ],
    [
      file(own ? 'weights.c' : `${prefix}_weights.c`),
      fillTemplate(templates, 'runtime/weights.c.tmpl', {
        networkName,
        weightsHeader,
        definitions: definitions(bound, prefix),
      }),
    ],
  ]);
}

/** Kernel instances that a bound plan calls, by name. */
export function kernelInstances(bound: BoundPlan): readonly KernelInstance[] {
  const byName = new Map(
    bound.steps.flatMap((step) => step.calls.map((call) => [call.kernel.name, call.kernel] as const)),
  );
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function networkHeader(
  bound: BoundPlan,
  templates: FirmwareTemplates,
  common: { prefix: string; PREFIX: string },
  networkName: string,
): string {
  const { plan } = bound;
  return fillTemplate(templates, 'runtime/network.h.tmpl', {
    ...common,
    networkName,
    stepCount: plan.steps.length,
    macs: plan.steps.reduce((sum, step) => sum + stepMacs(step, plan), 0),
    mode: plan.requantization,
    arenaBytes: bound.arenaBytes,
    ...inputTexts(bound, common.prefix),
    inputCount: plan.inputs.length,
    outputCount: plan.outputs.length,
    portMacros: [
      ...plan.inputs.map((port, i) => portMacros(bound, port, `${common.PREFIX}_INPUT_${i}`)),
      ...plan.outputs.map((port, i) => portMacros(bound, port, `${common.PREFIX}_OUTPUT_${i}`)),
    ].join('\n'),
  });
}

/** How the header says where the input comes from. */
function inputTexts({ plan }: BoundPlan, prefix: string): Record<string, string> {
  const streamed = streamedInput(plan);
  if (streamed === undefined) {
    const filling = `fill ${prefix}_input(0)              // before every call: the arena reuses the input's bytes`;
    return { filling, readInput: '' };
  }
  return {
    filling: `define ${prefix}_read_input          // the input is asked for piece by piece, never stored whole`,
    readInput: `/*
 * Yours to define: copies rows y … y + height − 1, columns x … x + width − 1 of the input (its stored int8 values,
 * channel-fastest, ${plan.tensors[streamed]!.shape.join(' x ')} in all) to \`to\`, densely packed. Called in the order of the patches or rows.
 */
void ${prefix}_read_input(uint32_t y, uint32_t x, uint32_t height, uint32_t width, void *to);

`,
  };
}

function portMacros(bound: BoundPlan, port: PlanPort, name: string): string {
  const { shape, scale, zeroPoint } = bound.plan.tensors[port.tensor]!;
  const [height, width, channels] = shape;
  return [
    `/* ${commentText(port.name)} */`,
    `#define ${name}_BYTES ${tensorBytes(bound.plan.tensors[port.tensor]!)}u`,
    `#define ${name}_HEIGHT ${height}`,
    `#define ${name}_WIDTH ${width}`,
    `#define ${name}_CHANNELS ${channels}`,
    `#define ${name}_SCALE ${floatLiteral(scale)}`,
    `#define ${name}_ZERO_POINT (${zeroPoint})`,
  ].join('\n');
}

function networkBody(bound: BoundPlan, prefix: string, selfCheck: boolean): Record<string, string> {
  const { plan, steps } = bound;
  const instances = kernelInstances(bound);
  const headers = [...new Set(instances.map(kernelFile))];
  const prototypes = new Map(
    steps.flatMap((step) => step.calls.map((call) => [call.kernel.name, prototype(call)] as const)),
  );
  const { definitions, calls } = emitSteps(bound, prefix, selfCheck);
  return {
    kernelIncludes: [
      ...headers.map((file) => `#include "kernels/${file}.h"`),
      ...(selfCheck ? [SELF_CHECK_INCLUDE] : []),
    ].join('\n'),
    kernelPrototypes: instances.map((kernel) => prototypes.get(kernel.name)!).join('\n'),
    inputTable: plan.inputs.map((port) => portEntry(bound, port)).join('\n'),
    outputTable: plan.outputs.map((port) => portEntry(bound, port)).join('\n'),
    steps: definitions,
    stepCalls: calls,
  };
}

function portEntry(bound: BoundPlan, port: PlanPort): string {
  const tensor = bound.plan.tensors[port.tensor]!;
  const { shape, bits, scale, zeroPoint } = tensor;
  const place = bound.tensors.find((placed) => placed.tensor === port.tensor);
  const fields = [
    stringLiteral(port.name),
    place === undefined ? 'NULL' : `AT(${place.offset})`,
    `${tensorBytes(tensor)}u`,
    ...shape,
    bits,
    `QUANTMCU_${port.dtype.toUpperCase()}`,
    floatLiteral(scale),
    zeroPoint,
  ];
  return `    {${fields.join(', ')}},`;
}

/** The kernel's declaration, from any call of it. */
function prototype({ kernel, inputs, workspace }: KernelCall): string {
  const pointers = inputs.map(() => 'const void *').join(', ');
  const scratch = workspace === undefined ? '' : ', void *scratch';
  return `void ${kernel.name}(const struct ${kernelFile(kernel)}_args *args, ${pointers}, void *output${scratch});`;
}

const declarations = (bound: BoundPlan, prefix: string): string =>
  bound.constantTable
    .map(
      (constant) => `extern const ${constant.type} ${prefix}_${constant.name}[${elementCountOf(constant)}];`,
    )
    .join('\n');

const definitions = (bound: BoundPlan, prefix: string): string =>
  bound.constantTable
    .map(
      (constant) =>
        `ALIGNED const ${constant.type} ${prefix}_${constant.name}[${elementCountOf(constant)}] = {\n${arrayBody(constant, bound.constants)}\n};`,
    )
    .join('\n\n');
