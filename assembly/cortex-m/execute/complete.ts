/** Operations that are rare, and those of execute/frequent.ts that could not be done the fast way, from their start. */
import { Access, loadSlow, storeSlow } from '../bus';
import { FPSCR, HALT_OP, MONITOR } from '../map';
import { FIRST_FUSED, FUSED, FUSED_ROWS, Op } from '../opcodes';
import {
  addCycles, aux, get, getD, getS, imm, isC, rd, rm, rn, set, setC, setD, setDouble, setS, va, vm, vn,
} from '../state';
import { noteExtra } from '../timing/extras';
import { leave } from '../trace';
import * as alu from './alu';
import * as branch from './branch';
import * as dsp from './dsp';
import * as double from './double';
import * as float from './float';
import * as m from './memory';
import * as mm from './memory-multiple';
import * as mul from './multiply';
import { spCheck } from './stacks';
import * as system from './system';

/** What the operation at `op` was before it was fused with those behind it. */
@inline function firstOf(code: u32): u32 {
  return code - FIRST_FUSED < FUSED_ROWS ? load<u32>(FUSED + (<usize>(code - FIRST_FUSED) << 4)) : code;
}

/** Writes the base back unless the access failed. */
function back(op: usize, next: usize): usize {
  if (next != HALT_OP) set(rn(op), m.offset(op));
  return next;
}

/** A skipped instruction that would have taken several cycles takes fewer. */
function skipped(op: usize): usize {
  const saved = <i32>load<i8>(op, 6);
  addCycles(saved);
  noteExtra(op, saved);
  return op + <usize>imm(op);
}

