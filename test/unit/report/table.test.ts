import { describe, expect, it } from 'vitest';
import { formatPairs, formatTable, shortenMiddle } from '../../../src/report/table.js';
import {
  formatBytes,
  formatCount,
  formatLarge,
  formatMilliseconds,
  formatPercent,
} from '../../../src/report/units.js';

describe('units', () => {
  it.each([
    [formatCount(1234567), '1,234,567'],
    [formatCount(999), '999'],
    [formatBytes(1023), '1023 B'],
    [formatBytes(65536), '64.0 KiB'],
    [formatBytes(2 * 1024 * 1024), '2,048.0 KiB'],
    [formatLarge(29612345), '29.6 M'],
    [formatLarge(26567), '26.6 k'],
    [formatMilliseconds(1234), '1.23 s'],
    [formatMilliseconds(12.34), '12.3 ms'],
    [formatMilliseconds(0.5), '0.50 ms'],
    [formatPercent(0.1234), '12.3 %'],
  ])('%s', (found, expected) => {
    expect(found).toBe(expected);
  });
});

describe('formatTable', () => {
  it('aligns, shortens in the middle and colours after aligning', () => {
    const style = (format: string, text: string): string => `<${format}>${text}</${format}>`;
    const table = formatTable(
      [
        { title: 'layer', align: 'left', maxWidth: 7 },
        { title: 'cycles', align: 'right' },
        { title: 'verdict', align: 'left' },
      ],
      [
        ['conv', '12', { text: 'equal', format: 'green' }],
        ['a_long_name', '1,234,567', ''],
      ],
      style,
    );
    expect(table.split('\n')).toEqual([
      '<dim>layer</dim>       <dim>cycles</dim>  <dim>verdict</dim>',
      'conv            12  <green>equal</green>',
      'a_l…ame  1,234,567',
    ]);
  });

  it('keeps pairs in columns', () => {
    expect(
      formatPairs([
        ['a', '1'],
        ['long', '2'],
      ]),
    ).toBe('a     1\nlong  2');
    expect(shortenMiddle('abcdef', 4)).toBe('ab…f');
  });
});
