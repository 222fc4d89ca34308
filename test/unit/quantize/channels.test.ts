/** Which maps share storage or channel factors, and that factors change what is stored but not what is computed. */
import { describe, expect, it } from 'vitest';
import { buildFloatNetwork } from '../../../src/calibrate/build-network.js';
import { calibrate } from '../../../src/calibrate/calibrate.js';
import { createRoundingKernels } from '../../../src/calibrate/rounding-kernels.js';
import { createFloatRunner } from '../../../src/calibrate/run-float.js';
import { createFloatEngine } from '../../../src/evaluate/quantize-model.js';
import type { FloatNetwork } from '../../../src/ir/float-network.js';
import { uniformAssignment } from '../../../src/ir/stage-data.js';
import { channelGroups } from '../../../src/quantize/channel-groups.js';
import { collectChannels } from '../../../src/quantize/channel-samples.js';
import { channelwiseGrid, gridWithFactors, sharedFactors } from '../../../src/quantize/channel-scales.js';
import { quantizeNetwork } from '../../../src/quantize/quantize.js';
import { tensorGroups } from '../../../src/quantize/tensor-groups.js';
import { createRandom } from '../../../src/support/random.js';
import { GraphBuilder, plainWindow } from '../calibrate/graph-builder.js';
import { everyOperator, randomSamples } from './random-graph.js';

const network = everyOperator(1);
const names = (net: FloatNetwork, groups: readonly (readonly number[])[]): string[][] =>
  groups.map((group) => group.map((id) => net.tensors[id]!.name.replace(/_\d+$/, '')));

describe('tensorGroups', () => {
  it('joins what moves values with its source, and concatenations with operands of their own', () => {
    const joined = names(network, tensorGroups(network)).filter((group) => group.length > 1);
    // In the order of their first tensors: the product is computed before leaky_relu, which feeds both poolings;
    // max pooling keeps its scale, and the concatenation takes both operands in.
    expect(joined).toEqual([
      ['mul', 'reshape'],
      ['leaky_relu', 'max_pool2d', 'average_pool2d', 'concatenation', 'resize_nearest', 'transpose', 'pad'],
    ]);
  });

  it('puts every tensor into exactly one group', () => {
    const all = tensorGroups(network).flat();
    expect([...all].sort((a, b) => a - b)).toEqual(network.tensors.map((t) => t.id));
  });
});

describe('channelGroups', () => {
  it('carries factors through additions, and pins edges, gates and functions', () => {
    const groups = names(network, channelGroups(network));
    // conv, conv and their sum share factors; the depthwise output also meets a subtraction of a pinned product.
    expect(groups).toEqual([['conv2d', 'conv2d', 'add']]);
  });
});

describe('channel factors', () => {
  const rounding = createRoundingKernels();
  const random = createRandom(8);
  const spread = [0.1, 1, 30, 0];
  const values = Float32Array.from({ length: 4 * 500 }, (_, i) => Math.abs(random.normal()) * spread[i % 4]!);
  const samples = { channels: 4, rows: 500, values };

  it('give each channel the range that it would have alone', () => {
    const { zeroPoint, scales } = channelwiseGrid(samples, 4, rounding);
    expect(zeroPoint).toBe(0);
    expect(scales[1]! / scales[0]!).toBeCloseTo(10, -0.5);
    expect(scales[2]! / scales[1]!).toBeGreaterThan(24);
    expect(scales[3]).toBe(0);
  });

  it('cut the error of small channels to that of large ones', () => {
    const factors = sharedFactors([channelwiseGrid(samples, 4, rounding).scales]);
    const grid = gridWithFactors(samples, factors, 4, rounding);
    const relativeError = (c: number): number => {
      let [noise, signal] = [0, 0];
      for (let i = c; i < values.length; i += 4) {
        const scale = grid.scale * grid.channelScales![c]!;
        const q = Math.min(15, Math.max(0, Math.round(values[i]! / scale)));
        noise += (values[i]! - scale * q) ** 2;
        signal += values[i]! ** 2;
      }
      return noise / signal;
    };
    for (const c of [0, 1, 2]) expect(relativeError(c)).toBeLessThan(0.01);
  });

  it('are shared by their geometric mean, dead channels taking 1', () => {
    const factors = sharedFactors([Float64Array.of(1, 4, 0), Float64Array.of(2, 2, 0)]);
    expect(factors[1]! / factors[0]!).toBeCloseTo(2, 9);
    expect(factors[2]).toBe(1);
  });
});

describe('factors under an activation’s bound', () => {
  it('are the same on either side of a pooling, and let no channel store more than the bound', async () => {
    const random = createRandom(12);
    const g = new GraphBuilder();
    const image = g.input([1, 6, 6, 2]);
    // Some channels hit the bound all the time, some never: left alone they would want different factors.
    const gains = [40, 0.1, 3, 12];
    const w = g.constant(
      [4, 1, 1, 2],
      Float32Array.from({ length: 8 }, (_, i) => gains[i >> 1]! * Math.abs(random.normal())),
    );
    const window = plainWindow(1);
    const bounded = g.node(
      { op: 'conv2d', inputs: [image, w, -1], window, activation: 'relu6' },
      [1, 6, 6, 4],
    );
    const mean = g.node({ op: 'mean', inputs: [bounded], axes: [1, 2], keepDims: false }, [1, 4]);
    const last = g.constant(
      [3, 4],
      Float32Array.from({ length: 12 }, () => random.normal()),
    );
    const scores = g.node({ op: 'fully_connected', inputs: [mean, last, -1], activation: 'none' }, [1, 3]);
    const small = buildFloatNetwork(g.finish(scores));
    const samples = Array.from({ length: 20 }, () => [
      Float32Array.from({ length: 72 }, () => random.normal()),
    ]);
    const engine = createFloatEngine();
    const ranges = await calibrate(small, samples);
    const { stored } = quantizeNetwork(small, ranges, uniformAssignment(4, 8), samples, engine);
    const [, conv, pooled] = stored.map((map) => map.grid);
    expect(conv!.channelScales).toHaveLength(4);
    expect(pooled!.channelScales).toEqual(conv!.channelScales);
    const top = conv!.scale * (conv!.max - conv!.zeroPoint);
    expect(Math.max(...conv!.channelScales!) * top).toBeLessThan(6 + 1e-9);
  });
});

describe('collectChannels', () => {
  it('takes whole pixels of the wanted map, or of regions of it', () => {
    const some = randomSamples(4, 3);
    const runner = createFloatRunner(network);
    const corner = [{ y0: 0, y1: 1, x0: 0, x1: 1 }];
    const found = collectChannels(network, runner, some, [{ tensor: 1 }, { tensor: 1, regions: corner }], 1);
    const { channels, rows, values } = found[0]!;
    expect(values.length).toBe(channels * rows);
    runner.run(some[0]!);
    const map = runner.map(1);
    const pixels = Array.from({ length: map.length / channels }, (_, p) =>
      [...map.slice(p * channels, (p + 1) * channels)].join(),
    );
    expect(pixels).toContain([...values.slice(0, channels)].join());
    expect(found[1]!.rows).toBe(some.length);
    expect([...found[1]!.values.slice(0, channels)].join()).toBe(pixels[0]);
  });
});
