//! Typed arrays of numbers that were computed here.
//!
//! Node-API can hand a vector over as it is, but an array over foreign memory takes several microseconds to
//! make and a finalizer to let go, where copying takes one for every ten kilobytes or so. So only large
//! ones are handed over.

use std::mem;
use std::ptr;

use napi::bindgen_prelude::{Float32Array, Float64Array, ToNapiValue};
use napi::{check_status, sys};

/// Bytes from which on an array is handed over instead of copied.
const LARGE: usize = 256 << 10;

/// A `Float32Array`.
pub struct Floats(pub(crate) Vec<f32>);

/// A `Float64Array`.
pub struct Doubles(pub(crate) Vec<f64>);

impl ToNapiValue for Floats {
    unsafe fn to_napi_value(
        env: sys::napi_env,
        Self(values): Self,
    ) -> napi::Result<sys::napi_value> {
        if size_of_val(values.as_slice()) >= LARGE {
            // SAFETY: the caller's promise about `env` is passed on.
            return unsafe { Float32Array::to_napi_value(env, Float32Array::new(values)) };
        }
        // SAFETY: as above, and f32 is what a Float32Array consists of.
        unsafe { copied(env, &values, sys::TypedarrayType::float32_array) }
    }
}

impl ToNapiValue for Doubles {
    unsafe fn to_napi_value(
        env: sys::napi_env,
        Self(values): Self,
    ) -> napi::Result<sys::napi_value> {
        if size_of_val(values.as_slice()) >= LARGE {
            // SAFETY: the caller's promise about `env` is passed on.
            return unsafe { Float64Array::to_napi_value(env, Float64Array::new(values)) };
        }
        // SAFETY: as above, and f64 is what a Float64Array consists of.
        unsafe { copied(env, &values, sys::TypedarrayType::float64_array) }
    }
}

/// # Safety
/// `env` is live, this is its thread, and `T` is the number type of arrays of type `kind`.
unsafe fn copied<T: Copy>(
    env: sys::napi_env,
    values: &[T],
    kind: sys::napi_typedarray_type,
) -> napi::Result<sys::napi_value> {
    let (mut memory, mut buffer, mut array) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    let bytes = mem::size_of_val(values);
    // SAFETY: the caller vouches for `env`; the places are written before they are read.
    check_status!(unsafe {
        sys::napi_create_arraybuffer(env, bytes, &raw mut memory, &raw mut buffer)
    })?;
    if bytes > 0 {
        // SAFETY: V8 has just made `bytes` bytes there, aligned for any number, and nobody else knows of
        // them. For an empty array there may be no memory at all.
        unsafe { ptr::copy_nonoverlapping(values.as_ptr(), memory.cast::<T>(), values.len()) };
    }
    // SAFETY: `buffer` holds exactly `values.len()` numbers of this type, by the caller's promise.
    check_status!(unsafe {
        sys::napi_create_typedarray(env, kind, values.len(), buffer, 0, &raw mut array)
    })?;
    Ok(array)
}
