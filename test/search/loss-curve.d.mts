interface Plan {
  readonly bitops: number;
  readonly loss: number;
}
interface Point extends Plan {
  readonly weight: number;
}
interface Need {
  readonly bitops: number;
  readonly atMost: boolean;
}

export function curveOf(plans: readonly Plan[]): Point[];
export function isotonicLosses(points: readonly Point[]): number[];
export function bitopsAtLoss(points: readonly Point[], most: number): Need | undefined;
export function cheapestPlan(points: readonly Plan[], most: number): Need | undefined;

interface QuietPlan {
  readonly bitops: number;
  readonly sqnrDb: number;
}
export function noiseCurveOf(plans: readonly QuietPlan[]): Point[];
export function sqnrAtLoss(
  plans: readonly { readonly sqnrDb: number; readonly loss: number }[],
  most: number,
): { readonly sqnrDb: number; readonly atMost: boolean } | undefined;
