/** LDM, STM, PUSH, POP (DDI 0403E A7.7.41 ff.). */
import { Op } from '../opcodes';
import { Cls } from '../timing/classes';
import * as info from '../timing/info';
import { address, branchAllowed, emit, emitExit, endTrace, refuse, written } from './emit';

/**
 * `narrow` encodings may load their base; auxiliary bits: 1 = base written back, 2 = addresses run downwards from
 * the base (DB). The immediate is the register mask; bit 15 of a load is PC.
 */
export function emitMultiple(isLoad: bool, up: bool, n: u32, mask: u32, back: bool, narrow: bool): void {
  const count = <u32>popcnt<u32>(mask);
  if (n == 15 || count == 0 || (!narrow && count < 2) || (mask & 0x2000) != 0) return refuse();
  if (!narrow && back && (mask & (1 << n)) != 0) return refuse();
  // a narrow store of its own base is only defined when it is the lowest register
  if (narrow && !isLoad && back && (mask & (1 << n)) != 0 && (mask & ((1 << n) - 1)) != 0) return refuse();
  const pcLoaded = (mask & 0x8000) != 0;
  if (pcLoaded && (!isLoad || (!narrow && (mask & 0x4000) != 0) || !branchAllowed())) return refuse();
  info.setClass(isLoad ? Cls.LOAD_MULTIPLE : Cls.STORE_MULTIPLE);
  info.setTransfers(count);
  if (isLoad) info.noteWrites(mask);
  else info.noteStores(mask);
  emit(isLoad ? Op.LDM : Op.STM, 0, address(n), 0, mask, 0, (back ? 1 : 0) | (up ? 0 : 2));
  if (back) written(n);
  if (!pcLoaded) return;
  emitExit(Op.RET, 0, 0, 0, 15);
  endTrace();
}
