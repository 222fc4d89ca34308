/**
 * No accumulator of a plan can leave 32 bits: |bias| + Σ|w − z_w|·max|q − z| per output channel, and every left
 * shift after it, stay under 2^31 (numeric contract, "Accumulator"). Checked from the plan's own constants.
 */
import type { DeployPlan, PlanTensor, Step } from '../ir/deploy-plan.js';
import type { FixedMultiplier } from '../numeric/requantize.js';
import { WIDTHS } from '../numeric/widths.js';
import { elementCount, readInt32, readMultipliers, readWeights, tensorOf } from '../ops/plan-access.js';

const LIMIT = 2 ** 31;
/** Softmax sums exponentials of at most one in Q12.19. */
export const MAX_CLASSES = 2 ** 12 - 1;

/** What may overflow in a step that has passed its own check; undefined when nothing can. */
export function accumulatorProblem(step: Step, plan: DeployPlan): string | undefined {
  const inputs = step.inputs.map((id) => tensorOf(plan, id));
  switch (step.op) {
    case 'conv2d':
    case 'fully_connected':
    case 'depthwise_conv2d':
      return weightedProblem(step, plan, inputs[0]!);
    case 'mul':
      return scaled(maxDeviation(inputs[0]!) * maxDeviation(inputs[1]!), step.requant, 'the product');
    case 'mean': {
      const { shape } = inputs[0]!;
      return scaled(shape[0] * shape[1] * maxDeviation(inputs[0]!), step.requant, 'the sum');
    }
    case 'requantize':
      return scaled(maxDeviation(inputs[0]!), step.requant, 'the value');
    case 'concatenation':
      return first(
        step.requant.map((m, i) =>
          m === null ? undefined : scaled(maxDeviation(inputs[i]!), m, `input ${i}`),
        ),
      );
    case 'average_pool2d': {
      const { kernelHeight, kernelWidth } = step.window;
      const count = kernelHeight * kernelWidth;
      const sum = count * (plan.requantization === 'mulhi' ? maxDeviation(inputs[0]!) : 255);
      const multipliers: readonly (FixedMultiplier | undefined)[] = step.perCount ?? [undefined];
      return first(multipliers.map((m) => scaled(sum, m, 'the sum')));
    }
    case 'add':
      return addProblem(step, inputs);
    case 'softmax':
      return inputs[0]!.shape[2] <= MAX_CLASSES
        ? undefined
        : `the sum over ${inputs[0]!.shape[2]} classes overflows`;
    default:
      return undefined;
  }
}

type StepOfAdd = Extract<Step, { op: 'add' }>;
type WeightedStep = Extract<Step, { op: 'conv2d' | 'fully_connected' | 'depthwise_conv2d' }>;

const first = (problems: readonly (string | undefined)[]): string | undefined =>
  problems.find((problem) => problem !== undefined);

/** Largest |q − z| that the tensor's width can hold. */
function maxDeviation(tensor: PlanTensor): number {
  const { activationMin, activationMax } = WIDTHS[tensor.bits];
  return Math.max(activationMax - tensor.zeroPoint, tensor.zeroPoint - activationMin);
}

function scaled(bound: number, m: FixedMultiplier | undefined, what: string): string | undefined {
  const shifted = bound * 2 ** Math.max(0, m?.shift ?? 0);
  return shifted < LIMIT ? undefined : `${what} may reach ${shifted}, which overflows 32 bits`;
}

function addProblem(step: StepOfAdd, inputs: readonly PlanTensor[]): string | undefined {
  const [a, b] = [maxDeviation(inputs[0]!), maxDeviation(inputs[1]!)];
  const { scaling } = step;
  if (scaling.mode === 'mulhi' || scaling.mode === 'xnnpack') {
    const sum = a * Math.abs(scaling.multipliers[0]) + b * Math.abs(scaling.multipliers[1]);
    const half = scaling.shift === 0 ? 0 : 2 ** (scaling.shift - 1);
    return scaled(sum + half, undefined, 'the sum');
  }
  // Both multipliers are below one, so the scaled operands are no larger than the shifted ones.
  return scaled((a + b) * 2 ** scaling.leftShift, undefined, 'the shifted operands');
}

function weightedProblem(step: WeightedStep, plan: DeployPlan, input: PlanTensor): string | undefined {
  const channels = tensorOf(plan, step.output).shape[2];
  const byTap = step.op === 'depthwise_conv2d';
  const window =
    step.op === 'fully_connected' ? undefined : step.window.kernelHeight * step.window.kernelWidth;
  // Rows of the packed weights: [out][in], [kh][kw][oc], or [oc][kh][kw] rows of input channels.
  const rowLength = window === undefined ? elementCount(input) : byTap ? channels : input.shape[2];
  const rows = window === undefined ? channels : byTap ? window : channels * window;
  const taps = (rows * rowLength) / channels;
  const weights = readWeights(plan, step.weights, rows, rowLength, step.weightBits);
  const magnitude = new Float64Array(channels);
  for (let i = 0; i < weights.length; i++) {
    const channel = byTap ? i % channels : Math.floor(i / taps);
    magnitude[channel] = magnitude[channel]! + Math.abs(weights[i]! - step.weightZeroPoint);
  }
  const bias = readInt32(plan, step.bias);
  const deviation = maxDeviation(input);
  return first(
    readMultipliers(plan, step).map((m, channel) =>
      scaled(
        Math.abs(bias[channel]!) + magnitude[channel]! * deviation,
        m,
        `the accumulator of output channel ${channel}`,
      ),
    ),
  );
}
