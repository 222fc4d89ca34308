/** From raw counts to what a reader wants: functions, hot blocks, source lines, flame-graph stacks. */
import type { ElfImage, ElfSymbol } from '../ir/elf-image.js';
import type { CallNode, InstructionCount, RawProfile } from './builtin-counts.js';

export interface FunctionProfile {
  readonly name: string;
  readonly address: number;
  /** 0 when it was only jumped into (tail calls, the root). */
  readonly calls: number;
  /** In the function itself, callees excluded. */
  readonly instructions: number;
  readonly cycles: number;
}

/** A run of instructions that were executed equally often. */
export interface BlockProfile {
  readonly start: number;
  /** First address behind the last instruction's first halfword; add its size to get the end. */
  readonly last: number;
  readonly executions: number;
  readonly instructions: number;
  readonly cycles: number;
  readonly function: string;
}

export interface LineProfile {
  readonly file: string;
  readonly line: number;
  readonly instructions: number;
  readonly cycles: number;
}

/** Where an address comes from in the source; undefined without debug information. */
export type LocateLine = (address: number) => { readonly file: string; readonly line: number } | undefined;

/** One call path and the cycles spent at its end. */
export interface Stack {
  /** Outermost first. */
  readonly frames: readonly string[];
  readonly cycles: number;
}

const hex = (address: number): string => `0x${address.toString(16).padStart(8, '0')}`;

/** Finds the function that an address belongs to; assembly functions without a size reach to the next symbol. */
export class FunctionIndex {
  private readonly symbols: readonly ElfSymbol[];

  constructor(elf: ElfImage) {
    this.symbols = [...elf.symbols.values()]
      .filter((symbol) => symbol.type === 'function')
      .sort((a, b) => a.address - b.address || a.size - b.size);
  }

  at(address: number): ElfSymbol | undefined {
    let low = 0;
    let high = this.symbols.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.symbols[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    const symbol = this.symbols[low - 1];
    if (symbol === undefined) return undefined;
    return symbol.size === 0 || address < symbol.address + symbol.size ? symbol : undefined;
  }

  nameAt(address: number): string {
    return this.at(address)?.name ?? hex(address);
  }
}

/** By cycles, the dearest first. Attribution is by address, so that tail calls count where they run. */
export function functionProfile(profile: RawProfile, elf: ElfImage): readonly FunctionProfile[] {
  const calls = new Map<number, number>();
  countCalls(profile.callTree, calls);
  const index = new FunctionIndex(elf);
  const functions = new Map<number, { name: string; instructions: number; cycles: number }>();
  for (const { address, executions, cycles } of profile.counts) {
    const symbol = index.at(address);
    const start = symbol?.address ?? address;
    const entry = functions.get(start) ?? { name: symbol?.name ?? hex(address), instructions: 0, cycles: 0 };
    entry.instructions += executions;
    entry.cycles += cycles;
    functions.set(start, entry);
  }
  return [...functions]
    .map(([address, entry]) => ({ address, calls: calls.get(address) ?? 0, ...entry }))
    .sort((a, b) => b.cycles - a.cycles || a.address - b.address);
}

function countCalls(node: CallNode, calls: Map<number, number>): void {
  calls.set(node.address, (calls.get(node.address) ?? 0) + node.calls);
  for (const child of node.children) countCalls(child, calls);
}

/** The `limit` dearest runs of instructions with equal counts. */
export function hottestBlocks(profile: RawProfile, elf: ElfImage, limit: number): readonly BlockProfile[] {
  const index = new FunctionIndex(elf);
  const blocks: BlockProfile[] = [];
  let run: InstructionCount[] = [];
  const close = (): void => {
    const first = run[0];
    if (first === undefined) return;
    blocks.push({
      start: first.address,
      last: run[run.length - 1]!.address,
      executions: first.executions,
      instructions: run.length,
      cycles: run.reduce((sum, count) => sum + count.cycles, 0),
      function: index.nameAt(first.address),
    });
    run = [];
  };
  for (const count of profile.counts) {
    const previous = run[run.length - 1];
    const continues =
      previous !== undefined &&
      count.address - previous.address <= 4 &&
      count.executions === previous.executions &&
      index.at(count.address) === index.at(previous.address);
    if (!continues) close();
    run.push(count);
  }
  close();
  return blocks.sort((a, b) => b.cycles - a.cycles).slice(0, limit);
}

/** By cycles, the dearest first; instructions without a line are left out. */
export function lineProfile(profile: RawProfile, locate: LocateLine): readonly LineProfile[] {
  const lines = new Map<string, { file: string; line: number; instructions: number; cycles: number }>();
  for (const { address, executions, cycles } of profile.counts) {
    const place = locate(address);
    if (place === undefined) continue;
    const key = `${place.file}:${place.line}`;
    const entry = lines.get(key) ?? { ...place, instructions: 0, cycles: 0 };
    entry.instructions += executions;
    entry.cycles += cycles;
    lines.set(key, entry);
  }
  return [...lines.values()].sort((a, b) => b.cycles - a.cycles);
}

/** Every call path in which cycles were spent: the input of a flame graph. */
export function stacks(profile: RawProfile, elf: ElfImage): readonly Stack[] {
  const index = new FunctionIndex(elf);
  const result: Stack[] = [];
  const visit = (node: CallNode, path: readonly string[]): void => {
    const frames = [...path, index.nameAt(node.address)];
    if (node.cycles > 0) result.push({ frames, cycles: node.cycles });
    for (const child of node.children) visit(child, frames);
  };
  visit(profile.callTree, []);
  return result;
}
