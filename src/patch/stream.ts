/**
 * Rewrites a plan so that its first layers run as line buffers: every layer computes a few full-width rows when the
 * next one asks for them, and keeps only the rows that are still needed. Nothing is computed twice.
 *
 *   buffer of a feature map, before    | r4 r5 r6 |          rows 5 and 6 are needed on, row 7 is asked for
 *   `crop` keeps rows, layer adds      | r5 r6 | r7 |        a new tensor; bind lets it take the old one's bytes
 */
import type { DeployPlan, InputMode, PlanTensor, Step } from '../ir/deploy-plan.js';
import { tensorOf } from '../ops/plan-access.js';
import type { StageCut } from './branches.js';
import { addTensor, type Draft, finishDraft, retile, startDraft } from './draft.js';
import { clipRegion, inputRegions, type Region, regionHeight, wholeTensor } from './regions.js';

interface Rows {
  readonly from: number;
  readonly to: number;
}

/** What a feature map of the stage holds at the moment. */
interface Buffer {
  /** The new tensor; undefined before the first row. */
  tensor: number | undefined;
  /** Its first row in the feature map. */
  base: number;
  /** Rows computed so far. */
  done: number;
}

/**
 * The plan with its first `cut.steps` steps run row by row.
 *
 * @param rowsPerStep rows that a step computes at most: 1 needs the least memory, more call kernels less often
 */
export function expandStreaming(
  plan: DeployPlan,
  cut: StageCut,
  rowsPerStep: number,
  input: InputMode,
): DeployPlan {
  const stream = new Stream(plan, cut, rowsPerStep, input);
  return finishDraft(stream.draft, {
    kind: 'streaming',
    firstStep: 0,
    steps: stream.draft.steps.length,
    rowsPerStep,
    input,
  });
}

class Stream {
  readonly draft: Draft;
  private readonly buffers = new Map<number, Buffer>();
  /** Step of the stage by the feature map it writes, and the steps that read one. */
  private readonly writers: ReadonlyMap<number, Step>;
  private readonly readers: ReadonlyMap<number, readonly Step[]>;

  constructor(
    private readonly plan: DeployPlan,
    private readonly cut: StageCut,
    private readonly rowsPerStep: number,
    input: InputMode,
  ) {
    this.draft = startDraft(plan, cut);
    const steps = plan.steps.slice(0, cut.steps);
    this.writers = new Map(steps.map((step) => [step.output, step]));
    const ids = [cut.input, ...steps.map((step) => step.output)];
    this.readers = new Map(ids.map((id) => [id, steps.filter((step) => step.inputs.includes(id))]));
    for (const id of ids) this.buffers.set(id, { tensor: undefined, base: 0, done: 0 });
    if (input === 'resident') {
      const whole = this.draft.kept.get(cut.input)!;
      this.buffers.set(cut.input, { tensor: whole, base: 0, done: this.tensor(cut.input).shape[0] });
    }
    this.buffers.set(cut.output, { tensor: this.draft.kept.get(cut.output)!, base: 0, done: 0 });
    const rows = this.tensor(cut.output).shape[0];
    for (let row = 0; row < rows; row = this.buffers.get(cut.output)!.done) this.produce(cut.output, row + 1);
  }

  private tensor(id: number): PlanTensor {
    return tensorOf(this.plan, id);
  }

  /** Computes rows of feature map `id` until `upTo` of them are known. */
  private produce(id: number, upTo: number): void {
    const buffer = this.buffers.get(id)!;
    if (buffer.done >= upTo) return;
    const pieces = this.pieces(id, buffer.done, upTo);
    if (id !== this.cut.output) this.makeRoom(id, buffer, pieces.at(-1)!.to);
    const { tensor, base } = buffer;
    for (const piece of pieces) {
      this.compute(id, piece, { tensor: tensor!, base });
      buffer.done = piece.to;
    }
  }

  /** Rows [from, upTo) in pieces of `rowsPerStep`; a piece that would see padding alone is joined to a neighbour. */
  private pieces(id: number, from: number, upTo: number): Rows[] {
    const height = this.tensor(id).shape[0];
    const pieces: Rows[] = [];
    for (let at = from; at < upTo; at = pieces.at(-1)!.to) {
      let to = Math.min(at + this.rowsPerStep, Math.max(upTo, at + 1), height);
      while (to < height && !this.seesRows(id, { from: at, to })) to++;
      if (to < height && !this.seesRows(id, { from: to, to: height })) to = height;
      pieces.push({ from: at, to });
    }
    return pieces;
  }

