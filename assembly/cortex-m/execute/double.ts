export function execute(op: usize): void {}
