/**
 * What compiled kernels consist of, and the fused operations (opcodes.ts): the fast way only. What cannot be done fast,
 * and everything rare, goes to `complete`, which starts the operation anew.
 *
 * No value may be needed behind that call, or behind any other one here: V8 would keep the operation's address in memory,
 * and each operation would wait for the one before it. `test/bench/emulate.mjs` shows it at once.
 */
import { misfit, readPage } from '../bus';
import { Op } from '../opcodes';
import { aux, getS, imm, isC, isGE, isN, isV, isZ, rd, rn, set, setD, setS, va, vm, vn } from '../state';
import { leave } from '../trace';
import * as alu from './alu';
import { complete } from './complete';
import * as dsp from './dsp';
import * as m from './memory';
import * as mul from './multiply';

/** Goes on or past the conditional instruction that follows. */
@inline function it(op: usize, holds: bool): usize {
  if (holds) return op + 16;
  if (aux(op) != 0) return complete(op);
  return op + <usize>imm(op);
}

/** An exit taken on a condition. */
@inline function when(op: usize, holds: bool): usize {
  if (!holds) return op + 32;
  return leave(op);
}

/** Executes the operation at `op`, or up to four that are fused; returns the next one. */
@inline export function frequent(op: usize): usize {
  switch (<i32>load<u16>(op)) {
    case Op.NOP: return op + 16;
    case Op.MOV_I: setD(op, imm(op)); return op + 16;
    case Op.MOVT: setD(op, (vn(op) & 0xffff) | imm(op)); return op + 16;
    case Op.MOV_R: setD(op, vm(op)); return op + 16;
    case Op.MVN_R: setD(op, ~vm(op)); return op + 16;
    case Op.ADD_R: setD(op, vn(op) + vm(op)); return op + 16;
    case Op.ADD_I: setD(op, vn(op) + imm(op)); return op + 16;
    case Op.SUB_R: setD(op, vn(op) - vm(op)); return op + 16;
    case Op.RSB_R: setD(op, vm(op) - vn(op)); return op + 16;
    case Op.RSB_I: setD(op, imm(op) - vn(op)); return op + 16;
    case Op.AND_R: setD(op, vn(op) & vm(op)); return op + 16;
    case Op.AND_I: setD(op, vn(op) & imm(op)); return op + 16;
    case Op.BIC_R: setD(op, vn(op) & ~vm(op)); return op + 16;
    case Op.ORR_R: setD(op, vn(op) | vm(op)); return op + 16;
    case Op.ORR_I: setD(op, vn(op) | imm(op)); return op + 16;
    case Op.EOR_R: setD(op, vn(op) ^ vm(op)); return op + 16;
    case Op.MOVS_R: alu.logical(op, vm(op)); return op + 16;
    case Op.MOVS_I: alu.logical(op, imm(op)); return op + 16;
    case Op.ADDS_R: alu.adds(op, vn(op), vm(op)); return op + 16;
    case Op.ADDS_I: alu.adds(op, vn(op), imm(op)); return op + 16;
    case Op.SUBS_R: alu.subs(op, vn(op), vm(op)); return op + 16;
    case Op.SUBS_I: alu.subs(op, vn(op), imm(op)); return op + 16;
    case Op.ANDS_R: alu.logical(op, vn(op) & vm(op)); return op + 16;
    case Op.ANDS_I: alu.logical(op, vn(op) & imm(op)); return op + 16;
    case Op.EORS_R: alu.logical(op, vn(op) ^ vm(op)); return op + 16;
    case Op.ADD_LSL: setD(op, vn(op) + (vm(op) << aux(op))); return op + 16;
    case Op.ADD_LSR: setD(op, vn(op) + (vm(op) >>> aux(op))); return op + 16;
    case Op.ADD_ASR: setD(op, vn(op) + <u32>(<i32>vm(op) >> aux(op))); return op + 16;
    case Op.SUB_LSL: setD(op, vn(op) - (vm(op) << aux(op))); return op + 16;
    case Op.SUB_ASR: setD(op, vn(op) - <u32>(<i32>vm(op) >> aux(op))); return op + 16;
    case Op.ORR_LSL: setD(op, vn(op) | (vm(op) << aux(op))); return op + 16;
    case Op.ORR_LSR: setD(op, vn(op) | (vm(op) >>> aux(op))); return op + 16;
    case Op.EOR_ROR: setD(op, vn(op) ^ rotr<u32>(vm(op), aux(op))); return op + 16;
    case Op.AND_LSR: setD(op, vn(op) & (vm(op) >>> aux(op))); return op + 16;
    case Op.AND_ROR: setD(op, vn(op) & rotr<u32>(vm(op), aux(op))); return op + 16;
    case Op.RSB_LSL: setD(op, (vm(op) << aux(op)) - vn(op)); return op + 16;
    case Op.LSL_I: setD(op, vm(op) << aux(op)); return op + 16;
    case Op.LSR_I: setD(op, vm(op) >>> aux(op)); return op + 16;
    case Op.ASR_I: setD(op, <u32>(<i32>vm(op) >> aux(op))); return op + 16;
    case Op.ROR_I: setD(op, rotr<u32>(vm(op), aux(op))); return op + 16;
    case Op.LSLS_I: alu.lsls(op); return op + 16;
    case Op.LSRS_I: alu.lsrs(op); return op + 16;
    case Op.ASRS_I: alu.asrs(op); return op + 16;
    case Op.LSL_R: alu.lslR(op); return op + 16;
    case Op.LSR_R: alu.lsrR(op); return op + 16;
    case Op.ASR_R: alu.asrR(op); return op + 16;
    case Op.ROR_R: alu.rorR(op); return op + 16;
    case Op.MUL: setD(op, vn(op) * vm(op)); return op + 16;
    case Op.MLA: setD(op, vn(op) * vm(op) + va(op)); return op + 16;
    case Op.MLS: setD(op, va(op) - vn(op) * vm(op)); return op + 16;
    case Op.SMULBB: mul.smulBB(op); return op + 16;
    case Op.SMULBT: mul.smulBT(op); return op + 16;
    case Op.SMULTB: mul.smulTB(op); return op + 16;
    case Op.SMULTT: mul.smulTT(op); return op + 16;
    case Op.SMLABB: mul.smlaBB(op); return op + 16;
    case Op.SMLABT: mul.smlaBT(op); return op + 16;
    case Op.SMLATB: mul.smlaTB(op); return op + 16;
    case Op.SMLATT: mul.smlaTT(op); return op + 16;
    case Op.SMUAD: mul.smuad(op, vm(op)); return op + 16;
    case Op.SMUADX: mul.smuad(op, mul.swapped(op)); return op + 16;
    case Op.SMLAD: mul.smlad(op); return op + 16;
    case Op.SMLADX: mul.smladx(op); return op + 16;
    case Op.SMMUL: mul.smmul(op, 0); return op + 16;
    case Op.SMMULR: mul.smmul(op, 0x80000000); return op + 16;
    case Op.SMMLA: mul.smmla(op, 0); return op + 16;
    case Op.SMMLAR: mul.smmla(op, 0x80000000); return op + 16;
    case Op.SSAT: dsp.ssat(op); return op + 16;
    case Op.USAT: dsp.usat(op); return op + 16;
    case Op.USAT16: dsp.usat16(op); return op + 16;
    case Op.BFI: alu.bfi(op); return op + 16;
    case Op.PKHBT: dsp.pkhbt(op); return op + 16;
    case Op.PKHTB: dsp.pkhtb(op); return op + 16;
    case Op.SXTB: setD(op, <u32><i32><i8>vm(op)); return op + 16;
    case Op.SXTH: setD(op, <u32><i32><i16>vm(op)); return op + 16;
    case Op.UXTB: setD(op, vm(op) & 0xff); return op + 16;
    case Op.UXTH: setD(op, vm(op) & 0xffff); return op + 16;
    case Op.SXTB16: setD(op, dsp.signed16(vm(op))); return op + 16;
    case Op.UXTB16: setD(op, vm(op) & 0x00ff00ff); return op + 16;
    case Op.SXTB16_ROR: setD(op, dsp.signed16(dsp.rotated(op))); return op + 16;
    case Op.UXTB16_ROR: setD(op, dsp.rotated(op) & 0x00ff00ff); return op + 16;
    case Op.SBFX: alu.sbfx(op); return op + 16;
    case Op.UBFX: alu.ubfx(op); return op + 16;
    case Op.LDR: return m.ldr(op, m.offset(op));
    case Op.LDRB: return m.ldrb(op, m.offset(op));
    case Op.LDRH: return m.ldrh(op, m.offset(op));
    case Op.LDRSB: return m.ldrsb(op, m.offset(op));
    case Op.LDRSH: return m.ldrsh(op, m.offset(op));
    case Op.LDR_X: return m.ldr(op, m.indexed(op));
    case Op.LDRB_X: return m.ldrb(op, m.indexed(op));
    case Op.LDRH_X: return m.ldrh(op, m.indexed(op));
    case Op.LDRSB_X: return m.ldrsb(op, m.indexed(op));
    case Op.LDRSH_X: return m.ldrsh(op, m.indexed(op));
    case Op.LDR_POST: return m.ldr(op, vn(op), true);
    case Op.LDRB_POST: return m.ldrb(op, vn(op), true);
    case Op.LDRH_POST: return m.ldrh(op, vn(op), true);
    case Op.LDRSB_POST: return m.ldrsb(op, vn(op), true);
    case Op.LDRSH_POST: return m.ldrsh(op, vn(op), true);
    case Op.LDR_PRE: return m.ldr(op, m.offset(op), true);
    case Op.LDRB_PRE: return m.ldrb(op, m.offset(op), true);
    case Op.LDRH_PRE: return m.ldrh(op, m.offset(op), true);
    case Op.LDRSB_PRE: return m.ldrsb(op, m.offset(op), true);
    case Op.LDRSH_PRE: return m.ldrsh(op, m.offset(op), true);
    case Op.STR: return m.str(op, m.offset(op));
    case Op.STRB: return m.strb(op, m.offset(op));
    case Op.STRH: return m.strh(op, m.offset(op));
    case Op.STR_X: return m.str(op, m.indexed(op));
    case Op.STRB_X: return m.strb(op, m.indexed(op));
    case Op.STRH_X: return m.strh(op, m.indexed(op));
    case Op.STR_POST: return m.str(op, vn(op), true);
    case Op.STRB_POST: return m.strb(op, vn(op), true);
    case Op.STRH_POST: return m.strh(op, vn(op), true);
    case Op.STR_PRE: return m.str(op, m.offset(op), true);
    case Op.STRB_PRE: return m.strb(op, m.offset(op), true);
    case Op.STRH_PRE: return m.strh(op, m.offset(op), true);
    case Op.LDRD: return m.ldrd(op);
    case Op.VMOV_RS: set(rd(op), getS(rn(op))); return op + 16;
    case Op.VMOV_SR: setS(rd(op), vn(op)); return op + 16;
    case Op.IT_EQ: return it(op, isZ());
    case Op.IT_NE: return it(op, !isZ());
    case Op.IT_CS: return it(op, isC());
    case Op.IT_CC: return it(op, !isC());
    case Op.IT_MI: return it(op, isN());
    case Op.IT_PL: return it(op, !isN());
    case Op.IT_VS: return it(op, isV());
    case Op.IT_VC: return it(op, !isV());
    case Op.IT_HI: return it(op, isC() && !isZ());
    case Op.IT_LS: return it(op, !isC() || isZ());
    case Op.IT_GE: return it(op, isGE());
    case Op.IT_LT: return it(op, !isGE());
    case Op.IT_GT: return it(op, isGE() && !isZ());
    case Op.IT_LE: return it(op, !isGE() || isZ());
    // Fused.
    case Op.SMLAD_X4:
      mul.smlad(op);
      mul.smlad(op + 16);
      mul.smlad(op + 32);
      mul.smlad(op + 48);
      return op + 64;
    case Op.SMLAD__SMLAD: mul.smlad(op); mul.smlad(op + 16); return op + 32;
    case Op.LDR__LDR: {
      const at = m.offset(op);
      const page = readPage(at);
      if (misfit(page, at, 3)) return complete(op);
      set(rd(op), load<u32>(<usize>(page + at)));
      return m.ldr(op + 16, m.offset(op + 16));
    }
    case Op.LDRSB_PRE__LDRSB_PRE: {
      const at = m.offset(op);
      const page = readPage(at);
      if (misfit(page, at, 0)) return complete(op);
      set(rd(op), <u32><i32>load<i8>(<usize>(page + at)));
      set(rn(op), at);
      return m.ldrsb(op + 16, m.offset(op + 16), true);
    }
    case Op.AND_I__SMLAD: setD(op, vn(op) & imm(op)); mul.smlad(op + 16); return op + 32;
    case Op.SXTB16__SMLAD: setD(op, dsp.signed16(vm(op))); mul.smlad(op + 16); return op + 32;
    case Op.SXTB16_ROR__SMLAD: setD(op, dsp.signed16(dsp.rotated(op))); mul.smlad(op + 16); return op + 32;
    case Op.UXTB16__SMLAD: setD(op, vm(op) & 0x00ff00ff); mul.smlad(op + 16); return op + 32;
    case Op.SXTB16__SXTB16: setD(op, dsp.signed16(vm(op))); setD(op + 16, dsp.signed16(vm(op + 16))); return op + 32;
    case Op.SMMLAR__SMMLAR: mul.smmla(op, 0x80000000); mul.smmla(op + 16, 0x80000000); return op + 32;
    case Op.ADD_ASR__SMMLAR:
      setD(op, vn(op) + <u32>(<i32>vm(op) >> aux(op)));
      mul.smmla(op + 16, 0x80000000);
      return op + 32;
    case Op.SMLABB__LDR: mul.smlaBB(op); return m.ldr(op + 16, m.offset(op + 16));
    case Op.SMLABB__LDRSB: mul.smlaBB(op); return m.ldrsb(op + 16, m.offset(op + 16));
    case Op.SUBS_R__LDRSB: alu.subs(op, vn(op), vm(op)); return m.ldrsb(op + 16, m.offset(op + 16));
    case Op.SUBS_R__LDR_X: alu.subs(op, vn(op), vm(op)); return m.ldr(op + 16, m.indexed(op + 16));
    case Op.AND_I__LDR_X: setD(op, vn(op) & imm(op)); return m.ldr(op + 16, m.indexed(op + 16));
    case Op.AND_I__LDRB_X: setD(op, vn(op) & imm(op)); return m.ldrb(op + 16, m.indexed(op + 16));
    case Op.AND_I__SUBS_I: setD(op, vn(op) & imm(op)); alu.subs(op + 16, vn(op + 16), imm(op + 16)); return op + 32;
    case Op.ADDS_I__SUBS_R: alu.adds(op, vn(op), imm(op)); alu.subs(op + 16, vn(op + 16), vm(op + 16)); return op + 32;
    case Op.LSR_I__EOR_R: setD(op, vm(op) >>> aux(op)); setD(op + 16, vn(op + 16) ^ vm(op + 16)); return op + 32;
    case Op.LSL_I__ASR_R: setD(op, vm(op) << aux(op)); alu.asrR(op + 16); return op + 32;
    case Op.EORS_R__AND_I:
      alu.logical(op, vn(op) ^ vm(op));
      setD(op + 16, vn(op + 16) & imm(op + 16));
      return op + 32;
    case Op.SUBS_R__BNE: alu.subs(op, vn(op), vm(op)); return when(op + 16, !isZ());
    case Op.SUBS_I__BNE: alu.subs(op, vn(op), imm(op)); return when(op + 16, !isZ());
    case Op.ADDS_I__BNE: alu.adds(op, vn(op), imm(op)); return when(op + 16, !isZ());
    case Op.ADD_I__BNE: setD(op, vn(op) + imm(op)); return when(op + 16, !isZ());
    case Op.MLA__BNE: setD(op, vn(op) * vm(op) + va(op)); return when(op + 16, !isZ());
    case Op.EOR_R__BNE: setD(op, vn(op) ^ vm(op)); return when(op + 16, !isZ());
    case Op.SUBS_I__BGT: alu.subs(op, vn(op), imm(op)); return when(op + 16, isGE() && !isZ());
    case Op.SUBS_I__BEQ: alu.subs(op, vn(op), imm(op)); return when(op + 16, isZ());
    // Exits.
    case Op.B: return leave(op);
    case Op.BEQ: return when(op, isZ());
    case Op.BNE: return when(op, !isZ());
    case Op.BCS: return when(op, isC());
    case Op.BCC: return when(op, !isC());
    case Op.BMI: return when(op, isN());
    case Op.BPL: return when(op, !isN());
    case Op.BVS: return when(op, isV());
    case Op.BVC: return when(op, !isV());
    case Op.BHI: return when(op, isC() && !isZ());
    case Op.BLS: return when(op, !isC() || isZ());
    case Op.BGE: return when(op, isGE());
    case Op.BLT: return when(op, !isGE());
    case Op.BGT: return when(op, isGE() && !isZ());
    case Op.BLE: return when(op, !isGE() || isZ());
    case Op.CBZ: return when(op, vn(op) == 0);
    case Op.CBNZ: return when(op, vn(op) != 0);
    default: return complete(op);
  }
}
