//! How much a thread yields to others.

/// What rebuilds run at: they take what nobody else wants.
pub(crate) const BACKGROUND: i32 = 10;

/// Gives this thread, and those that it starts, a lower priority: by how much is a number as of `nice`, from 1 to 19.
/// Where that cannot be had all share alike.
#[cfg(target_os = "linux")]
pub(crate) fn yield_to_others(nice: i32) {
    // On Linux a priority is one thread's, and the calling one's without a number.
    let _ = rustix::process::setpriority_process(None, nice);
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn yield_to_others(_nice: i32) {}
