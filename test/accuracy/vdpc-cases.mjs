/** What `npm run vdpc:worth` compares: the stage of every network, and the ways to choose protected positions. */

/** Layers of the stage; 4×4 patches everywhere, input streamed. */
export const STAGES = { vww: 11, mobilenet_v1: 9, mobilenet_v2: 13 };

/** Rankings of the positions: those with the highest figures are protected. */
export const RANKINGS = [
  { label: 'noise', rule: 'noise', at: 'first' },
  { label: 'activity of the input', rule: 'activity', at: 'input' },
  { label: "activity of the first layer's output", rule: 'activity', at: 'first' },
  { label: 'outliers in the input', rule: 'outlier', at: 'input' },
  { label: "outliers in the first layer's output", rule: 'outlier', at: 'first' },
];

/** Sweeps of the outlier rule: share of calibration patches that φ flags, and τ. */
export const SWEEP = [0.25, 0.5, 0.75].flatMap((flaggedShare) =>
  [0, 0.01, 0.05].map((tau) => ({ flaggedShare, tau })),
);

/** The `count` positions with the highest figures; earlier ones first on a tie. */
export function highest(figures, count) {
  const order = figures.map((_, i) => i).sort((a, b) => figures[b] - figures[a] || a - b);
  const chosen = new Set(order.slice(0, count));
  return figures.map((_, i) => (chosen.has(i) ? 0 : 1));
}
