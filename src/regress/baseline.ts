/** Baselines as JSON files that stand in a repository: one subject a line, so that a diff reads well. */
import {
  BASELINE_FORMAT,
  BASELINE_VERSION,
  type Baseline,
  COSTS,
  type Costs,
  type Measured,
} from '../ir/baseline.js';
import { badInput } from '../support/errors.js';

export function encodeBaseline(baseline: Baseline): string {
  const { toolchain, compiler, bounds, subjects, measured, informs } = baseline;
  const fields = [
    `"format": "${BASELINE_FORMAT}"`,
    `"version": ${BASELINE_VERSION}`,
    `"toolchain": ${JSON.stringify(toolchain)}`,
    `"compiler": ${JSON.stringify(compiler)}`,
    `"bounds": ${JSON.stringify(bounds)}`,
    `"subjects": {\n    "plans": ${lines(subjects.plans, 4)},\n    "kernels": ${lines(subjects.kernels, 4)}\n  }`,
    `"measured": ${lines(measured, 2)}`,
    ...(informs === undefined
      ? []
      : [
          `"informs": {\n    "compiler": ${JSON.stringify(informs.compiler)},\n    "measured": ${lines(informs.measured, 4)}\n  }`,
        ]),
  ];
  return `{\n  ${fields.join(',\n  ')}\n}\n`;
}

function lines(items: readonly unknown[], indent: number): string {
  if (items.length === 0) return '[]';
  const blanks = ' '.repeat(indent);
  return `[\n${items.map((item) => `${blanks}  ${JSON.stringify(item)}`).join(',\n')}\n${blanks}]`;
}

/** Throws `regress/baseline` (kind `badInput`) that names the field which is not as it should be. */
export function decodeBaseline(text: string, path: string): Baseline {
  const root = new Reader(parse(text, path), path, '');
  const format = root.field('format').value;
  const version = root.field('version').value;
  if (format !== BASELINE_FORMAT || version !== BASELINE_VERSION) {
    root.refuse(`${format} ${version}`, `${BASELINE_FORMAT} ${BASELINE_VERSION}`);
  }
  const subjects = root.field('subjects');
  return {
    ...{ toolchain: root.field('toolchain').text(), compiler: root.field('compiler').text() },
    bounds: root.field('bounds').costs(),
    subjects: {
      plans: subjects.field('plans').list((plan) => ({
        ...{ model: plan.field('model').text(), target: plan.field('target').text() },
        ...{ mode: plan.field('mode').text(), seed: plan.field('seed').count() },
      })),
      kernels: subjects.field('kernels').list((kernel) => ({
        cores: kernel.field('cores').list((core) => core.text()),
        modes: kernel.field('modes').list((mode) => mode.text()),
        widths: kernel.field('widths').list((widths) => widths.text()),
        ...{ shape: kernel.field('shape').text(), seed: kernel.field('seed').count() },
      })),
    },
    measured: readMeasured(root),
    ...(root.has('informs')
      ? {
          informs: {
            compiler: root.field('informs').field('compiler').text(),
            measured: readMeasured(root.field('informs')),
          },
        }
      : {}),
  };
}

const readMeasured = (from: Reader): readonly Measured[] =>
  from.field('measured').list((item) => ({
    ...{ name: item.field('name').text(), outputs: item.field('outputs').text() },
    costs: item.field('costs').costs(),
  }));

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badInput('regress/baseline', 'the baseline is no JSON', {
      where: path,
      found: error instanceof Error ? error.message : String(error),
    });
  }
}

/** A value with its place in the file. */
class Reader {
  constructor(
    readonly value: unknown,
    private readonly path: string,
    private readonly place: string,
  ) {}

  refuse(found: unknown, expected: string): never {
    throw badInput('regress/baseline', 'not a sound baseline', {
      where: `${this.path}${this.place === '' ? '' : `, ${this.place}`}`,
      found: typeof found === 'string' ? found : (JSON.stringify(found) ?? 'nothing').slice(0, 80),
      expected,
    });
  }

  has(name: string): boolean {
    return typeof this.value === 'object' && this.value !== null && Object.hasOwn(this.value, name);
  }

  field(name: string): Reader {
    if (!this.has(name)) this.refuse(this.value, `an object with ${name}`);
    const value = (this.value as Readonly<Record<string, unknown>>)[name];
    return new Reader(value, this.path, this.place === '' ? name : `${this.place}.${name}`);
  }

  list<T>(read: (item: Reader) => T): readonly T[] {
    if (!Array.isArray(this.value)) return this.refuse(this.value, 'a list');
    return this.value.map((item, i) => read(new Reader(item, this.path, `${this.place}[${i}]`)));
  }

  text(): string {
    return typeof this.value === 'string' ? this.value : this.refuse(this.value, 'a text');
  }

  count(): number {
    return Number.isSafeInteger(this.value) && (this.value as number) >= 0
      ? (this.value as number)
      : this.refuse(this.value, 'a whole number');
  }

  costs(): Costs {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.refuse(value, `an object of ${COSTS.join(', ')}`);
    }
    for (const [name, cost] of Object.entries(value)) {
      const isKnown = (COSTS as readonly string[]).includes(name);
      if (!isKnown || typeof cost !== 'number' || !(cost >= 0)) {
        this.refuse(`${name}: ${JSON.stringify(cost)}`, `numbers for ${COSTS.join(', ')}`);
      }
    }
    return value as Costs;
  }
}
