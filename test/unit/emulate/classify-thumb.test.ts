/** The decoder against binutils: every instruction of a program that holds each form once. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { classifyRange, classifyThumb, type ThumbInstruction } from '../../../src/emulate/classify-thumb.js';
import type { InstructionClass } from '../../../src/emulate/thumb-instruction.js';
import {
  assemble,
  buildElf,
  CODE_ORIGIN,
  hasArmGcc,
  hasObjdump,
  inTemporaryFolder,
  programCode,
} from '../../support/thumb-program.js';

/** One row per class; the mnemonics as objdump prints them, without condition and width. */
const CLASS_OF: readonly (readonly [RegExp, InstructionClass])[] = [
  [/^(lsls?|lsrs?|asrs?|rors?|rrxs?)$/, 'shift'],
  [/^(ubfx|sbfx|bfi|bfc|clz)$/, 'bitfield'],
  [/^(rev|rev16|revsh|rbit)$/, 'reverse'],
  [/^([su]xt[bh]|[su]xtb16)$/, 'extend'],
  [/^([su]xta(b|h|b16)|pkh(bt|tb))$/, 'extend_add'],
  [/^([su]sat(16)?|sel|q(d)?(add|sub)|([suq]|uq|uh|sh)(add|sub)(8|16)|([suq]|uq|uh|sh)(asx|sax))$/, 'dsp'],
  [/^(muls?|smul[bt][bt]|smulw[bt]|smu[as]dx?|smmulr?|usad8)$/, 'multiply'],
  [/^(mla|mls|smla[bt][bt]|smlaw[bt]|sml[as]dx?|smmlar?|smmlsr?|usada8)$/, 'multiply_accumulate'],
  [/^[su]mull$/, 'multiply_long'],
  [/^([su]mlal|umaal|smlal[bt][bt]|sml[as]ldx?)$/, 'multiply_accumulate_long'],
  [/^[su]div$/, 'divide'],
  [/^ldrd$/, 'load_double'],
  [/^strd$/, 'store_double'],
  [/^(ldr|ldrex[bh]?)$/, 'load'],
  [/^ldrs?[bh]$/, 'load_narrow'],
  [/^(str|strex[bh]?)$/, 'store'],
  [/^str[bh]$/, 'store_narrow'],
  [/^(ldm(ia|db)?|pop)$/, 'load_multiple'],
  [/^(stm(ia|db)?|push)$/, 'store_multiple'],
  [/^bl$/, 'branch_link'],
  [/^(bx|blx)$/, 'branch_indirect'],
  [/^tb[bh]$/, 'table_branch'],
  [/^(b|cbn?z)$/, 'branch'],
  [/^it[te]{0,3}$/, 'it'],
  [/^(nop|pld|sev|wfi|wfe|yield)$/, 'nop'],
  [/^(mrs|msr|cpsi[de])$/, 'system'],
  [/^(dmb|dsb|isb)$/, 'barrier'],
  [/^(bkpt|svc)$/, 'trap'],
  [/^udf$/, 'undefined'],
  [/^vldr$/, 'fp_load'],
  [/^vstr$/, 'fp_store'],
  [/^(vldm(ia|db)|vpop)$/, 'fp_load_multiple'],
  [/^(vstm(ia|db)|vpush)$/, 'fp_store_multiple'],
  [/^(vmrs|vmsr)$/, 'fp_system'],
  [/^(vmla|vmls|vnmla|vnmls)$/, 'fp_multiply_accumulate'],
  [/^(vfma|vfms|vfnma|vfnms)$/, 'fp_fused'],
  [/^v(n?mul)$/, 'fp_multiply'],
  [/^v(add|sub|maxnm|minnm)$/, 'fp_add'],
  [/^v(neg|abs|sel(ge|gt|eq|vs))$/, 'fp_move'],
  [/^vcmpe?$/, 'fp_compare'],
  [/^v(cvtr?|rint[azr])$/, 'fp_convert'],
  [/^vdiv$/, 'fp_divide'],
  [/^vsqrt$/, 'fp_square_root'],
];

