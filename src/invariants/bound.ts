/**
 * The verifier of BoundPlans. Every invariant it holds:
 *  1. every tensor of a step or port is placed, with the bytes of its shape and width; a streamed input is not;
 *     views lie where they look
 *  2. tensors and scratch lie inside the arena, and the arena ends with one of them
 *  3. every offset but a view's is a multiple of the arena alignment
 *  4. two tensors that are live in one step do not overlap, except an alias and its source, or the output of a
 *     step and the input it takes over in that very step
 *  5. scratch overlaps nothing that is live in its step
 *  6. every constant lies inside the constants blob, 4-byte aligned, whole elements
 *  7. every constant that a call uses exists; steps stand in order
 */
import { type ArgumentValue, type BoundPlan, type BoundTensor, CONSTANT_BYTES } from '../ir/bound-plan.js';
import { ARENA_ALIGNMENT } from '../memory/arena.js';
import { storedBytes } from '../memory/lifetimes.js';
import { rowPitch, streamedInput, viewOffset } from '../ops/plan-access.js';
import { bug } from '../support/errors.js';

interface Range {
  readonly offset: number;
  readonly bytes: number;
}

const overlap = (a: Range, b: Range): boolean =>
  a.offset < b.offset + b.bytes && b.offset < a.offset + a.bytes;

/** Violated invariants, one sentence each. */
export function boundPlanProblems(bound: BoundPlan): readonly string[] {
  return [
    ...placementProblems(bound),
    ...bound.tensors.flatMap((tensor) => viewProblems(tensor, bound)),
    ...lifetimeProblems(bound),
    ...overlapProblems(bound),
    ...scratchProblems(bound),
    ...constantProblems(bound),
  ];
}

/** Throws `bound-plan/invalid` (kind `bug`) with the first violated invariant. */
export function verifyBoundPlan(bound: BoundPlan): void {
  const [problem] = boundPlanProblems(bound);
  if (problem !== undefined) throw bug('bound-plan/invalid', problem, { where: bound.plan.name });
}

function placementProblems(bound: BoundPlan): string[] {
  const placed = new Map(bound.tensors.map((t) => [t.tensor, t]));
  const used = new Set(
    bound.plan.steps
      .flatMap((step) => [...step.inputs, step.output])
      .concat([...bound.plan.inputs, ...bound.plan.outputs].map((port) => port.tensor)),
  );
  const problems: string[] = [];
  const streamed = streamedInput(bound.plan);
  if (streamed !== undefined) {
    used.delete(streamed);
    if (placed.has(streamed)) problems.push(`the streamed input ${streamed} has a place in the arena`);
  }
  for (const id of used) {
    const tensor = bound.plan.tensors[id];
    const at = placed.get(id);
    if (tensor === undefined || at === undefined) problems.push(`tensor ${id} has no place in the arena`);
    else if (at.bytes !== storedBytes(tensor, at.layout))
      problems.push(
        `tensor ${tensor.name} takes ${at.bytes} bytes instead of ${storedBytes(tensor, at.layout)}`,
      );
  }
  const ranges = [...bound.tensors, ...bound.steps.flatMap((step) => step.scratch ?? [])];
  for (const range of ranges) {
    const { offset, bytes } = range;
    if (offset < 0 || offset + bytes > bound.arenaBytes)
      problems.push(`range ${offset}+${bytes} lies outside the arena of ${bound.arenaBytes} bytes`);
    if (offset % ARENA_ALIGNMENT !== 0 && !('rowPitch' in range))
      problems.push(`offset ${offset} is not a multiple of ${ARENA_ALIGNMENT}`);
  }
  const end = Math.max(0, ...ranges.map((r) => r.offset + r.bytes));
  if (end !== bound.arenaBytes) problems.push(`the arena has ${bound.arenaBytes} bytes but ends at ${end}`);
  return problems;
}

