/**
 * The built-in core's guest memory: places regions in linear memory and fills its page tables.
 * The layout is drawn in assembly/cortex-m/map.ts, the region record in assembly/cortex-m/regions.ts.
 */
import { limit } from '../support/errors.js';
import type { FlashModel } from '../targets/flash-models.js';
import type { CortexMModule } from './builtin-wasm.js';
import type { MemoryRegion } from './machine.js';

const PAGE = 0x1000;
const WASM_PAGE = 0x10000;
/** Kept free on both sides of a region. */
const SKEW = 64;
const WRITABLE = 1;
const EXECUTABLE = 2;
const MAX_REGIONS = 16;

/** A region as the built-in core takes it: what is not writable is executable, and more on request. */
export interface BuiltinRegion extends MemoryRegion {
  /** Code may run from here although it is writable (ITCM); it must not change once it has run. */
  readonly executable?: boolean;
  /** Extra cycles of each read and write: wait states of the data side. Default 0. */
  readonly readWaits?: number;
  readonly writeWaits?: number;
}

interface PlacedRegion extends BuiltinRegion {
  readonly host: number;
  /** Reads go through the flash model. */
  readonly modelled?: boolean;
}

export class BuiltinMemory {
  private readonly module: CortexMModule;
  private readonly placed: readonly PlacedRegion[];
  /** Host address and bytes of each executable region's code map. */
  private readonly codeMaps: { readonly host: number; readonly bytes: number }[] = [];

  constructor(module: CortexMModule, regions: readonly BuiltinRegion[], flash?: FlashModel) {
    this.module = module;
    if (regions.length > MAX_REGIONS) {
      throw limit(
        'emulate/regions',
        `${regions.length} memory regions; at most ${MAX_REGIONS} are supported`,
      );
    }
    this.placed = this.place(
      flash === undefined
        ? regions
        : regions.map((region) => (region.name === flash.region ? { ...region, modelled: true } : region)),
    );
    this.writeRegionList();
    for (const region of this.placed) this.writePages(region);
    if (flash !== undefined) this.writeFlashModel(flash);
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.module.memory.buffer);
  }

  get view(): DataView {
    return new DataView(this.module.memory.buffer);
  }

  /** Host address of `length` mapped bytes at `address`; throws when they are not inside one region. */
  hostAddress(address: number, length: number): number {
    const region = this.find(address, length);
    if (region !== undefined) return region.host + (address - region.origin);
    throw limit('emulate/unmapped', `no memory region holds ${length} bytes at 0x${address.toString(16)}`);
  }

  find(address: number, length: number): PlacedRegion | undefined {
    return this.placed.find(({ origin, bytes }) => address >= origin && address + length <= origin + bytes);
  }

  region(name: string): PlacedRegion | undefined {
    return this.placed.find((region) => region.name === name);
  }

  writableRegions(): readonly PlacedRegion[] {
    return this.placed.filter((region) => region.writable);
  }

  isExecutable(address: number): boolean {
    const region = this.find(address, 1);
    return region !== undefined && (flagsOf(region) & EXECUTABLE) !== 0;
  }

  private place(
    regions: readonly (BuiltinRegion & { readonly modelled?: boolean })[],
  ): readonly PlacedRegion[] {
    const { RAM, RAM_BYTES, ROM } = this.module.layout;
    let ram = RAM;
    let rom = ROM;
    const placed = regions.map((region): PlacedRegion => {
      const start = region.writable ? ram : rom;
      const next = align(start + SKEW + region.bytes + SKEW, PAGE);
      if (region.writable) ram = next;
      else rom = next;
      return { ...region, host: start + SKEW };
    });
    if (ram > RAM + RAM_BYTES) {
      throw limit('emulate/ram', 'writable memory regions exceed 64 MiB together');
    }
    for (const region of placed) {
      if ((flagsOf(region) & EXECUTABLE) === 0) continue;
      const pages =
        Math.floor((region.origin + region.bytes - 1) / PAGE) - Math.floor(region.origin / PAGE) + 1;
      this.codeMaps.push({ host: rom, bytes: pages * PAGE * 2 });
      rom += pages * PAGE * 2;
    }
    this.module.memory.grow(Math.ceil(rom / WASM_PAGE) - this.module.memory.buffer.byteLength / WASM_PAGE);
    return placed;
  }

  /** Fields and stamps as assembly/cortex-m/timing/flash.ts reads them. */
  private writeFlashModel(flash: FlashModel): void {
    const region = this.region(flash.region);
    if (region === undefined)
      throw limit('emulate/flash-model', `no memory region is called ${flash.region}`);
    const lines = Math.ceil(region.bytes / flash.lineBytes);
    const stamps = this.module.memory.buffer.byteLength;
    this.module.memory.grow(Math.ceil((lines * 8) / WASM_PAGE));
    const { FLASH } = this.module.layout;
    new Uint32Array(this.module.memory.buffer, FLASH, 12).set([
      1,
      region.origin,
      region.bytes,
      Math.log2(flash.lineBytes),
      flash.waitStates,
      flash.instructionLines,
      flash.dataLines,
      flash.prefetch ? 1 : 0,
      stamps,
      stamps + lines * 4,
      0,
      0,
    ]);
  }

  private writeRegionList(): void {
    const { REGION_COUNT, REGIONS, REGION_BYTES } = this.module.layout;
    this.view.setUint32(REGION_COUNT, this.placed.length, true);
    this.placed.forEach((region, index) => {
      const words = new Uint32Array(this.module.memory.buffer, REGIONS + index * REGION_BYTES, 6);
      words.set([
        region.origin,
        region.origin + region.bytes - 1,
        region.host,
        flagsOf(region),
        region.readWaits ?? 0,
        region.writeWaits ?? 0,
      ]);
    });
  }

  /**
   * Whole pages go to the page tables as their distance + 1, unless wait states force every access through the slow path,
   * or the region does not start on a word.
   */
  private writePages(region: PlacedRegion): void {
    const { READ_PAGES, WRITE_PAGES, CODE_PAGES } = this.module.layout;
    const end = region.origin + region.bytes;
    const distance = (region.host - region.origin) >>> 0;
    const first = Math.ceil(region.origin / PAGE);
    for (let page = first; distance % 4 === 0 && (page + 1) * PAGE <= end; page++) {
      if (!region.readWaits && !region.modelled)
        this.view.setUint32(READ_PAGES + page * 4, distance + 1, true);
      if (region.writable && !region.writeWaits)
        this.view.setUint32(WRITE_PAGES + page * 4, distance + 1, true);
    }
    if ((flagsOf(region) & EXECUTABLE) === 0) return;
    const index = this.placed.filter((other) => (flagsOf(other) & EXECUTABLE) !== 0).indexOf(region);
    const map = this.codeMaps[index]!.host;
    const firstCode = Math.floor(region.origin / PAGE);
    for (let page = firstCode; page * PAGE < end; page++) {
      this.view.setUint32(CODE_PAGES + page * 4, map + (page - firstCode) * PAGE * 2, true);
    }
  }
}

function flagsOf(region: BuiltinRegion): number {
  const executable = region.executable ?? !region.writable;
  return (region.writable ? WRITABLE : 0) | (executable ? EXECUTABLE : 0);
}

const align = (value: number, to: number): number => Math.ceil(value / to) * to;
