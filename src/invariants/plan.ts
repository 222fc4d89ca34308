/**
 * The DeployPlan verifier, run after lowering and on every plan file before an engine sees it. Invariants:
 *
 * 1. Format and version are ours; the requantisation mode is known.
 * 2. Tensor ids are their indices; shapes are three integers of 1…65536 with at most 64 Mi elements; widths are
 *    8, 4 or 2, at most 256 Mi elements in all; scales are finite and positive; zero points lie in the width's range; names are unique.
 * 3. Step names are unique and not empty; operators are known; inputs and output name existing tensors.
 * 4. Execution order: a step reads network inputs and outputs of earlier steps only; every tensor is written at
 *    most once, network inputs never, and is an input or some step's output.
 *    A view lies inside the tensor it looks into (which is no view itself) and has its channels, width, scale and
 *    zero point. A tensor that views write is written by views only, which do not overlap, before anything reads it.
 * 5. Ports name existing 8-bit tensors that are computed; there is at least one input and one output.
 * 6. Each step passes its operator's own check (shapes, windows, clamps, multipliers, lengths of constants inside
 *    the weights blob): the `check` of src/ops/<operator>.ts.
 * 7. No accumulator and no left shift leaves 32 bits (src/invariants/accumulators.ts).
 *
 * 8. A patch stage's branches lie inside the steps; step k has the same operator and weights in every branch
 *    (src/invariants/patch-stage.ts). Of two alternatives of a branch only one runs: they are alike in operators and
 *    weights, read nothing of each other, and may write the same part of the stage's output.
 *
 * Engines, planners and code generators rely on all of these: a plan that passes cannot make them read or write
 * outside their buffers.
 */
import {
  DEPLOY_PLAN_FORMAT,
  DEPLOY_PLAN_VERSION,
  type DeployPlan,
  type PlanPort,
  type PlanTensor,
  type Step,
} from '../ir/deploy-plan.js';
import { REQUANT_MODES } from '../numeric/requantize.js';
import { WIDTHS } from '../numeric/widths.js';
import { checkStep, STEP_OPS } from '../ops/index.js';
import { badInput, bug } from '../support/errors.js';
import { accumulatorProblem } from './accumulators.js';
import {
  type Alternative,
  alternativeOf,
  patchStageProblems,
  viewProblems,
  WrittenViews,
} from './patch-stage.js';

const MAX_DIMENSION = 1 << 16;
const MAX_ELEMENTS = 1 << 26;
const MAX_TOTAL_ELEMENTS = 1 << 28;
const DTYPES: readonly string[] = ['int8', 'uint8', 'float32'] satisfies PlanPort['dtype'][];

/** Violated invariants, one sentence each; empty for a sound plan. */
export function verifyPlan(plan: DeployPlan): string[] {
  const structure = [
    ...headProblems(plan),
    ...plan.tensors.flatMap((tensor, index) => tensorProblems(tensor, index)),
    ...duplicates(
      plan.tensors.map((tensor) => tensor.name),
      'tensor',
    ),
    ...plan.tensors.flatMap((tensor) => viewProblems(tensor, plan)),
    ...orderProblems(plan),
    ...patchStageProblems(plan),
    ...portProblems(plan),
  ];
  // Operator checks index into tensors and constants, so they run on structurally sound plans only.
  if (structure.length > 0) return structure;
  return plan.steps.flatMap((step) => stepProblems(step, plan));
}

function stepProblems(step: Step, plan: DeployPlan): string[] {
  const own = checkStep(step, plan);
  const accumulator = own.length > 0 ? undefined : accumulatorProblem(step, plan);
  const problems = accumulator === undefined ? own : [accumulator];
  return problems.map((problem) => `step ${step.name} (${step.op}): ${problem}`);
}

/** Throws a `bug` error naming the first violation: for plans that our own stages made. */
export function assertPlan(plan: DeployPlan): void {
  const problems = verifyPlan(plan);
  if (problems.length > 0)
    throw bug('plan/invariant', `the plan breaks an invariant: ${problems[0]}`, { where: plan.name });
}

/** Throws an `input` error naming the first violation: for plans that were read from a file. */
export function requireSoundPlan(plan: DeployPlan, fileName: string): void {
  const problems = verifyPlan(plan);
  if (problems.length > 0)
    throw badInput('plan/invalid', `the stored plan is not sound: ${problems[0]}`, {
      where: fileName,
      fix: 'Make the plan again from its model.',
    });
}

function headProblems(plan: DeployPlan): string[] {
  const problems: string[] = [];
  if (plan.format !== DEPLOY_PLAN_FORMAT || plan.version !== DEPLOY_PLAN_VERSION)
    problems.push(
      `format ${plan.format} version ${plan.version} is not ${DEPLOY_PLAN_FORMAT} ${DEPLOY_PLAN_VERSION}`,
    );
  if (!REQUANT_MODES.includes(plan.requantization))
    problems.push(`requantisation mode '${plan.requantization}' is unknown`);
  const elements = plan.tensors.reduce((sum, { shape }) => sum + shape[0] * shape[1] * shape[2], 0);
  if (!(elements <= MAX_TOTAL_ELEMENTS)) problems.push(`the tensors have ${elements} elements in all`);
  return problems;
}

