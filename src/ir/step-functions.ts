/**
 * Which function of the firmware runs which step: one of its own for every step outside the patch stage; inside it
 * steps that differ only in constants share one, called once per step. What codegen emits and emulation stops at.
 */
import type { BoundPlan, BoundStep } from './bound-plan.js';
import type { TiledStage } from './deploy-plan.js';

/** Prefix of everything that a generated network defines; several prefixes can live in one program. */
export const DEFAULT_PREFIX = 'quantmcu';

/** `quantmcu_step_003`. */
export const stepFunction = (index: number, prefix = DEFAULT_PREFIX): string =>
  `${prefix}_step_${String(index).padStart(3, '0')}`;

/**
 * Where the example application finds a streamed input: the start of external memory in every Cortex-M's address
 * map. Emulation puts the image there; an application of one's own reads it from anywhere.
 */
export const STREAMED_INPUT_ADDRESS = 0x60000000;

/** One behind the last step of a stage. */
export const stageEnd = (stage: TiledStage): number =>
  stage.firstStep +
  (stage.kind === 'patches' ? stage.stepsPerBranch * stage.rows * stage.columns : stage.steps);

/** Layer of the network that a step of a stage is a piece of: its name without the piece's position. */
export const layerName = (stepName: string): string => stepName.replace(/\[\d+[,-]\d+\]$/, '');

/** What must agree for two steps to share a function. */
function signature(step: BoundStep, name: string): string {
  const calls = step.calls.map(({ kernel, inputs, staged, workspace }) => [
    kernel.name,
    inputs.map((_, i) => typeof staged?.inputs?.[i] === 'number'),
    typeof staged?.output === 'number',
    workspace !== undefined,
  ]);
  return JSON.stringify([layerName(name), step.request !== undefined, calls]);
}

/** By step the index of the first step that runs in the same function. */
export function stepFunctions(bound: BoundPlan): readonly number[] {
  const { patchStage, steps } = bound.plan;
  const [from, to] = patchStage === undefined ? [0, 0] : [patchStage.firstStep, stageEnd(patchStage)];
  const firsts = new Map<string, number>();
  return bound.steps.map((step, index) => {
    if (index < from || index >= to) return index;
    const key = signature(step, steps[index]!.name);
    const first = firsts.get(key) ?? index;
    firsts.set(key, first);
    return first;
  });
}