/** Forms whose class depends on the operands. */
function classByOperands(mnemonic: string, operands: string): InstructionClass | undefined {
  if (mnemonic === 'vldr' && operands.startsWith('d')) return 'fp_load_double';
  if (mnemonic === 'vstr' && operands.startsWith('d')) return 'fp_store_double';
  if (mnemonic === 'vmov') {
    if (/^r\d+, r\d+|^s\d+, s\d+, r\d+|^d\d+, r\d+, r/.test(operands)) return 'fp_move_pair';
    if (/^r/.test(operands)) return 'fp_move_to_core';
    if (/, r/.test(operands)) return 'fp_move_from_core';
    return operands.includes('#') ? 'fp_constant' : 'fp_move';
  }
  if (
    !/^(mov|mvn|add|adc|sub|sbc|rsb|and|orr|orn|eor|bic|cmp|cmn|tst|teq)s?$|^(movw|movt|addw|subw|adr|negs?)$/.test(
      mnemonic,
    )
  ) {
    return undefined;
  }
  if (/^pc, /.test(operands)) return 'branch_indirect';
  if (/, (lsl|lsr|asr|ror) #\d+|, rrx/.test(operands))
    return /^movs?$/.test(mnemonic) ? 'shift' : 'alu_shifted';
  return 'alu';
}

const CONDITION = /(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)$/;

function expectedClass(mnemonic: string, operands: string): InstructionClass | undefined {
  const plain = mnemonic.replace(/\.[nw]$/, '').replace(/\.(f|s|u)(32|16).*$|\.32$/, '');
  for (const name of [plain, plain.replace(CONDITION, '')]) {
    const found = classByOperands(name, operands) ?? CLASS_OF.find(([pattern]) => pattern.test(name))?.[1];
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Disassembled {
  readonly address: number;
  readonly size: number;
  readonly mnemonic: string;
  readonly operands: string;
}

function disassemble(elf: Uint8Array): readonly Disassembled[] {
  return inTemporaryFolder((folder) => {
    const file = join(folder, 'a.elf');
    writeFileSync(file, elf);
    const text = execFileSync('arm-none-eabi-objdump', ['-d', '-w', '-j', '.text', file], {
      encoding: 'utf8',
    });
    const line = /^\s*([0-9a-f]+):\t([0-9a-f]{4}(?: [0-9a-f]{4})?)\s+\t([a-z][\w.]*)\t?([^@;/\n]*)/gm;
    return [...text.matchAll(line)].map(([, address, code, mnemonic, operands]) => ({
      address: Number.parseInt(address!, 16),
      size: code!.length > 4 ? 4 : 2,
      mnemonic: mnemonic!,
      operands: operands!.trim(),
    }));
  });
}

const FORMS = `
  movs r0, #1; movs r0, r1; lsls r0, r1, #3; lsrs r2, r3, #4; asrs r4, r5, #31; adds r0, r1, r2; subs r0, r1, #3
  adds r0, #200; subs r7, #1; cmp r0, #9; ands r0, r1; eors r0, r1; lsls r0, r1; lsrs r0, r1; asrs r0, r1; adcs r0, r1
  sbcs r0, r1; rors r0, r1; tst r0, r1; negs r0, r1; cmp r0, r1; cmn r0, r1; orrs r0, r1; muls r0, r1, r0; bics r0, r1
  mvns r0, r1; add r8, r9; cmp r8, r1; mov r8, r1; mov r12, sp; bx r3; blx r4; mov pc, r5
  str r0, [r1, r2]; strh r0, [r1, r2]; strb r0, [r1, r2]; ldrsb r0, [r1, r2]; ldr r0, [r1, r2]; ldrh r0, [r1, r2]
  ldrb r0, [r1, r2]; ldrsh r0, [r1, r2]; str r0, [r1, #4]; ldr r0, [r1, #124]; strb r0, [r1, #3]; ldrb r0, [r1, #31]
  strh r0, [r1, #2]; ldrh r0, [r1, #62]; str r0, [sp, #8]; ldr r7, [sp, #1020]; add r0, sp, #16; add sp, #64; sub sp, #508
  sxth r0, r1; sxtb r0, r1; uxth r0, r1; uxtb r0, r1; push {r0, r4, lr}; pop {r1, r2, pc}; rev r0, r1; rev16 r0, r1
  revsh r0, r1; bkpt 3; nop; cpsid i; stmia r0!, {r1, r2, r3}; ldmia r0!, {r1, r2}; ldmia r0, {r0, r1}; svc 2; udf #1
  stmia.w r8!, {r0-r7}; stmdb sp!, {r4-r11, lr}; ldmia.w sp!, {r4-r11, pc}; ldmdb r0, {r1, r2}; stmdb r3, {r1, r9}
  strd r0, r1, [r2, #8]; ldrd r0, r1, [r2], #-16; ldrd r4, r5, [sp, #-8]!; strd r6, r7, [sp], #8; ldrex r0, [r1]
  strex r0, r1, [r2]; ldrexb r0, [r1]; strexh r0, r1, [r2]; tbb [pc, r1]; tbh [r0, r1, lsl #1]
  and.w r0, r1, r2; ands.w r8, r9, r10; tst.w r0, r1; bic.w r0, r1, r2, lsl #4; orr.w r0, r1, r2, ror #8; mov.w r8, r9
  lsl.w r0, r1, #5; asr.w r8, r1, #2; ror.w r0, r1, #9; rrx r0, r1; orn r0, r1, r2; mvn.w r8, r9; mvn.w r0, r1, lsl #3
  eor.w r0, r1, r2, asr #1; teq r0, r1; pkhbt r0, r1, r2, lsl #16; pkhtb r0, r1, r2, asr #16; add.w r0, r1, r2, lsl #2
  cmn.w r8, r1; adc.w r0, r1, r2; sbc.w r0, r1, r2; sub.w r0, r1, r2; cmp.w r8, r9; rsb r0, r1, r2; sub.w sp, sp, r4
  and r0, r1, #255; tst r0, #3; bic r0, r1, #0x00ff00ff; mov.w r0, #7; orr r0, r1, #0xabababab; add.w r0, r1, #17
  addw r0, r1, #4095; movw r0, #65535; subw r0, r1, #1234; movt r0, #4660; ssat r0, #8, r1; ssat r0, #8, r1, lsl #3
  usat r0, #7, r1, asr #2; ssat16 r0, #4, r1; usat16 r0, #8, r1; sbfx r0, r1, #3, #5; ubfx r0, r1, #8, #8
  bfi r0, r1, #4, #4; bfc r0, #8, #16; mrs r0, apsr; msr apsr_nzcvq, r1; dmb; dsb; isb; nop.w; pld [r0, #16]
  str.w r0, [r1, #300]; strb.w r0, [r1, #-3]; strh.w r0, [r1], #2; str.w r8, [sp, #-4]!; ldr.w r8, [sp], #4
  ldrb.w r0, [r1, r2, lsl #2]; ldrh.w r9, [r1, #70]; ldrsb.w r0, [r1, #-1]!; ldrsh.w r0, [r1, r2, lsl #1]
  lsl.w r0, r1, r2; rors.w r8, r9, r10; sxth.w r8, r9; uxtb.w r8, r9, ror #8; sxtb16 r0, r1; uxtb16 r0, r1, ror #8
  sxtah r0, r1, r2; uxtab r0, r1, r2, ror #16; sxtab16 r0, r1, r2; uxtab16 r0, r1, r2; sxtab r0, r1, r2
  sadd16 r0, r1, r2; uadd8 r0, r1, r2; qadd16 r0, r1, r2; shsub8 r0, r1, r2; uqsub16 r0, r1, r2; sasx r0, r1, r2
  qadd r0, r1, r2; qdsub r0, r1, r2; sel r0, r1, r2; clz r0, r1; rbit r0, r1; rev.w r8, r9
  mul r8, r1, r2; mla r0, r1, r2, r3; mls r0, r1, r2, r3; smulbb r0, r1, r2; smlatb r0, r1, r2, r3; smuad r0, r1, r2
  smlad r0, r1, r2, r3; smladx r0, r1, r2, r3; smulwb r0, r1, r2; smlawt r0, r1, r2, r3; smusd r0, r1, r2
  smlsd r0, r1, r2, r3; smmul r0, r1, r2; smmlar r0, r1, r2, r3; smmls r0, r1, r2, r3; usad8 r0, r1, r2
  usada8 r0, r1, r2, r3; smull r0, r1, r2, r3; umull r0, r1, r2, r3; sdiv r0, r1, r2; udiv r0, r1, r2
  smlal r0, r1, r2, r3; smlalbt r0, r1, r2, r3; smlald r0, r1, r2, r3; smlsld r0, r1, r2, r3; umlal r0, r1, r2, r3
  umaal r0, r1, r2, r3; vmov s0, r1; vmov r1, s31; vmov r0, r1, s2, s3; vmov s4, s5, r0, r1; vmov r0, r1, d7
  vmrs r0, fpscr; vmrs apsr_nzcv, fpscr; vmsr fpscr, r2; vldr s0, [r1, #8]; vstr s1, [sp, #-4]; vldr d1, [r2]
  vldmia r0!, {s0-s7}; vstmdb r1!, {s8-s15}; vpush {s16-s31}; vpop {d8-d15}; vadd.f32 s0, s1, s2; vsub.f32 s0, s1, s2
  vmul.f32 s0, s1, s2; vnmul.f32 s0, s1, s2; vdiv.f32 s0, s1, s2; vsqrt.f32 s0, s1; vneg.f32 s0, s1; vabs.f32 s0, s1
  vmov.f32 s0, s1; vmov.f32 s0, #1.0; vmla.f32 s0, s1, s2; vmls.f32 s0, s1, s2; vfma.f32 s0, s1, s2; vfms.f32 s0, s1, s2
  vnmla.f32 s0, s1, s2; vfnma.f32 s0, s1, s2; vcmp.f32 s0, s1; vcmpe.f32 s0, #0.0; vcvt.s32.f32 s0, s1
  vcvt.f32.u32 s0, s1; vcvtr.s32.f32 s0, s1; vcvt.f32.s32 s0, s0, #8
`
  .split(/[;\n]/)
  .map((line) => line.trim())
  .filter((line) => line !== '');

/** A loop whose body holds every branch form. */
const BRANCHES = `
  here: cbz r0, there; cbnz r1, there; beq here; bne.w there; b there; b.w here; bl here; itete eq; moveq r0, #1
  movne r0, #2; addeq.w r1, r1, #1; bxne lr; there: nop
`.replace(/;/g, '\n');

describe.skipIf(!hasArmGcc || !hasObjdump)('classifyThumb (needs arm-none-eabi-gcc and objdump)', () => {
  const source = `.syntax unified\n.thumb\n.text\n.global start\nstart:\n${FORMS.join('\n')}\n${BRANCHES}\n`;
  const elf = (): Uint8Array =>
    buildElf('m4', { 'forms.S': source }, ['-Wl,-Ttext=0x1000', '-Wl,-e,start', '-Wl,--build-id=none']);

  it('gives every form the class and size that objdump prints', () => {
    const bytes = elf();
    const wanted = disassemble(bytes);
    expect(wanted.length).toBeGreaterThan(FORMS.length);
    const image = textOf(bytes);
    const wrong: string[] = [];
    for (const line of wanted) {
      const decoded = classifyThumb(image.code, line.address - image.address, line.address);
      const kind = expectedClass(line.mnemonic, line.operands);
      const same = kind === decoded.class || (kind === 'alu' && decoded.class === 'alu_rotated_constant');
      if (same && decoded.size === line.size) continue;
      wrong.push(
        `${line.mnemonic} ${line.operands}: ${decoded.class}, ${decoded.size} bytes; expected ${kind}`,
      );
    }
    expect(wrong).toEqual([]);
    expect(
      new Set(wanted.map(({ mnemonic, operands }) => expectedClass(mnemonic, operands))).size,
    ).toBeGreaterThan(35);
  });

  it('finds the targets of direct branches', () => {
    const bytes = elf();
    const image = textOf(bytes);
    const targets = disassemble(bytes)
      .filter(({ mnemonic }) => /^(b|bl|cbn?z|b(eq|ne))(\.[nw])?$/.test(mnemonic))
      .map((line) => ({
        wanted: Number.parseInt(/([0-9a-f]+) </.exec(line.operands)![1]!, 16),
        found: classifyThumb(image.code, line.address - image.address, line.address).branchTarget,
      }));
    expect(targets.length).toBeGreaterThanOrEqual(7);
    for (const { wanted, found } of targets) expect(found).toBe(wanted);
  });

  it.each([
    ['push {r4, r5, lr}', -12],
    ['pop {r4, r5, pc}', 12],
    ['sub sp, #40', -40],
    ['add sp, #40', 40],
    ['sub.w sp, sp, #0x1000', -4096],
    ['addw sp, sp, #4095', 4095],
    ['stmdb sp!, {r8, r9}', -8],
    ['ldmia.w sp!, {r8, r9}', 8],
    ['str r0, [sp, #-4]!', -4],
    ['ldr r0, [sp], #4', 4],
    ['strd r0, r1, [sp, #-8]!', -8],
    ['vpush {d8-d9}', -16],
    ['vpop {s16}', 4],
    ['str r0, [sp, #4]', 0],
    ['mov sp, r7', Number.NaN],
    ['add sp, r3', Number.NaN],
    ['msr msp, r0', Number.NaN],
  ])('%s moves SP by %d', (text, bytes) => {
    expect(first(text).spDelta).toBe(bytes);
  });

  it('tells addresses, accumulators, shifted operands, stored data and results apart', () => {
    const mask = (...registers: number[]): number => registers.reduce((sum, n) => sum | (1 << n), 0);
    expect(first('smlad r0, r1, r2, r3')).toMatchObject({
      reads: mask(1, 2, 3),
      accumulateReads: mask(3),
      writes: mask(0),
    });
    expect(first('ldr r0, [r1], #4')).toMatchObject({
      addressReads: mask(1),
      baseWriteback: mask(1),
      writes: mask(0, 1),
    });
    expect(first('strb r5, [r1, r2]')).toMatchObject({
      addressReads: mask(1, 2),
      storeReads: mask(5),
      registerOffset: true,
      writes: 0,
    });
    expect(first('add.w r0, r1, r2, lsl #3')).toMatchObject({ shiftedReads: mask(2), reads: mask(1, 2) });
    expect(first('ldmia r0!, {r1, r2, r5}')).toMatchObject({
      transferCount: 3,
      writes: mask(0, 1, 2, 5),
      addressReads: mask(0),
    });
    expect(first('smlal r0, r1, r2, r3')).toMatchObject({ accumulateReads: mask(0, 1), writes: mask(0, 1) });
    expect(first('tst r0, r1')).toMatchObject({ writes: 0, setsFlags: true });
    expect(first('ittt eq\n nop\n nop\n nop')).toMatchObject({ itCount: 3 });
  });

  function first(text: string): ThumbInstruction {
    return classifyRange(programCode(assemble(`${text}\n`)), CODE_ORIGIN)[0]!;
  }
});

/** The bytes of .text and where they start. */
function textOf(elf: Uint8Array): { readonly code: Uint8Array; readonly address: number } {
  return inTemporaryFolder((folder) => {
    const file = join(folder, 'a.elf');
    const out = join(folder, 'text.bin');
    writeFileSync(file, elf);
    execFileSync('arm-none-eabi-objcopy', ['-O', 'binary', '-j', '.text', file, out]);
    return { code: new Uint8Array(readFileSync(out)), address: 0x1000 };
  });
}
