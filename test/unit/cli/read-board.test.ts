import { describe, expect, it } from 'vitest';
import { parseBoard } from '../../../src/cli/read-board.js';

const BOARD = {
  id: 'mine',
  core: 'm4',
  clockHz: 64_000_000,
  flash: { origin: 0, bytes: 1 << 20 },
  sram: { origin: 0x20000000, bytes: 1 << 18 },
};
const parse = (changes: object) =>
  parseBoard(JSON.stringify({ ...BOARD, ...changes }), 'b.json', ['m4', 'm7']);

describe('parseBoard', () => {
  it('fills in what may be left out, and says so', () => {
    expect(parse({})).toMatchObject({ ...BOARD, name: 'mine', source: 'b.json' });
    expect(parse({}).memoryFactor.basis).toBe('not stated for this board');
    const memoryFactor = { low: 1, mid: 1.1, high: 1.2, basis: 'measured' };
    expect(parse({ name: 'My board', memoryFactor })).toMatchObject({ name: 'My board', memoryFactor });
  });

  it.each([
    [{ core: 'm0' }, 'b.json, "core": wrong value; found "m0"; expected m4, m7'],
    [
      { clockHz: '64 MHz' },
      'b.json, "clockHz": wrong value; found "64 MHz"; expected a number of at least 1',
    ],
    [{ sram: { origin: 0x20000000 } }, 'b.json, "sram", "bytes": wrong value; found nothing'],
    [{ flash: { origin: 2 ** 32 - 4096, bytes: 4096 } }, /"flash": .*the end at most 3758096384/],
    [{ flash: { origin: 64, bytes: 4096 } }, /"flash": .*the origin a multiple of 128/],
    [{ sram: { origin: 0x80000, bytes: 4096 } }, /"sram": .*does not overlap "flash"/],
    [{ memoryFactor: { low: 1, mid: 0.9, high: 2, basis: 'x' } }, /"mid": wrong value; found 0\.9/],
  ])('names the field of %j', (changes, message) => {
    expect(() => parse(changes)).toThrow(message);
  });

  it('names a file that is not JSON', () => {
    expect(() => parseBoard('{', 'b.json', ['m4'])).toThrow(/^b\.json: not JSON/);
  });
});
