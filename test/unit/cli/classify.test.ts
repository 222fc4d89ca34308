/** `classify` in memory: classes, heat map, the mixed plan, and its picture with the width of every branch's maps. */
import { describe, expect, it } from 'vitest';
import type { PatchStage } from '../../../src/ir/deploy-plan.js';
import { decodePlan } from '../../../src/ir/plan-file.js';
import type { ClassifyReport } from '../../../src/report/classify-report.js';
import { widthCells } from '../../../src/report/width-svg.js';
import { EXIT_CODES } from '../../../src/support/errors.js';
import { growingTensors, keywordFiles } from '../../support/keyword-files.js';
import { runInMemory } from '../../support/memory-environment.js';

const SAMPLES = 8;
const FILES = keywordFiles(growingTensors(SAMPLES, 3));
const CLASSIFY = [
  'classify',
  'kws.tflite',
  '--data',
  'set',
  '--stage',
  '3',
  '--grid',
  '2x2',
  '--input',
  'streamed',
];

describe('classify', () => {
  it('protects half of the positions and stores a plan in which the others are narrow', async () => {
    const argv = [...CLASSIFY, '--narrow', '4', '-o', 'net', '--svg', 'heat.svg', '--json'];
    const { exitCode, stdout, stderr, host } = await runInMemory(argv, FILES);
    expect([exitCode, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout) as ClassifyReport;
    expect(report).toMatchObject({ rule: 'noise', stageLayers: 3, grid: [2, 2], input: 'streamed' });
    expect(report.positions.filter((position) => position.protected)).toHaveLength(2);
    const figures = (own: boolean): number[] =>
      report.positions.filter((p) => p.protected === own).map((p) => p.figure);
    expect(Math.min(...figures(true))).toBeGreaterThanOrEqual(Math.max(...figures(false)));
    const area = report.positions.reduce((sum, { tile }) => sum + tile[2] * tile[3], 0);
    expect(area).toBe(49 * 10);
    const svg = new TextDecoder().decode(await host.readFile('heat.svg'));
    expect(svg.match(/keeps 8 bits</g)).toHaveLength(2);
    expect(svg).not.toMatch(/NaN|undefined|="-/);

    const json = new TextDecoder().decode(await host.readFile('net.plan.json'));
    const plan = decodePlan(json, await host.readFile('net.plan.bin'), 'net');
    const cells = widthCells(plan);
    report.positions.forEach((position, branch) => {
      const bits = cells.filter((cell) => cell.branch === branch).map(({ tensor }) => tensor.bits);
      const inner = position.protected ? 8 : 4;
      // The stage's output is stored alike by all branches.
      expect(bits).toEqual([inner, inner, 8]);
    });
    const files = { 'net.plan.json': json, 'net.plan.bin': await host.readFile('net.plan.bin') };
    const drawn = await runInMemory(['plan', 'net.plan.json', '--svg', 'net.svg'], files);
    expect(drawn.exitCode).toBe(0);
    const picture = new TextDecoder().decode(await drawn.host.readFile('net.svg'));
    for (const { tensor } of cells)
      expect(picture).toContain(
        `<title>${tensor.name}: ${tensor.shape.join('×')}, ${tensor.bits} bits</title>`,
      );
    const again = await runInMemory(['plan', 'net.plan.json', '--svg', 'net.svg', '--grid', '2x2'], files);
    expect([again.exitCode, again.stderr]).toEqual([EXIT_CODES.input, expect.stringMatching(/patch\/again/)]);
  });

  it('leaves the decision to the firmware, which a self-check cannot follow', async () => {
    const rule = ['--vdpc', 'outlier', '--vdpc-at', 'input', '--run-time'];
    const { exitCode, stdout, stderr, host } = await runInMemory([...CLASSIFY, ...rule, '-o', 'net'], FILES);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^protected {2}at run time, \d\.\d of 4 patches of a calibration image on average$/m,
    );
    const json = new TextDecoder().decode(await host.readFile('net.plan.json'));
    const weights = await host.readFile('net.plan.bin');
    const { patchStage, tensors } = decodePlan(json, weights, 'net');
    expect(patchStage).toMatchObject({ stepsPerBranch: 7, choice: { common: 1, steps: 3 } });
    const { most } = (patchStage as PatchStage).choice!;
    const crops = tensors.filter(
      ({ name }) => /^\S+\[\d,\d\]$/.test(name) && name.startsWith(tensors[0]!.name),
    );
    expect(most).toEqual(crops.map(({ shape }) => Math.floor(0.01 * shape[0] * shape[1] * shape[2])));
    const files = { 'net.plan.json': json, 'net.plan.bin': weights };
    const codegen = ['codegen', 'net.plan.json', '--target', 'l4r5zi', '-o', 'out'];
    expect((await runInMemory(codegen, files)).exitCode).toBe(0);
    const refused = await runInMemory([...codegen, '--self-check'], files);
    expect(refused.exitCode).toBe(EXIT_CODES.unsupported);
    expect(refused.stderr).toMatch(/codegen\/self-check-choice/);
    const other = await runInMemory([...CLASSIFY, '--run-time'], FILES);
    expect([other.exitCode, other.stderr]).toEqual([
      EXIT_CODES.input,
      expect.stringMatching(/classify\/run-time/),
    ]);
  });

  it('shows the threshold of the outlier rule, and refuses a split that protects all or none', async () => {
    const outlier = [...CLASSIFY, '--vdpc', 'outlier', '--vdpc-at', 'input', '--tau', '0.01'];
    const shown = await runInMemory(outlier, FILES);
    expect(shown.stderr).toBe('');
    expect(shown.stdout).toMatch(/^threshold {2}\|z\| \d\.\d\d \(φ 0\.\d+\), τ 1\.0 %$/m);
    expect(shown.stdout).toMatch(/^protected {2}[1-3] of 4 positions keep 8 bits/m);
    const refused = await runInMemory([...outlier, '--share', '1'], FILES);
    expect(refused.exitCode).toBe(EXIT_CODES.unsupported);
    expect(refused.stderr).toMatch(/classify\/no-split/);
  });
});
