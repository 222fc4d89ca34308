/**
 * What flash adds to zero-wait cycles, per board: wait states and the caches in front of it. A term of its own in every
 * estimate, never part of a core's table; not calibrated on silicon, so an estimate that uses it says so.
 */

export interface FlashModel {
  /** Name of the memory region that it is about. */
  readonly region: string;
  /** Cycles of a read that no cache answers, beyond the first. */
  readonly waitStates: number;
  /** Bytes of one flash read, a power of two: the caches hold whole reads. */
  readonly lineBytes: number;
  /** Reads that the caches for code and for data hold; at least 1 (the buffer of the last read). */
  readonly instructionLines: number;
  readonly dataLines: number;
  /** The next read starts while the last one executes. */
  readonly prefetch: boolean;
}

export interface BoardFlash extends FlashModel {
  readonly board: string;
  readonly source: string;
}

/** Boards whose flash interface the manual describes well enough. */
export const FLASH_MODELS: readonly BoardFlash[] = [
  {
    board: 'l4r5zi',
    region: 'flash',
    waitStates: 5,
    lineBytes: 16,
    instructionLines: 64,
    dataLines: 16,
    prefetch: false,
    source:
      'RM0432 3.3: 5 wait states at 120 MHz in range 1 boost; ART with 1 KiB for code, 256 B for data, prefetch off at reset',
  },
  {
    board: 'nano33ble',
    region: 'flash',
    waitStates: 2,
    lineBytes: 16,
    instructionLines: 128,
    dataLines: 1,
    prefetch: false,
    source:
      'nRF52840 product specification, NVMC: 2 wait states uncached, 2 KiB instruction cache (assumed 16-byte lines)',
  },
];
