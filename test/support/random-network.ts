/** Random small 8-bit networks with residuals, strides, dilation, pads and pools, for patch and arena tests. */
import type { PlanTensor, Step } from '../../src/ir/deploy-plan.js';
import { quantizeMultiplierFor } from '../../src/numeric/requantize.js';
import { addScaling } from '../../src/ops/add.js';
import type { SampleCase } from '../../src/ops/op-def.js';
import { SamplePlan } from '../../src/ops/sample-plan.js';
import type { Random } from '../../src/support/random.js';

type Shape = readonly [number, number, number];

/** Adds one step that reads `x` and returns it with its output. */
type Grow = (s: SamplePlan, x: PlanTensor, name: string) => { step: Step; output: PlanTensor } | undefined;

const windowed = (s: SamplePlan, x: PlanTensor, maxKernel: number, dilation: boolean) =>
  s.window(x.shape, { maxKernel: Math.min(maxKernel, x.shape[0] + 2, x.shape[1] + 2), dilation });

const conv: Grow = (s, x, name) => {
  const { window, out } = windowed(s, x, 5, true);
  const taps = window.kernelHeight * window.kernelWidth;
  const output = s.tensor([out[0], out[1], s.random.integer(1, 9)], 8);
  const channels = output.shape[2];
  const perChannel = taps * x.shape[2];
  const constants = s.weighted(
    channels * taps,
    x.shape[2],
    channels,
    perChannel,
    (i) => Math.floor(i / perChannel),
    output,
  );
  return { step: { op: 'conv2d', name, inputs: [x.id], output: output.id, window, ...constants }, output };
};

const depthwise: Grow = (s, x, name) => {
  const { window, out } = windowed(s, x, 5, true);
  const taps = window.kernelHeight * window.kernelWidth;
  const channels = x.shape[2];
  const output = s.tensor([out[0], out[1], channels], 8);
  const constants = s.weighted(taps, channels, channels, taps, (i) => i % channels, output);
  const step: Step = {
    op: 'depthwise_conv2d',
    name,
    inputs: [x.id],
    output: output.id,
    window,
    depthMultiplier: 1,
    ...constants,
  };
  return { step, output };
};

/** Every window must see the image, so padding stays below the kernel and no window is empty. */
const pool =
  (op: 'max_pool2d' | 'average_pool2d'): Grow =>
  (s, x, name) => {
    const { window, out } = windowed(s, x, 3, false);
    const fits = (size: number, count: number, kernel: number, stride: number, pad: number): boolean =>
      pad < kernel && (count - 1) * stride - pad < size;
    const sound =
      fits(x.shape[0], out[0], window.kernelHeight, window.strideHeight, window.padTop) &&
      fits(x.shape[1], out[1], window.kernelWidth, window.strideWidth, window.padLeft);
    if (!sound || s.mode === 'mulhi') return undefined;
    const output = s.tensor([out[0], out[1], x.shape[2]], 8, x);
    const base = { name, inputs: [x.id], output: output.id, window, clamp: { min: -128, max: 127 } };
    return { step: op === 'max_pool2d' ? { op, ...base } : { op, ...base, origin: 0 }, output };
  };

const pad: Grow = (s, x, name) => {
  const before = [s.random.integer(0, 2), s.random.integer(0, 2), 0] as const;
  const shape: Shape = [
    x.shape[0] + before[0] + s.random.integer(0, 2),
    x.shape[1] + before[1] + s.random.integer(0, 2),
    x.shape[2],
  ];
  const output = s.tensor(shape, 8, x);
  return { step: { op: 'pad', name, inputs: [x.id], output: output.id, before }, output };
};

const requantize: Grow = (s, x, name) => {
  const output = s.tensor(x.shape, 8);
  const requant = quantizeMultiplierFor(s.mode, 0.5 + 0.5 * s.random.next());
  const clamp = s.clamp(output);
  return { step: { op: 'requantize', name, inputs: [x.id], output: output.id, requant, clamp }, output };
};

const GROW: readonly Grow[] = [
  conv,
  conv,
  depthwise,
  depthwise,
  pool('max_pool2d'),
  pool('average_pool2d'),
  pad,
  requantize,
];

/** A chain of 2–7 layers in which equal shapes are sometimes joined by a residual add. */
export function randomNetwork(random: Random): SampleCase {
  const s = new SamplePlan(random, { mode: random.pick(['tflm', 'single'] as const) });
  const input = s.tensor([random.integer(5, 21), random.integer(5, 21), random.integer(1, 4)], 8);
  const steps: Step[] = [];
  const known: PlanTensor[] = [input];
  const layers = random.integer(2, 7);
  while (steps.length < layers) {
    const x = known.at(-1)!;
    const name = `layer_${steps.length}`;
    const partner = known.slice(0, -1).find((t) => t.shape.every((size, axis) => size === x.shape[axis]));
    if (partner !== undefined && random.integer(0, 1) === 0) {
      const output = s.tensor(x.shape, 8);
      const scaling = addScaling(0.6, 0.5, 1, s.mode);
      const [inputs, clamp] = [[x.id, partner.id], s.clamp(output)];
      steps.push({ op: 'add', name, inputs, output: output.id, subtract: false, scaling, clamp });
      known.push(output);
      continue;
    }
    const grown = random.pick(GROW)(s, x, name);
    if (grown === undefined) continue;
    steps.push(grown.step);
    known.push(grown.output);
  }
  return s.finishNetwork('random', steps, [input.id], `${layers} layers`);
}
