/**
 * libunicorn reached through koffi: found at run time, never bundled (it is GPL-2), never needed to load this
 * module. Low-level calls only; `unicorn-machine.ts` makes a Machine of them.
 *
 * Source: include/unicorn/{unicorn,arm}.h of unicorn-engine 2.0.1; the traps noted below were measured.
 */
import { createRequire } from 'node:module';
import type Koffi from 'koffi';
import { bug, unsupported } from '../support/errors.js';
import type { CoreId } from '../targets/target.js';
import { UC_ERR, UC_HOOK } from './unicorn-constants.js';

export { UC_CORE_REGISTERS, UC_ERR, UC_HOOK, UC_MEM, UC_PROT, UC_REG } from './unicorn-constants.js';

/** Environment variable that overrides the search for the shared library (a path or a bare name). */
export const UNICORN_LIBRARY_VARIABLE = 'QUANTMCU_LIBUNICORN';

const LIBRARY_NAMES: readonly string[] = [
  'libunicorn.so.2',
  'libunicorn.2.dylib',
  '/opt/homebrew/lib/libunicorn.2.dylib',
  '/usr/local/lib/libunicorn.2.dylib',
  'unicorn.dll',
  'libunicorn.so',
  'libunicorn.dylib',
];

/** uc_cpu_arm models of the supported cores. */
const CPU_MODEL: Readonly<Record<CoreId, number>> = { m4: 9, m7: 10, m33: 11 };

const UC_ARCH_ARM = 1;
/** Never with UC_MODE_MCLASS (1 << 6): that flag forces a Cortex-M33 whatever uc_ctl asks for. */
const UC_MODE_THUMB = 1 << 4;
const UC_CTL_REMOVE_CACHE = (9 | (2 << 26) | (1 << 30)) >>> 0;
const UC_CTL_SET_CPU_MODEL = (7 | (1 << 26) | (1 << 30)) >>> 0;

export type CodeCallback = (address: number, size: number) => void;
/** Returns true when the access has been repaired (only meaningful for unmapped and forbidden accesses). */
export type MemoryCallback = (type: number, address: number, size: number) => boolean;
export type InterruptCallback = (number: number) => void;

/** One emulated core; every method throws `emulate/unicorn` when libunicorn refuses. */
export interface UnicornCore {
  /** Address and length must be multiples of 4096. */
  map(address: number, bytes: number, permissions: number): void;
  write(address: number, bytes: Uint8Array): void;
  read(address: number, length: number): Uint8Array;
  /** Reads into `target` without allocating. */
  readInto(address: number, target: Uint8Array): void;
  /** 32-bit register by UC_REG number, unsigned. s0–s31: UC_REG.S0 + n. */
  readRegister(register: number): number;
  writeRegister(register: number, value: number): void;
  /**
   * Runs from `begin` (bit 0 set for Thumb) until `until`, or `count` instructions (0: no bound; a bound
   * makes Unicorn hook every instruction, which is slow), or the time is over (0: no bound).
   * Returns a UC_ERR code; OK too when time is over, at a WFI, or after `stop`.
   */
  start(begin: number, until: number, count?: number, timeoutMicroseconds?: number): number;
  /**
   * Forgets the translation of the code in [low, high). Needed before a run that is to stop at an address
   * that ran before: Unicorn looks for `until` only while translating.
   */
  forgetCode(low: number, high: number): void;
  /** For use inside a hook: ends the run. */
  stop(): void;
  /** Hooks cover [low, high]; omitted, everywhere. Exceptions end the run and are rethrown by `start`. */
  hookBlock(callback: CodeCallback, low?: number, high?: number): void;
  hookCode(callback: CodeCallback, low?: number, high?: number): void;
  hookMemory(kind: number, callback: MemoryCallback, low?: number, high?: number): void;
  hookInterrupt(callback: InterruptCallback): void;
  close(): void;
}

export interface UnicornAvailability {
  readonly available: boolean;
  /** Empty when available; else one sentence that says what to install. */
  readonly reason: string;
  readonly version?: string;
}

type NativeFunction = (...args: unknown[]) => number;

type KoffiModule = typeof Koffi;
type CallbackType = ReturnType<KoffiModule['pointer']>;

interface UnicornFunctions {
  readonly koffi: KoffiModule;
  readonly callbacks: CallbackTypes;
  readonly version: string;
  readonly open: NativeFunction;
  readonly close: NativeFunction;
  readonly control: NativeFunction;
  readonly map: NativeFunction;
  readonly memWrite: NativeFunction;
  readonly memRead: NativeFunction;
  readonly regRead: NativeFunction;
  readonly regWrite: NativeFunction;
  readonly start: NativeFunction;
  readonly stop: NativeFunction;
  readonly hookAdd: NativeFunction;
  readonly strerror: (code: number) => string;
}

