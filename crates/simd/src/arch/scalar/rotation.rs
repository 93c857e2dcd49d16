//! The plain twins of [`rotation`](crate::rotation).

pub(crate) fn hadamard(x: &mut [f32]) {
    let mut distance = 1;
    while distance < x.len() {
        for pair in x.chunks_exact_mut(2 * distance) {
            let (a, b) = pair.split_at_mut(distance);
            butterfly(a, b);
        }
        distance *= 2;
    }
}

pub(crate) fn butterfly(a: &mut [f32], b: &mut [f32]) {
    for (a, b) in a.iter_mut().zip(b) {
        (*a, *b) = (*a + *b, *a - *b);
    }
}

pub(crate) fn mul(x: &mut [f32], y: &[f32]) {
    for (x, y) in x.iter_mut().zip(y) {
        *x *= y;
    }
}

pub(crate) fn abs_sum(x: &[f32]) -> f32 {
    x.iter().fold(0.0, |sum, x| sum + x.abs())
}
