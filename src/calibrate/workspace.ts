/** Named regions in the memory of one instance of the float kernels, for operands that calls bring and take away. */
import { FloatMemory, instantiateFloatKernels } from './float-kernels.js';

/** Vectors may be read this far past the end of a region. */
const SLACK_FLOATS = 8;

export class Workspace {
  readonly kernels = instantiateFloatKernels();
  private readonly memory = new FloatMemory(this.kernels);
  private readonly regions = new Map<string, { address: number; floats: number }>();

  /** Address of at least `count` floats; views taken earlier become invalid. A region moves when it has to grow. */
  floats(name: string, count: number): number {
    const known = this.regions.get(name);
    if (known !== undefined && known.floats >= count) return known.address;
    const address = this.memory.floats(count + SLACK_FLOATS);
    this.regions.set(name, { address, floats: count });
    return address;
  }

  doubles(name: string, count: number): number {
    return this.floats(name, 2 * count);
  }

  view(address: number, count: number): Float32Array {
    return this.memory.view(address, count);
  }

  doubleView(address: number, count: number): Float64Array {
    return new Float64Array(this.kernels.memory.buffer, address, count);
  }
}
