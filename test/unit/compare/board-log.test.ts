/** Reading logs as serial monitors and debuggers leave them. */
import { describe, expect, it } from 'vitest';
import { parseBoardLog } from '../../../src/compare/board-log.js';

const LOG = `quantmcu-check begin version=1 layers=2 mode=tflm core=m4 board=l4r5zi model=my net
quantmcu-check input 0 bytes=490 crc=0000abcd
quantmcu-check layer 0 crc=84ef386c cycles=817845
quantmcu-check layer 1 crc=ffffffff cycles=4294967295
quantmcu-check output 0 crc=00000001
quantmcu-check end
`;

describe('parseBoardLog', () => {
  it('reads every field', () => {
    expect(parseBoardLog(LOG, 'a.txt')).toEqual({
      ...{ layerCount: 2, mode: 'tflm', core: 'm4', board: 'l4r5zi', model: 'my net', complete: true },
      inputs: [{ bytes: 490, crc: 0xabcd }],
      layers: [
        { crc: 0x84ef386c, cycles: 817845 },
        { crc: 0xffffffff, cycles: 4294967295 },
      ],
      outputs: [1],
    });
  });

  it('finds the lines among others, with time stamps and any line ends', () => {
    const noisy = `boot\r\n\r\n${LOG.split('\n')
      .map((line) => (line === '' ? '' : `[12:00:01.5] ${line}`))
      .join('\r\n')}\r\nI2C ready\r\n`;
    expect(parseBoardLog(noisy, '')).toEqual(parseBoardLog(LOG, ''));
  });

  it('takes the last complete of several runs, else the last', () => {
    const broken = LOG.split('\n').slice(0, 3).join('\n');
    expect(parseBoardLog(`${LOG}${broken}`, '').complete).toBe(true);
    const partial = parseBoardLog(`${broken}\n${broken}`, '');
    expect(partial).toMatchObject({ complete: false, outputs: [] });
    expect(partial.layers).toHaveLength(1);
  });

  it.each([
    ['', /^log\/empty.*no run of a self-check/],
    ['quantmcu-check layer 0 crc=84ef386c cycles=1', /^log\/empty/],
    [LOG.replace('version=1', 'version=2'), /^log\/version.*found version 2; expected version 1/],
    [LOG.replace('84ef386c', '84ef'), /^log\/damaged.*layer 0 crc=84ef /],
    [LOG.replace(' cycles=817845', ''), /^log\/damaged/],
    [LOG.replace('layer 1', 'layer 2'), /^log\/damaged.*out of order/],
    [LOG.replace('mode=tflm ', ''), /^log\/damaged.*begin/],
    [LOG.replace('quantmcu-check output', 'quantmcu-check outpt'), /^log\/damaged/],
  ])('refuses %j', (text, expected) => {
    let message = '';
    try {
      parseBoardLog(text, 'a.txt');
    } catch (error) {
      message = `${(error as { code: string }).code} ${(error as Error).message}`;
    }
    expect(message).toMatch(expected);
    expect(message).toContain('a.txt');
  });
});
