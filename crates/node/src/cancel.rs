//! Cancelling from JavaScript.

use hippocamp_engine::Cancel;
use napi_derive::napi;

/// The native end of an `AbortSignal`: one for each call, told when the signal fires.
#[napi]
#[derive(Default)]
pub struct CancelToken(Cancel);

#[napi]
impl CancelToken {
    /// Not cancelled yet.
    #[napi(constructor, catch_unwind)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancels the call, unless what it does is already done.
    #[napi(catch_unwind)]
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

/// What a call listens to: its token, or nothing.
pub(crate) fn of(token: Option<&CancelToken>) -> Cancel {
    token.map(|token| token.0.clone()).unwrap_or_default()
}
