/** Seeded damage to a .tflite file: bit flips, truncations, edits of length and offset words, moved blocks. */

/** mulberry32, as src/support/random.ts; written out here so that a seed means the same without a build. */
export function createRandom(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const integer = (low, high) => low + Math.floor(next() * (high - low + 1));
  return { next, integer, pick: (items) => items[integer(0, items.length - 1)] };
}

/** Positions of aligned words that look like lengths, offsets or sizes rather than weights. */
export function structuralWords(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const value = view.getUint32(at, true);
    if ((value > 0 && value < 8192) || value > 0xffff0000) words.push(at);
  }
  return words;
}

function flipBits(bytes, random) {
  for (let n = random.integer(1, 32); n > 0; n--)
    bytes[random.integer(0, bytes.length - 1)] ^= 1 << random.integer(0, 7);
  return bytes;
}

function flipStructuralBits(bytes, random, words) {
  for (let n = random.integer(1, 4); n > 0; n--)
    bytes[random.pick(words) + random.integer(0, 3)] ^= 1 << random.integer(0, 7);
  return bytes;
}

function truncate(bytes, random) {
  return bytes.slice(0, random.pick([random.integer(0, 64), random.integer(0, bytes.length)]));
}

function editWord(bytes, random, words) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let n = random.integer(1, 3); n > 0; n--) {
    const at = random.pick(words);
    const old = view.getUint32(at, true);
    const edited = random.pick([
      0,
      1,
      old + 1,
      old - 1,
      old * 2,
      old * 1000,
      0x7fffffff,
      0xffffffff,
      0x80000000,
      0x10000,
      random.integer(0, 0xffffffff),
      random.integer(0, bytes.length),
    ]);
    view.setUint32(at, edited >>> 0, true);
  }
  return bytes;
}

/** Lets an offset word point elsewhere: backwards, past the end, or at another structure. */
function editOffset(bytes, random, words) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = random.pick(words);
  const target = random.pick([
    random.pick(words),
    bytes.length - random.integer(0, 8),
    at,
    random.integer(0, 64),
  ]);
  view.setUint32(at, (target - at) >>> 0, true);
  return bytes;
}

function editVtable(bytes, random, words) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let n = random.integer(1, 4); n > 0; n--) {
    const at = random.pick(words) + 2 * random.integer(0, 1);
    view.setUint16(at, random.pick([0, 2, 3, 4, 6, 8, 0xffff, random.integer(0, 0xffff)]), true);
  }
  return bytes;
}

function moveBlock(bytes, random) {
  const length = random.integer(1, 256);
  const from = random.integer(0, bytes.length - length);
  const to = random.integer(0, bytes.length - length);
  bytes.copyWithin(to, from, from + length);
  return bytes;
}

const MUTATORS = {
  flipBits,
  flipStructuralBits,
  truncate,
  editWord,
  editOffset,
  editVtable,
  moveBlock,
};

/** What `mutate` needs to know of a file; made once. */
export const prepare = structuralWords;

/** The mutated file of one seed, and which damage was done. */
export function mutate(original, words, seed) {
  const random = createRandom(seed);
  const kind = random.pick(Object.keys(MUTATORS));
  let bytes = original.slice();
  bytes = MUTATORS[kind](bytes, random, words);
  // Two kinds of damage in one file now and then.
  if (bytes.length > 64 && random.integer(0, 3) === 0) bytes = editInside(bytes, random, words);
  return { kind, bytes };
}

function editInside(bytes, random, words) {
  const inside = words.filter((at) => at + 4 <= bytes.length);
  return inside.length === 0 ? bytes : editWord(bytes, random, inside);
}
