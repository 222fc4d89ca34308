/**
 * When each tensor is live and which tensors share their bytes: the input of the arena planner.
 *
 * Time is the step index; −1 is "before the first step" (network inputs) and `steps.length` "after the last"
 * (network outputs). A tensor is live in every step from the one that writes it to the last that reads it. A view
 * has no bytes of its own: touching it touches the tensor that it looks into. A streamed input has none at all.
 */
import type { DeployPlan, PlanTensor } from '../ir/deploy-plan.js';
import { type PlanesLayout, planesBytes } from '../ir/planes-layout.js';
import { rootOf, streamedInput, tensorBytes } from '../ops/plan-access.js';

export interface Lifetime {
  readonly first: number;
  readonly last: number;
}

/** What a bound step needs of memory besides its tensors. */
export interface StepMemory {
  readonly scratchBytes: number;
  /** Positions in `inputs` whose buffer the output may take over while the step runs. */
  readonly inPlaceInputs: readonly number[];
  /** The output has the input's bytes (RESHAPE): nothing is computed. */
  readonly alias: boolean;
  /** How the kernel writes its output where that is not pixel by pixel; no view looks into it then. */
  readonly outputLayout?: PlanesLayout;
}

/** How a tensor came to share the buffer of another. */
export interface Sharing {
  readonly with: number;
  readonly reason: 'alias' | 'in_place';
}

export interface GroupMember extends Lifetime {
  /** Tensor id, or −1 for scratch. */
  readonly tensor: number;
  readonly bytes: number;
}

/** Members of one group stand at one offset; each occupies its own bytes in its own lifetime. */
export interface Group {
  readonly members: readonly GroupMember[];
  /** Step whose scratch this is. */
  readonly scratchStep?: number;
}

export interface Lifetimes {
  readonly groups: readonly Group[];
  /** Tensor id → whose buffer it took. */
  readonly sharing: ReadonlyMap<number, Sharing>;
}

/** Lifetime of every tensor that the plan stores, views left out, by tensor id. */
export function tensorLifetimes(plan: DeployPlan): Map<number, Lifetime> {
  const lifetimes = new Map<number, Lifetime>();
  const streamed = streamedInput(plan);
  const extend = (id: number, time: number): void => {
    const root = rootOf(plan, id);
    if (root === streamed) return;
    const known = lifetimes.get(root);
    lifetimes.set(root, {
      first: Math.min(known?.first ?? time, time),
      last: Math.max(known?.last ?? time, time),
    });
  };
  for (const port of plan.inputs) extend(port.tensor, -1);
  plan.steps.forEach((step, time) => {
    for (const id of step.inputs) extend(id, time);
    extend(step.output, time);
  });
  for (const port of plan.outputs) extend(port.tensor, plan.steps.length);
  return lifetimes;
}

/** Groups the plan's tensors. `inPlace` says which steps may; aliases and kept rows cost nothing and stay. */
export function groupTensors(
  plan: DeployPlan,
  memory: readonly StepMemory[],
  options: { inPlace(step: number): boolean },
): Lifetimes {
  const lifetimes = tensorLifetimes(plan);
  const sharing = new Map<number, Sharing>();
  const groupOf = new Map<number, number[]>();
  for (const id of lifetimes.keys()) groupOf.set(id, [id]);
  plan.steps.forEach((step, time) => {
    const { alias, inPlaceInputs } = memory[time]!;
    const output = rootOf(plan, step.output);
    const inputs = step.inputs.map((id) => rootOf(plan, id));
    const isFirstWrite = lifetimes.get(output)!.first === time;
    if (!isFirstWrite || !(alias || options.inPlace(time) || step.op === 'crop')) return;
    const live = (id: number) => liveIn(groupOf.get(id) ?? [], lifetimes, time);
    const source = alias ? inputs[0] : inPlaceSource(inputs, inPlaceInputs, live, time);
    const group = source === undefined ? undefined : groupOf.get(source);
    if (source === undefined || group === undefined) return;
    group.push(output);
    groupOf.set(output, group);
    sharing.set(output, { with: source, reason: alias ? 'alias' : 'in_place' });
  });
  const layouts = outputLayouts(plan, memory);
  const member = (id: number): GroupMember => ({
    tensor: id,
    bytes: storedBytes(plan.tensors[id]!, layouts.get(id)),
    ...lifetimes.get(id)!,
  });
  const groups: Group[] = [...new Set(groupOf.values())].map((ids) => ({ members: ids.map(member) }));
  return { groups: [...groups, ...scratchGroups(memory)], sharing };
}

/** Layouts that kernels give to tensors, by tensor id. */
export function outputLayouts(
  plan: DeployPlan,
  memory: readonly StepMemory[],
): ReadonlyMap<number, PlanesLayout> {
  const layouts = new Map<number, PlanesLayout>();
  memory.forEach(({ outputLayout }, time) => {
    if (outputLayout !== undefined) layouts.set(plan.steps[time]!.output, outputLayout);
  });
  return layouts;
}

/** Bytes that a tensor takes in the arena. */
export const storedBytes = (tensor: PlanTensor, layout: PlanesLayout | undefined): number =>
  layout === undefined ? tensorBytes(tensor) : planesBytes(layout, tensor.shape[2]);

const scratchGroups = (memory: readonly StepMemory[]): Group[] =>
  memory.flatMap(({ scratchBytes }, time) =>
    scratchBytes === 0
      ? []
      : [{ members: [{ tensor: -1, bytes: scratchBytes, first: time, last: time }], scratchStep: time }],
  );

interface LiveTensor extends Lifetime {
  readonly id: number;
}

const liveIn = (
  ids: readonly number[],
  lifetimes: ReadonlyMap<number, Lifetime>,
  time: number,
): LiveTensor[] =>
  ids.map((id) => ({ id, ...lifetimes.get(id)! })).filter((t) => t.first <= time && t.last >= time);

/** The input whose bytes the output may overwrite: nothing in its buffer is needed later or read otherwise. */
function inPlaceSource(
  inputs: readonly number[],
  positions: readonly number[],
  live: (id: number) => readonly LiveTensor[],
  time: number,
): number | undefined {
  const position = positions.find((candidate) => {
    const sharing = live(inputs[candidate]!);
    return (
      sharing.length > 0 &&
      sharing.every(
        (tensor) =>
          tensor.last === time && inputs.every((id, at) => id !== tensor.id || positions.includes(at)),
      )
    );
  });
  return position === undefined ? undefined : inputs[position];
}
