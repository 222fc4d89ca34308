/** The comparison under bounds of the drop, from a table made by hand. */
import { expect, it } from 'vitest';
import { renderTable } from './table-text.mjs';

const VDQS = 'VDQS noise; weights searched; streaming';
const RIVAL = 'evolutionary; weights searched; streaming';

/** ResNet-8's own bound is one point: rows under it have no suffix. */
const row = (name: string, megaBitops: number, predicted: number, lost: number, within = true) => ({
  ...{ network: 'resnet8', case: name, within_limits: String(within), bitops: String(1e6 * megaBitops) },
  ...{
    predicted_drop: String(predicted),
    points_lost: String(lost),
    sram_limit: '32768',
    arena_bytes: '1024',
  },
});

const lineOf = (text: string, start: string): string =>
  text.split('\n').find((line) => line.startsWith(`| ${start}`))!;

it('takes each method under each bound, and uniform widths where their own drop keeps it', () => {
  const text = renderTable([
    row('uniform a4w4; streaming', 40, 2.5, 2),
    row(VDQS, 60, 0.9, 0.4),
    row(RIVAL, 80, 0.8, 0.5),
    row(`${VDQS}; drop 3`, 45, 2.6, 1.5),
    row(`${RIVAL}; drop 3`, 70, 2.9, 0.9),
  ]);
  const comparison = text.slice(text.indexOf('Fewest MBitOPs'));
  expect(comparison).toContain('| method | drop 1 | drop 3 |');
  expect(lineOf(comparison, 'uniform')).toBe('| uniform a4w4, streaming | – | 40 (2) |');
  expect(lineOf(comparison, 'VDQS')).toBe(
    '| VDQS noise, weights searched, streaming | 60 (0.4) | 45 (1.5) |',
  );
  expect(lineOf(comparison, '**VDQS')).toContain('| yes (60; rivals 80) | no (45; rivals 40) |');
  // By the test images the rival's plan for three points loses less than one, the uniform one two.
  expect(lineOf(comparison, '**the same')).toContain('| yes (60; rivals 70) | no (45; rivals 40) |');
});

it('counts no plan that breaks its limits, and claims nothing where no rival was measured', () => {
  const broken = renderTable([row(VDQS, 60, 0.9, 0.4), row(RIVAL, 50, 1.2, 0.1, false)]);
  expect(lineOf(broken, '**VDQS')).toContain('| yes (60; rivals –) |');
  expect(renderTable([row(VDQS, 60, 0.9, 0.4)])).not.toContain('**VDQS');
});