/** What is wrong with the place of a view. */
function viewProblems(placed: BoundTensor, { plan, tensors }: BoundPlan): string[] {
  const tensor = plan.tensors[placed.tensor];
  if (tensor?.view === undefined)
    return placed.rowPitch === undefined ? [] : [`tensor ${placed.tensor} has a row pitch but is no view`];
  const root = tensors.find((t) => t.tensor === tensor.view?.of);
  const sound =
    root !== undefined &&
    placed.offset === root.offset + viewOffset(plan, tensor) &&
    placed.rowPitch === rowPitch(plan, tensor);
  return sound ? [] : [`the view ${tensor.name} does not lie where it looks`];
}

/** Tensors that are touched, themselves or through a view, outside the time that they are said to be live. */
function lifetimeProblems({ plan, tensors }: BoundPlan): string[] {
  const live = new Map(tensors.map((t) => [t.tensor, t]));
  return plan.steps.flatMap((step, time) =>
    [...step.inputs, step.output]
      .map((id) => live.get(plan.tensors[id]?.view?.of ?? id))
      .filter((t) => t !== undefined && (time < t.firstStep || time > t.lastStep))
      .map((t) => `step ${step.name} touches tensor ${t!.tensor} while it is not live`),
  );
}

function overlapProblems(bound: BoundPlan): string[] {
  const problems: string[] = [];
  const byId = new Map(bound.tensors.map((t) => [t.tensor, t]));
  const stored = bound.tensors.filter((t) => t.rowPitch === undefined);
  stored.forEach((a, i) => {
    for (const b of stored.slice(i + 1)) {
      const together = a.firstStep <= b.lastStep && b.firstStep <= a.lastStep;
      if (!together || !overlap(a, b) || mayShare(a, b, byId)) continue;
      problems.push(`tensors ${a.tensor} and ${b.tensor} are live together and overlap`);
    }
  });
  return problems;
}

type Placed = ReadonlyMap<number, BoundTensor>;

/** The tensor whose bytes `t` merely renames. */
function root(t: BoundTensor, byId: Placed): BoundTensor {
  let at = t;
  while (at.shares?.reason === 'alias') at = byId.get(at.shares.with)!;
  return at;
}

function mayShare(a: BoundTensor, b: BoundTensor, byId: Placed): boolean {
  if (a.offset !== b.offset) return false;
  const [rootA, rootB] = [root(a, byId), root(b, byId)];
  if (rootA === rootB) return true;
  const takesOver = (writer: BoundTensor, old: BoundTensor, oldRoot: BoundTensor): boolean =>
    writer.shares?.reason === 'in_place' &&
    writer.firstStep === old.lastStep &&
    root(byId.get(writer.shares.with)!, byId) === oldRoot;
  return takesOver(a, b, rootB) || takesOver(b, a, rootA);
}

function scratchProblems(bound: BoundPlan): string[] {
  return bound.steps.flatMap(({ index, scratch }) =>
    bound.tensors
      .filter((t) => scratch !== null && t.firstStep <= index && t.lastStep >= index && overlap(t, scratch))
      .map((t) => `the scratch of step ${index} overlaps tensor ${t.tensor}`),
  );
}

function constantProblems(bound: BoundPlan): string[] {
  const problems: string[] = [];
  for (const { name, type, ref } of bound.constantTable) {
    const sound =
      ref.offset % 4 === 0 &&
      ref.length % CONSTANT_BYTES[type] === 0 &&
      ref.offset >= 0 &&
      ref.offset + ref.length <= bound.constants.length;
    if (!sound) problems.push(`constant ${name} lies outside the blob or is misaligned`);
  }
  bound.steps.forEach((step, index) => {
    if (step.index !== index) problems.push(`step ${index} carries the index ${step.index}`);
    for (const id of step.calls.flatMap((call) => constantsOf(call.args)))
      if (bound.constantTable[id] === undefined)
        problems.push(`step ${index} uses the missing constant ${id}`);
  });
  return problems;
}

/** Constants that an argument uses, at any depth. */
function constantsOf(value: ArgumentValue): number[] {
  if (typeof value === 'number' || Array.isArray(value)) return [];
  if ('constant' in value && typeof value.constant === 'number') return [value.constant];
  return Object.values(value).flatMap(constantsOf);
}
