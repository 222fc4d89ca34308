/** Adds up instructions and cycles block by block, as Unicorn's block hook reports them. */
import type { BlockTable } from './block-table.js';
import { dataAddresses } from './data-address.js';

export class BlockCounter {
  instructions = 0;
  cycles = 0;
  /** Number of the block being executed, 0 before any; where it starts and the address behind it. */
  block = 0;
  private start = 0;
  private fallThrough = -1;
  private readonly blocks: BlockTable;

  constructor(blocks: BlockTable) {
    this.blocks = blocks;
  }

  reset(): void {
    this.instructions = 0;
    this.cycles = 0;
    this.forget();
  }

  /** What runs next has no predecessor: its pipeline is empty. */
  forget(): void {
    this.block = 0;
    this.fallThrough = -1;
  }

  /** Counts a block at its entry. Some ten million calls a second: no allocation, few branches. */
  enter(address: number, size: number): number {
    const { blocks, block: previous } = this;
    const block = blocks.find(address, size);
    let cost = blocks.cycles[block]!;
    if (previous !== 0) {
      if (address !== this.fallThrough) cost += blocks.taken[previous]!;
      else cost = blocks.cyclesBehind(block, previous) + blocks.notTaken[previous]!;
    }
    this.cycles += cost;
    this.instructions += blocks.instructions[block]!;
    this.block = block;
    this.start = address;
    this.fallThrough = address + size;
    return block;
  }

  /** At a stop, charges the branch that led to `target` to the code that ran, not to what runs next. */
  settle(target: number): void {
    if (this.block !== 0) {
      this.cycles +=
        target === this.fallThrough ? this.blocks.notTaken[this.block]! : this.blocks.taken[this.block]!;
    }
    this.forget();
  }

  /** The run ended at `pc` within the block: takes back what was counted for the rest of it. */
  rewindTo(pc: number): void {
    if (!this.holds(pc)) return;
    const done = this.blocks.before(this.block, pc);
    this.instructions -= this.blocks.instructions[this.block]! - done.instructions;
    this.cycles -= this.blocks.cycles[this.block]! - done.cycles;
  }

  /**
   * The instruction of the block, at or behind `pc`, that accesses `address` with the registers as they are;
   * `pc` if none does. (Unicorn reports the block's first instruction.)
   */
  locate(address: number, pc: number, register: (index: number) => number): number {
    if (!this.holds(pc)) return pc;
    for (const instruction of this.blocks.decode(this.block)) {
      const range = instruction.address < pc ? undefined : dataAddresses(instruction, register);
      if (range !== undefined && address >= range.start && address < range.end) return instruction.address;
    }
    return pc;
  }

  private holds(pc: number): boolean {
    return this.block !== 0 && pc >= this.start && pc < this.fallThrough;
  }
}
