/** Pareto fronts of plans: what nothing else beats in both cost and worth. Pure. */

/** What a plan costs (less is better) against what it is worth (more is better). */
export interface Trade {
  readonly cost: number;
  readonly worth: number;
}

/**
 * By trade whether it stands on the front: no other costs no more and is worth no less, and is better in one of the
 * two. Equal trades stand there together; what has no figure (NaN) never does.
 */
export const onFront = (trades: readonly Trade[]): boolean[] =>
  trades.map(
    (own) =>
      !Number.isNaN(own.cost) &&
      !Number.isNaN(own.worth) &&
      !trades.some(
        (other) =>
          other.cost <= own.cost &&
          other.worth >= own.worth &&
          (other.cost < own.cost || other.worth > own.worth),
      ),
  );
