/**
 * What public kernels cost on a Cortex-M4 without flash stalls, everything included: CMSIS-NN (s8, and s8 with 4-bit
 * weights), TinyEngine (integer and float requantisation) and CMix-NN, compiled by gcc 12.2 -Ofast, instructions counted
 * in emulation, cycles by the M4 manual's table. Source: kernel_bench_m4.csv of the data collection's anchors (column
 * est_cycles_per_mac_refined); runs that failed there are left out.
 */
import type { Width } from '../numeric/widths.js';

export interface PublicKernel {
  readonly library: string;
  readonly activationBits: Width;
  readonly weightBits: Width;
  readonly instructionsPerMac: number;
  readonly cyclesPerMac: number;
}

type Row = readonly [library: string, a: Width, w: Width, instructionsPerMac: number, cyclesPerMac: number];

/** By shape of the bench (src/evaluate/bench-shapes.ts). */
const ROWS: Readonly<Record<string, readonly Row[]>> = {
  '1x1 24x24x96->24': [
    ['CMSIS-NN s8', 8, 8, 1.902, 2.268],
    ['CMSIS-NN s4 weights', 8, 4, 3.561, 4.061],
    ['TinyEngine', 8, 8, 2.175, 2.644],
    ['TinyEngine float requantisation', 8, 8, 1.966, 2.514],
    ['CMix-NN', 8, 8, 2.587, 3.453],
    ['CMix-NN', 8, 4, 2.79, 3.635],
    ['CMix-NN', 8, 2, 3.005, 3.765],
    ['CMix-NN', 4, 8, 2.6, 3.45],
    ['CMix-NN', 4, 4, 2.805, 3.632],
    ['CMix-NN', 4, 2, 3.019, 3.765],
  ],
  '1x1 12x12x32->192': [
    ['CMSIS-NN s8', 8, 8, 2.873, 3.506],
    ['CMSIS-NN s4 weights', 8, 4, 4.559, 5.345],
    ['TinyEngine', 8, 8, 3.052, 3.745],
    ['TinyEngine float requantisation', 8, 8, 2.426, 3.112],
    ['CMix-NN', 8, 8, 2.988, 4.01],
    ['CMix-NN', 8, 4, 3.223, 4.245],
    ['CMix-NN', 8, 2, 3.465, 4.385],
    ['CMix-NN', 4, 8, 2.953, 3.965],
    ['CMix-NN', 4, 4, 3.195, 4.2],
    ['CMix-NN', 4, 2, 3.429, 4.348],
    ['CMix-NN', 2, 8, 2.884, 3.927],
    ['CMix-NN', 2, 4, 3.313, 4.309],
    ['CMix-NN', 2, 2, 3.551, 4.501],
  ],
  '1x1 6x6x576->96': [
    ['CMSIS-NN s8', 8, 8, 1.586, 1.898],
    ['CMSIS-NN s4 weights', 8, 4, 3.146, 3.523],
    ['TinyEngine', 8, 8, 1.671, 2.01],
    ['TinyEngine float requantisation', 8, 8, 1.636, 2.093],
    ['CMix-NN', 8, 8, 2.258, 2.977],
    ['CMix-NN', 8, 4, 2.448, 3.138],
    ['CMix-NN', 8, 2, 2.654, 3.264],
    ['CMix-NN', 4, 8, 2.263, 2.978],
    ['CMix-NN', 4, 4, 2.453, 3.138],
    ['CMix-NN', 4, 2, 2.658, 3.264],
    ['CMix-NN', 2, 8, 2.08, 2.794],
    ['CMix-NN', 2, 4, 2.458, 3.14],
    ['CMix-NN', 2, 2, 2.663, 3.269],
  ],
  '1x1 48x48x16->96': [
    ['CMSIS-NN s8', 8, 8, 4.268, 5.269],
    ['CMSIS-NN s4 weights', 8, 4, 6.049, 7.269],
    ['TinyEngine', 8, 8, 4.329, 5.362],
    ['TinyEngine float requantisation', 8, 8, 3.031, 3.766],
    ['CMix-NN', 8, 8, 3.816, 5.186],
    ['CMix-NN', 8, 4, 4.097, 5.499],
    ['CMix-NN', 8, 2, 4.377, 5.654],
    ['CMix-NN', 4, 8, 3.744, 5.098],
    ['CMix-NN', 4, 4, 4.041, 5.41],
    ['CMix-NN', 4, 2, 4.307, 5.583],
    ['CMix-NN', 2, 8, 3.854, 5.282],
    ['CMix-NN', 2, 4, 4.338, 5.704],
    ['CMix-NN', 2, 2, 4.611, 5.961],
  ],
  '3x3 16x16x32->32': [
    ['CMSIS-NN s8', 8, 8, 1.943, 2.361],
    ['CMSIS-NN s4 weights', 8, 4, 3.699, 4.309],
    ['CMix-NN', 8, 8, 2.371, 3.144],
    ['CMix-NN', 8, 4, 2.564, 3.309],
    ['CMix-NN', 8, 2, 2.771, 3.436],
    ['CMix-NN', 4, 8, 2.386, 3.149],
    ['CMix-NN', 4, 4, 2.579, 3.313],
    ['CMix-NN', 4, 2, 2.786, 3.441],
    ['CMix-NN', 2, 8, 2.236, 3.004],
    ['CMix-NN', 2, 4, 2.617, 3.352],
    ['CMix-NN', 2, 2, 2.824, 3.484],
  ],
  'first 3x3 s2 96x96x3->16': [
    ['CMSIS-NN s8', 8, 8, 5.008, 6.482],
    ['CMSIS-NN s4 weights', 8, 4, 6.672, 8.52],
    ['TinyEngine', 8, 8, 3.008, 3.712],
    ['TinyEngine float requantisation', 8, 8, 2.163, 2.668],
  ],
  'dw 3x3 s1 24x24x96': [
    ['CMSIS-NN s8', 8, 8, 9.309, 11.618],
    ['CMSIS-NN s4 weights', 8, 4, 16.231, 20.122],
    ['TinyEngine', 8, 8, 9.278, 11.891],
    ['TinyEngine float requantisation', 8, 8, 6.995, 9.372],
    ['CMix-NN', 8, 8, 11.095, 13.983],
    ['CMix-NN', 8, 4, 13.981, 17.535],
    ['CMix-NN', 8, 2, 13.978, 17.558],
    ['CMix-NN', 4, 8, 14.787, 19.291],
    ['CMix-NN', 4, 4, 17.681, 23.074],
    ['CMix-NN', 4, 2, 17.682, 23.049],
    ['CMix-NN', 2, 8, 13.996, 18.113],
    ['CMix-NN', 2, 4, 16.803, 21.5],
    ['CMix-NN', 2, 2, 16.884, 21.753],
  ],
  'dw 3x3 s2 24x24x96': [
    ['CMSIS-NN s8', 8, 8, 9.198, 11.391],
    ['CMSIS-NN s4 weights', 8, 4, 16.123, 19.905],
    ['TinyEngine', 8, 8, 11.438, 15.336],
    ['TinyEngine float requantisation', 8, 8, 9.069, 12.901],
    ['CMix-NN', 8, 8, 11.096, 13.985],
    ['CMix-NN', 8, 4, 13.983, 17.537],
    ['CMix-NN', 8, 2, 13.979, 17.56],
    ['CMix-NN', 4, 8, 14.789, 19.294],
    ['CMix-NN', 4, 4, 17.683, 23.077],
    ['CMix-NN', 4, 2, 17.685, 23.052],
    ['CMix-NN', 2, 8, 13.998, 18.116],
    ['CMix-NN', 2, 4, 16.805, 21.503],
    ['CMix-NN', 2, 2, 16.886, 21.756],
  ],
  'dw 3x3 s1 6x6x576': [
    ['CMSIS-NN s8', 8, 8, 8.558, 10.577],
    ['CMSIS-NN s4 weights', 8, 4, 15.411, 18.902],
    ['TinyEngine', 8, 8, 10.378, 13.465],
  ],
  'fc 1280->100': [
    ['CMSIS-NN s8', 8, 8, 1.919, 2.433],
    ['CMSIS-NN s4 weights', 8, 4, 4.918, 5.684],
  ],
};

/** Measured at this shape; empty where nobody published one. */
export const publicKernels = (shape: string): readonly PublicKernel[] =>
  (ROWS[shape] ?? []).map(([library, activationBits, weightBits, instructionsPerMac, cyclesPerMac]) => ({
    ...{ library, activationBits, weightBits, instructionsPerMac, cyclesPerMac },
  }));

/** Shapes that have figures. */
export const PUBLIC_SHAPES: readonly string[] = Object.keys(ROWS);
