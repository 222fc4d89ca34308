/**
 * What the decoder tells the timing model about the instruction it decodes: class, registers by where in the
 * pipeline they are consumed, registers written. Reset before each instruction.
 */
import { Cls } from './classes';

export let cls: u32 = 0;
/** Core registers read, bit n for rn, by port: ordinary, shifter or extractor, address, accumulator, store data. */
export let dataReads: u32 = 0;
export let earlyReads: u32 = 0;
export let addressReads: u32 = 0;
export let accumulateReads: u32 = 0;
export let storeReads: u32 = 0;
export let writes: u32 = 0;
/** The base register, when it is written back (also in `writes`). */
export let writeback: u32 = 0;
/** FP registers, bit n for s_n. */
export let fpReads: u32 = 0;
export let fpAccumulateReads: u32 = 0;
export let fpWrites: u32 = 0;
export let readsFlags: bool = false;
export let writesFlags: bool = false;
export let registerOffset: bool = false;
/** Registers moved by a load or store. */
export let transfers: u32 = 1;
/** Instruction bytes. */
export let size: u32 = 2;
/** Loads whose address is PC plus a constant. */
export let literal: bool = false;

export function resetInfo(): void {
  cls = Cls.ALU;
  dataReads = earlyReads = addressReads = accumulateReads = storeReads = writes = writeback = 0;
  fpReads = fpAccumulateReads = fpWrites = 0;
  readsFlags = writesFlags = registerOffset = literal = false;
  transfers = 1;
}

export function setClass(value: u32): void { cls = value; }
export function setSize(value: u32): void { size = value; }
export function setTransfers(value: u32): void { transfers = value; }
export function setRegisterOffset(): void { registerOffset = true; }
export function setLiteral(): void { literal = true; }
export function flagsRead(): void { readsFlags = true; }
export function flagsWritten(): void { writesFlags = true; }
export function noteRead(r: u32): void { dataReads |= 1 << r; }
export function noteEarly(r: u32): void { earlyReads |= 1 << r; }
export function noteAddress(r: u32): void { addressReads |= 1 << r; }
export function noteAccumulate(r: u32): void { accumulateReads |= 1 << r; }
export function noteStore(r: u32): void { storeReads |= 1 << r; }
export function noteStores(mask: u32): void { storeReads |= mask; }
export function noteWrite(r: u32): void { writes |= 1 << r; }
export function noteWrites(mask: u32): void { writes |= mask; }
export function noteWriteback(r: u32): void { writes |= 1 << r; writeback |= 1 << r; }
export function noteFpRead(mask: u32): void { fpReads |= mask; }
export function noteFpAccumulate(mask: u32): void { fpAccumulateReads |= mask; }
export function noteFpWrite(mask: u32): void { fpWrites |= mask; }
