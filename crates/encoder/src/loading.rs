//! Reading a folder on two threads: tokenizers with a quarter million tokens take longer to build than the weights to read.

use std::panic::resume_unwind;
use std::thread;

/// Runs two functions at the same time.
pub(crate) fn both<A, B: Send>(here: impl FnOnce() -> A, there: impl Fn() -> B + Sync) -> (A, B) {
    thread::scope(|scope| {
        let handle =
            thread::Builder::new().name("hippocamp-load".to_owned()).spawn_scoped(scope, &there);
        let a = here();
        let b = match handle {
            Ok(handle) => handle.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // No thread to be had: one after the other.
            Err(_) => there(),
        };
        (a, b)
    })
}
