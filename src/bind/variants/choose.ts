/**
 * Chooses each step's kernel before the arena is laid out. Binding and measuring ask the same function, so that the
 * planned arena is the one that ships.
 *
 * Rule: the first variant of the list that applies, unless its memory would raise the live bytes of its step more than
 * a hundredth above what the portable kernels need at their worst step; then the next one. So speed hardly costs arena:
 * the hundredth is for columns filled up to whole turns of a loop. Where cycles were measured (autotuning), those of a step
 * stand in their order instead, quickest first, and a kernel that is slower than the portable one is no candidate. Then two
 * neighbours take linked kernels (links.ts) where these are quicker together and the arena stays within the same limit. Last,
 * kernels leave out channels that always give the same (live-kernels.ts).
 */
import type { DeployPlan, Step, StepOp } from '../../ir/deploy-plan.js';
import { liveBytes } from '../../memory/conflicts.js';
import { groupTensors } from '../../memory/lifetimes.js';
import { unsupported } from '../../support/errors.js';
import type { KernelFeature } from '../../targets/target.js';
import { portableMemory, stepMemory } from '../step-memory.js';
import { type ChosenKernel, type KernelCycles, kernelName } from './chosen-kernel.js';
import { KERNEL_VARIANTS } from './index.js';
import { linkedAt, linkedKernels, requireAgreement, withLinks } from './links.js';
import { liveNamed, withLiveChannels } from './live-kernels.js';
import type { KernelVariant } from './variant.js';

/** Names the kernel of a step: a variant's name, PORTABLE, or undefined to leave it to the rule. */
export type KernelChoice = (step: Step, index: number) => string | undefined;

/** What may set the rule aside; nothing by default, so that a plan alone says which kernels it has. */
export interface KernelPreference {
  readonly choice?: KernelChoice;
  readonly cycles?: KernelCycles;
}

/** Kernels that can compute the step, by preference; the last one is the portable kernel. */
export function kernelsFor(step: Step, plan: DeployPlan, feature: KernelFeature): readonly ChosenKernel[] {
  const kernels: ChosenKernel[] = [];
  const reasons: string[] = [];
  for (const variant of KERNEL_VARIANTS) {
    if (variant.op !== step.op || variant.feature !== feature) continue;
    const { name, applies, memory } = variant as unknown as KernelVariant<StepOp>;
    const reason = applies(step as never, plan);
    if (reason !== undefined) reasons.push(`${name}: ${reason}`);
    else kernels.push({ variant, why: reasons.join('; '), memory: memory(step as never, plan) });
  }
  return [...kernels, { why: reasons.join('; '), memory: portableMemory(step, plan) }];
}

/** Live bytes of a step over those of the worst step with portable kernels. */
const TOLERANCE = 1.01;

/** One kernel per step. Throws `bind/variant` (kind `unsupported`) when `choice` names one that does not apply. */
export function chooseKernels(
  plan: DeployPlan,
  feature: KernelFeature,
  { choice, cycles }: KernelPreference = {},
): readonly ChosenKernel[] {
  const links = choice === undefined && cycles === undefined ? [] : linkedKernels(plan, feature);
  const options = plan.steps.map((step, index) => {
    const kernels = kernelsFor(step, plan, feature);
    const wanted = choice?.(step, index);
    if (wanted !== undefined) return [forced(step, plan, [...linkedAt(links, index), ...kernels], wanted)];
    return cycles === undefined ? kernels : quickestFirst(kernels, (kernel) => cycles(index, kernel));
  });
  const chosen = options.map((kernels) => kernels[0]!);
  if (choice !== undefined) requireAgreement(plan, links, chosen);
  const live = (kernels: readonly ChosenKernel[]): readonly ChosenKernel[] =>
    choice === undefined ? withLiveChannels(plan, kernels, liveWith) : kernels;
  if (options.every((kernels) => kernels.length === 1)) return chosen;
  const limit = TOLERANCE * mostLive(plan, lastOf(options));
  const within = withinPortableArena(plan, options, chosen, limit);
  if (cycles === undefined) return live(within);
  const fits = (kernels: readonly ChosenKernel[]): boolean => mostLive(plan, kernels) <= limit;
  return live(withLinks(within, links, cycles, fits));
}