/** Executes one operation; returns the next one. A run ends at HALT, which leads to itself. */
export function complete(op: usize): usize {
  switch (<i32>firstOf(load<u16>(op))) {
    case Op.HALT: return op;
    case Op.ORN_R: setD(op, vn(op) | ~vm(op)); return op + 16;
    case Op.EOR_I: setD(op, vn(op) ^ imm(op)); return op + 16;
    case Op.ADC_R: setD(op, vn(op) + vm(op) + <u32>isC()); return op + 16;
    case Op.ADC_I: setD(op, vn(op) + imm(op) + <u32>isC()); return op + 16;
    case Op.SBC_R: setD(op, vn(op) + ~vm(op) + <u32>isC()); return op + 16;
    case Op.MVNS_R: alu.logical(op, ~vm(op)); return op + 16;
    case Op.RSBS_R: alu.subs(op, vm(op), vn(op)); return op + 16;
    case Op.RSBS_I: alu.subs(op, imm(op), vn(op)); return op + 16;
    case Op.ADCS_R: alu.adcs(op, vn(op), vm(op)); return op + 16;
    case Op.ADCS_I: alu.adcs(op, vn(op), imm(op)); return op + 16;
    case Op.SBCS_R: alu.adcs(op, vn(op), ~vm(op)); return op + 16;
    case Op.BICS_R: alu.logical(op, vn(op) & ~vm(op)); return op + 16;
    case Op.ORRS_R: alu.logical(op, vn(op) | vm(op)); return op + 16;
    case Op.ORRS_I: alu.logical(op, vn(op) | imm(op)); return op + 16;
    case Op.ORNS_R: alu.logical(op, vn(op) | ~vm(op)); return op + 16;
    case Op.EORS_I: alu.logical(op, vn(op) ^ imm(op)); return op + 16;
    case Op.SETC: setC(imm(op)); return op + 16;
    case Op.RRX: alu.rrx(op); return op + 16;
    case Op.RORS_I: alu.rors(op); return op + 16;
    case Op.LSRS_32: alu.lsrs32(op); return op + 16;
    case Op.ASRS_32: alu.asrs32(op); return op + 16;
    case Op.RRXS: alu.rrxs(op); return op + 16;
    case Op.LSLS_R: alu.lslsR(op); return op + 16;
    case Op.LSRS_R: alu.lsrsR(op); return op + 16;
    case Op.ASRS_R: alu.asrsR(op); return op + 16;
    case Op.RORS_R: alu.rorsR(op); return op + 16;
    case Op.MULS: mul.muls(op); return op + 16;
    case Op.SMULL: mul.smull(op); return op + 16;
    case Op.UMULL: mul.umull(op); return op + 16;
    case Op.SMLAL: mul.smlal(op); return op + 16;
    case Op.UMLAL: mul.umlal(op); return op + 16;
    case Op.UMAAL: mul.umaal(op); return op + 16;
    case Op.SDIV: mul.sdiv(op); return op + 16;
    case Op.UDIV: mul.udiv(op); return op + 16;
    case Op.SMULWB: mul.smulWB(op); return op + 16;
    case Op.SMULWT: mul.smulWT(op); return op + 16;
    case Op.SMLAWB: mul.smlaWB(op); return op + 16;
    case Op.SMLAWT: mul.smlaWT(op); return op + 16;
    case Op.SMLALXY: mul.smlalXY(op); return op + 16;
    case Op.SMUSD: mul.smusd(op, vm(op)); return op + 16;
    case Op.SMUSDX: mul.smusd(op, mul.swapped(op)); return op + 16;
    case Op.SMLSD: mul.smlsd(op, vm(op)); return op + 16;
    case Op.SMLSDX: mul.smlsd(op, mul.swapped(op)); return op + 16;
    case Op.SMLALD: mul.smlald(op, vm(op)); return op + 16;
    case Op.SMLALDX: mul.smlald(op, mul.swapped(op)); return op + 16;
    case Op.SMLSLD: mul.smlsld(op, vm(op)); return op + 16;
    case Op.SMLSLDX: mul.smlsld(op, mul.swapped(op)); return op + 16;
    case Op.SMMLS: mul.smmls(op, 0); return op + 16;
    case Op.SMMLSR: mul.smmls(op, 0x80000000); return op + 16;
    case Op.SSAT16: dsp.ssat16(op); return op + 16;
    case Op.QADD: dsp.qadd(op); return op + 16;
    case Op.QSUB: dsp.qsub(op); return op + 16;
    case Op.QDADD: dsp.qdadd(op); return op + 16;
    case Op.QDSUB: dsp.qdsub(op); return op + 16;
    case Op.PARALLEL: dsp.parallel(op); return op + 16;
    case Op.SADD16: dsp.sadd16(op); return op + 16;
    case Op.SSUB16: dsp.ssub16(op); return op + 16;
    case Op.SEL: dsp.sel(op); return op + 16;
    case Op.USAD8: dsp.usad8(op); return op + 16;
    case Op.USADA8: dsp.usada8(op); return op + 16;
    case Op.SXTAB16: dsp.sxtab16(op); return op + 16;
    case Op.UXTAB16: dsp.uxtab16(op); return op + 16;
    case Op.SXTAB: setD(op, vn(op) + <u32><i32><i8>dsp.rotated(op)); return op + 16;
    case Op.SXTAH: setD(op, vn(op) + <u32><i32><i16>dsp.rotated(op)); return op + 16;
    case Op.UXTAB: setD(op, vn(op) + (dsp.rotated(op) & 0xff)); return op + 16;
    case Op.UXTAH: setD(op, vn(op) + (dsp.rotated(op) & 0xffff)); return op + 16;
    case Op.CLZ: setD(op, clz<u32>(vm(op))); return op + 16;
    case Op.REV: setD(op, bswap<u32>(vm(op))); return op + 16;
    case Op.RBIT: alu.rbit(op); return op + 16;
    case Op.REV16: alu.rev16(op); return op + 16;
    case Op.REVSH: alu.revsh(op); return op + 16;
    case Op.LDR: return loadSlow(op, m.offset(op), Access.WORD);
    case Op.LDR_X: return loadSlow(op, m.indexed(op), Access.WORD);
    case Op.LDR_POST: return back(op, loadSlow(op, vn(op), Access.WORD));
    case Op.LDR_PRE: return back(op, loadSlow(op, m.offset(op), Access.WORD));
    case Op.LDRB: return loadSlow(op, m.offset(op), Access.BYTE);
    case Op.LDRB_X: return loadSlow(op, m.indexed(op), Access.BYTE);
    case Op.LDRB_POST: return back(op, loadSlow(op, vn(op), Access.BYTE));
    case Op.LDRB_PRE: return back(op, loadSlow(op, m.offset(op), Access.BYTE));
    case Op.LDRH: return loadSlow(op, m.offset(op), Access.HALF);
    case Op.LDRH_X: return loadSlow(op, m.indexed(op), Access.HALF);
    case Op.LDRH_POST: return back(op, loadSlow(op, vn(op), Access.HALF));
    case Op.LDRH_PRE: return back(op, loadSlow(op, m.offset(op), Access.HALF));
    case Op.LDRSB: return loadSlow(op, m.offset(op), Access.SIGNED_BYTE);
    case Op.LDRSB_X: return loadSlow(op, m.indexed(op), Access.SIGNED_BYTE);
    case Op.LDRSB_POST: return back(op, loadSlow(op, vn(op), Access.SIGNED_BYTE));
    case Op.LDRSB_PRE: return back(op, loadSlow(op, m.offset(op), Access.SIGNED_BYTE));
    case Op.LDRSH: return loadSlow(op, m.offset(op), Access.SIGNED_HALF);
    case Op.LDRSH_X: return loadSlow(op, m.indexed(op), Access.SIGNED_HALF);
    case Op.LDRSH_POST: return back(op, loadSlow(op, vn(op), Access.SIGNED_HALF));
    case Op.LDRSH_PRE: return back(op, loadSlow(op, m.offset(op), Access.SIGNED_HALF));
    case Op.STR: return storeSlow(op, m.offset(op), Access.WORD, get(rd(op)));
    case Op.STR_X: return storeSlow(op, m.indexed(op), Access.WORD, get(rd(op)));
    case Op.STR_POST: return back(op, storeSlow(op, vn(op), Access.WORD, get(rd(op))));
    case Op.STR_PRE: return back(op, storeSlow(op, m.offset(op), Access.WORD, get(rd(op))));
    case Op.STRB: return storeSlow(op, m.offset(op), Access.BYTE, get(rd(op)));
    case Op.STRB_X: return storeSlow(op, m.indexed(op), Access.BYTE, get(rd(op)));
    case Op.STRB_POST: return back(op, storeSlow(op, vn(op), Access.BYTE, get(rd(op))));
    case Op.STRB_PRE: return back(op, storeSlow(op, m.offset(op), Access.BYTE, get(rd(op))));
    case Op.STRH: return storeSlow(op, m.offset(op), Access.HALF, get(rd(op)));
    case Op.STRH_X: return storeSlow(op, m.indexed(op), Access.HALF, get(rd(op)));
    case Op.STRH_POST: return back(op, storeSlow(op, vn(op), Access.HALF, get(rd(op))));
    case Op.STRH_PRE: return back(op, storeSlow(op, m.offset(op), Access.HALF, get(rd(op))));
    case Op.LDRD: return mm.ldrd(op);
    case Op.STRD: return mm.strd(op);
    case Op.LDM: return mm.ldm(op);
    case Op.STM: return mm.stm(op);
    case Op.LDREX: return mm.ldrex(op, true);
    case Op.STREX: return mm.strex(op);
    case Op.LDA: return mm.ldrex(op, false);
    case Op.STL: return mm.stl(op);
    case Op.CLREX: store<u32>(MONITOR, 0); return op + 16;
    case Op.TT: setD(op, 0); return op + 16;
    case Op.SP_CHECK: return spCheck(op);
    case Op.FP_CHECK: return system.fpCheck(op);
    case Op.MRS: system.mrs(op); return op + 16;
    case Op.MSR: return system.msr(op);
    case Op.CPS: system.cps(op); return op + 16;
    case Op.VLDR: return mm.vldr(op, 1);
    case Op.VSTR: return mm.vstr(op, 1);
    case Op.VLDR_D: return mm.vldr(op, 2);
    case Op.VSTR_D: return mm.vstr(op, 2);
    case Op.VLDM: return mm.vldm(op);
    case Op.VSTM: return mm.vstm(op);
    case Op.VMOV_SS_RR: float.pairToFpu(op); return op + 16;
    case Op.VMOV_RR_SS: float.pairToCore(op); return op + 16;
    case Op.VMOV_I: setS(rd(op), imm(op)); return op + 16;
    case Op.VMOV_S: setS(rd(op), getS(rm(op))); return op + 16;
    case Op.VMOV_D: setDouble(rd(op), getD(rm(op))); return op + 16;
    case Op.VMOV_DI: setDouble(rd(op), <u64>imm(op) << 32); return op + 16;
    case Op.VMRS_FLAGS: float.vmrsFlags(); return op + 16;
    case Op.VMRS: set(rd(op), load<u32>(FPSCR)); return op + 16;
    case Op.VMSR: float.vmsr(vn(op)); return op + 16;
    case Op.VADD: float.vadd(op); return op + 16;
    case Op.VSUB: float.vsub(op); return op + 16;
    case Op.VMUL: float.vmul(op); return op + 16;
    case Op.VNMUL: float.vnmul(op); return op + 16;
    case Op.VDIV: float.vdiv(op); return op + 16;
    case Op.VSQRT: float.vsqrt(op); return op + 16;
    case Op.VABS: float.vabs(op); return op + 16;
    case Op.VNEG: float.vneg(op); return op + 16;
    case Op.VMLA: float.vmla(op); return op + 16;
    case Op.VFMA: float.vfma(op); return op + 16;
    case Op.VCMP: float.vcmp(op); return op + 16;
    case Op.VCMP_Z: float.vcmpZ(op); return op + 16;
    case Op.VCVT_FI: float.vcvtFi(op); return op + 16;
    case Op.VCVT_IF: float.vcvtIf(op); return op + 16;
    case Op.VCVT_FX: float.vcvtFx(op); return op + 16;
    case Op.VCVT_XF: float.vcvtXf(op); return op + 16;
    case Op.VCVT_HALF: float.vcvtHalf(op); return op + 16;
    case Op.VSEL: float.vsel(op); return op + 16;
    case Op.VMAXNM: float.vmaxnm(op); return op + 16;
    case Op.VRINT: float.vrint(op); return op + 16;
    case Op.VABS_D: setDouble(rd(op), getD(rm(op)) & 0x7fffffffffffffff); return op + 16;
    case Op.VNEG_D: setDouble(rd(op), getD(rm(op)) ^ 0x8000000000000000); return op + 16;
    // double arithmetic is rare in firmware: one call
    case Op.VADD_D: case Op.VSUB_D: case Op.VMUL_D: case Op.VNMUL_D:
    case Op.VDIV_D: case Op.VSQRT_D: case Op.VMLA_D: case Op.VFMA_D:
    case Op.VCMP_D: case Op.VCMP_ZD: case Op.VCVT_FI_D: case Op.VCVT_IF_D:
    case Op.VCVT_FX_D: case Op.VCVT_XF_D: case Op.VCVT_HALF_D: case Op.VSEL_D:
    case Op.VMAXNM_D: case Op.VRINT_D: case Op.VCVT_SD: case Op.VCVT_DS: double.execute(op); return op + 16;
    case Op.BL: return branch.bl(op);
    case Op.BLX: return branch.blx(op);
    case Op.BX: return branch.bx(op);
    case Op.RET: return branch.ret(op);
    case Op.BMOV: return branch.bmov(op);
    case Op.TABLE: return branch.table(op);
    case Op.STOP: return branch.stopPoint(op);
    case Op.SVC: return branch.svcExit(op);
    case Op.BKPT: return branch.bkpt(op);
    case Op.UNDEFINED: return branch.undefined(op);
    case Op.LINK: return leave(op);
    case Op.IT_EQ: case Op.IT_NE: case Op.IT_CS: case Op.IT_CC: case Op.IT_MI: case Op.IT_PL: case Op.IT_VS:
    case Op.IT_VC: case Op.IT_HI: case Op.IT_LS: case Op.IT_GE: case Op.IT_LT: case Op.IT_GT: case Op.IT_LE:
      return skipped(op);
    // a frequent operation that has no slow way: better to trap than to run for ever
    default: unreachable(); return op;
  }
}
