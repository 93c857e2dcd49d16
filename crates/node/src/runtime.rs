//! The process's worker threads.

use hippocamp_engine::Runtime;
use napi::Env;
use napi_derive::napi;

use crate::error;

/// Sets the number of worker threads.
///
/// # Errors
/// A number that cannot be; other threads are at work already.
#[napi(catch_unwind)]
pub fn set_threads(env: Env, threads: u32) -> napi::Result<()> {
    Runtime::configure(threads as usize).map_err(|refused| error::throw(&env, &refused))
}
