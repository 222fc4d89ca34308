/** The headline's row and ratios from a table made by hand; every part is a script of the package. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ROOT } from '../support/paths.js';
import { frontierRows, headlineFigures, renderReproduction } from './document.mjs';
import { PARTS } from './parts.mjs';

const row = (name: string, bitops: number, within: boolean, m4: number, lost = 0.5) => ({
  ...{ network: 'resnet8', case: name, within_limits: String(within), bitops: String(bitops) },
  ...{ fewer_than_int8_patches: (120 / bitops).toFixed(3), cycles_m4: String(m4), cycles_m7: '10' },
  ...{ points_lost: String(lost), half_width_95: '1.0', agreement: '95.0' },
});
const TABLE = [
  row('int8; patches', 120, true, 300),
  row('VDQS noise; weights 8; patches', 60, true, 250),
  row('VDQS noise; weights searched; streaming', 40, true, 200),
  row('VDQS noise; weights searched; patches', 30, false, 100),
  row('VDQS noise; weights searched; streaming; drop 3', 20, true, 90),
  row('VDQS noise squeezed; weights searched; streaming', 35, true, 100, 1.05),
  row('VDQS noise by cycles; weights searched; streaming', 80, true, 150),
  row('VDPC noise with VDQS noise; weights 8; patches; scope patch', 90, true, 260),
  row('evolutionary; weights searched; streaming', 10, true, 50),
];

it('takes the cheapest VDQS row that keeps its bound on the test images too, and the quickest one', () => {
  const figures = headlineFigures(TABLE)!;
  expect(figures.row.case).toBe('VDQS noise; weights searched; streaming');
  const classes = headlineFigures(TABLE.filter((row) => !row.case.startsWith('VDQS')))!;
  expect(classes.row.case).toBe('VDPC noise with VDQS noise; weights 8; patches; scope patch');
  expect([figures.bitops, figures.m4, figures.m7]).toEqual([3, 2, 1]);
  expect(headlineFigures(TABLE.slice(1))!.m4).toBeUndefined();
  expect(headlineFigures(TABLE.slice(3, 4))).toBeUndefined();
  expect(renderReproduction(TABLE)).toContain('| ours, mean of 1 |  |  | 3.00× | 2.00× |');
  // A network whose plans all break the bound is named, but counts in no mean.
  const broken = { ...row('VDQS noise; weights searched; streaming', 10, true, 20, 3), network: 'vww' };
  const text = renderReproduction([...TABLE, broken]);
  expect(text).toContain('| vww | 1 point | – | – | – | – | – | – |');
  expect(text).toContain('| ours, mean of 1 |');
  // One without cycles counts in the mean of BitOPs alone, 3 and 12, and the means of cycles say so.
  const untimed = { ...row('VDQS noise; weights 8; patches', 10, true, 0), network: 'mcunet_vww' };
  expect(renderReproduction([...TABLE, untimed])).toContain(
    '| ours, mean of 2 |  |  | 7.50× | 2.00× (1) | 1.00× (1) |',
  );
});

it('counts plans of the frontier by VDQS, without cycles', () => {
  const plan = (name: string, bitops: number, lost: number) => ({
    ...{ network: 'resnet8', case: name, share: '0.5000', bitops: String(bitops), within_limits: 'true' },
    ...{ points_lost: String(lost), half_width_95: '1.0', agreement: '95.0' },
  });
  const frontier = [
    plan('VDQS refined', 30, 1),
    plan('VDQS', 20, 1.5),
    plan('integer program refined', 10, 0),
  ];
  const { row: found, bitops, m4 } = headlineFigures([...TABLE, ...frontierRows(frontier, TABLE)])!;
  expect(found.case).toBe('VDQS noise refined; weights searched; streaming; share 0.500');
  expect([bitops, m4]).toEqual([4, 2]);
  expect(frontierRows(frontier, [])[0]!.fewer_than_int8_patches).toBe('');
  const byPlans = frontierRows([...frontier, plan('VDQS plan noise', 15, 0)], TABLE);
  expect(headlineFigures([...TABLE, ...byPlans])!.row.case).toBe(
    'VDQS plan noise; weights searched; streaming; share 0.500',
  );
});

it('names scripts that exist', () => {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8'));
  expect(PARTS.filter(({ script }) => !(script in scripts))).toEqual([]);
  // What stands in a document under a command's name is made with its arguments.
  const budgets = readFileSync(`${ROOT}src/patch/BUDGETS.md`, 'utf8');
  const { script, args = [] } = PARTS.find(({ name }) => name === 'budgets')!;
  expect(budgets).toContain(`npm run ${script} -- ${args.join(' ')}`);
});
