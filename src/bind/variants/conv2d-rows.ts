/**
 * conv2d with 8-bit weights, or 4-bit ones and 8-bit inputs, over a ring of widened rows (firmware-templates/kernels/conv2d_rows.h): every input is widened
 * once or nearly so, where columns.ts widens it once for each tap. Two rows of the list: whole rows, and strips so
 * narrow that the ring takes no more than the portable kernel's columns.
 */
import type { Conv2dStep, DeployPlan, PlanTensor } from '../../ir/deploy-plan.js';
import { tensorOf } from '../../ops/plan-access.js';
import { inputTensor, outputTensor } from '../bound-op.js';
import { kernelInstance } from '../kernel-instance.js';
import { portableMemory } from '../step-memory.js';
import { shapeArgs, windowArgs } from '../struct-args.js';
import { bindStream } from './bind-stream.js';
import { matrixOrder } from './matrix-columns.js';
import type { KernelVariant } from './variant.js';

/** Output columns of a strip, even. */
type StripWidth = (step: Conv2dStep, plan: DeployPlan) => number;

/** Rows of the window whose addresses fit the single-precision registers of src/codegen/asm/rows.ts, by weight width. */
const MOST_ROWS = { 8: 7, 4: 5 } as const;
/** Reach of an immediate offset. */
const MOST_OFFSET = 4095;
const MOST_UNROLL = 24;

const ends = (step: Conv2dStep, plan: DeployPlan): [PlanTensor, PlanTensor] => [
  tensorOf(plan, step.inputs[0]!),
  tensorOf(plan, step.output),
];

/** The ring; with 4-bit weights the sums of its pixels and of a strip's windows as well. */
function scratchBytesOf({ window, weightBits }: Conv2dStep, input: PlanTensor, strip: number): number {
  const pixels = window.kernelHeight * ((strip - 1) * window.strideWidth + window.kernelWidth);
  return 2 * pixels * input.shape[2] + (weightBits === 8 ? 0 : 4 * (pixels + strip + 1));
}

const wholeRows: StripWidth = (step, plan) => {
  const width = ends(step, plan)[1].shape[1];
  return width + (width % 2);
};

const narrowStrips: StripWidth = (step, plan) => {
  const { scratchBytes } = portableMemory(step, plan);
  const [input] = ends(step, plan);
  const most = wholeRows(step, plan);
  let strip = 2;
  while (strip < most && scratchBytesOf(step, input, strip + 2) <= scratchBytes) strip += 2;
  return strip;
};

/** Pairs of k per turn and turns in a row of the window. */
function turnsOf({ window }: Conv2dStep, input: PlanTensor): { unroll: number; turns: number } {
  const pairs = (window.kernelWidth * input.shape[2]) / 2;
  let unroll = Math.min(MOST_UNROLL, pairs);
  while (pairs % unroll !== 0) unroll--;
  return { unroll, turns: pairs / unroll };
}

function applies(step: Conv2dStep, plan: DeployPlan): string | undefined {
  const { window } = step;
  const [input] = ends(step, plan);
  const { weightBits } = step;
  if (weightBits === 2 || (weightBits === 4 && input.bits !== 8))
    return `not for a${input.bits}w${weightBits}`;
  if (step.weightZeroPoint !== 0) return 'weights with a zero point';
  if (window.kernelHeight * window.kernelWidth === 1) return 'a window of one tap';
  if (window.dilationHeight * window.dilationWidth !== 1) return 'a dilated window';
  if (input.shape[2] % (32 / input.bits) !== 0) return 'channels that fill no whole words';
  const { unroll, turns } = turnsOf(step, input);
  const reach = Math.max(4 * unroll + 2 * window.strideWidth * input.shape[2], 4 * unroll * turns);
  return window.kernelHeight > MOST_ROWS[weightBits] || 2 * reach > MOST_OFFSET
    ? 'a window too large'
    : undefined;
}

function rowsVariant(name: string, stripOf: StripWidth): KernelVariant<'conv2d'> {
  return {
    name,
    op: 'conv2d',
    feature: 'dsp',
    applies,
    memory: (step, plan) => ({
      scratchBytes: scratchBytesOf(step, ends(step, plan)[0], stripOf(step, plan)),
      inPlaceInputs: [],
      alias: false,
    }),
    bind(step, context) {
      const [input, output] = [inputTensor(step, context), outputTensor(step, context)];
      const order = Int32Array.from(matrixOrder(step.window, input.shape[2], input.bits));
      const stream = bindStream(step, context, order, step.weightBits === 8 ? 'matrix' : 'nibbles');
      const { unroll, turns } = turnsOf(step, input);
      const parameters = {
        ...{ u: unroll, t: turns, g: step.window.kernelHeight },
        d: 2 * step.window.strideWidth * input.shape[2],
        ...stream.parameters,
      };
      const args = {
        input: shapeArgs(input),
        output: shapeArgs(output),
        window: windowArgs(step.window),
        input_zero_point: input.zeroPoint,
        strip: stripOf(step, context.plan),
        ...stream.args,
      };
      const kernel = kernelInstance('conv2d', context.target.feature, input.bits, step.weightBits, {
        variant: 'rows',
        parameters,
      });
      return { calls: [{ kernel, args, inputs: [input.id] }] };
    },
  };
}

export const CONV2D_ROWS = rowsVariant('rows', wholeRows);
export const CONV2D_STRIPS = rowsVariant('strips', narrowStrips);
