/** LDRD, STRD, LDM, STM, exclusives and their FP relatives: word after word, faulting when unaligned. */
import { failed, failedWith, readAligned, readPage, readSlow, writeAligned, writePage, writeSlow } from '../bus';
import { FREGS, MONITOR, REGS, SCRATCH, WATCH } from '../map';
import { aux, get, imm, ra, rd, rn, set, vm, vn } from '../state';
import { Stop } from '../stop-kinds';
import { fault } from '../trace';

/** aux: 1 = indexed before the access, 2 = base written back. */
export function ldrd(op: usize): usize {
  const base = vn(op);
  const address = aux(op) & 1 ? base + imm(op) : base;
  const low = readAligned(op, address);
  if (failed) return fault(op, failedWith, address);
  const high = readAligned(op, address + 4);
  if (failed) return fault(op, failedWith, address + 4);
  set(rd(op), low);
  set(ra(op), high);
  if (aux(op) & 2) set(rn(op), base + imm(op));
  return op + 16;
}

export function strd(op: usize): usize {
  const base = vn(op);
  const address = aux(op) & 1 ? base + imm(op) : base;
  writeAligned(op, address, get(rd(op)));
  if (failed) return fault(op, failedWith, address);
  writeAligned(op, address + 4, get(ra(op)));
  if (failed) return fault(op, failedWith, address + 4);
  if (aux(op) & 2) set(rn(op), base + imm(op));
  return op + 16;
}

/** Bytes from `address` lie in one page, aligned: then one look-up serves them all. */
@inline function onePage(address: u32, bytes: u32): bool {
  return (address & 3) == 0 && (address & 0xfff) + bytes <= 0x1000;
}

/** imm = register mask; aux: 1 = base written back, 2 = downwards. */
export function ldm(op: usize): usize {
  let mask = imm(op);
  const bytes = <u32>popcnt<u32>(mask) << 2;
  const base = vn(op);
  const down = (aux(op) & 2) != 0;
  const address = down ? base - bytes : base;
  const page = onePage(address, bytes) ? readPage(address) : 1;
  if ((page & 1) == 0) {
    // before the loads: a base that is loaded keeps what it is loaded with
    if (aux(op) & 1) set(rn(op), down ? base - bytes : base + bytes);
    let host = <usize>(page + address);
    while (mask != 0) {
      store<u32>(REGS + (<usize>ctz<u32>(mask) << 2), load<u32>(host));
      host += 4;
      mask &= mask - 1;
    }
    return op + 16;
  }
  return ldmSlow(op, address, base, bytes);
}

function ldmSlow(op: usize, first: u32, base: u32, bytes: u32): usize {
  // every word is read before any register changes, so that a fault leaves them as they were
  for (let i: u32 = 0; i < bytes; i += 4) {
    const word = readAligned(op, first + i);
    if (failed) return fault(op, failedWith, first + i);
    store<u32>(SCRATCH + <usize>i, word);
  }
  if (aux(op) & 1) set(rn(op), aux(op) & 2 ? base - bytes : base + bytes);
  let from = SCRATCH;
  for (let mask = imm(op); mask != 0; mask &= mask - 1) {
    store<u32>(REGS + (<usize>ctz<u32>(mask) << 2), load<u32>(from));
    from += 4;
  }
  return op + 16;
}

export function stm(op: usize): usize {
  let mask = imm(op);
  const bytes = <u32>popcnt<u32>(mask) << 2;
  const base = vn(op);
  const down = (aux(op) & 2) != 0;
  let address = down ? base - bytes : base;
  const page = onePage(address, bytes) ? writePage(address) : 1;
  if ((page & 1) == 0) {
    let host = <usize>(page + address);
    while (mask != 0) {
      store<u32>(host, load<u32>(REGS + (<usize>ctz<u32>(mask) << 2)));
      store<u32>(host, 0x01010101, WATCH);
      host += 4;
      mask &= mask - 1;
    }
  } else {
    for (; mask != 0; mask &= mask - 1) {
      writeAligned(op, address, load<u32>(REGS + (<usize>ctz<u32>(mask) << 2)));
      if (failed) return fault(op, failedWith, address);
      address += 4;
    }
  }
  if (aux(op) & 1) set(rn(op), down ? base - bytes : base + bytes);
  return op + 16;
}

/** rd = first FP register; imm = words. */
export function vldm(op: usize): usize {
  const bytes = imm(op) << 2;
  const base = vn(op);
  const down = (aux(op) & 2) != 0;
  const address = down ? base - bytes : base;
  const first = FREGS + <usize>rd(op);
  for (let i: u32 = 0; i < bytes; i += 4) {
    const word = readAligned(op, address + i);
    if (failed) return fault(op, failedWith, address + i);
    store<u32>(first + i, word);
  }
  if (aux(op) & 1) set(rn(op), down ? base - bytes : base + bytes);
  return op + 16;
}

export function vstm(op: usize): usize {
  const bytes = imm(op) << 2;
  const base = vn(op);
  const down = (aux(op) & 2) != 0;
  const address = down ? base - bytes : base;
  const first = FREGS + <usize>rd(op);
  for (let i: u32 = 0; i < bytes; i += 4) {
    writeAligned(op, address + i, load<u32>(first + i));
    if (failed) return fault(op, failedWith, address + i);
  }
  if (aux(op) & 1) set(rn(op), down ? base - bytes : base + bytes);
  return op + 16;
}

export function vldr(op: usize, words: u32): usize {
  const address = vn(op) + imm(op);
  for (let i: u32 = 0; i < words; i++) {
    const word = readAligned(op, address + (i << 2));
    if (failed) return fault(op, failedWith, address + (i << 2));
    store<u32>(FREGS + <usize>(rd(op) + (i << 2)), word);
  }
  return op + 16;
}

export function vstr(op: usize, words: u32): usize {
  const address = vn(op) + imm(op);
  for (let i: u32 = 0; i < words; i++) {
    writeAligned(op, address + (i << 2), load<u32>(FREGS + <usize>(rd(op) + (i << 2))));
    if (failed) return fault(op, failedWith, address + (i << 2));
  }
  return op + 16;
}

// --- exclusive, acquire, release: aux = width in bytes; these fault when unaligned ---------------------------

@inline function isUnaligned(address: u32, width: u32): bool { return (address & (width - 1)) != 0; }

export function ldrex(op: usize, exclusive: bool): usize {
  const address = vn(op) + imm(op);
  if (isUnaligned(address, aux(op))) return fault(op, Stop.UNALIGNED, address);
  const value = readSlow(op, address, aux(op));
  if (failed) return fault(op, failedWith, address);
  if (exclusive) store<u32>(MONITOR, address | 1);
  set(rd(op), value);
  return op + 16;
}

export function strex(op: usize): usize {
  const address = vn(op) + imm(op);
  if (isUnaligned(address, aux(op))) return fault(op, Stop.UNALIGNED, address);
  const open = load<u32>(MONITOR) == (address | 1);
  store<u32>(MONITOR, 0);
  if (!open) {
    set(rd(op), 1);
    return op + 16;
  }
  writeSlow(op, address, aux(op), vm(op));
  if (failed) return fault(op, failedWith, address);
  set(rd(op), 0);
  return op + 16;
}

export function stl(op: usize): usize {
  const address = vn(op) + imm(op);
  if (isUnaligned(address, aux(op))) return fault(op, Stop.UNALIGNED, address);
  writeSlow(op, address, aux(op), get(rd(op)));
  return failed ? fault(op, failedWith, address) : op + 16;
}
