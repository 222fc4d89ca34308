import { Cls } from './classes';
import * as info from './info';
export function startPipeline(): void {}
export function costOf(): u32 { return 1; }
export function costIfSkipped(cost: u32): u32 { return min<u32>(cost, 1); }
export function extraIfTaken(pc: u32, target: u32): u32 { return 2; }
export function extraIfNotTaken(pc: u32, target: u32): u32 { return 0; }
