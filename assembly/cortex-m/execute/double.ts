/** Double-precision instructions (M7): always the exact way, rare as they are. */
import * as exact from '../float/arithmetic';
import * as convert from '../float/convert';

import { Op } from '../opcodes';
import { aux, getD, getS, rd, rm, rn, setDouble, setS } from '../state';
import { fromFixed, insertHalf, selects, setFloatFlags, toFixed } from './float';

const SIGN: u64 = 0x8000000000000000;

export function execute(op: usize): void {
  const opcode = <i32>load<u16>(op);
  if (opcode >= Op.VCMP_D) return converting(op, opcode);
  const n = getD(rn(op));
  const m = getD(rm(op));
  const d = rd(op);
  switch (opcode) {
    case Op.VADD_D: return setDouble(d, exact.add(n, m, true));
    case Op.VSUB_D: return setDouble(d, exact.add(n, (m & ~SIGN) > 0x7ff0000000000000 ? m : m ^ SIGN, true));
    case Op.VMUL_D: return setDouble(d, exact.multiply(n, m, true));
    case Op.VNMUL_D: return setDouble(d, exact.multiply(n, m, true) ^ SIGN);
    case Op.VDIV_D: return setDouble(d, exact.divide(n, m, true));
    case Op.VSQRT_D: return setDouble(d, exact.squareRoot(m, true));
    case Op.VMLA_D: {
      const p = exact.multiply(n, m, true);
      return setDouble(d, exact.add(negatedIf(getD(d), 2, op), negatedIf(p, 1, op), true));
    }
    default: return setDouble(d, exact.multiplyAdd(negatedIf(getD(d), 2, op), negatedIf(n, 1, op), m, true));
  }
}

function negatedIf(value: u64, bit: u32, op: usize): u64 { return aux(op) & bit ? value ^ SIGN : value; }

function converting(op: usize, opcode: i32): void {
  const d = rd(op);
  switch (opcode) {
    case Op.VCMP_D: return setFloatFlags(convert.compare(getD(d), getD(rm(op)), true, aux(op) != 0));
    case Op.VCMP_ZD: return setFloatFlags(convert.compare(getD(d), 0, true, aux(op) != 0));
    case Op.VCVT_FI_D: {
      const signed = (aux(op) & 8) != 0;
      return setS(d, <u32>convert.toInteger(getD(rm(op)), true, aux(op) & 7, signed, 32, 0));
    }
    case Op.VCVT_IF_D: {
      const value = getS(rm(op));
      return setDouble(d, convert.fromInteger(aux(op) ? <i64><i32>value : <i64>value, true, 0, 0));
    }
    case Op.VCVT_FX_D: return setDouble(d, toFixed(op, getD(d), true));
    case Op.VCVT_XF_D: return setDouble(d, fromFixed(op, getD(d), true));
    case Op.VCVT_HALF_D: {
      const shift: u32 = aux(op) & 1 ? 16 : 0;
      if (aux(op) & 2) return insertHalf(op, convert.toHalf(getD(rm(op)), true));
      return setDouble(d, convert.fromHalf((getS(rm(op)) >>> shift) & 0xffff, true));
    }
    case Op.VSEL_D: return setDouble(d, selects(op) ? getD(rn(op)) : getD(rm(op)));
    case Op.VMAXNM_D: return setDouble(d, convert.maxNum(getD(rn(op)), getD(rm(op)), true, aux(op) != 0));
    case Op.VRINT_D: return setDouble(d, convert.roundToIntegral(getD(rm(op)), true, aux(op) & 7, (aux(op) & 8) != 0));
    case Op.VCVT_SD: return setS(d, <u32>convert.resize(getD(rm(op)), true));
    default: return setDouble(d, convert.resize(getS(rm(op)), false));
  }
}
