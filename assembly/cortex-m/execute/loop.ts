/** The interpreter: predecoded operations, one after the other. */
import { FLASH_START, HALT_OP, REGS } from '../map';
import { Op } from '../opcodes';
import { enter } from '../trace';
import { frequent } from './frequent';

/**
 * Runs from the address in r15 until something ends the run; the reason is in STOP_KIND.
 *
 * Two operations a turn, because V8 looks at its stack limit once a turn. Three would make the function too large for
 * V8's better register allocator (8,192 virtual registers), which costs more than it saves.
 */
export function interpret(): void {
  let op = enter(load<u32>(REGS + 60));
  store<u32>(FLASH_START, load<u32>(REGS + 60));
  // the host asked to go on from here, so do not stop again at once
  if (load<u16>(op) == Op.STOP) op += 32;
  do {
    op = frequent(op);
    op = frequent(op);
  } while (op != HALT_OP);
}
