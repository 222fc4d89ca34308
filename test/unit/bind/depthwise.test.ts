/** When a depthwise convolution may overwrite its input, and how many rows it saves. */
import { describe, expect, it } from 'vitest';
import { depthwiseInPlace, depthwiseScratchBytes } from '../../../src/bind/step-memory.js';
import type { DepthwiseConv2dStep, PlanTensor, StepWindow } from '../../../src/ir/deploy-plan.js';

const map = (height: number, width: number, bits: 8 | 4 | 2 = 8): PlanTensor => ({
  id: 0,
  name: 't',
  shape: [height, width, 8],
  bits,
  scale: 1,
  zeroPoint: 0,
});

const window = (kernel: number, stride: number, pad: number, dilation = 1): StepWindow => ({
  kernelHeight: kernel,
  kernelWidth: kernel,
  strideHeight: stride,
  strideWidth: stride,
  dilationHeight: dilation,
  dilationWidth: dilation,
  padTop: pad,
  padLeft: pad,
});

const step = (over: Partial<DepthwiseConv2dStep>): DepthwiseConv2dStep =>
  ({ op: 'depthwise_conv2d', depthMultiplier: 1, window: window(3, 1, 1), ...over }) as DepthwiseConv2dStep;

describe('depthwise in place', () => {
  it('works at stride 1 and 2 with same padding', () => {
    expect(depthwiseInPlace(step({}), map(8, 8), map(8, 8))).toBe(true);
    expect(depthwiseInPlace(step({ window: window(3, 2, 0) }), map(8, 8), map(4, 4))).toBe(true);
    expect(depthwiseInPlace(step({ window: window(7, 1, 3) }), map(9, 5), map(9, 5))).toBe(true);
  });

  it('is refused for another width or a depth multiplier', () => {
    expect(depthwiseInPlace(step({ depthMultiplier: 2 }), map(8, 8), map(8, 8))).toBe(false);
    expect(depthwiseInPlace(step({}), map(8, 8, 8), map(8, 8, 4))).toBe(false);
  });

  it('is refused where wider output rows would run into unread input rows', () => {
    // Width 4 padded to 6 columns of output: after row 0, one input row of 4 is read and 6 pixels are written.
    const wide = step({ window: { ...window(1, 1, 0), padLeft: 2 } });
    expect(depthwiseInPlace(wide, map(8, 4), map(8, 6))).toBe(false);
  });
});

describe('depthwise scratch', () => {
  it('is the widened weights of four channels and a ring of padded rows, 8 bytes a position', () => {
    expect(depthwiseScratchBytes(window(3, 1, 1), map(24, 24), map(24, 24))).toBe(8 * (9 + 3 * 26));
    // Stride 2: columns reach to 2·11 + 3 = 25; dilation 2 saves 5 rows of 24 + 2·2.
    expect(depthwiseScratchBytes(window(3, 2, 0), map(24, 24), map(12, 12))).toBe(8 * (9 + 3 * 25));
    expect(depthwiseScratchBytes(window(3, 1, 2, 2), map(24, 24), map(24, 24))).toBe(8 * (9 + 5 * 28));
  });
});
