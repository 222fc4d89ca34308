/** The comparison under bounds of the drop, from a table made by hand. */
import { expect, it } from 'vitest';
import { nearestShape } from './public-cycles.mjs';
import { casesOf, NETWORKS } from './table-cases.mjs';
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

/** The other rivals, measured, and nothing found. */
const rest = (...suffixes: string[]) =>
  suffixes.flatMap((suffix) =>
    ['integer program', 'greedy', 'memory-driven'].map((name) =>
      row(`${name}; weights searched; streaming${suffix}`, 1, 9, 99, false),
    ),
  );

const lineOf = (text: string, start: string): string =>
  text.split('\n').find((line) => line.startsWith(`| ${start}`))!;

it('has cases with names of their own that are one cell of table.csv', () => {
  for (const network of Object.values(NETWORKS)) {
    const names = casesOf(network).map(([name]) => name);
    expect(names.filter((name) => /[,"\n]/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  }
});

it('takes each method under each bound, and uniform widths where their own drop keeps it', () => {
  const text = renderTable([
    row('uniform a4w4; streaming', 40, 2.5, 2),
    row(VDQS, 60, 0.9, 0.4),
    row(RIVAL, 80, 0.8, 0.5),
    row(`${VDQS}; drop 3`, 45, 2.6, 1.5),
    row(`${RIVAL}; drop 3`, 70, 2.9, 0.9),
    ...rest('', '; drop 3'),
  ]);
  const comparison = text.slice(text.indexOf('Fewest MBitOPs'));
  expect(comparison).toContain('| method | drop 1 | drop 3 |');
  expect(lineOf(comparison, 'uniform')).toBe('| uniform a4w4, streaming | – | 40 (2) |');
  expect(lineOf(comparison, 'VDQS')).toBe(
    '| VDQS noise, weights searched, streaming | 60 (0.4) | 45 (1.5) |',
  );
  expect(lineOf(comparison, '**VDQS')).toContain('| yes (60; rivals 80) | no (45; rivals 40) |');
  // By the test images the rival's plan for three points loses less than one, the uniform one two.
  expect(lineOf(comparison, '**the same, any')).toContain('| yes (60; rivals 70) | no (45; rivals 40) |');
  expect(lineOf(comparison, '**the same, of plans')).toContain(
    '| yes (60; rivals 80) | no (45; rivals 40) |',
  );
});

it('passes over plans that were chosen for a bound and break it on the test images', () => {
  const rows = [row(VDQS, 60, 0.9, 0.4), row(RIVAL, 50, 0.8, 1.1), ...rest('')];
  const verdict = (start: string) => lineOf(renderTable(rows), start);
  expect(verdict('**VDQS')).toContain('| no (60; rivals 50) |');
  expect(verdict('**the same, of plans')).toContain('| yes (60; rivals –) |');
});

it('counts no plan that breaks its limits, and claims nothing where no rival was measured', () => {
  const broken = renderTable([row(VDQS, 60, 0.9, 0.4), row(RIVAL, 50, 1.2, 0.1, false), ...rest('')]);
  expect(lineOf(broken, '**VDQS')).toContain('| yes (60; rivals –) |');
  expect(renderTable([row(VDQS, 60, 0.9, 0.4)])).not.toContain('**VDQS');
  // With patches in classes it is VDQS still, no rival.
  const classes = row('VDPC noise with VDQS noise; weights 8; patches; scope patch', 50, 0.9, 0.4);
  const verdict = lineOf(
    renderTable([row(VDQS, 60, 0.9, 0.4), row(RIVAL, 80, 0.8, 0.5), classes]),
    '**the same, any',
  );
  expect(verdict).toContain('| yes (50; rivals 80) |');
  const none = renderTable([row(VDQS, 60, 1.4, 2, false), row(RIVAL, 50, 1.2, 2, false), ...rest('')]);
  expect(lineOf(none, '**VDQS')).toContain('| – (–; rivals –) |');
  // Uniform widths that exceed the memory are no rival.
  const uniform = renderTable([
    row(VDQS, 60, 0.9, 0.4),
    row(RIVAL, 80, 0.8, 0.5),
    row('uniform a4w4; streaming', 40, 0.5, 0.2, false),
    ...rest(''),
  ]);
  expect(lineOf(uniform, '**VDQS')).toContain('| yes (60; rivals 80) |');
});

it('says how many rivals were not measured under a bound, in a row or at all', () => {
  const greedy = 'greedy; weights searched; streaming';
  const rows = [row(VDQS, 60, 0.9, 0.4), row(RIVAL, 80, 0.8, 0.5), row(`${VDQS}; drop 3`, 45, 2.6, 1.5)];
  const text = renderTable([...rows, row(`${greedy}; drop 3`, 70, 2.9, 0.9)]);
  expect(lineOf(text, '**VDQS')).toContain(
    '| yes (60; rivals 80, 3 of them not measured) | yes (45; rivals 70, 3 of them not measured) |',
  );
});

it('grants the nearest rivals as many plans in a line of its own', () => {
  const rows = [
    ...[row(VDQS, 60, 0.9, 0.4), row(RIVAL, 80, 0.8, 0.5)],
    ...[row(`${VDQS}; drop 3`, 45, 2.6, 1.5), row(`${RIVAL}; drop 3`, 70, 2.9, 0.9)],
    ...rest('', '; drop 3'),
  ];
  expect(renderTable(rows)).not.toMatch(/squeezed ones|The last line/);
  const squeezed = row('greedy squeezed; weights searched; streaming', 50, 0.9, 0.9);
  const text = renderTable([...rows, squeezed]);
  expect(lineOf(text, '**VDQS')).toContain('| yes (60; rivals 80) | yes (45; rivals 70) |');
  expect(lineOf(text, '**VDQS needs no more than any rival, squeezed')).toContain(
    '| no (60; rivals 50, 1 of them not measured) | yes (45; rivals 70, 2 of them not measured) |',
  );
  expect(text).toContain('more than any rival. The last line grants');
});

it('shows digits enough to tell plans apart', () => {
  const text = renderTable([row(VDQS, 60.04, 0.9, 0.4), row(RIVAL, 60.03, 0.8, 0.5)]);
  expect(lineOf(text, '**VDQS')).toContain('| no (60.04; rivals 60.03');
});

it('sets the quickest VDQS plan that lost no more beside int8 patches', () => {
  const timed = (name: string, lost: number, m4: number, m7: number, within = true) => ({
    ...row(name, 10, 0, lost, within),
    ...{ cycles_m4: String(m4), cycles_m7: String(m7), verified: 'true', public_cycles_m4: '' },
  });
  const patches = { ...timed('int8; patches', 0, 300, 180), public_cycles_m4: '900' };
  const rows = [patches, timed(VDQS, 0.4, 200, 90), timed(`${VDQS}; drop 3`, 1.5, 150, 100)];
  const text = renderTable([...rows, timed(`${VDQS}; patches`, 0, 10, 10, false), timed(RIVAL, 0, 10, 10)]);
  const cells = (start: string) => lineOf(text.slice(text.indexOf('Quickest VDQS')), start);
  expect(cells('1 |')).toBe(`| 1 | ${title(VDQS)} (0.4) | 1.50× | 4.50× | ${title(VDQS)} (0.4) | 2.00× |`);
  expect(cells('3 |')).toBe(
    `| 3 | ${title(VDQS)}, drop 3 (1.5) | 2.00× | 6.00× | ${title(VDQS)} (0.4) | 2.00× |`,
  );
  expect(renderTable(rows.slice(1))).not.toContain('Quickest VDQS');
  expect(renderTable([{ ...patches, within_limits: 'false' }, ...rows.slice(1)])).not.toContain(
    'Quickest VDQS',
  );
  const lost = renderTable([patches, timed(VDQS, 1.4, 200, 90)]);
  expect(lineOf(lost.slice(lost.indexOf('Quickest VDQS')), '1 |')).toBe('| 1 | – | – | – | – | – |');
});

const title = (name: string): string => name.replaceAll(';', ',');

it('says which cycles are of other code only where rows differ in it', () => {
  const timed = { ...row(VDQS, 60, 0.9, 0.4), cycles_m4: '1', code: 'abc' };
  const rows = [timed, { ...row(RIVAL, 80, 0.8, 0.5), cycles_m4: '1' }];
  expect(lineOf(renderTable(rows), 'VDQS')).toContain('streaming (abc) |');
  expect(lineOf(renderTable(rows), 'evolutionary')).toContain('streaming (older code) |');
  expect(lineOf(renderTable([timed, row(RIVAL, 80, 0.8, 0.5)]), 'VDQS')).toContain('streaming |');
});

it('takes the published shape nearest to a layer', () => {
  const conv = (kernel: number, inputChannels: number) =>
    nearestShape('conv2d', { kernel, stride: 1, inputChannels });
  expect(conv(3, 3)).toBe('first 3x3 s2 96x96x3->16');
  expect(conv(5, 16)).toBe('3x3 16x16x32->32');
  expect([conv(1, 20), conv(1, 40), conv(1, 100), conv(1, 960)]).toEqual([
    ...['1x1 48x48x16->96', '1x1 12x12x32->192', '1x1 24x24x96->24', '1x1 6x6x576->96'],
  ]);
  expect(nearestShape('depthwise_conv2d', { kernel: 5, stride: 2, inputChannels: 8 })).toBe(
    'dw 3x3 s2 24x24x96',
  );
  expect(nearestShape('fully_connected', { inputChannels: 64 })).toBe('fc 1280->100');
});
