import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  openUnicorn,
  UC_ERR,
  UC_PROT,
  UC_REG,
  UNICORN_LIBRARY_VARIABLE,
  unicornAvailable,
} from '../../../src/emulate/unicorn-library.js';

describe('libunicorn that is not there', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  it('is a reason, not a crash', async () => {
    vi.stubEnv(UNICORN_LIBRARY_VARIABLE, '/nowhere/libunicorn.so.2');
    vi.resetModules();
    const fresh = await import('../../../src/emulate/unicorn-library.js');
    const { available, reason, version } = fresh.unicornAvailable();
    expect([available, version]).toEqual([false, undefined]);
    expect(reason).toMatch(/libunicorn 2 was not found.*install/);
    expect(() => fresh.openUnicorn('m4')).toThrow(/libunicorn 2 was not found.*--engine builtin/);
  });
});

describe.skipIf(!unicornAvailable().available)('libunicorn (needs libunicorn)', () => {
  it('states its version', () => {
    expect(unicornAvailable()).toMatchObject({ available: true, reason: '' });
    expect(unicornAvailable().version).toMatch(/^2\.\d+\.\d+$/);
  });

  it('reads and writes registers, floating-point ones too', () => {
    const core = openUnicorn('m4');
    core.writeRegister(UC_REG.R0 + 12, 0xffffffff);
    core.writeRegister(UC_REG.S0 + 31, 0x3f800000);
    core.writeRegister(UC_REG.XPSR, 0x61000000);
    expect(core.readRegister(UC_REG.R0 + 12)).toBe(0xffffffff);
    expect(core.readRegister(UC_REG.S0 + 31)).toBe(0x3f800000);
    expect(core.readRegister(UC_REG.XPSR) >>> 28).toBe(6);
    core.close();
    core.close(); // twice does no harm
  });

  it('rethrows what a hook throws', () => {
    const core = openUnicorn('m7');
    core.map(0, 4096, UC_PROT.READ | UC_PROT.EXEC);
    core.write(0, Uint8Array.of(0x00, 0xbf, 0x00, 0xbf)); // nop; nop
    core.hookBlock(() => {
      throw new Error('from the hook');
    });
    expect(() => core.start(1, 4)).toThrow('from the hook');
    core.close();
  });

  it('reports errors of the engine by code, and its own refusals by throwing', () => {
    const core = openUnicorn('m33');
    core.map(0, 4096, UC_PROT.READ | UC_PROT.EXEC);
    core.write(0, Uint8Array.of(0x00, 0x68)); // ldr r0, [r0] with r0 = 0x1000
    core.writeRegister(UC_REG.R0, 0x1000);
    expect(core.start(1, 2)).toBe(UC_ERR.READ_UNMAPPED);
    expect(() => core.read(0x5000, 4)).toThrow(/uc_mem_read\(0x5000, 4\) failed/);
    expect(() => core.map(1, 3, UC_PROT.ALL)).toThrow(/uc_mem_map/);
    core.close();
  });
});
