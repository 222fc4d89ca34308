/**
 * Every C kernel on the host, byte for byte against the reference: the very files that ship, through bind and
 * codegen, with the DSP instructions modelled by features/dsp_host.h. Address and undefined-behaviour sanitizers on.
 *
 * PARITY_PER_KERNEL (default 3) and PARITY_SEED widen the run; `npm run parity:all` uses many.
 */
import { describe, expect, it } from 'vitest';
import { tensorDifference } from './c-difference.js';
import { parityCases, saturatedShare } from './c-programs.js';
import { hostCompiler, hostOutputs } from './host-programs.js';

const PER_KERNEL = Number(process.env.PARITY_PER_KERNEL ?? 3);
const SEED = Number(process.env.PARITY_SEED ?? 20260);

/** Sub-byte kernels in scalar form only in the wide run: they share all but the features' inline functions. */
const WIDE = PER_KERNEL > 3;
const RUNS = [
  { mode: 'tflm', feature: 'dsp', subByte: false, tiles: true },
  { mode: 'single', feature: 'dsp', subByte: false, tiles: WIDE },
  { mode: 'tflm', feature: 'scalar', subByte: false, tiles: WIDE },
  { mode: 'mulhi', feature: 'dsp', subByte: true, tiles: WIDE },
  { mode: 'mulhi', feature: 'scalar', subByte: WIDE, tiles: WIDE },
] as const;

describe.skipIf(hostCompiler === undefined)(
  'C kernels on the host equal the reference (needs a C compiler)',
  () => {
    it.each(RUNS)(
      '$mode, $feature, sub-byte widths: $subByte',
      (run) => {
        const cases = parityCases({ ...run, core: 'm4', seed: SEED, perKernel: PER_KERNEL });
        const outputs = hostOutputs(cases);
        const differences = cases.flatMap(({ sample, expected }, i) =>
          tensorDifference(sample, expected, outputs[i]!),
        );
        expect(differences.slice(0, 10)).toEqual([]);
        expect(saturatedShare(cases)).toBeLessThan(0.75);
      },
      600_000,
    );
  },
);
