/** The C that a tiny plan becomes, as snapshots: `npx vitest run test/pipeline/emitted-c.test.ts -u` updates them. */
import { describe, expect, it } from 'vitest';
import { bind } from '../../src/bind/bind.js';
import { PORTABLE } from '../../src/bind/variants/chosen-kernel.js';
import { emitProject, projectSources } from '../../src/codegen/emit-project.js';
import { verifyBoundPlan } from '../../src/invariants/bound.js';
import { checkStep } from '../../src/ops/index.js';
import { findBoard } from '../../src/targets/index.js';
import { tinyPlan } from './tiny-plan.js';

const plan = tinyPlan();
// Portable kernels: what is shown here is the project, not the fastest kernel of the day.
const bound = bind(plan, { core: 'm4', feature: 'dsp' }, { choice: () => PORTABLE });
const files = emitProject(bound, findBoard('l4r5zi')!, { version: '0.0.0', stackBytes: 2048 });

const SNAPSHOTS = [
  'Makefile',
  'CMakeLists.txt',
  'cmake/arm-none-eabi.cmake',
  'README.md',
  'main.c',
  'platform/linker.ld',
  'quantmcu/config.h',
  'quantmcu/network.c',
  'quantmcu/quantmcu.h',
  'quantmcu/weights.c',
  'quantmcu/weights.h',
  'quantmcu/instances/conv2d_a8_w8__dsp.c',
];

describe('the C project of a tiny plan', () => {
  it('comes from a sound plan and a sound binding', () => {
    expect(plan.steps.flatMap((step) => checkStep(step, plan))).toEqual([]);
    verifyBoundPlan(bound);
  });

  it('holds these files', () => {
    expect([...files.keys()]).toMatchSnapshot();
  });

  it.each(SNAPSHOTS)('%s', async (path) => {
    await expect(files.get(path)).toMatchFileSnapshot(`snapshots/emitted-c/${path}.txt`);
  });

  it('is the same text every time', () => {
    const again = emitProject(
      bind(tinyPlan(), bound.target, { choice: () => PORTABLE }),
      findBoard('l4r5zi')!,
      {
        version: '0.0.0',
        stackBytes: 2048,
      },
    );
    expect([...again]).toEqual([...files]);
  });

  it('leaves no placeholder and names no source twice', () => {
    for (const [path, text] of files) expect(text, path).not.toMatch(/\{\{\w*\}\}/);
    expect(new Set(projectSources(files)).size).toBe(projectSources(files).length);
  });

  it('cannot be broken by hostile names', () => {
    const hostile = {
      ...plan,
      name: 'x */ #error\n"\\',
      inputs: [{ ...plan.inputs[0]!, name: 'a"??/\n*/' }],
    };
    const emitted = emitProject(bind(hostile, bound.target), findBoard('l4r5zi')!);
    const network = emitted.get('quantmcu/network.c')!;
    expect(network.split('\n')[0]).toBe(
      '/* x * / #error?": its steps, in order, at fixed places of one arena. Generated; see quantmcu.h. */',
    );
    expect(network).toContain('"a\\"\\?\\?/\\?*/"');
  });
});
