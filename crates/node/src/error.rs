//! Errors as JavaScript sees them: `Error` objects with the engine's stable `code` and the chain of causes.

use std::error::Error as _;

use hippocamp_engine::Error;
use napi::{Env, JsError, Status, sys};

/// The stable code of an error, where napi-rs has its status.
struct Code(&'static str);

impl AsRef<str> for Code {
    fn as_ref(&self) -> &str {
        self.0
    }
}

/// The error as a value, to reject a promise with.
pub(crate) fn to_js(env: &Env, error: &Error) -> sys::napi_value {
    let error = JsError::from(with_code(error));
    // SAFETY: `env` is live, and this is its thread.
    unsafe { error.into_value(env.raw()) }
}

/// Throws the error; what is returned tells napi-rs that it is thrown already.
pub(crate) fn throw(env: &Env, error: &Error) -> napi::Error {
    let error = JsError::from(with_code(error));
    // SAFETY: `env` is live, and this is its thread.
    unsafe { error.throw_into(env.raw()) };
    napi::Error::new(Status::PendingException, String::new())
}

fn with_code(error: &Error) -> napi::Error<Code> {
    let mut js = napi::Error::new(Code(error.code()), error.to_string());
    js.cause = error.source().map(|source| Box::new(cause(source)));
    js
}

fn cause(error: &(dyn std::error::Error + 'static)) -> napi::Error {
    let mut js = napi::Error::new(Status::GenericFailure, error.to_string());
    js.cause = error.source().map(|source| Box::new(cause(source)));
    js
}
