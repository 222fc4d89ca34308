/**
 * Writes the step functions of a network. Outside the patch stage a step holds its constants; inside it steps that
 * differ only in constants share a function, which reads them from a record in flash: a patch more costs records,
 * not code.
 */
import {
  type ArgumentRecord,
  type BoundPlan,
  type BoundStep,
  type BoundTensor,
  type KernelCall,
  kernelFile,
} from '../ir/bound-plan.js';
import type { BranchChoice, PatchStage, TiledStage } from '../ir/deploy-plan.js';
import { layerName, stageEnd, stepFunction, stepFunctions } from '../ir/step-functions.js';
import { testedTensor } from '../ops/executed-steps.js';
import { unsupported } from '../support/errors.js';
import { commentText, structBody } from './c-text.js';

/** What the network template takes. */
export interface StepsText {
  /** Definitions of the step functions and, with a patch stage, its records and table. */
  readonly definitions: string;
  /** Statements of `invoke`. */
  readonly calls: string;
}

/** How the functions name what they use. */
interface Emitter {
  readonly bound: BoundPlan;
  readonly prefix: string;
  readonly placed: ReadonlyMap<number, BoundTensor>;
  nameOf(constant: number): string;
}

/** With `checked`, `invoke` reports every step to the self-check. */
export function emitSteps(bound: BoundPlan, prefix: string, checked = false): StepsText {
  const emitter: Emitter = {
    bound,
    prefix,
    placed: new Map(bound.tensors.map((tensor) => [tensor.tensor, tensor])),
    nameOf: (constant) => `${prefix}_${bound.constantTable[constant]!.name}`,
  };
  const stage = bound.plan.patchStage;
  const [from, to] = stage === undefined ? [0, 0] : [stage.firstStep, stageEnd(stage)];
  const functions = stepFunctions(bound);
  const shared = [...new Set(functions.slice(from, to))].map((first) =>
    bound.steps.filter(({ index }) => functions[index] === first),
  );
  const alone = bound.steps.filter(({ index }) => index < from || index >= to);
  const call = ({ index }: BoundStep): string =>
    `  ${reported(checked, index, `${stepFunction(index, prefix)}()`)};`;
  return {
    definitions: [
      ...shared.map((steps) => sharedStep(emitter, steps)),
      ...(to > from ? [stageTable(emitter, functions, from, to)] : []),
      ...(stage?.kind === 'patches' && stage.choice !== undefined
        ? [branchTests(emitter, stage, stage.choice)]
        : []),
      ...alone.map((step) => plainStep(emitter, step)),
    ].join('\n\n'),
    calls: [
      ...alone.filter(({ index }) => index < from).map(call),
      ...(to > from ? [stageLoop(prefix, stage!, checked)] : []),
      ...alone.filter(({ index }) => index >= to).map(call),
    ].join('\n'),
  };
}

const reported = (checked: boolean, index: number | string, run: string): string =>
  checked ? `QUANTMCU_LAYER(${index}, ${run})` : run;

function stageLoop(prefix: string, stage: TiledStage, checked: boolean): string {
  const { firstStep } = stage;
  const run = (at: string): string => `${prefix}_stage[${at}].run(${prefix}_stage[${at}].use)`;
  if (stage.kind === 'patches' && stage.choice !== undefined) {
    if (checked)
      throw unsupported(
        'codegen/self-check-choice',
        'the self-check cannot follow branches chosen at run time',
        {
          fix: 'Generate without --self-check, or classify by position.',
        },
      );
    return choiceLoop(prefix, stage, stage.choice, run('i'));
  }
  const count = stageEnd(stage) - firstStep;
  return `  for (uint32_t i = 0; i < ${count}; i++) ${reported(checked, `${firstStep} + i`, run('i'))};`;
}

