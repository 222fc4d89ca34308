/**
 * Who called whom: a shadow stack for the call path of a fault, and, while profiling, a call tree that holds the
 * cycles spent in each function by path.
 *
 *   shadow entry: u32 return address, u32 function, u32 address of the call, u32 tree node of the caller
 *   tree node, 40 bytes: u32 function, u32 parent, u32 first child, u32 next sibling, u64 cycles, u64 instructions,
 *   u32 calls, u32 unused
 */
import { CALL_DEPTH, CALL_NODE, CALL_TREE, CALL_TREE_END, CALLS, CYCLES, MAX_CALLS, PROFILE } from './map';
import { instructionsRetired } from './trace';

const NODE_BYTES: usize = 40;
let nodeTop: usize = CALL_TREE;
let since: u64 = 0;
let sinceInstructions: u64 = 0;

@inline function entryAt(depth: u32): usize { return CALLS + (<usize>(depth & (MAX_CALLS - 1)) << 4); }

/** Records a call from `pc` to `target`; the call itself is accounted for already. */
@inline export function pushCall(returnAddress: u32, target: u32, pc: u32): void {
  const depth = load<u32>(CALL_DEPTH);
  const entry = entryAt(depth);
  store<u32>(entry, returnAddress);
  store<u32>(entry, target, 4);
  store<u32>(entry, pc, 8);
  store<u32>(CALL_DEPTH, depth + 1);
  if (load<u32>(PROFILE) != 0) enterFunction(entry, target);
}

/** Records a branch to `target` that may return from the innermost call. */
@inline export function popCall(target: u32): void {
  const depth = load<u32>(CALL_DEPTH);
  if (depth == 0) return;
  const entry = entryAt(depth - 1);
  if (load<u32>(entry) != target) return;
  store<u32>(CALL_DEPTH, depth - 1);
  if (load<u32>(PROFILE) != 0) leaveFunction(entry);
}

/** Starts a call tree with `root` as the function that runs. */
export function startCallTree(root: u32): void {
  nodeTop = CALL_TREE;
  store<u32>(CALL_NODE, <u32>newNode(root, 0));
  since = load<u64>(CYCLES);
  sinceInstructions = instructionsRetired();
}

export function callTreeTop(): usize { return nodeTop; }

function newNode(target: u32, parent: u32): usize {
  if (nodeTop + NODE_BYTES > CALL_TREE_END) return <usize>parent;
  const node = nodeTop;
  nodeTop += NODE_BYTES;
  memory.fill(node, 0, NODE_BYTES);
  store<u32>(node, target);
  store<u32>(node, parent, 4);
  if (parent != 0) {
    store<u32>(node, load<u32>(<usize>parent, 8), 12);
    store<u32>(<usize>parent, <u32>node, 8);
  }
  return node;
}

/** Books what ran since the last event on the running node. */
export function settleCalls(): void {
  const node = <usize>load<u32>(CALL_NODE);
  const now = load<u64>(CYCLES);
  const instructions = instructionsRetired();
  store<u64>(node, load<u64>(node, 16) + (now - since), 16);
  store<u64>(node, load<u64>(node, 24) + (instructions - sinceInstructions), 24);
  since = now;
  sinceInstructions = instructions;
}

function enterFunction(entry: usize, target: u32): void {
  settleCalls();
  const parent = load<u32>(CALL_NODE);
  store<u32>(entry, parent, 12);
  let node = <usize>load<u32>(<usize>parent, 8);
  while (node != 0 && load<u32>(node) != target) node = <usize>load<u32>(node, 12);
  if (node == 0) node = newNode(target, parent);
  store<u32>(node, load<u32>(node, 32) + 1, 32);
  store<u32>(CALL_NODE, <u32>node);
}

function leaveFunction(entry: usize): void {
  settleCalls();
  const node = load<u32>(entry, 12);
  if (node != 0) store<u32>(CALL_NODE, node);
}
