/** A linked firmware image as data: what `compile` hands to `emulate` and `report`. */

export interface ElfSegment {
  /** Run address (virtual). */
  readonly address: number;
  /** Load address (physical): where the bytes stand in flash. Differs for `.data`. */
  readonly loadAddress: number;
  /** Bytes in the file; shorter than `memorySize` when the rest is zero-filled. */
  readonly data: Uint8Array;
  readonly memorySize: number;
  readonly writable: boolean;
  readonly executable: boolean;
}

export interface ElfSymbol {
  readonly name: string;
  /** Thumb bit cleared for functions. */
  readonly address: number;
  readonly size: number;
  readonly type: 'function' | 'object' | 'other';
}

export interface ElfSection {
  readonly name: string;
  readonly address: number;
  readonly size: number;
  /** Occupies memory at run time (SHF_ALLOC). */
  readonly allocated: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
  /** No bytes in the file: `.bss` and the like. */
  readonly zeroFilled: boolean;
}

export interface ElfImage {
  /** Entry address, Thumb bit cleared. */
  readonly entry: number;
  readonly segments: readonly ElfSegment[];
  /** By name; of local symbols sharing a name `f` the second stands under `f#2`. */
  readonly symbols: ReadonlyMap<string, ElfSymbol>;
  readonly sections: readonly ElfSection[];
  /** The function whose code holds `address`, if any. */
  functionAt(address: number): ElfSymbol | undefined;
}
