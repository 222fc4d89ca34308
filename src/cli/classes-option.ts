/** Options of value-driven patch classification, which `classify` and `search` share. */
import { Option } from 'commander';
import { CLASSIFICATION_RULES, type ClassificationRule } from '../classify/classify.js';
import { DEFAULT_CLASSIFY_OPTIONS, VDPC_TENSORS, type VdpcTensor } from '../evaluate/classify-patches.js';
import type { Tuned, TunedClasses } from '../evaluate/tuned-file.js';
import { numberBetween } from './option-values.js';

export interface ClassesCliOptions {
  readonly vdpc?: ClassificationRule;
  readonly vdpcAt?: VdpcTensor;
  readonly share?: number;
  readonly tau?: number;
  readonly imageShare?: number;
}

/** @param explanation of `--vdpc` */
export function classesOptions(explanation: string): Option[] {
  const { at, flaggedShare, tau, imageShare } = DEFAULT_CLASSIFY_OPTIONS;
  return [
    new Option('--vdpc <rule>', explanation).choices(Object.keys(CLASSIFICATION_RULES)),
    new Option(
      '--vdpc-at <tensor>',
      `outlier, activity: the input patch, or its first layer’s output (default: ${at})`,
    ).choices(VDPC_TENSORS),
    new Option(
      '--share <share>',
      `positions to protect; outlier: calibration patches to flag, which fixes φ (default: ${flaggedShare})`,
    ).argParser(numberBetween(0, 1)),
    new Option(
      '--tau <share>',
      `outlier: values of a patch that may be outliers (default: ${tau})`,
    ).argParser(numberBetween(0, 1)),
    new Option(
      '--image-share <share>',
      `outlier: images that must have an outlier patch there (default: ${imageShare})`,
    ).argParser(numberBetween(0, 1)),
  ];
}

/** What the command line says, else the tuned file, else the defaults. */
export function chosenClasses(
  { vdpc, vdpcAt, share, tau, imageShare }: ClassesCliOptions,
  tuned: Tuned | undefined,
): TunedClasses {
  const other = tuned?.classes ?? DEFAULT_CLASSIFY_OPTIONS;
  return {
    rule: vdpc ?? other.rule,
    at: vdpcAt ?? other.at,
    flaggedShare: share ?? other.flaggedShare,
    tau: tau ?? other.tau,
    imageShare: imageShare ?? other.imageShare,
  };
}
