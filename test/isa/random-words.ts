/** Random instruction words: each must execute like Unicorn or be refused like Unicorn, or stand in the table of known differences. */
import { createRandom, type Random } from '../../src/support/random.js';
import { type Differential, randomState } from './differential.js';
import { explain } from './known-differences.js';
import { FPSCR, hex, RAM_MIDDLE, SP } from './state.js';

export interface WordsResult {
  readonly words: number;
  readonly executed: number;
  readonly refused: number;
  /** How often each known difference was met. */
  readonly explained: ReadonlyMap<string, number>;
  readonly unexplained: readonly string[];
}

/** Share of 32-bit words; their space is the larger and the less regular. */
const WIDE_SHARE = 0.8;

export function compareRandomWords(differential: Differential, count: number, seed: number): WordsResult {
  const random = createRandom(seed);
  differential.fillMemory(random);
  const explained = new Map<string, number>();
  const unexplained: string[] = [];
  let executed = 0;
  let refused = 0;
  for (let index = 0; index < count && unexplained.length < 200; index++) {
    const code = randomWord(random);
    plausibleState(random, differential.state);
    let difference = differential.compare(code, true, isDualMultiply(code));
    if (difference !== undefined && difference !== 'fault' && !difference.startsWith('built-in')) {
      differential.reopenReference();
      differential.fillMemory(random);
      difference = differential.compare(code, true, isDualMultiply(code));
    }
    if (difference === undefined) executed++;
    else if (difference === 'fault') refused++;
    else {
      differential.fillMemory(random);
      const reason = explain(code, differential.state, difference);
      if (reason === undefined) unexplained.push(`${text(code)}: ${difference}`);
      else explained.set(reason, (explained.get(reason) ?? 0) + 1);
    }
  }
  return { words: count, executed, refused, explained, unexplained };
}

const isWide = (half: number): boolean => half >>> 11 >= 0x1d;

function randomWord(random: Random): Uint16Array {
  for (;;) {
    const wide = random.next() < WIDE_SHARE;
    const first = wide ? random.integer(0xe800, 0xffff) : random.integer(0, 0xe7ff);
    // an IT makes what follows conditional: the forms cover that
    if (first >>> 8 === 0xbf && (first & 15) !== 0) continue;
    return isWide(first) ? Uint16Array.of(first, random.integer(0, 0xffff)) : Uint16Array.of(first);
  }
}

/** Half of the registers point into RAM, so that loads and stores often succeed. */
function plausibleState(random: Random, state: Uint32Array): void {
  randomState(random, state);
  for (let index = 0; index < SP; index++) {
    if (random.next() < 0.5) state[index] = RAM_MIDDLE + 4 * random.integer(-300, 300);
  }
  state[FPSCR] = state[FPSCR]! & ~0x00c00000;
}

/** SMLAD, SMLSD: Unicorn sets Q by another rule. */
const isDualMultiply = (code: Uint16Array): boolean => {
  const operation = code[0]! & 0xfff0;
  return operation === 0xfb20 || operation === 0xfb40;
};

const text = (code: Uint16Array): string => [...code].map((half) => hex(half).slice(4)).join(' ');
