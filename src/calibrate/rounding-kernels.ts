/** The rounding of weights on the float kernels (assembly/float/round-weights.ts). */
import {
  type ChannelToRound,
  type InputCovariance,
  type RoundedChannel,
  type RoundingKernels,
  SCALES_TRIED,
} from '../ir/rounding-kernels.js';
import { Workspace } from './workspace.js';

/** Doubles that the kernels take at once: scales of nearest rounding, channels × scales of error-compensated. */
const LANES = 8;
const PAIR = 2;

export function createRoundingKernels(space = new Workspace()): RoundingKernels {
  return {
    nearestErrors(weights, importance, scales, top) {
      const n = weights.length;
      const [w, shares] = [space.doubles('weights', n), space.doubles('importance', n)];
      const [own, errors] = [space.doubles('scales', LANES), space.doubles('errors', LANES)];
      space.doubleView(w, n).set(weights);
      if (importance === undefined) space.doubleView(shares, n).fill(1);
      else space.doubleView(shares, n).set(importance);
      const out = new Float64Array(scales.length);
      for (let from = 0; from < scales.length; from += LANES) {
        const some = scales.subarray(from, from + LANES);
        space.doubleView(own, LANES).fill(1).set(some);
        space.kernels.nearestErrors(w, shares, n, own, top, errors);
        out.set(space.doubleView(errors, some.length), from);
      }
      return out;
    },
    gridErrors(values, scales, low, high) {
      const x = space.floats('values', values.length);
      const [own, inverses] = [space.doubles('scales', LANES), space.doubles('inverses', LANES)];
      const errors = space.doubles('errors', LANES);
      space.view(x, values.length).set(values);
      const out = new Float64Array(scales.length);
      for (let from = 0; from < scales.length; from += LANES) {
        const some = scales.subarray(from, from + LANES);
        const padded = space.doubleView(own, LANES).fill(1);
        padded.set(some);
        space.doubleView(inverses, LANES).set(padded.map((scale) => 1 / scale));
        space.kernels.gridErrors(x, values.length, own, inverses, low, high, errors);
        out.set(space.doubleView(errors, some.length), from);
      }
      return out;
    },
    compensate(inputs, channels, top, sweeps) {
      const layer = loadInputs(space, inputs);
      const out: RoundedChannel[] = [];
      for (let from = 0; from < channels.length; from += 2 * PAIR) {
        const some = channels.slice(from, from + 2 * PAIR);
        const planes = [some.slice(0, PAIR), some.slice(PAIR)].flatMap((pair) => layer.planes(pair, top));
        out.push(...layer.descend(some, planes, top, sweeps));
      }
      return out;
    },
  };
}

interface Start {
  /** In the order of the inputs, not of the factor. */
  readonly q: Float64Array;
  readonly scale: number;
}

/** Reserves memory for one layer and loads its matrices. */
function loadInputs(space: Workspace, { size: n, matrix, factor, order }: InputCovariance) {
  const { kernels } = space;
  const address = {
    matrix: space.doubles('matrix', n * n),
    factor: space.doubles('factor', n * n),
    weights: space.doubles('weights', PAIR * n),
    scales: space.doubles('scales', LANES),
    errors: space.doubles('errors', LANES),
    x: space.doubles('lanes', LANES * n),
    y: space.doubles('lanes out', LANES * n),
    q: space.doubles('q', n + 1),
    wanted: space.doubles('wanted', n + 1),
    stored: space.doubles('stored', n + 1),
  };
  const view = (name: keyof typeof address, count: number) => space.doubleView(address[name], count);
  view('matrix', n * n).set(matrix);
  view('factor', n * n).set(factor);

  /** The best of the scales for each of at most two channels. */
  const planes = (pair: readonly ChannelToRound[], top: number): Start[] => {
    if (pair.length === 0) return [];
    const [weights, scales] = [view('weights', PAIR * n).fill(0), view('scales', LANES).fill(1)];
    pair.forEach((channel, c) => {
      for (let i = 0; i < n; i++) weights[PAIR * i + c] = channel.weights[order[i]!]!;
      scales.set(channel.scales, SCALES_TRIED * c);
    });
    const { factor, weights: w, scales: s, x, y, errors } = address;
    kernels.nearestPlanes(factor, n, w, s, top, x, y, errors);
    const [q, lost] = [view('y', LANES * n), view('errors', LANES)];
    return pair.map((channel, c) => {
      let best = SCALES_TRIED * c;
      for (let lane = best; lane < SCALES_TRIED * (c + 1); lane++) if (lost[lane]! < lost[best]!) best = lane;
      const own = new Float64Array(n);
      for (let i = 0; i < n; i++) own[order[i]!] = q[LANES * i + best]!;
      return { q: own, scale: channel.scales[best - SCALES_TRIED * c]! };
    });
  };

  const descend = (
    channels: readonly ChannelToRound[],
    starts: readonly Start[],
    top: number,
    sweeps: number,
  ): RoundedChannel[] => {
    const x = view('x', LANES * n).fill(0);
    channels.forEach(({ weights }, c) => {
      const { q } = starts[c]!;
      for (let k = 0; k < n; k++) [x[LANES * k + c], x[LANES * k + 2 * PAIR + c]] = [weights[k]!, q[k]!];
    });
    kernels.multiplyLanes(address.matrix, n, address.x, address.y);
    const products = view('y', LANES * n);
    const [q, wanted, stored] = [view('q', n), view('wanted', n), view('stored', n)];
    return channels.map(({ weights, minimumScale }, c): RoundedChannel => {
      const start = starts[c]!;
      q.set(start.q);
      for (let k = 0; k < n; k++) {
        wanted[k] = products[LANES * k + c]!;
        stored[k] = products[LANES * k + 2 * PAIR + c]!;
      }
      const scale = kernels.descend(
        address.matrix,
        n,
        address.q,
        address.wanted,
        address.stored,
        start.scale,
        minimumScale,
        top,
        sweeps,
      );
      // (w − s·q)ᵀ C (w − s·q)
      let error = 0;
      for (let k = 0; k < n; k++) error += (weights[k]! - scale * q[k]!) * (wanted[k]! - scale * stored[k]!);
      return { q: Int8Array.from(q), scale, error };
    });
  };
  return { planes, descend };
}
