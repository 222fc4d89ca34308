/** Linked kernels of neighbouring steps: where they apply, and where they are worth it. */
import type { DeployPlan, Step, StepOp } from '../../ir/deploy-plan.js';
import { unsupported } from '../../support/errors.js';
import type { KernelFeature } from '../../targets/target.js';
import { type ChosenKernel, type KernelCycles, kernelName } from './chosen-kernel.js';
import { LINKED_VARIANTS } from './index.js';
import type { AnyKernelVariant, KernelVariant } from './variant.js';

export interface KernelLink {
  /** Step that writes the map; the next one reads it. */
  readonly index: number;
  readonly writer: ChosenKernel;
  readonly reader: ChosenKernel;
}

/** All that apply, in the order of steps. */
export function linkedKernels(plan: DeployPlan, feature: KernelFeature): readonly KernelLink[] {
  return plan.steps.slice(0, -1).flatMap((step, index) =>
    LINKED_VARIANTS.flatMap(({ writer, reader }) => {
      const [first, second] = [
        asKernel(writer, step, plan, feature),
        asKernel(reader, plan.steps[index + 1]!, plan, feature),
      ];
      return first === undefined || second === undefined ? [] : [{ index, writer: first, reader: second }];
    }),
  );
}

function asKernel(
  variant: AnyKernelVariant,
  step: Step,
  plan: DeployPlan,
  feature: KernelFeature,
): ChosenKernel | undefined {
  if (variant.op !== step.op || variant.feature !== feature) return undefined;
  const { applies, memory } = variant as unknown as KernelVariant<StepOp>;
  if (applies(step as never, plan) !== undefined) return undefined;
  return { variant, why: '', memory: memory(step as never, plan) };
}

/** Kernels of step `index` in any link. */
export const linkedAt = (links: readonly KernelLink[], index: number): readonly ChosenKernel[] =>
  links.flatMap((link) =>
    link.index === index ? [link.writer] : link.index + 1 === index ? [link.reader] : [],
  );

/** Throws `bind/link` (kind `unsupported`) where a choice has one kernel of a link without the other. */
export function requireAgreement(
  plan: DeployPlan,
  links: readonly KernelLink[],
  chosen: readonly ChosenKernel[],
): void {
  for (const { index, writer, reader } of links) {
    const names = [kernelName(chosen[index]!), kernelName(chosen[index + 1]!)];
    const has = [names[0] === kernelName(writer), names[1] === kernelName(reader)];
    if (has[0] === has[1]) continue;
    throw unsupported('bind/link', 'the kernels do not agree on the layout of the map between them', {
      where: `${plan.steps[index]!.name}, ${plan.steps[index + 1]!.name}`,
      found: names.join(', '),
      expected: `${kernelName(writer)}, ${kernelName(reader)}, or neither`,
    });
  }
}

/** A link that saves so many cycles, with its kernels as they are to be chosen. */
interface Saving {
  readonly link: KernelLink;
  readonly cycles: number;
}

/** The steps' kernels with every link that saves cycles, the largest saving first, as far as `fits` agrees. */
export function withLinks(
  chosen: readonly ChosenKernel[],
  links: readonly KernelLink[],
  cycles: KernelCycles,
  fits: (kernels: readonly ChosenKernel[]) => boolean,
): readonly ChosenKernel[] {
  const savings = links
    .flatMap((link) => savingOf(link, chosen, cycles) ?? [])
    .sort((a, b) => b.cycles - a.cycles || a.link.index - b.link.index);
  const all = savings.reduce(linked, chosen);
  if (savings.length > 0 && fits(all)) return all;
  return savings.reduce((kernels, saving) => {
    const trial = linked(kernels, saving);
    return fits(trial) ? trial : kernels;
  }, chosen);
}

function linked(chosen: readonly ChosenKernel[], { link }: Saving): readonly ChosenKernel[] {
  const kernels = [...chosen];
  kernels[link.index] = link.writer;
  kernels[link.index + 1] = link.reader;
  return kernels;
}

function savingOf(
  { index, writer, reader }: KernelLink,
  chosen: readonly ChosenKernel[],
  cycles: KernelCycles,
): Saving | undefined {
  const [usual, other] = [
    [chosen[index]!, chosen[index + 1]!],
    [writer, reader],
  ].map((kernels) =>
    kernels.map((kernel, i) => ({ name: kernelName(kernel), cycles: cycles(index + i, kernelName(kernel)) })),
  );
  const sum = (pair: typeof usual): number =>
    pair!.reduce((total, { cycles: c }) => total + (c ?? Number.NaN), 0);
  const saved = sum(usual) - sum(other);
  if (!(saved > 0)) return undefined;
  const text = (pair: typeof usual): string =>
    pair!.map(({ name, cycles: c }) => `${name} ${c!.toLocaleString('en')}`).join(' and ');
  const why = `measured cycles of both layers: ${text(other)}, ${text(usual)}`;
  return { cycles: saved, link: { index, writer: { ...writer, why }, reader: { ...reader, why } } };
}
