/** The stages that a search may be asked for, and the kinds that it then tries. */
import { badInput } from '../support/errors.js';
import type { SearchClasses } from './search-classes.js';
import type { StageKind } from './search-skeleton.js';

/** `auto` takes the best of the others. */
export const STAGE_OPTIONS = ['none', 'patches', 'streaming', 'auto'] as const;
export type StageOption = (typeof STAGE_OPTIONS)[number];

interface StageRequest {
  readonly stage: StageOption;
  readonly classes?: SearchClasses | undefined;
}

const KINDS: Readonly<Record<StageOption, readonly StageKind[]>> = {
  none: ['layers'],
  patches: ['patches'],
  streaming: ['streaming'],
  auto: ['layers', 'patches', 'streaming'],
};

/** Errors: `search/classes` where patches are to be classified and the stage asked for has none. */
export function stageKinds({ stage, classes }: StageRequest): readonly StageKind[] {
  if (classes === undefined) return KINDS[stage];
  if (KINDS[stage].includes('patches')) return KINDS.patches;
  throw badInput('search/classes', 'only a stage of patches has patches to classify', {
    found: `--vdpc with --stage ${stage}`,
    expected: '--stage patches, or auto',
  });
}
