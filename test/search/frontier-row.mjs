/** What a row of src/search/frontier.csv says of a plan: its widths, and what it lost. */

const digits = (widths) => Object.values(widths).join('');

/** One digit per feature map and per weight tensor that is searched, in the order of the network. */
export const widthCells = ({ activations, weights }) => ({
  activation_widths: digits(activations),
  weight_widths: digits(weights),
});

/** @param names an assignment with the same feature maps and weights, of any widths */
export function assignmentOf(row, names) {
  const filled = (widths, cell) => {
    const all = Object.keys(widths);
    if (cell.length !== all.length)
      throw new Error(
        `src/search/frontier.csv, ${row.network}, ${row.case}, share ${row.share}: ${cell.length} widths, ` +
          `expected ${all.length}; delete the row to have it measured anew`,
      );
    return Object.fromEntries(all.map((name, i) => [name, Number(cell[i])]));
  };
  return {
    ...names,
    activations: filled(names.activations, row.activation_widths),
    weights: filled(names.weights, row.weight_widths),
  };
}

export const outcomeCells = (outcome) => ({
  ...{ images: outcome.n, seeds: outcome.pointsBySeed.length },
  ...{ points_lost: outcome.points.toFixed(2), half_width_95: outcome.halfWidth.toFixed(2) },
  points_by_seed: outcome.pointsBySeed.map((points) => points.toFixed(2)).join(' '),
  ...{ agreement: outcome.agreement.toFixed(2), score_sqnr_db: outcome.scoreSqnrDb.toFixed(2) },
});

/** Undefined of one seed, which is the search's own and none of those that plans are read under. */
export function outcomeOf(row) {
  if (row.seeds === '1') return undefined;
  return {
    ...{ n: Number(row.images), halfWidth: Number(row.half_width_95), agreement: Number(row.agreement) },
    ...{ points: Number(row.points_lost), scoreSqnrDb: Number(row.score_sqnr_db) },
    pointsBySeed: row.points_by_seed.split(' ').map(Number),
  };
}

/** @param runs each of one seed or the mean of several, which weighs as much as these */
export function meanOutcome(runs) {
  const pointsBySeed = runs.flatMap((run) => run.pointsBySeed);
  const mean = (of) =>
    runs.reduce((sum, run) => sum + run.pointsBySeed.length * of(run), 0) / pointsBySeed.length;
  return {
    n: runs[0].n,
    points: mean(({ points }) => points),
    halfWidth: mean(({ halfWidth }) => halfWidth),
    agreement: mean(({ agreement }) => agreement),
    scoreSqnrDb: -10 * Math.log10(mean(({ scoreSqnrDb }) => 10 ** (-scoreSqnrDb / 10))),
    pointsBySeed,
  };
}
