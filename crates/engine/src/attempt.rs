//! Reading that starts over when a commit has overtaken it.

use crate::{Cancel, Error};

/// What became of reading in one snapshot.
pub(crate) enum Attempt<T> {
    Done(T),
    /// A commit has moved a partition past the snapshot.
    Overtaken,
}

pub(crate) fn until_done<T>(
    cancel: &Cancel,
    attempt: impl Fn() -> Result<Attempt<T>, Error>,
) -> Result<T, Error> {
    loop {
        cancel.check()?;
        if let Attempt::Done(value) = attempt()? {
            return Ok(value);
        }
    }
}
