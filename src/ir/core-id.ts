/** The names by which plans refer to cores and their kernels; what they are stands in src/targets. */

export type CoreId = 'm4' | 'm7' | 'm33';
export type KernelFeature = 'scalar' | 'dsp';
