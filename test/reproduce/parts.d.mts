export const PARTS: readonly {
  readonly name: string;
  readonly script: string;
  readonly args?: readonly string[];
  readonly makes: string;
}[];
