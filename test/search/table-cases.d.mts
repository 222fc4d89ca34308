export interface TableNetwork {
  readonly squeeze: number;
  readonly frontier: readonly number[];
  readonly stepsPerHalf: number;
}
export declare const NETWORKS: Readonly<Record<string, TableNetwork>>;
export declare function casesOf(network: TableNetwork): (readonly [string, object])[];
