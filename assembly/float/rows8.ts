/** Rows of eight doubles, the lanes of eight scales or right-hand sides: 64 bytes each. */

@inline
export function store8(at: usize, v0: v128, v1: v128, v2: v128, v3: v128): void {
  v128.store(at, v0);
  v128.store(at, v1, 16);
  v128.store(at, v2, 32);
  v128.store(at, v3, 48);
}

/** out [8] = Σ factors[k] · rows[k] over the rows before `end`, in their order. `out` may be no row of them. */
@inline
export function sumRows(factors: usize, rows: usize, end: usize, out: usize): void {
  let s0 = f64x2.splat(0), s1 = f64x2.splat(0), s2 = f64x2.splat(0), s3 = f64x2.splat(0);
  for (let at = rows; at < end; at += 64, factors += 8) {
    const f = v128.load64_splat(factors);
    s0 = f64x2.add(s0, f64x2.mul(f, v128.load(at)));
    s1 = f64x2.add(s1, f64x2.mul(f, v128.load(at, 16)));
    s2 = f64x2.add(s2, f64x2.mul(f, v128.load(at, 32)));
    s3 = f64x2.add(s3, f64x2.mul(f, v128.load(at, 48)));
  }
  store8(out, s0, s1, s2, s3);
}
