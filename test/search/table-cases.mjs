/** The networks of `npm run table:search`, their limits, and what is tried on each. */
import { NETWORKS as DATA } from '../accuracy/width-cases.mjs';

const drop = (points) => ({ kind: 'drop', points });
const agreement = (percent) => ({ kind: 'agreement', percent });

/**
 * `sram` is for arena and stack; `goal` the bound of accuracy, `drops` the bounds under which methods are compared;
 * `refinements`: plans quantised and measured on held-out calibration images to meet a bound.
 */
export const NETWORKS = {
  resnet8: {
    ...DATA.resnet8,
    sram: 32,
    goal: drop(1),
    drops: [3, 5],
    refinements: 3,
    reconstruction: 'sequential',
  },
  vww: { ...DATA.vww, sram: 40, goal: drop(1), drops: [3, 5], refinements: 3, reconstruction: 'sequential' },
  mcunet_vww: {
    ...DATA.mcunet_vww,
    sram: 96,
    goal: drop(1),
    drops: [3, 5],
    refinements: 3,
    reconstruction: 'sequential',
  },
  mobilenet_v1: {
    ...DATA.mobilenet_v1,
    sram: 64,
    goal: agreement(80),
    drops: [1, 3, 5],
    refinements: 3,
    reconstruction: 'sequential',
  },
  mobilenet_v2: {
    ...DATA.mobilenet_v2,
    sram: 512,
    goal: agreement(90),
    drops: [1, 3, 5],
    refinements: 3,
    reconstruction: 'none',
  },
};

const all = { scope: 'all', weights: 'auto', stage: 'streaming' };
const PATCHES = { scope: 'all', weights: 'fixed', stage: 'patches' };

/** What the table is for comes first, so that one cut short says most: int8 and uniform widths, the bounded searches, further bounds. */
export function casesOf({ goal, drops }) {
  const bounded = [
    ['VDQS noise; weights searched; streaming', { ...all, method: 'vdqs' }],
    ['VDQS noise; weights searched; patches', { ...all, stage: 'patches', method: 'vdqs' }],
    ['VDQS entropy; weights searched; streaming', { ...all, method: 'vdqs-entropy' }],
    ['memory-driven; weights searched; streaming', { ...all, method: 'memory-driven' }],
    ['evolutionary; weights searched; streaming', { ...all, method: 'evolutionary' }],
    ['VDQS noise; weights 8; patches; scope patch', { ...PATCHES, scope: 'patch', method: 'vdqs' }],
    ['integer program; weights searched; streaming', { ...all, method: 'integer-program' }],
    ['VDQS noise; weights 8; streaming', { ...all, weights: 'fixed', method: 'vdqs' }],
    ['VDQS noise; weights 8; patches', { ...PATCHES, method: 'vdqs' }],
    ['VDQS entropy; weights 8; patches', { ...PATCHES, method: 'vdqs-entropy' }],
    ['greedy; weights searched; streaming', { ...all, method: 'greedy' }],
    ['random; weights searched; streaming', { ...all, method: 'random' }],
  ];
  const within = (cases, accuracy, suffix = '') =>
    cases.map(([name, how]) => [`${name}${suffix}`, { ...how, accuracy }]);
  return [
    ['int8; layer by layer', { ...all, stage: 'none', method: 'uniform-a8w8' }],
    ['int8; patches', { ...PATCHES, method: 'uniform-a8w8' }],
    ['int8; streaming', { ...all, method: 'uniform-a8w8' }],
    ['uniform a4w8; streaming', { ...all, method: 'uniform-a4w8' }],
    ['uniform a8w4; streaming', { ...all, method: 'uniform-a8w4' }],
    ['uniform a4w4; streaming', { ...all, method: 'uniform-a4w4' }],
    ...within(bounded, goal),
    ...drops.flatMap((points) =>
      within(
        bounded.filter(([name]) => FURTHER.some((start) => name.startsWith(start))),
        drop(points),
        `; drop ${points}`,
      ),
    ),
  ];
}

/** Searches that are held to the further bounds as well. */
const FURTHER = ['VDQS noise; weights searched', 'memory-driven', 'evolutionary', 'integer program'];