let cached: { readonly functions?: UnicornFunctions; readonly reason: string } | undefined;

/** Whether libunicorn 2 can be loaded here; loads it on the first call. Never throws. */
export function unicornAvailable(): UnicornAvailability {
  const { functions, reason } = load();
  return functions === undefined
    ? { available: false, reason }
    : { available: true, reason: '', version: functions.version };
}

/** Opens a core with nothing mapped. Throws `emulate/unicorn-missing` when libunicorn is absent. */
export function openUnicorn(core: CoreId): UnicornCore {
  const { functions, reason } = load();
  if (functions === undefined) {
    throw unsupported('emulate/unicorn-missing', reason, { fix: 'Use --engine builtin instead.' });
  }
  return new KoffiUnicorn(functions, core);
}

function load(): NonNullable<typeof cached> {
  cached ??= tryLoad();
  return cached;
}

/** A native addon: loaded when first needed, so that everything else works where it has no binary. */
function loadKoffi(): KoffiModule {
  return createRequire(import.meta.url)('koffi') as KoffiModule;
}

function tryLoad(): NonNullable<typeof cached> {
  let koffi: KoffiModule;
  try {
    koffi = loadKoffi();
  } catch (error) {
    return {
      reason: `koffi does not load (${String((error as Error).message).split('\n')[0]}); type npm install`,
    };
  }
  const callbacks = callbackTypes(koffi);
  const override = process.env[UNICORN_LIBRARY_VARIABLE];
  const names = override === undefined || override === '' ? LIBRARY_NAMES : [override];
  let last = '';
  for (const name of names) {
    try {
      return { functions: declare(koffi, callbacks, koffi.load(name)), reason: '' };
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
  }
  const hint = 'apt-get install libunicorn2, or brew install unicorn';
  return { reason: `libunicorn 2 was not found (${last.split('\n')[0]}); install it: ${hint}` };
}

interface CallbackTypes {
  readonly code: CallbackType;
  readonly memory: CallbackType;
  readonly interrupt: CallbackType;
}

/**
 * Hooks take (uc, address, size), (uc, type, address, size) and (uc, number).
 * They are called millions of times a second, so they take only what is used and only 32 bits of it: ARM
 * addresses have no more, and in every calling convention here (System V, AAPCS64, Win64) a callee may ignore
 * the upper half of a register argument and all trailing arguments. Nameless, because koffi refuses a name
 * twice when this module is loaded twice.
 */
const callbackTypes = (koffi: KoffiModule): CallbackTypes => ({
  code: koffi.pointer(koffi.proto('void', ['int32_t', 'uint32_t', 'uint32_t'])),
  memory: koffi.pointer(koffi.proto('bool', ['int32_t', 'int32_t', 'uint32_t', 'int32_t'])),
  interrupt: koffi.pointer(koffi.proto('void', ['int32_t', 'uint32_t'])),
});

function declare(
  koffi: KoffiModule,
  callbacks: CallbackTypes,
  library: ReturnType<KoffiModule['load']>,
): UnicornFunctions {
  const version = (library.func('uint32_t uc_version(void*, void*)') as NativeFunction)(null, null);
  if (version >>> 24 !== 2)
    throw bug('emulate/unicorn', `libunicorn has major version ${version >>> 24}, not 2`);
  const func = (declaration: string): NativeFunction => library.func(declaration) as NativeFunction;
  return {
    koffi,
    callbacks,
    version: `${version >>> 24}.${(version >>> 16) & 255}.${(version >>> 8) & 255}`,
    open: func('int uc_open(int arch, int mode, _Out_ void** uc)'),
    close: func('int uc_close(void* uc)'),
    control: func('int uc_ctl(void* uc, uint32_t control, ...)'),
    map: func('int uc_mem_map(void* uc, uint64_t address, size_t size, uint32_t perms)'),
    memWrite: func('int uc_mem_write(void* uc, uint64_t address, const uint8_t* bytes, size_t size)'),
    memRead: func('int uc_mem_read(void* uc, uint64_t address, _Out_ uint8_t* bytes, size_t size)'),
    regRead: func('int uc_reg_read(void* uc, int regid, _Out_ uint32_t* value)'),
    regWrite: func('int uc_reg_write(void* uc, int regid, const uint32_t* value)'),
    start: func('int uc_emu_start(void* uc, uint64_t begin, uint64_t until, uint64_t timeout, size_t count)'),
    stop: func('int uc_emu_stop(void* uc)'),
    hookAdd: func(
      'int uc_hook_add(void* uc, _Out_ size_t* hh, int type, void* callback, void* user, uint64_t begin, uint64_t end, ...)',
    ),
    strerror: library.func('const char* uc_strerror(int code)') as unknown as (code: number) => string,
  };
}

class KoffiUnicorn implements UnicornCore {
  private readonly functions: UnicornFunctions;
  private handle: unknown;
  private readonly callbacks: bigint[] = [];
  private readonly word = new Uint32Array(2);
  private pendingError: unknown;

  constructor(functions: UnicornFunctions, core: CoreId) {
    this.functions = functions;
    const out: unknown[] = [null];
    this.check(functions.open(UC_ARCH_ARM, UC_MODE_THUMB, out), 'uc_open');
    this.handle = out[0];
    const code = functions.control(this.handle, UC_CTL_SET_CPU_MODEL, 'int', CPU_MODEL[core]);
    this.check(code, `uc_ctl(cpu model ${core})`);
  }

  map(address: number, bytes: number, permissions: number): void {
    const code = this.functions.map(this.handle, address, bytes, permissions);
    this.check(code, `uc_mem_map(0x${address.toString(16)}, ${bytes})`);
  }

  write(address: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const code = this.functions.memWrite(this.handle, address, bytes, bytes.length);
    this.check(code, `uc_mem_write(0x${address.toString(16)}, ${bytes.length})`);
  }

  read(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.readInto(address, bytes);
    return bytes;
  }

  readInto(address: number, target: Uint8Array): void {
    if (target.length === 0) return;
    const code = this.functions.memRead(this.handle, address, target, target.length);
    this.check(code, `uc_mem_read(0x${address.toString(16)}, ${target.length})`);
  }

  readRegister(register: number): number {
    this.word[0] = 0;
    this.check(this.functions.regRead(this.handle, register, this.word), `uc_reg_read(${register})`);
    return this.word[0]!;
  }

  writeRegister(register: number, value: number): void {
    this.word[0] = value >>> 0;
    this.word[1] = 0;
    this.check(this.functions.regWrite(this.handle, register, this.word), `uc_reg_write(${register})`);
  }

  start(begin: number, until: number, count = 0, timeoutMicroseconds = 0): number {
    this.pendingError = undefined;
    const code = this.functions.start(this.handle, begin, until, timeoutMicroseconds, count);
    if (this.pendingError !== undefined) throw this.pendingError;
    return code;
  }

  forgetCode(low: number, high: number): void {
    const code = this.functions.control(this.handle, UC_CTL_REMOVE_CACHE, 'uint64_t', low, 'uint64_t', high);
    this.check(code, 'uc_ctl(remove cache)');
  }

  stop(): void {
    this.functions.stop(this.handle);
  }

  hookBlock(callback: CodeCallback, low = 1, high = 0): void {
    this.addCodeHook(UC_HOOK.BLOCK, callback, low, high);
  }

  hookCode(callback: CodeCallback, low = 1, high = 0): void {
    this.addCodeHook(UC_HOOK.CODE, callback, low, high);
  }

  hookMemory(kind: number, callback: MemoryCallback, low = 1, high = 0): void {
    const native = (_uc: number, type: number, address: number, size: number): boolean => {
      try {
        return callback(type, address, size);
      } catch (error) {
        return this.fail(error);
      }
    };
    this.addHook(kind, this.functions.koffi.register(native, this.functions.callbacks.memory), low, high);
  }

  hookInterrupt(callback: InterruptCallback): void {
    const native = (_uc: number, number: number): void => {
      try {
        callback(number);
      } catch (error) {
        this.fail(error);
      }
    };
    this.addHook(
      UC_HOOK.INTERRUPT,
      this.functions.koffi.register(native, this.functions.callbacks.interrupt),
      1,
      0,
    );
  }

  close(): void {
    if (this.handle === undefined) return;
    this.functions.close(this.handle);
    this.handle = undefined;
    for (const callback of this.callbacks) this.functions.koffi.unregister(callback);
    this.callbacks.length = 0;
  }

  private addCodeHook(kind: number, callback: CodeCallback, low: number, high: number): void {
    const native = (_uc: number, address: number, size: number): void => {
      try {
        callback(address, size);
      } catch (error) {
        this.fail(error);
      }
    };
    this.addHook(kind, this.functions.koffi.register(native, this.functions.callbacks.code), low, high);
  }

  private addHook(kind: number, callback: bigint, low: number, high: number): void {
    this.callbacks.push(callback);
    const hook: unknown[] = [null];
    this.check(this.functions.hookAdd(this.handle, hook, kind, callback, null, low, high), 'uc_hook_add');
  }

  /** An exception cannot cross the native frames: keep it, end the run, let `start` rethrow it. */
  private fail(error: unknown): false {
    this.pendingError ??= error;
    this.stop();
    return false;
  }

  private check(code: number, call: string): void {
    if (code === UC_ERR.OK) return;
    throw bug('emulate/unicorn', `${call} failed: ${this.functions.strerror(code)}`);
  }
}
