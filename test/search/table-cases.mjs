/** The networks of `npm run table:search`, their limits, and what is tried on each. */
import { NETWORKS as DATA } from '../accuracy/width-cases.mjs';

const drop = (points) => ({ kind: 'drop', points });
const agreement = (percent) => ({ kind: 'agreement', percent });

/** `sram` is for arena and stack; `goal` the bound of accuracy; `drops` the further bounds. */
export const NETWORKS = {
  resnet8: {
    ...DATA.resnet8,
    sram: 32,
    goal: drop(1),
    drops: [3, 5],
    refinements: 2,
    reconstruction: 'sequential',
  },
  vww: { ...DATA.vww, sram: 40, goal: drop(1), drops: [3, 5], refinements: 2, reconstruction: 'sequential' },
  mcunet_vww: {
    ...DATA.mcunet_vww,
    sram: 96,
    goal: drop(1),
    drops: [3, 5],
    refinements: 0,
    reconstruction: 'sequential',
  },
  mobilenet_v1: {
    ...DATA.mobilenet_v1,
    sram: 64,
    goal: agreement(80),
    drops: [],
    refinements: 0,
    reconstruction: 'sequential',
  },
  mobilenet_v2: {
    ...DATA.mobilenet_v2,
    sram: 512,
    goal: agreement(90),
    drops: [],
    refinements: 0,
    reconstruction: 'none',
  },
};

const all = { scope: 'all', weights: 'auto', stage: 'streaming' };
const PATCHES = { scope: 'all', weights: 'fixed', stage: 'patches' };

/** Cases without a bound of accuracy first, then those that meet the network's, then the further bounds. */
export function casesOf({ goal, drops }) {
  const bounded = [
    ['VDQS noise; weights searched; streaming', { ...all, method: 'vdqs' }],
    ['VDQS noise; weights searched; patches', { ...all, stage: 'patches', method: 'vdqs' }],
    ['memory-driven; weights searched; streaming', { ...all, method: 'memory-driven' }],
    ['evolutionary; weights searched; streaming', { ...all, method: 'evolutionary' }],
    ['integer program; weights searched; streaming', { ...all, method: 'integer-program' }],
    ['VDQS entropy; weights searched; streaming', { ...all, method: 'vdqs-entropy' }],
    ['VDQS noise; weights 8; streaming', { ...all, weights: 'fixed', method: 'vdqs' }],
    ['VDQS noise; weights 8; patches', { ...PATCHES, method: 'vdqs' }],
    ['VDQS noise; weights 8; patches; scope patch', { ...PATCHES, scope: 'patch', method: 'vdqs' }],
    ['VDQS entropy; weights 8; patches', { ...PATCHES, method: 'vdqs-entropy' }],
    ['greedy; weights searched; streaming', { ...all, method: 'greedy' }],
    ['random; weights searched; streaming', { ...all, method: 'random' }],
  ];
  return [
    ['int8; layer by layer', { ...all, stage: 'none', method: 'uniform-a8w8' }],
    ['int8; patches', { ...PATCHES, method: 'uniform-a8w8' }],
    ['int8; streaming', { ...all, method: 'uniform-a8w8' }],
    ...bounded.slice(0, 1).map(([name, how]) => [name, { ...how, accuracy: goal }]),
    ['uniform a4w8; streaming', { ...all, method: 'uniform-a4w8' }],
    ['uniform a8w4; streaming', { ...all, method: 'uniform-a8w4' }],
    ['uniform a4w4; streaming', { ...all, method: 'uniform-a4w4' }],
    ...bounded.slice(1).map(([name, how]) => [name, { ...how, accuracy: goal }]),
    ...drops.flatMap((points) =>
      bounded
        .slice(0, 5)
        .map(([name, how]) => [`${name}; drop ${points}`, { ...how, accuracy: drop(points) }]),
    ),
  ];
}