/** Per branch what is common, then the alternative that its input asks for. */
function choiceLoop(prefix: string, stage: PatchStage, { common, steps }: BranchChoice, run: string): string {
  return [
    `  for (uint32_t branch = 0; branch < ${stage.rows * stage.columns}; branch++) {`,
    `    uint32_t i = branch * ${stage.stepsPerBranch};`,
    ...(common === 0 ? [] : [`    ${run};`, '    i++;']),
    `    if (!${prefix}_is_protected(&${prefix}_tests[branch])) i += ${steps};`,
    `    for (const uint32_t end = i + ${steps}; i < end; i++) ${run};`,
    '  }',
  ].join('\n');
}

/** The test of every branch: where its part of the input stands, and how many values may lie outside [low, high]. */
function branchTests(emitter: Emitter, stage: PatchStage, { low, high, most }: BranchChoice): string {
  const { bound, placed, prefix } = emitter;
  const { plan } = bound;
  const records = most.map((limit, branch) => {
    const tensor = testedTensor(plan, stage, branch);
    const [height, width, channels] = tensor.shape;
    const { of, y, x } = tensor.view ?? { of: tensor.id, y: 0, x: 0 };
    const pitch = plan.tensors[of]!.shape[1] * channels;
    const at = placed.get(of)!.offset + y * pitch + x * channels;
    return `    {${at}, ${height}, ${width * channels}, ${pitch}, ${limit}},`;
  });
  return [
    '/* Which alternative of a branch runs: the protected one where many values of its input are far out. */',
    `struct ${prefix}_test {\n  uint32_t at, rows, row_bytes, pitch, most;\n};`,
    `static const struct ${prefix}_test ${prefix}_tests[${records.length}] = {`,
    ...records,
    '};',
    `static __attribute__((noinline)) int ${prefix}_is_protected(const struct ${prefix}_test *test) {`,
    '  const int8_t *row = (const int8_t *)AT(test->at);',
    '  uint32_t beyond = 0;',
    '  for (uint32_t y = 0; y < test->rows; y++, row += test->pitch)',
    '    for (uint32_t i = 0; i < test->row_bytes; i++) {',
    '      const int32_t q = row[i];',
    `      beyond += q < ${low} || q > ${high};`,
    '    }',
    '  return beyond > test->most;',
    '}',
  ].join('\n');
}

/** Prefix of the records of a shared function. */
const recordName = (prefix: string, index: number): string => `${prefix}_${index}`;

/** Arena offsets of a call's operands, in parameter order. */
function operands({ bound, placed }: Emitter, step: BoundStep, call: KernelCall): number[] {
  const scratch = step.scratch?.offset ?? 0;
  const at = (id: number, staged: number | null | undefined): number =>
    typeof staged === 'number' ? scratch + staged : placed.get(id)!.offset;
  return [
    ...call.inputs.map((id, i) => at(id, call.staged?.inputs?.[i])),
    at(bound.plan.steps[step.index]!.output, call.staged?.output),
    ...(call.workspace === undefined ? [] : [scratch + call.workspace]),
  ];
}

/** The marker differs per function: it keeps equal ones, and empty ones, from being merged or removed. */
const marker = (index: number): string => `  __asm__ volatile("/* step ${index} */");`;

const argsType = (call: KernelCall): string => `const struct ${kernelFile(call.kernel)}_args`;

function plainStep(emitter: Emitter, step: BoundStep): string {
  const { bound, prefix } = emitter;
  const planStep = bound.plan.steps[step.index]!;
  const shape = bound.plan.tensors[planStep.output]!.shape.join(' x ');
  const calls = step.calls.map((call, index) => {
    const name = step.calls.length === 1 ? 'args' : `args_${index}`;
    const places = operands(emitter, step, call).map((offset) => `AT(${offset})`);
    return [
      `  static ${argsType(call)} ${name} = {`,
      structBody(call.args, emitter.nameOf, '      '),
      '  };',
      `  ${call.kernel.name}(${[`&${name}`, ...places].join(', ')});`,
    ].join('\n');
  });
  return [
    `/* ${planStep.op} ${commentText(planStep.name)} -> ${shape}${calls.length === 0 ? ', shares its input' : ''} */`,
    `STEP ${stepFunction(step.index, prefix)}(void) {`,
    marker(step.index),
    ...calls,
    '}',
  ].join('\n');
}