function tensorProblems(tensor: PlanTensor, index: number): string[] {
  const label = `tensor ${index} (${tensor.name})`;
  const sizes: readonly number[] = tensor.shape;
  const sound = sizes.length === 3 && sizes.every((n) => Number.isInteger(n) && n >= 1 && n <= MAX_DIMENSION);
  const problems: string[] = [];
  if (tensor.id !== index) problems.push(`${label} has id ${tensor.id}`);
  if (!sound || sizes.reduce((a, b) => a * b, 1) > MAX_ELEMENTS)
    problems.push(`${label} has shape [${sizes.join(', ')}], out of bounds`);
  if (!(tensor.scale > 0) || !Number.isFinite(tensor.scale))
    problems.push(`${label} has scale ${tensor.scale}`);
  const factors = tensor.channelScales;
  if (factors !== undefined && (factors.length !== sizes[2] || factors.some((f) => !(f > 0))))
    problems.push(`${label} has ${factors.length} channel scales, or one that is not positive`);
  const width = WIDTHS[tensor.bits];
  if (width === undefined) problems.push(`${label} has width ${tensor.bits}, not 8, 4 or 2`);
  else if (
    !Number.isInteger(tensor.zeroPoint) ||
    tensor.zeroPoint < width.activationMin ||
    tensor.zeroPoint > width.activationMax
  )
    problems.push(`${label} has zero point ${tensor.zeroPoint} outside its width`);
  return problems;
}

function duplicates(names: readonly string[], what: string): string[] {
  const seen = new Set<string>();
  return names.flatMap((name) => {
    const repeated = name === '' || seen.has(name);
    seen.add(name);
    return repeated ? [`${what} name '${name}' is empty or not unique`] : [];
  });
}

function orderProblems(plan: DeployPlan): string[] {
  const problems = duplicates(
    plan.steps.map((step) => step.name),
    'step',
  );
  const known = new Set(plan.inputs.map((port) => port.tensor));
  if (known.size !== plan.inputs.length) problems.push('two network inputs share a tensor');
  const written = new WrittenViews();
  plan.steps.forEach((step, index) => {
    problems.push(...stepOrderProblems(step, plan, known, written, alternativeOf(plan, index)));
    known.add(step.output);
  });
  const used = new Set(plan.steps.flatMap((step) => [...step.inputs, step.output]));
  for (const tensor of plan.tensors) {
    const defined =
      known.has(tensor.id) || written.has(tensor.id) || (tensor.view !== undefined && used.has(tensor.id));
    if (!defined) problems.push(`tensor ${tensor.id} (${tensor.name}) is never computed`);
  }
  return problems;
}

function stepOrderProblems(
  step: Step,
  plan: DeployPlan,
  known: ReadonlySet<number>,
  written: WrittenViews,
  alternative: Alternative | undefined,
): string[] {
  const label = `step ${step.name} (${step.op})`;
  if (!Object.hasOwn(STEP_OPS, step.op)) return [`${label}: unknown operator`];
  const readable = (id: number): boolean => {
    const root = plan.tensors[id]?.view?.of ?? id;
    return known.has(root) || written.has(root);
  };
  const problems = step.inputs
    .filter((id) => plan.tensors[id] === undefined || !readable(id))
    .map((id) => `${label} reads tensor ${id} before anything computes it`);
  for (const id of step.inputs) written.close(plan.tensors[id]?.view?.of ?? id);
  const output = plan.tensors[step.output];
  if (output === undefined || known.has(step.output) || written.has(step.output))
    problems.push(`${label} writes tensor ${step.output}, which is already defined or missing`);
  else if (output.view !== undefined) {
    const root = output.view.of;
    if (known.has(root) || !written.add(root, output, output.view, alternative))
      problems.push(`${label} writes a view of tensor ${root} that is already written or read there`);
  }
  return problems;
}

function portProblems(plan: DeployPlan): string[] {
  const problems: string[] = [];
  if (plan.inputs.length === 0) problems.push('the plan has no input');
  if (plan.outputs.length === 0) problems.push('the plan has no output');
  for (const port of [...plan.inputs, ...plan.outputs]) {
    const tensor = plan.tensors[port.tensor];
    if (tensor === undefined)
      problems.push(`port ${port.name} names tensor ${port.tensor}, which does not exist`);
    else if (tensor.bits !== 8) problems.push(`port ${port.name} is ${tensor.bits} bits wide, not 8`);
    if (!DTYPES.includes(port.dtype)) problems.push(`port ${port.name} has element type '${port.dtype}'`);
  }
  return problems;
}
