/** Many cases at once on QEMU, which starts slowly: the driver runs them all and hands back registers and checksums. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CODE_BYTES, RAM_BYTES, STATE_WORDS } from '../state.js';

export type QemuCore = 'm4' | 'm7';

export interface QemuCase {
  readonly state: Uint32Array;
  /** The instruction and the SVC behind it, at most six halfwords. */
  readonly code: Uint16Array;
}

export interface QemuResult {
  readonly state: Uint32Array;
  readonly checksum: number;
}

const HERE = fileURLToPath(new URL('.', import.meta.url));
const MACHINES: Readonly<Record<QemuCore, string>> = { m4: 'mps2-an386', m7: 'mps2-an500' };
const CASES_ADDRESS = 0x20100000;
const CASE_BYTES = STATE_WORDS * 4 + 16;
const RESULT_WORDS = STATE_WORDS + 1;
const TIMEOUT_MS = 300_000;
/** What fits between the driver's cases and results. */
export const MOST_CASES = 6000;

export const qemuPresent = (): boolean =>
  spawnSync('qemu-system-arm', ['--version']).status === 0 &&
  spawnSync('arm-none-eabi-gcc', ['--version']).status === 0;

export class QemuBatch {
  private readonly folder = mkdtempSync(join(tmpdir(), 'quantmcu-qemu-'));
  private readonly core: QemuCore;

  constructor(core: QemuCore) {
    this.core = core;
    const flags = ['-mthumb', '-mfloat-abi=hard', '-mfpu=fpv4-sp-d16', '-O2', '-ffreestanding', '-nostdlib'];
    const script = join(HERE, 'link.ld');
    const args = ['-mcpu=cortex-m4', ...flags, '-T', script, join(HERE, 'driver.c'), '-o', 'driver.elf'];
    execFileSync('arm-none-eabi-gcc', args, { cwd: this.folder, stdio: 'pipe' });
  }

  /** Runs the cases in order; RAM carries over from one to the next. Throws when one of them faults. */
  run(ram: Uint8Array, code: Uint8Array, cases: readonly QemuCase[]): readonly QemuResult[] {
    writeFileSync(join(this.folder, 'cases.bin'), encode(ram, code, cases));
    const loader = `loader,file=cases.bin,addr=0x${CASES_ADDRESS.toString(16)},force-raw=on`;
    const args = ['-M', MACHINES[this.core], '-nographic', '-monitor', 'none', '-serial', 'null'];
    args.push('-semihosting-config', 'enable=on,target=native', '-device', loader, '-kernel', 'driver.elf');
    execFileSync('qemu-system-arm', args, { cwd: this.folder, stdio: 'pipe', timeout: TIMEOUT_MS });
    const bytes = readFileSync(join(this.folder, 'results.bin'));
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    return cases.map((_, index) => ({
      state: words.slice(index * RESULT_WORDS, index * RESULT_WORDS + STATE_WORDS),
      checksum: words[index * RESULT_WORDS + STATE_WORDS]!,
    }));
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function encode(ram: Uint8Array, code: Uint8Array, cases: readonly QemuCase[]): Uint8Array {
  const header = 4 + RAM_BYTES + CODE_BYTES;
  const bytes = new Uint8Array(header + cases.length * CASE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, cases.length, true);
  bytes.set(ram, 4);
  bytes.set(code, 4 + RAM_BYTES);
  cases.forEach(({ state, code: halfwords }, index) => {
    const at = header + index * CASE_BYTES;
    state.forEach((word, position) => {
      view.setUint32(at + position * 4, word, true);
    });
    view.setUint32(at + STATE_WORDS * 4, halfwords.length, true);
    halfwords.forEach((half, position) => {
      view.setUint16(at + STATE_WORDS * 4 + 4 + position * 2, half, true);
    });
  });
  return bytes;
}

/** The driver's checksum of RAM. */
export function ramChecksum(ram: Uint8Array): number {
  const words = new Uint32Array(ram.buffer, ram.byteOffset, ram.length / 4);
  let sum = 1;
  for (const word of words) sum = ((sum << 5) | (sum >>> 27)) ^ word;
  return sum >>> 0;
}
