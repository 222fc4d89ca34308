/**
 * QEMU as a second opinion: builds the self-check for a machine that QEMU has, runs it with semihosting, and compares the
 * CRC of every feature map. QEMU counts no cycles and shares no code with the other engines.
 * Machines and memory maps: QEMU's hw/arm/mps2.c and mps2-tz.c (Arm AN386, AN500, AN505).
 */
import type { KernelCycles } from '../bind/variants/chosen-kernel.js';
import { parseBoardLog } from '../compare/board-log.js';
import type { DeployPlan } from '../ir/deploy-plan.js';
import type { CrossCheckReport } from '../report/cross-check.js';
import { crc32 } from '../support/crc32.js';
import { limit, unsupported } from '../support/errors.js';
import type { Host } from '../support/host.js';
import type { Board, CoreId } from '../targets/index.js';
import { buildProject } from './build-project.js';
import type { SimulatedMaps } from './verify-facts.js';

const PROGRAM = 'qemu-system-arm';
const MIB = 1 << 20;
const TIMEOUT_MS = 600_000;

interface QemuMachine {
  readonly name: string;
  readonly flash: Board['flash'];
  readonly sram: Board['sram'];
}

const ZBT_SSRAM = { flash: { origin: 0, bytes: 4 * MIB }, sram: { origin: 0x20000000, bytes: 4 * MIB } };

const MACHINES = {
  m4: { name: 'mps2-an386', ...ZBT_SSRAM },
  m7: { name: 'mps2-an500', ...ZBT_SSRAM },
  m33: {
    name: 'mps2-an505',
    flash: { origin: 0x10000000, bytes: 4 * MIB },
    sram: { origin: 0x38000000, bytes: 2 * MIB },
  },
} as const satisfies Record<CoreId, QemuMachine>;

export interface QemuOptions {
  readonly inputs: readonly Uint8Array[];
  readonly toolchain?: string;
  readonly now: () => number;
  /** As the firmware that was verified. */
  readonly cycles?: KernelCycles;
}

/** Path of QEMU. Throws `emulate/engine` (kind `unsupported`) where it is not installed. */
export async function findQemu(host: Host): Promise<string> {
  const program = await host.findProgram(PROGRAM);
  if (program !== undefined) return program;
  throw unsupported('emulate/engine', `the engine qemu cannot run here: ${PROGRAM} is not on PATH`, {
    fix: 'Type `apt install qemu-system-arm` (Debian) or `brew install qemu` (macOS), or choose --engine builtin.',
  });
}

/** What QEMU's feature maps say of the simulation's. */
export async function checkWithQemu(
  host: Host,
  program: string,
  plan: DeployPlan,
  board: Board,
  simulated: SimulatedMaps,
  { inputs, toolchain, now, cycles }: QemuOptions,
): Promise<CrossCheckReport> {
  const machine = MACHINES[board.core];
  const { flash, sram } = machine;
  const target: Board = { ...board, id: machine.name, name: `QEMU ${machine.name}`, flash, sram };
  const firmware = await buildProject(host, plan, target, {
    ...(toolchain === undefined ? {} : { toolchain }),
    ...(cycles === undefined ? {} : { cycles }),
    selfCheck: { kind: 'bytes', inputs, source: 'the input of verify' },
    now,
  });
  if (firmware.isVirtual) {
    throw limit('emulate/qemu-memory', `the network does not fit the memory of QEMU's ${machine.name}`, {
      where: plan.name,
      expected: `at most ${flash.bytes / MIB} MiB of flash and ${sram.bytes / MIB} MiB of SRAM`,
    });
  }
  const log = parseBoardLog(await runQemu(host, program, machine.name, firmware.elf), `QEMU ${machine.name}`);
  const wrong = plan.steps.findIndex((_, i) => log.layers[i]?.crc !== crc32(simulated.maps[i]!));
  const equal = wrong < 0 && log.complete;
  return {
    state: equal ? 'equal' : 'different',
    engines: ['builtin', 'qemu'],
    layers: log.layers.length,
    registers: 0,
    memoryBytes: simulated.maps.slice(0, log.layers.length).reduce((sum, map) => sum + (map?.length ?? 0), 0),
    cycleDifference: null,
    difference: equal
      ? null
      : {
          layer: plan.steps[Math.max(0, wrong)]!.name,
          what: log.layers[wrong] === undefined ? 'steps' : 'CRC of the feature map',
          values: {
            builtin: crc32(simulated.maps[wrong] ?? new Uint8Array(0)),
            qemu: log.layers[wrong]?.crc ?? 0,
          },
        },
    note: '',
  };
}

async function runQemu(host: Host, program: string, machine: string, elf: Uint8Array): Promise<string> {
  const folder = await host.temporaryDirectory('qemu');
  try {
    const path = `${folder}/firmware.elf`;
    await host.writeFile(path, elf);
    const semihosting = ['-semihosting-config', 'enable=on,target=native'];
    const args = [
      '-M',
      machine,
      '-nographic',
      '-monitor',
      'none',
      '-serial',
      'none',
      ...semihosting,
      '-kernel',
      path,
    ];
    const { stdout, stderr } = await host.run(program, args, { timeoutMs: TIMEOUT_MS });
    return `${stdout}\n${stderr}`;
  } finally {
    await host.remove(folder);
  }
}