  private seesRows(id: number, rows: Rows): boolean {
    const step = this.writers.get(id);
    return step === undefined || this.sources(step, rows).every((source) => regionHeight(source) > 0);
  }

  /** Region of every input that rows of a step's output need, all columns, clipped to what exists. */
  private sources(step: Step, rows: Rows): Region[] {
    const output = this.tensor(step.output);
    const out = { y0: rows.from, y1: rows.to, x0: 0, x1: output.shape[1] };
    return inputRegions(step, out, (id) => this.tensor(id)).map((wanted, position) => {
      const tensor = this.tensor(step.inputs[position]!);
      const whole = wholeTensor(tensor);
      if (wanted === 'whole') return whole;
      const { y0, y1 } = clipRegion(wanted, tensor);
      return { ...whole, y0, y1 };
    });
  }

  /** First row of feature map `id` that a step may still ask for. */
  private firstNeeded(id: number, done: number): number {
    const firsts = this.readers.get(id)!.flatMap((step) => {
      const height = this.tensor(step.output).shape[0];
      const from = this.buffers.get(step.output)!.done;
      if (from >= height) return [];
      return this.sources(step, { from, to: height }).flatMap((source, position) =>
        step.inputs[position] === id ? [source.y0] : [],
      );
    });
    return Math.min(done, ...firsts);
  }

  /** Gives feature map `id` a buffer for rows up to `to` and keeps what is needed of the old one. */
  private makeRoom(id: number, buffer: Buffer, to: number): void {
    const from = this.firstNeeded(id, buffer.done);
    const source = this.tensor(id);
    const name = `${source.name}[${from}-${to - 1}]`;
    const next = this.addRows(source, name, to - from);
    const kept = buffer.done - from;
    if (kept > 0) {
      this.draft.steps.push({
        op: 'crop',
        name: `keep ${source.name}[${from}-${buffer.done - 1}]`,
        inputs: [buffer.tensor!],
        output: this.rowsOf({ tensor: next, base: from }, { from, to: buffer.done }, `${name} kept`),
        y: from - buffer.base,
        x: 0,
      });
    }
    buffer.tensor = next;
    buffer.base = from;
  }

  private addRows(tensor: PlanTensor, name: string, rows: number): number {
    return addTensor(this.draft, { ...tensor, name, shape: [rows, tensor.shape[1], tensor.shape[2]] });
  }

  /** A view of some rows of a buffer; the buffer itself when these are all. */
  private rowsOf(at: { tensor: number; base: number }, rows: Rows, name: string): number {
    const held = this.draft.tensors[at.tensor]!;
    const [height, width, channels] = held.shape;
    if (rows.from === at.base && rows.to - rows.from === height) return at.tensor;
    const view = { of: at.tensor, y: rows.from - at.base, x: 0 };
    const { view: _, ...rest } = held;
    return addTensor(this.draft, { ...rest, name, shape: [rows.to - rows.from, width, channels], view });
  }

  /** One step for one piece of a feature map; asks for the rows that it reads first. */
  private compute(id: number, rows: Rows, at: { tensor: number; base: number }): void {
    const suffix = `[${rows.from}-${rows.to - 1}]`;
    const target = (): number => this.rowsOf(at, rows, `${this.tensor(id).name}${suffix} rows`);
    const step = this.writers.get(id);
    if (step === undefined) {
      const whole = this.draft.kept.get(id)!;
      const read = { name: `read ${this.tensor(id).name}${suffix}`, inputs: [whole], output: target() };
      this.draft.steps.push({ op: 'crop', ...read, y: rows.from, x: 0 });
      return;
    }
    const sources = this.sources(step, rows);
    sources.forEach((source, position) => {
      this.produce(step.inputs[position]!, source.y1);
    });
    const name = `${step.name}${suffix}`;
    const inputs = sources.map((source, position) => {
      const buffer = this.buffers.get(step.inputs[position]!)!;
      const held = { tensor: buffer.tensor!, base: buffer.base };
      return this.rowsOf(held, { from: source.y0, to: source.y1 }, `${name} input ${position}`);
    });
    const out = { ...wholeTensor(this.tensor(id)), y0: rows.from, y1: rows.to };
    this.draft.steps.push({ ...retile(step, out, sources[0]!), name, inputs, output: target() });
  }
}
