/** Writes the generated part of the firmware: the network's API header, its steps and its constants. */
import type { BoundPlan, BoundStep, KernelCall, KernelInstance } from '../ir/bound-plan.js';
import type { PlanPort } from '../ir/deploy-plan.js';
import { stepMacs } from '../ops/index.js';
import { arrayBody, commentText, elementCountOf, floatLiteral, stringLiteral, structBody } from './c-text.js';
import { type FirmwareTemplates, fillTemplate } from './templates.js';

/** Folder of the network inside a generated project. */
export const NETWORK_FOLDER = 'quantmcu';

/** Prefix of everything that a generated network defines; several prefixes can live in one program. */
export const DEFAULT_PREFIX = 'quantmcu';

/** Function of a step: `quantmcu_step_003`. What an emulator stops at. */
export const stepFunction = (index: number, prefix = DEFAULT_PREFIX): string =>
  `${prefix}_step_${String(index).padStart(3, '0')}`;

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
        ...networkBody(bound, prefix),
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
    inputCount: plan.inputs.length,
    outputCount: plan.outputs.length,
    portMacros: [
      ...plan.inputs.map((port, i) => portMacros(bound, port, `${common.PREFIX}_INPUT_${i}`)),
      ...plan.outputs.map((port, i) => portMacros(bound, port, `${common.PREFIX}_OUTPUT_${i}`)),
    ].join('\n'),
  });
}

function portMacros(bound: BoundPlan, port: PlanPort, name: string): string {
  const { shape, scale, zeroPoint } = bound.plan.tensors[port.tensor]!;
  const [height, width, channels] = shape;
  return [
    `/* ${commentText(port.name)} */`,
    `#define ${name}_BYTES ${placeOf(bound, port.tensor).bytes}u`,
    `#define ${name}_HEIGHT ${height}`,
    `#define ${name}_WIDTH ${width}`,
    `#define ${name}_CHANNELS ${channels}`,
    `#define ${name}_SCALE ${floatLiteral(scale)}`,
    `#define ${name}_ZERO_POINT (${zeroPoint})`,
  ].join('\n');
}

const placeOf = (bound: BoundPlan, tensor: number) => bound.tensors.find((t) => t.tensor === tensor)!;

function networkBody(bound: BoundPlan, prefix: string): Record<string, string> {
  const { plan, steps } = bound;
  const instances = kernelInstances(bound);
  const operators = [...new Set(instances.map((kernel) => kernel.op))];
  const prototypes = new Map(
    steps.flatMap((step) =>
      step.calls.map((call) => [call.kernel.name, prototype(bound, step, call)] as const),
    ),
  );
  return {
    kernelIncludes: operators.map((op) => `#include "kernels/${op}.h"`).join('\n'),
    kernelPrototypes: instances.map((kernel) => prototypes.get(kernel.name)!).join('\n'),
    inputTable: plan.inputs.map((port) => portEntry(bound, port)).join('\n'),
    outputTable: plan.outputs.map((port) => portEntry(bound, port)).join('\n'),
    steps: steps.map((step) => stepText(bound, step, prefix)).join('\n\n'),
    stepCalls: steps.map(({ index }) => `  ${stepFunction(index, prefix)}();`).join('\n'),
  };
}

function portEntry(bound: BoundPlan, port: PlanPort): string {
  const { shape, bits, scale, zeroPoint } = bound.plan.tensors[port.tensor]!;
  const { offset, bytes } = placeOf(bound, port.tensor);
  const fields = [
    stringLiteral(port.name),
    `AT(${offset})`,
    `${bytes}u`,
    ...shape,
    bits,
    `QUANTMCU_${port.dtype.toUpperCase()}`,
    floatLiteral(scale),
    zeroPoint,
  ];
  return `    {${fields.join(', ')}},`;
}

const usesScratch = (step: BoundStep): boolean => step.scratch !== null;

function prototype(_bound: BoundPlan, step: BoundStep, call: KernelCall): string {
  const inputs = call.inputs.map(() => 'const void *').join(', ');
  const scratch = usesScratch(step) ? ', void *scratch' : '';
  return `void ${call.kernel.name}(const struct ${call.kernel.op}_args *args, ${inputs}, void *output${scratch});`;
}

function stepText(bound: BoundPlan, step: BoundStep, prefix: string): string {
  const planStep = bound.plan.steps[step.index]!;
  const shape = bound.plan.tensors[planStep.output]!.shape.join(' x ');
  const nameOf = (constant: number): string => `${prefix}_${bound.constantTable[constant]!.name}`;
  const calls = step.calls.map((call, index) => {
    const name = step.calls.length === 1 ? 'args' : `args_${index}`;
    const operands = [
      `&${name}`,
      ...call.inputs.map((id) => `AT(${placeOf(bound, id).offset})`),
      `AT(${placeOf(bound, planStep.output).offset})`,
      ...(step.scratch === null ? [] : [`AT(${step.scratch.offset})`]),
    ];
    return [
      `  static const struct ${call.kernel.op}_args ${name} = {`,
      structBody(call.args, nameOf, '      '),
      '  };',
      `  ${call.kernel.name}(${operands.join(', ')});`,
    ].join('\n');
  });
  // The marker differs per step: it keeps equal steps, and empty ones, from being merged or removed.
  return [
    `/* ${planStep.op} ${commentText(planStep.name)} -> ${shape}${calls.length === 0 ? ', shares its input' : ''} */`,
    `STEP ${stepFunction(step.index, prefix)}(void) {`,
    `  __asm__ volatile("/* step ${step.index} */");`,
    ...calls,
    '}',
  ].join('\n');
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
