//! The plain twins of [`coded`](crate::coded).

use half::f16;

pub(crate) fn dot_f16(query: &[f32], row: &[u16]) -> f32 {
    query.iter().zip(row).fold(0.0, |sum, (q, r)| sum + q * widen(*r))
}

pub(crate) fn l2_squared_f16(query: &[f32], row: &[u16]) -> f32 {
    query.iter().zip(row).fold(0.0, |sum, (q, r)| {
        let difference = q - widen(*r);
        sum + difference * difference
    })
}

pub(crate) fn dot_f16_rows(query: &[f32], rows: &[u16], out: &mut [f32]) {
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(query.len())) {
        *out = dot_f16(query, row);
    }
}

pub(crate) fn l2_squared_f16_rows(query: &[f32], rows: &[u16], out: &mut [f32]) {
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(query.len())) {
        *out = l2_squared_f16(query, row);
    }
}

pub(crate) fn dot_i8(query: &[f32], row: &[i8]) -> f32 {
    query.iter().zip(row).fold(0.0, |sum, (q, r)| sum + q * f32::from(*r))
}

pub(crate) fn l2_squared_i8(query: &[f32], row: &[i8], scale: f32) -> f32 {
    query.iter().zip(row).fold(0.0, |sum, (q, r)| {
        let difference = q - scale * f32::from(*r);
        sum + difference * difference
    })
}

pub(crate) fn dot_i8_rows(query: &[f32], rows: &[i8], out: &mut [f32]) {
    for (out, row) in out.iter_mut().zip(rows.chunks_exact(query.len())) {
        *out = dot_i8(query, row);
    }
}

pub(crate) fn l2_squared_i8_rows(query: &[f32], rows: &[i8], scales: &[f32], out: &mut [f32]) {
    for ((out, scale), row) in out.iter_mut().zip(scales).zip(rows.chunks_exact(query.len())) {
        *out = l2_squared_i8(query, row, *scale);
    }
}

pub(crate) fn to_f16(from: &[f32], to: &mut [u16]) {
    for (from, to) in from.iter().zip(to) {
        *to = f16::from_f32_const(*from).to_bits();
    }
}

pub(crate) fn from_f16(from: &[u16], to: &mut [f32]) {
    for (from, to) in from.iter().zip(to) {
        *to = widen(*from);
    }
}

pub(crate) fn prefetch(_: &[u8]) {}

/// The `const` conversions of `half` use no special instruction.
fn widen(half: u16) -> f32 {
    f16::from_bits(half).to_f32_const()
}
