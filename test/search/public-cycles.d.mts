export interface Window {
  readonly kernel?: number;
  readonly stride?: number;
  readonly inputChannels: number;
}
export function nearestShape(op: string, window: Window): string;
