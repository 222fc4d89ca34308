/**
 * The memory map as the host describes it: up to 16 regions. Whole pages of a region also stand in the page
 * tables; this list answers for the rest and for errors.
 *
 *   +0 u32 first address   +4 u32 last address   +8 u32 host address of the first byte
 *   +12 u32 1 = writable, 2 = executable, 4 = wait states (no fast path)
 *   +16 u32 extra cycles per read   +20 u32 per write
 */
import { REGION_BYTES, REGION_COUNT, REGIONS } from './map';

export const WRITABLE: u32 = 1;
export const EXECUTABLE: u32 = 2;

/** Record of the region that holds `bytes` bytes at `address`, or 0. */
export function findRegion(address: u32, bytes: u32): usize {
  const count = load<u32>(REGION_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const region = REGIONS + <usize>i * REGION_BYTES;
    const first = load<u32>(region);
    const last = load<u32>(region, 4);
    if (address >= first && address <= last && bytes - 1 <= last - address) return region;
  }
  return 0;
}

@inline export function hostAddress(region: usize, address: u32): usize {
  return <usize>(load<u32>(region, 8) + (address - load<u32>(region)));
}

/** The halfword at `address`, or −1 where nothing is mapped. */
export function peekHalf(address: u32): i32 {
  const region = findRegion(address & ~1, 2);
  return region == 0 ? -1 : <i32>load<u16>(hostAddress(region, address & ~1));
}
