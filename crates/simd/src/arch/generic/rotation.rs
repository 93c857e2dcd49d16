//! Hadamard transforms and butterflies.
//!
//! ```text
//! for distance = 1, 2, 4 …, n / 2
//!   for each pair (a, b) at that distance:  (a, b) = (a + b, a - b)
//! ```
//!
//! Rounds are taken together, as many as fit the registers: the first pass does all distances within a vector and up to
//! three among eight neighbouring vectors, each later one up to three more among eight vectors at its distance. So 256
//! values are read and written twice instead of eight times. The rounds of a value stay in order, and all levels have the
//! same bits.

use super::vector::Vector;

/// Vectors that are taken through three rounds at a time.
const RADIX: usize = 8;

/// # Safety
/// The CPU has V's instructions; the length is a power of two.
#[inline(always)]
pub(crate) unsafe fn hadamard<V: Vector>(x: &mut [f32]) {
    let vectors = x.len() / V::LANES;
    if vectors == 0 {
        return crate::arch::scalar::rotation::hadamard(x);
    }
    let x = x.as_mut_ptr();
    // SAFETY: `vectors`, a power of two, lie at `x`; a pass takes `stride` times its radix of them, or a divisor.
    unsafe {
        match vectors {
            1 => pass::<V, 1, true>(x, 1, 1),
            2 => pass::<V, 2, true>(x, 2, 1),
            4 => pass::<V, 4, true>(x, 4, 1),
            _ => pass::<V, RADIX, true>(x, vectors, 1),
        }
        let mut stride = RADIX;
        while stride < vectors {
            match vectors / stride {
                2 => pass::<V, 2, false>(x, vectors, stride),
                4 => pass::<V, 4, false>(x, vectors, stride),
                _ => pass::<V, RADIX, false>(x, vectors, stride),
            }
            stride *= RADIX;
        }
    }
}

/// The rounds at distances of `stride`, `2 * stride` … vectors, as many as R vectors have.
///
/// `FIRST`: after those within a vector.
///
/// # Safety
/// The CPU has V's instructions; `vectors` vectors can be read and written at `x`; `R * stride` divides their number.
#[inline(always)]
unsafe fn pass<V: Vector, const R: usize, const FIRST: bool>(
    x: *mut f32,
    vectors: usize,
    stride: usize,
) {
    let stride = stride * V::LANES;
    // SAFETY: `block + i + r * stride < block + R * stride`, up to the last of `vectors`.
    unsafe {
        for block in (0..vectors * V::LANES).step_by(R * stride) {
            for i in (0..stride).step_by(V::LANES) {
                let x = x.add(block + i);
                let mut y = [V::splat(0.0); R];
                for (r, y) in y.iter_mut().enumerate() {
                    *y = V::load(x.add(r * stride));
                    if FIRST {
                        *y = within(*y);
                    }
                }
                let mut distance = 1;
                while distance < R {
                    for r in 0..R {
                        if r & distance == 0 {
                            let (a, b) = (y[r], y[r + distance]);
                            (y[r], y[r + distance]) = (a.add(b), a.sub(b));
                        }
                    }
                    distance *= 2;
                }
                for (r, y) in y.iter().enumerate() {
                    y.store(x.add(r * stride));
                }
            }
        }
    }
}

/// The rounds within a vector.
///
/// # Safety
/// The CPU has V's instructions.
#[inline(always)]
unsafe fn within<V: Vector>(x: V) -> V {
    // SAFETY: passed on; the signs of a vector are no more than sixteen.
    unsafe {
        let [one, two, four, eight] = &SIGNS;
        // a is where the sign is 1: b of its neighbour is added. b is where it is -1: it is taken from a.
        let x = x.fma(V::load(one.as_ptr()), x.exchange::<1>());
        let mut x = x.fma(V::load(two.as_ptr()), x.exchange::<2>());
        if V::LANES > 4 {
            x = x.fma(V::load(four.as_ptr()), x.exchange::<4>());
        }
        if V::LANES > 8 {
            x = x.fma(V::load(eight.as_ptr()), x.exchange::<8>());
        }
        x
    }
}

/// For each round within a vector: 1 for the first of a pair, -1 for the second.
static SIGNS: [[f32; 16]; 4] = {
    let mut signs = [[1.0; 16]; 4];
    let mut lane = 0;
    while lane < 16 {
        let mut round = 0;
        while round < 4 {
            if lane >> round & 1 == 1 {
                signs[round][lane] = -1.0;
            }
            round += 1;
        }
        lane += 1;
    }
    signs
};

/// # Safety
/// The CPU has V's instructions; `a` and `b` are equally long.
#[inline(always)]
pub(crate) unsafe fn butterfly<V: Vector>(a: &mut [f32], b: &mut [f32]) {
    let (len, a, b) = (a.len(), a.as_mut_ptr(), b.as_mut_ptr());
    // SAFETY: `i + LANES ≤ len`, and `i + rest = len` for the last, partial one.
    unsafe {
        let mut i = 0;
        while i + V::LANES <= len {
            let (x, y) = (V::load(a.add(i)), V::load(b.add(i)));
            x.add(y).store(a.add(i));
            x.sub(y).store(b.add(i));
            i += V::LANES;
        }
        if i < len {
            let rest = len - i;
            let (x, y) = (V::load_first(a.add(i), rest), V::load_first(b.add(i), rest));
            x.add(y).store_first(a.add(i), rest);
            x.sub(y).store_first(b.add(i), rest);
        }
    }
}