/** The portable kernels. */
const lastOf = (options: readonly (readonly ChosenKernel[])[]): readonly ChosenKernel[] =>
  options.map((kernels) => kernels.at(-1)!);

const mostLive = (plan: DeployPlan, kernels: readonly ChosenKernel[]): number =>
  liveWith(plan, kernels).reduce((most, bytes) => Math.max(most, bytes), 0);

/** Up to the portable kernel; unchanged where one of them was not measured. Equal cycles keep the list's order. */
function quickestFirst(
  kernels: readonly ChosenKernel[],
  cyclesOf: (kernel: string) => number | undefined,
): readonly ChosenKernel[] {
  const measured = kernels.flatMap((kernel) => {
    const cycles = cyclesOf(kernelName(kernel));
    return cycles === undefined ? [] : [{ kernel, cycles }];
  });
  if (kernels.length === 1 || measured.length < kernels.length) return kernels;
  measured.sort((a, b) => a.cycles - b.cycles);
  const listed = measured.map(({ kernel, cycles }) => `${kernelName(kernel)} ${cycles.toLocaleString('en')}`);
  const why = `measured cycles: ${listed.join(', ')}`;
  const last = measured.findIndex(({ kernel }) => kernel.variant === undefined);
  return measured.slice(0, last + 1).map(({ kernel }) => ({ ...kernel, why }));
}

function forced(
  step: Step,
  plan: DeployPlan,
  kernels: readonly ChosenKernel[],
  wanted: string,
): ChosenKernel {
  const kernel =
    kernels.find((candidate) => kernelName(candidate) === wanted) ?? liveNamed(wanted, step, plan, kernels);
  if (kernel !== undefined) return { ...kernel, why: 'asked for' };
  throw unsupported('bind/variant', 'the kernel cannot compute the step', {
    where: step.name,
    found: `${wanted} (${kernels.at(-1)!.why || 'no such variant'})`,
    expected: kernels.map(kernelName).join(', '),
  });
}

/** Live bytes of every step, scratch included, with these kernels. */
function liveWith(plan: DeployPlan, kernels: readonly ChosenKernel[]): Float64Array {
  const memory = plan.steps.map((step, i) => stepMemory(step, plan, kernels[i]!.memory));
  const { groups } = groupTensors(plan, memory, { inPlace: () => true });
  return liveBytes(groups, plan.steps.length).subarray(1, plan.steps.length + 1);
}

/** Steps whose kernels need too much take their next one, until all fit; the portable ones fit by definition. */
function withinPortableArena(
  plan: DeployPlan,
  options: readonly (readonly ChosenKernel[])[],
  first: readonly ChosenKernel[],
  limit: number,
): readonly ChosenKernel[] {
  const chosen = [...first];
  const at = options.map(() => 0);
  for (;;) {
    const over = [...liveWith(plan, chosen)].flatMap((bytes, step) => (bytes > limit ? [step] : []));
    if (over.length === 0) return chosen;
    const movable = over.filter((step) => at[step]! + 1 < options[step]!.length);
    // A kernel that gives up overwriting its input keeps it alive elsewhere: then all steps take their last one.
    if (movable.length === 0) return lastOf(options);
    for (const step of movable) {
      const tooMuch = chosen[step]!;
      at[step]!++;
      const next = options[step]![at[step]!]!;
      const reason = `${kernelName(tooMuch)}: ${tooMuch.memory.scratchBytes} bytes of scratch would raise the arena`;
      chosen[step] = {
        ...next,
        why: [...new Set([tooMuch.why, reason, next.why])].filter(Boolean).join('; '),
      };
    }
  }
}
