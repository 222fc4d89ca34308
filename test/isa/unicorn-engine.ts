/**
 * Unicorn, one instruction at a time, with its registers moved in batches: a case costs four calls.
 * The binding of src/emulate/unicorn-library.ts moves one register a call, which is ten times slower here.
 */
import koffi from 'koffi';
import type { CoreId } from '../../src/targets/target.js';
import {
  CODE_AT,
  CODE_BYTES,
  CODE_ORIGIN,
  type Engine,
  FLAG_MASK,
  FPSCR,
  PC,
  RAM_BYTES,
  RAM_ORIGIN,
  S0,
  STATE_WORDS,
  XPSR,
} from './state.js';

const LIBRARY = process.env.QUANTMCU_LIBUNICORN ?? 'libunicorn.so.2';
const MODEL = { m4: 9, m7: 10, m33: 11 } as const;
const SET_CPU_MODEL = (7 | (1 << 26) | (1 << 30)) >>> 0;
// uc_arm_reg: r0…r12, sp, lr, pc, CPSR (xPSR moves neither GE nor IT), d0…d15, FPSCR
const REGISTERS = [
  ...Array.from({ length: 13 }, (_, index) => 66 + index),
  12,
  10,
  11,
  3,
  ...Array.from({ length: 16 }, (_, index) => 14 + index),
  6,
];
const REMOVE_CACHE = (9 | (2 << 26) | (1 << 30)) >>> 0;
const INTERRUPT_HOOK = 1;

const interruptPrototype = koffi.pointer(
  koffi.proto('void IsaInterruptHook(void* uc, uint32_t number, void* user)'),
);

type Call = (...args: unknown[]) => number;

export function createUnicornEngine(core: CoreId): Engine {
  const library = koffi.load(LIBRARY);
  const call = (declaration: string): Call => library.func(declaration) as Call;
  const out: unknown[] = [null];
  call('int uc_open(int arch, int mode, _Out_ void** uc)')(1, 16, out);
  const uc = out[0];
  const control = call('int uc_ctl(void* uc, uint32_t control, ...)');
  control(uc, SET_CPU_MODEL, 'int', MODEL[core]);
  const map = call('int uc_mem_map(void* uc, uint64_t address, size_t size, uint32_t perms)');
  map(uc, CODE_ORIGIN, CODE_BYTES, 5);
  map(uc, RAM_ORIGIN, RAM_BYTES, 3);
  const memWrite = call('int uc_mem_write(void* uc, uint64_t address, const void* bytes, size_t size)');
  const memRead = call('int uc_mem_read(void* uc, uint64_t address, void* bytes, size_t size)');
  const start = call(
    'int uc_emu_start(void* uc, uint64_t begin, uint64_t until, uint64_t timeout, size_t count)',
  );
  const stop = call('int uc_emu_stop(void* uc)');
  const regRead = call('int uc_reg_read_batch(void* uc, void* regs, void* values, int count)');
  const regWrite = call('int uc_reg_write_batch(void* uc, void* regs, void* values, int count)');

  // native memory: register numbers, values of 8 bytes, pointers to them
  const count = REGISTERS.length;
  const numbers = koffi.alloc('int', count);
  const values = koffi.alloc('uint64_t', count);
  const pointers = koffi.alloc('uint64_t', count);
  new Int32Array(koffi.view(numbers, count * 4)).set(REGISTERS);
  const base = koffi.address(values);
  new BigUint64Array(koffi.view(pointers, count * 8)).set(
    REGISTERS.map((_, index) => base + BigInt(index * 8)),
  );
  const words = new Uint32Array(koffi.view(values, count * 8));

  regRead(uc, numbers, pointers, count);
  const cpsr = words[XPSR * 2]!;

  let placed: Uint16Array | undefined;
  let interrupted = false;
  const hook = koffi.register(() => {
    interrupted = true;
    stop(uc);
  }, interruptPrototype);
  call(
    'int uc_hook_add(void* uc, _Out_ size_t* hh, int type, void* callback, void* user, uint64_t begin, uint64_t end, ...)',
  )(uc, [0], INTERRUPT_HOOK, hook, null, 1, 0);
  const ramBytes = Buffer.alloc(RAM_BYTES);

  // VMOV s0, s0: the first FP instruction creates the FP context and so resets FPSCR
  memWrite(uc, CODE_AT, Uint16Array.of(0xeeb0, 0x0a40), 4);
  start(uc, CODE_AT | 1, CODE_AT + 4, 0, 0);

  return {
    execute(code, branches, state) {
      if (code !== placed) {
        placed = code;
        memWrite(uc, CODE_AT, code, code.byteLength);
        // Unicorn 2.0.1 keeps translations of code that uc_mem_write replaces
        control(uc, REMOVE_CACHE, 'uint64_t', CODE_AT, 'uint64_t', CODE_AT + 16);
      }
      words.fill(0);
      for (let index = 0; index <= PC; index++) words[index * 2] = state[index]!;
      words[XPSR * 2] = (state[XPSR]! & FLAG_MASK) | (cpsr & ~FLAG_MASK);
      for (let index = 0; index < 32; index++) words[(XPSR + 1) * 2 + index] = state[S0 + index]!;
      words[(XPSR + 17) * 2] = state[FPSCR]!;
      regWrite(uc, numbers, pointers, count);
      interrupted = false;
      const result = start(
        uc,
        CODE_AT | 1,
        branches ? 0xfffffff0 : CODE_AT + code.byteLength,
        0,
        branches ? 1 : 0,
      );
      regRead(uc, numbers, pointers, count);
      for (let index = 0; index <= XPSR; index++) state[index] = words[index * 2]!;
      for (let index = 0; index < 32; index++) state[S0 + index] = words[(XPSR + 1) * 2 + index]!;
      state[FPSCR] = words[(XPSR + 17) * 2]!;
      return result !== 0 || interrupted ? 'fault' : 'done';
    },
    writeCode(bytes) {
      placed = undefined;
      memWrite(uc, CODE_ORIGIN, bytes, bytes.length);
    },
    writeRam: (bytes) => memWrite(uc, RAM_ORIGIN, bytes, bytes.length),
    ram() {
      memRead(uc, RAM_ORIGIN, ramBytes, RAM_BYTES);
      return ramBytes;
    },
    close() {
      call('int uc_close(void* uc)')(uc);
      koffi.unregister(hook);
    },
  };
}

/** Whether libunicorn can be loaded here. */
export function unicornPresent(): boolean {
  try {
    koffi.load(LIBRARY);
    return STATE_WORDS > 0;
  } catch {
    return false;
  }
}
