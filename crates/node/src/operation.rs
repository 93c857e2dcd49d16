//! Operations: a promise on the event loop, a job on the engine's threads.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use hippocamp_engine::{Cancel, Error, Priority, Runtime};
use napi::Env;
use napi::bindgen_prelude::{PromiseRaw, ToNapiValue};

use crate::channel::{Outcome, Pending};
use crate::error;

/// The answer to an operation, to be given once from any thread. Dropping it answers with an internal
/// error, so that a promise never hangs on a fault of ours.
pub(crate) struct Answer<T> {
    pending: Pending,
    value: PhantomData<fn(T)>,
}

impl<T: ToNapiValue + Send + 'static> Answer<T> {
    /// # Errors
    /// Node.js refused to make a promise.
    pub(crate) fn new(env: &Env) -> napi::Result<(Self, PromiseRaw<'_, T>)> {
        let lost = || rejection(Error::Internal("an operation ended without an answer".to_owned()));
        let (pending, promise) = Pending::new(env, lost)?;
        Ok((Self { pending, value: PhantomData }, PromiseRaw::new(env.raw(), promise)))
    }

    pub(crate) fn give(self, result: Result<T, Error>) {
        self.pending.finish(match result {
            Ok(value) => resolution(value),
            Err(error) => rejection(error),
        });
    }
}

/// Runs `work`, which changes nothing, as a job and resolves with what it returns, unless it was cancelled
/// before the end.
pub(crate) fn read<T: ToNapiValue + Send + 'static>(
    env: &Env,
    priority: Priority,
    cancel: Cancel,
    work: impl FnOnce(&Cancel) -> Result<T, Error> + Send + 'static,
) -> napi::Result<PromiseRaw<'_, T>> {
    run(env, priority, cancel, move |cancel| {
        let value = work(cancel)?;
        if cancel.is_cancelled() { Err(Error::Aborted) } else { Ok(value) }
    })
}

/// Runs `start` as a job, which changes nothing and passes the answer on to whoever gives it in the end, and resolves with
/// that, unless it was cancelled before the end.
pub(crate) fn read_later<T: ToNapiValue + Send + 'static>(
    env: &Env,
    priority: Priority,
    cancel: Cancel,
    start: impl FnOnce(&Cancel, Box<dyn FnOnce(Result<T, Error>) + Send>) + Send + 'static,
) -> napi::Result<PromiseRaw<'_, T>> {
    hand_over(env, priority, cancel, move |cancel, answer| {
        let cancelled = cancel.clone();
        let give = move |result: Result<T, Error>| {
            answer.give(if cancelled.is_cancelled() {
                result.and(Err(Error::Aborted))
            } else {
                result
            });
        };
        start(cancel, Box::new(give));
    })
}

/// Runs `work` as a job and resolves with what it returns. It is not started if cancelled before.
pub(crate) fn run<T: ToNapiValue + Send + 'static>(
    env: &Env,
    priority: Priority,
    cancel: Cancel,
    work: impl FnOnce(&Cancel) -> Result<T, Error> + Send + 'static,
) -> napi::Result<PromiseRaw<'_, T>> {
    let (answer, promise) = Answer::new(env)?;
    Runtime::shared().spawn(priority, move || {
        answer.give(caught(|| {
            if cancel.is_cancelled() { Err(Error::Aborted) } else { work(&cancel) }
        }));
    });
    Ok(promise)
}

/// Runs `start` as a job, which passes the answer on to whoever gives it in the end. It is not started if
/// cancelled before.
pub(crate) fn hand_over<T: ToNapiValue + Send + 'static>(
    env: &Env,
    priority: Priority,
    cancel: Cancel,
    start: impl FnOnce(&Cancel, Answer<T>) + Send + 'static,
) -> napi::Result<PromiseRaw<'_, T>> {
    let (answer, promise) = Answer::new(env)?;
    Runtime::shared().spawn(priority, move || {
        if cancel.is_cancelled() {
            answer.give(Err(Error::Aborted));
        } else {
            start(&cancel, answer);
        }
    });
    Ok(promise)
}

fn caught<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(Error::of_panic(panic.as_ref())))
}

fn resolution<T: ToNapiValue + Send + 'static>(value: T) -> Outcome {
    Box::new(|env| {
        // SAFETY: a settlement is made on the thread of its live environment.
        let value = unsafe { T::to_napi_value(env.raw(), value) };
        value.map_err(|refused| error::to_js(env, &Error::Internal(refused.reason.clone())))
    })
}

fn rejection(error: Error) -> Outcome {
    Box::new(move |env| Err(error::to_js(env, &error)))
}