/** Steps that differ in constants: distinct argument structs, a record per step, one function. */
function sharedStep(emitter: Emitter, steps: readonly BoundStep[]): string {
  const { bound, prefix } = emitter;
  const [first] = steps;
  const { index, calls } = first!;
  const name = recordName(prefix, index);
  const planStep = bound.plan.steps[index]!;
  const tables = calls.map((_, c) => new ArgumentTable(emitter, `${name}_args_${c}`));
  const records = steps.map((step) => recordOf(emitter, step, tables));
  let next = 0;
  const lines = calls.map((call, c) => {
    const places = operands(emitter, first!, call).map(() => `AT(use->at[${next++}])`);
    return `  ${call.kernel.name}(${[`use->args_${c}`, ...places].join(', ')});`;
  });
  const request = `  ${prefix}_read_input(use->y, use->x, use->height, use->width, AT(use->at[0]));` as const;
  const isRequest = first!.request !== undefined;
  const count = isRequest ? 1 : next;
  const fields = [
    ...calls.map((call, c) => `  ${argsType(call)} *args_${c};`),
    ...(isRequest ? ['  uint16_t y, x, height, width;'] : []),
    ...(count === 0 ? [] : [`  uint32_t at[${count}];`]),
  ];
  return [
    `/* ${planStep.op} ${commentText(layerName(planStep.name))}, ${steps.length} times */`,
    ...tables.map((table, c) => table.text(argsType(calls[c]!))),
    `struct ${name}_use {\n${fields.join('\n')}\n};`,
    `static const struct ${name}_use ${name}_uses[${steps.length}] = {\n${records.join('\n')}\n};`,
    `STEP ${stepFunction(index, prefix)}(const void *record) {`,
    marker(index),
    `  const struct ${name}_use *use = (const struct ${name}_use *)record;`,
    ...(isRequest ? [request] : lines),
    '}',
  ].join('\n');
}

function recordOf(emitter: Emitter, step: BoundStep, tables: readonly ArgumentTable[]): string {
  const { request } = step;
  const args = step.calls.map((call, c) => tables[c]!.use(call.args));
  const places =
    request === undefined
      ? step.calls.flatMap((call) => operands(emitter, step, call))
      : [emitter.placed.get(emitter.bound.plan.steps[step.index]!.output)!.offset];
  const piece = request === undefined ? [] : [request.y, request.x, request.height, request.width];
  return `    {${[...args, ...piece, `{${places.join(', ')}}`].join(', ')}},`;
}

/** The distinct argument structs of one call. */
class ArgumentTable {
  private readonly indices = new Map<string, number>();

  constructor(
    private readonly emitter: Emitter,
    private readonly name: string,
  ) {}

  /** C text of a pointer to the struct. */
  use(args: ArgumentRecord): string {
    const body = structBody(args, this.emitter.nameOf, '        ');
    const index = this.indices.get(body) ?? this.indices.size;
    this.indices.set(body, index);
    return `&${this.name}[${index}]`;
  }

  text(type: string): string {
    const structs = [...this.indices.keys()].map((body) => `    {\n${body}\n    },`);
    return `static ${type} ${this.name}[${structs.length}] = {\n${structs.join('\n')}\n};`;
  }
}

/** Which function with which record, step by step. */
function stageTable({ prefix }: Emitter, functions: readonly number[], from: number, to: number): string {
  const used = new Map<number, number>();
  const rows = functions.slice(from, to).map((first) => {
    const record = used.get(first) ?? 0;
    used.set(first, record + 1);
    return `    {${stepFunction(first, prefix)}, &${recordName(prefix, first)}_uses[${record}]},`;
  });
  return [
    '/* The patch stage: which function with which constants, step by step. */',
    'static const struct {',
    '  void (*run)(const void *record);',
    '  const void *use;',
    `} ${prefix}_stage[${rows.length}] = {`,
    ...rows,
    '};',
  ].join('\n');
}
