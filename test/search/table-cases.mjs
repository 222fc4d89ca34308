/** The networks of `npm run table:search`, their limits, and what is tried on each. */
import { NETWORKS as DATA } from '../accuracy/width-cases.mjs';

const drop = (points) => ({ kind: 'drop', points });
const agreement = (percent) => ({ kind: 'agreement', percent });

/**
 * `sram` is for arena and stack; `goal` the bound of accuracy;
 * `refinements`: plans quantised and measured on held-out calibration images to meet a bound; `squeeze`: further and
 * cheaper ones, in the case of this name; `frontier`: the first and last share of the frontier (frontier-text.mjs), where
 * the loss goes from nothing past five points; `stepsPerHalf`: shares in which the cost halves; `quieter`: further plans
 * of each refined share; `seeds`: under how many its plans are quantised and read.
 */
export const NETWORKS = {
  resnet8: {
    ...DATA.resnet8,
    sram: 32,
    goal: drop(1),
    refinements: 3,
    squeeze: 18,
    frontier: [20, 44],
    stepsPerHalf: 16,
    quieter: 32,
    seeds: 4,
    reconstruction: 'sequential',
  },
  vww: {
    ...DATA.vww,
    sram: 40,
    goal: drop(1),
    refinements: 3,
    squeeze: 18,
    frontier: [26, 50],
    stepsPerHalf: 16,
    quieter: 24,
    seeds: 4,
    reconstruction: 'sequential',
  },
  mcunet_vww: {
    ...DATA.mcunet_vww,
    sram: 96,
    goal: drop(1),
    refinements: 3,
    squeeze: 18,
    frontier: [4, 15],
    stepsPerHalf: 8,
    quieter: 16,
    seeds: 4,
    reconstruction: 'sequential',
  },
  mobilenet_v1: {
    ...DATA.mobilenet_v1,
    sram: 64,
    goal: agreement(80),
    refinements: 3,
    squeeze: 18,
    frontier: [6, 28],
    stepsPerHalf: 16,
    quieter: 16,
    seeds: 4,
    reconstruction: 'sequential',
  },
  mobilenet_v2: {
    ...DATA.mobilenet_v2,
    sram: 512,
    goal: agreement(90),
    // A plan takes a minute, and 128 images tell agreements of 90 and 94 % apart only just: a second bound leaves a margin.
    margin: agreement(94),
    refinements: 2,
    squeeze: 18,
    frontier: [4, 14],
    stepsPerHalf: 8,
    quieter: 10,
    seeds: 1,
    reconstruction: 'sequential',
  },
};

const all = { scope: 'all', weights: 'auto', stage: 'streaming' };
const PATCHES = { scope: 'all', weights: 'fixed', stage: 'patches' };

/** The main bound's searches that are compared under the further bounds as well. */
const compared = (squeeze) => [
  ['VDQS noise; weights searched; streaming', { ...all, method: 'vdqs' }],
  ['VDQS noise squeezed; weights searched; streaming', { ...all, method: 'vdqs', squeeze }],
  ['integer program; weights searched; streaming', { ...all, method: 'integer-program' }],
  ['greedy; weights searched; streaming', { ...all, method: 'greedy' }],
  ['evolutionary; weights searched; streaming', { ...all, method: 'evolutionary' }],
  ['memory-driven; weights searched; streaming', { ...all, method: 'memory-driven' }],
  // What narrowing further is worth to the rivals that come nearest.
  ['integer program squeezed; weights searched; streaming', { ...all, method: 'integer-program', squeeze }],
  ['greedy squeezed; weights searched; streaming', { ...all, method: 'greedy', squeeze }],
];

/** The cases of other methods that VDQS is held against under every bound, measured or not. */
export const RIVALS = compared(0)
  .map(([name]) => name)
  .filter((name) => !name.startsWith('VDQS'));

/** Cycles of the M4 are saved instead of BitOPs. */
const byCycles = (squeeze) => [
  ['VDQS noise by cycles; weights searched; streaming', { ...all, method: 'vdqs', cost: 'cycles' }],
  [
    'VDQS noise squeezed by cycles; weights searched; streaming',
    { ...all, method: 'vdqs', cost: 'cycles', squeeze },
  ],
];

const MAIN_ONLY = [
  // The paper's own: patches with outliers keep 8 bits, the feature maps of the others are searched.
  [
    'VDPC outlier with VDQS entropy; weights 8; patches; scope patch',
    { ...PATCHES, scope: 'patch', method: 'vdqs-entropy', classes: { rule: 'outlier' } },
  ],
  [
    'VDPC noise with VDQS noise; weights 8; patches; scope patch',
    { ...PATCHES, scope: 'patch', method: 'vdqs', classes: { rule: 'noise' } },
  ],
  ['VDQS noise; weights 8; patches; scope patch', { ...PATCHES, scope: 'patch', method: 'vdqs' }],
  ['VDQS noise; weights 8; patches', { ...PATCHES, method: 'vdqs' }],
  ['VDQS entropy; weights 8; patches', { ...PATCHES, method: 'vdqs-entropy' }],
  ['VDQS noise; weights searched; patches', { ...all, stage: 'patches', method: 'vdqs' }],
  ['VDQS entropy; weights searched; streaming', { ...all, method: 'vdqs-entropy' }],
  ['VDQS noise; weights 8; streaming', { ...all, weights: 'fixed', method: 'vdqs' }],
  ['random; weights searched; streaming', { ...all, method: 'random' }],
];

/** Bounds of the drop under which methods are compared. */
export const COMPARED_DROPS = [1, 3, 5];

/** Of them, those under which VDQS's plans are run as firmware too. */
export const TIMED_DROPS = [1, 3];

/**
 * What the table is for comes first: int8 and uniform widths, the searches under the network's bound, then those that
 * are compared under further bounds. Of most of the last (`brief`) no firmware is run: only what they cost and lose is
 * asked.
 */
export function casesOf({ goal, margin, squeeze }) {
  const searches = compared(squeeze);
  const within = (cases, accuracy, suffix = '', more = {}) =>
    cases.map(([name, how]) => [`${name}${suffix}`, { ...how, accuracy, ...more }]);
  const further = COMPARED_DROPS.filter((points) => goal.kind !== 'drop' || goal.points !== points);
  const underDrop = (points) => {
    const [bound, suffix] = [drop(points), `; drop ${points}`];
    if (!TIMED_DROPS.includes(points)) return within(searches, bound, suffix, { brief: true });
    return [
      ...within([...searches.slice(0, 1), ...byCycles(squeeze)], bound, suffix),
      ...within(searches.slice(1), bound, suffix, { brief: true }),
    ];
  };
  return [
    ...within(searches.slice(0, 1), goal),
    ['int8; patches', { ...PATCHES, method: 'uniform-a8w8' }],
    ...within(searches.slice(1, 2), goal),
    ...(margin === undefined
      ? []
      : within(searches.slice(0, 1), margin, `; ${margin.kind} ${margin.percent}`)),
    ['int8; layer by layer', { ...all, stage: 'none', method: 'uniform-a8w8' }],
    ['int8; streaming', { ...all, method: 'uniform-a8w8' }],
    ['uniform a4w8; streaming', { ...all, method: 'uniform-a4w8' }],
    ['uniform a8w4; streaming', { ...all, method: 'uniform-a8w4' }],
    ['uniform a4w4; streaming', { ...all, method: 'uniform-a4w4' }],
    ...within([...byCycles(squeeze), ...searches.slice(2)], goal),
    ...further.flatMap(underDrop),
    ...within(MAIN_ONLY, goal),
  ];
}
