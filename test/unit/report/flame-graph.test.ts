import { describe, expect, it } from 'vitest';
import { flameGraph } from '../../../src/report/flame-graph.js';

const STACKS = [
  { frames: ['main'], cycles: 100 },
  { frames: ['main', 'load'], cycles: 300 },
  { frames: ['main', 'vector<int>::at & more'], cycles: 600 },
];

/** Title text → width of each box. */
function boxes(svg: string): ReadonlyMap<string, number> {
  const found = svg.matchAll(/<g><title>([^<]*)<\/title><rect x="[\d.]+" y="\d+" width="([\d.]+)"/g);
  return new Map([...found].map(([, title, width]) => [title!, Number(width)]));
}

describe('flameGraph', () => {
  const svg = flameGraph('a <title>', STACKS);

  it('draws each function on its path as wide as its share', () => {
    const widths = boxes(svg);
    expect([...widths.keys()]).toEqual([
      'all: 1,000 cycles, 100.00 %',
      'main: 1,000 cycles, 100.00 %',
      'load: 300 cycles, 30.00 %',
      'vector&lt;int&gt;::at &amp; more: 600 cycles, 60.00 %',
    ]);
    expect([...widths.values()]).toEqual([1180, 1180, 354, 708]);
  });

  it('escapes names, needs no script, and is the same for the same stacks', () => {
    expect(svg).toContain('a &lt;title&gt;');
    expect(svg).not.toContain('<script');
    expect(flameGraph('a <title>', STACKS)).toBe(svg);
    expect(svg.match(/<g>/g)?.length).toBe(svg.match(/<\/g>/g)?.length);
  });

  it('leaves out what is too narrow to see, and draws nothing of nothing', () => {
    const narrow = [...STACKS, { frames: ['main', 'tiny'], cycles: 0.1 }];
    expect(flameGraph('', narrow)).not.toContain('tiny');
    expect(boxes(flameGraph('', [])).size).toBe(0);
  });
});
