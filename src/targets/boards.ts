/**
 * THE board list. Memories from the parts' datasheets and reference manuals as cited in `source`; flash and SRAM
 * are the regions that firmware is linked to. `memoryFactor` states what flash wait states and caches add to
 * zero-wait cycles; only where `basis` says measured is it more than an informed range.
 */
import type { Board } from './target.js';

const KIB = 1024;
const MIB = 1024 * KIB;

export const BOARDS: readonly Board[] = [
  {
    id: 'nano33ble',
    name: 'Arduino Nano 33 BLE Sense (nRF52840)',
    core: 'm4',
    clockHz: 64_000_000,
    flash: { origin: 0x00000000, bytes: MIB },
    sram: { origin: 0x20000000, bytes: 256 * KIB },
    memoryFactor: {
      low: 1,
      mid: 1.08,
      high: 1.25,
      basis: 'not measured: 64 MHz with an instruction cache; weights are read from flash through no cache',
    },
    source:
      'nRF52840 product specification, memory map. The Arduino bootloader takes the first 64 KiB of flash unless replaced over SWD',
  },
  {
    id: 'l4r5zi',
    name: 'NUCLEO-L4R5ZI (STM32L4R5ZI)',
    core: 'm4',
    clockHz: 120_000_000,
    flash: { origin: 0x08000000, bytes: 2 * MIB },
    sram: { origin: 0x20000000, bytes: 640 * KIB },
    memoryFactor: {
      low: 1.18,
      mid: 1.26,
      high: 1.34,
      basis:
        'measured on this board: published latencies over the zero-wait M4 table are 1.18–1.34 (flash wait states at 120 MHz)',
    },
    source:
      'RM0432: SRAM1, SRAM2 (alias) and SRAM3 contiguous from 0x20000000; dual-bank flash at 0x08000000',
  },
  {
    id: 'f746',
    name: 'STM32F746 Discovery (STM32F746NG)',
    core: 'm7',
    clockHz: 216_000_000,
    flash: { origin: 0x08000000, bytes: MIB },
    sram: { origin: 0x20000000, bytes: 320 * KIB },
    memoryFactor: {
      low: 1,
      mid: 1.2,
      high: 1.6,
      basis: 'not measured: depends on caches, on the flash accelerator and on what of SRAM is DTCM',
    },
    source:
      'RM0385: DTCM 64 KiB, SRAM1 240 KiB, SRAM2 16 KiB contiguous from 0x20000000; flash on AXIM at 0x08000000',
  },
  {
    id: 'h743',
    name: 'STM32H743 (AXI SRAM)',
    core: 'm7',
    clockHz: 480_000_000,
    flash: { origin: 0x08000000, bytes: 2 * MIB },
    sram: { origin: 0x24000000, bytes: 512 * KIB },
    memoryFactor: {
      low: 1,
      mid: 1.2,
      high: 1.6,
      basis: 'not measured: both caches on; AXI SRAM and flash run at half the core clock or less',
    },
    source: 'RM0433: AXI SRAM 512 KiB at 0x24000000; flash at 0x08000000',
  },
  {
    id: 'u575',
    name: 'NUCLEO-U575ZI-Q (STM32U575ZI)',
    core: 'm33',
    clockHz: 160_000_000,
    flash: { origin: 0x08000000, bytes: 2 * MIB },
    sram: { origin: 0x20000000, bytes: 768 * KIB },
    memoryFactor: {
      low: 1,
      mid: 1.1,
      high: 1.3,
      basis: 'not measured: instruction cache on, 4 flash wait states at 160 MHz',
    },
    source:
      'RM0456: SRAM1 192 KiB, SRAM2 64 KiB, SRAM3 512 KiB contiguous from 0x20000000; flash at 0x08000000',
  },
  {
    id: 'nrf5340',
    name: 'nRF5340 DK, application core',
    core: 'm33',
    clockHz: 128_000_000,
    flash: { origin: 0x00000000, bytes: MIB },
    sram: { origin: 0x20000000, bytes: 512 * KIB },
    memoryFactor: {
      low: 0.98,
      mid: 1.01,
      high: 1.05,
      basis:
        'measured on this board: published latencies over a zero-wait table are 0.98–1.05 (with its cache)',
    },
    source: 'nRF5340 product specification, memory map (non-secure aliases)',
  },
];

export const findBoard = (id: string): Board | undefined => BOARDS.find((board) => board.id === id);

/** The same board with at least so much memory: what does not fit can still be run and measured. */
export function virtualBoard(
  board: Board,
  needed: { readonly flashBytes: number; readonly sramBytes: number },
): Board {
  const grow = (region: Board['flash'], bytes: number): Board['flash'] => ({
    origin: region.origin,
    bytes: Math.max(region.bytes, Math.ceil(bytes / KIB) * KIB),
  });
  return {
    ...board,
    name: `${board.name}, with more memory than it has`,
    flash: grow(board.flash, needed.flashBytes),
    sram: grow(board.sram, needed.sramBytes),
  };
}
