/** Readable, unique layer names from the long names that converters write into model files. */

/** Path parts that say what kind of operator made a tensor, not which one. */
const GENERIC_PARTS =
  /^(relu6?|biasadd|conv2d|depthwise|matmul|batchnorm|fusedbatchnorm(v\d)?|act_quant|fakequantwithminmaxvars|add_fold|batchnorm_fold|separable_conv2d|readvariableop|resource|:\d+|\d+)$/i;
const MAX_LENGTH = 48;

/** 'model/conv1/Relu;model/conv1/BiasAdd' → 'model/conv1'; at most 48 characters, the end is kept. */
export function shortenName(fileName: string): string {
  const parts = fileName
    .split(';')[0]!
    .replace(/[^A-Za-z0-9_./-]+/g, '_')
    .split('/')
    .filter((part) => part !== '');
  while (parts.length > 1 && GENERIC_PARTS.test(parts.at(-1)!)) parts.pop();
  const joined = parts.join('/').replace(/^[_.]+|[_.]+$/g, '');
  return joined.length <= MAX_LENGTH ? joined : joined.slice(-MAX_LENGTH).replace(/^[^/]*\//, '');
}

/** Hands out each name once: a repeated one gets `_2`, `_3`, … */
export function createUniqueNames(): (wanted: string, fallback: string) => string {
  const taken = new Set<string>();
  // Where to go on counting: thousands of equal names must not cost their square.
  const next = new Map<string, number>();
  return (wanted, fallback) => {
    const base = wanted === '' ? fallback : wanted;
    let name = base;
    for (let n = next.get(base) ?? 2; taken.has(name); n++) {
      name = `${base}_${n}`;
      next.set(base, n + 1);
    }
    taken.add(name);
    return name;
  };
}
