import { describe, expect, it } from 'vitest';
import { listSamples, parseLabels } from '../../../src/data/labelled-folder.js';
import { createMemoryHost } from '../../../src/support/memory-host.js';

describe('listSamples', () => {
  it('reads labels.csv, quotes, CRLF and all', async () => {
    const host = createMemoryHost({ 'set/labels.csv': '\uFEFFfile,label\r\na.png,3\r\n"b,1.png",0\r\n\r\n' });
    expect(await listSamples(host, 'set/')).toEqual([
      { path: 'set/a.png', label: 3 },
      { path: 'set/b,1.png', label: 0 },
    ]);
  });

  it('takes class folders: names in order, or numbers as they are', async () => {
    const named = createMemoryHost({ 's/dog/1.png': '', 's/cat/2.jpg': '', 's/cat/note.txt': '' });
    expect(await listSamples(named, 's')).toEqual([
      { path: 's/cat/2.jpg', label: 0 },
      { path: 's/dog/1.png', label: 1 },
    ]);
    const numbered = createMemoryHost({ 's/10/a.png': '', 's/2/b.png': '' });
    expect((await listSamples(numbered, 's')).map((sample) => sample.label)).toEqual([10, 2]);
  });

  it('says what it expected', async () => {
    await expect(listSamples(createMemoryHost({ 's/a.txt': '' }), 's')).rejects.toThrow(
      's: no labelled samples; expected labels.csv with the header "file,label", or one subfolder per class',
    );
    expect(() => parseLabels('name,class\n', 'l.csv', '.')).toThrow('found "name,class"');
    expect(() => parseLabels('file,label\na.png,cat', 'l.csv', '.')).toThrow('l.csv:2: wrong row');
  });
});
