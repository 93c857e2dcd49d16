//! The way back to the event loop: one completion channel for each environment.
//!
//! Finished operations queue up here. The first one wakes the event loop, by a threadsafe function which
//! has nothing to carry; JavaScript then calls [`settle`] until the queue is empty, giving way to timers
//! and I/O between slices (`setImmediate`). A thousand operations that finish together cost one wake-up, not
//! a thousand. napi-rs's own deferred makes a threadsafe function for every promise, which costs several
//! times what the channel does.
//!
//! Invariants: the channel keeps the event loop alive exactly while promises are pending. Once the
//! environment ends nothing calls into it any more: the threadsafe function is taken out under the lock
//! under which it is called.

use std::collections::VecDeque;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use napi::bindgen_prelude::{Function, retain_current_module_for_unload_safety};
use napi::{Env, JsValue, Status, check_status, sys};
use napi_derive::napi;

/// How long settling may hold the event loop at a time.
const SLICE: Duration = Duration::from_micros(50);

/// Makes the value that a promise is settled with, on the thread of its environment: `Ok` resolves,
/// `Err` rejects.
pub(crate) type Outcome = Box<dyn FnOnce(&Env) -> Result<sys::napi_value, sys::napi_value> + Send>;

/// Connects this environment: `wake` will be called on its thread whenever there is something to settle.
///
/// # Errors
/// Node.js refused.
#[napi(catch_unwind)]
pub fn connect(env: Env, wake: Function<'_, (), ()>) -> napi::Result<()> {
    if env.get_instance_data::<Connection>()?.is_some() {
        return Ok(());
    }
    retain_current_module_for_unload_safety();
    let channel = Arc::new(Channel::open(env, &wake)?);
    // Runs before Node.js closes the threadsafe function itself: hooks run in reverse order.
    let closing = Arc::clone(&channel);
    env.add_env_cleanup_hook((), move |()| closing.close())?;
    env.set_instance_data(Connection { channel, pending: 0 }, (), drop)
}

/// Settles finished operations for a moment; true if more are waiting, for which it must be called again.
///
/// # Errors
/// The environment was not connected.
#[napi(catch_unwind)]
pub fn settle(env: Env) -> napi::Result<bool> {
    let channel = Arc::clone(&connection(env)?.channel);
    let start = Instant::now();
    while let Some(settlement) = channel.next() {
        let connection = connection(env)?;
        connection.pending = connection.pending.saturating_sub(1);
        if connection.pending == 0 {
            channel.keep_event_loop_alive(&env, false)?;
        }
        settlement.deferred.settle(&env, settlement.outcome);
        if start.elapsed() >= SLICE {
            return Ok(channel.has_more());
        }
    }
    Ok(false)
}

/// What is known of an environment on its own thread.
struct Connection {
    channel: Arc<Channel>,
    pending: usize,
}

fn connection(env: Env) -> napi::Result<&'static mut Connection> {
    env.get_instance_data()?.ok_or_else(|| {
        napi::Error::new(Status::GenericFailure, "the addon was not connected to its event loop")
    })
}

/// A promise that waits for an operation. If it is dropped unfinished, `lost` says how it is rejected.
pub(crate) struct Pending {
    channel: Arc<Channel>,
    deferred: Option<Deferred>,
    lost: fn() -> Outcome,
}

impl Pending {
    /// A promise of this environment, with the value that JavaScript gets.
    ///
    /// # Errors
    /// Node.js refused.
    pub(crate) fn new(env: &Env, lost: fn() -> Outcome) -> napi::Result<(Self, sys::napi_value)> {
        let connection = connection(*env)?;
        let (mut deferred, mut promise) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: `env` is live, this is its thread, and both places are written before they are read.
        check_status!(unsafe {
            sys::napi_create_promise(env.raw(), &raw mut deferred, &raw mut promise)
        })?;
        if connection.pending == 0 {
            connection.channel.keep_event_loop_alive(env, true)?;
        }
        connection.pending += 1;
        let channel = Arc::clone(&connection.channel);
        Ok((Self { channel, deferred: Some(Deferred(deferred)), lost }, promise))
    }

    /// Sends the outcome back, from any thread.
    pub(crate) fn finish(mut self, outcome: Outcome) {
        self.send(outcome);
    }

    fn send(&mut self, outcome: Outcome) {
        if let Some(deferred) = self.deferred.take() {
            self.channel.send(Settlement { deferred, outcome });
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if self.deferred.is_some() {
            let outcome = (self.lost)();
            self.send(outcome);
        }
    }
}

struct Settlement {
    deferred: Deferred,
    outcome: Outcome,
}

/// The other end of a promise.
struct Deferred(sys::napi_deferred);

// SAFETY: other threads only carry the pointer; it is used in `settle` alone, on its environment's thread.
unsafe impl Send for Deferred {}

impl Deferred {
    fn settle(self, env: &Env, outcome: Outcome) {
        // It fails only where JavaScript can no longer run, and then nobody waits for the promise.
        let _ = match outcome(env) {
            // SAFETY: `env` is live, this is its thread, and a deferred is settled once: `self` is consumed.
            Ok(value) => unsafe { sys::napi_resolve_deferred(env.raw(), self.0, value) },
            // SAFETY: as above.
            Err(reason) => unsafe { sys::napi_reject_deferred(env.raw(), self.0, reason) },
        };
    }
}

struct Channel(Mutex<State>);

struct State {
    settlements: VecDeque<Settlement>,
    /// The event loop has been told, and will call `settle` until nothing is left.
    woken: bool,
    /// None once the environment is ending.
    waker: Option<Waker>,
}

struct Waker(sys::napi_threadsafe_function);

// SAFETY: Node-API allows a threadsafe function to be called from any thread while it is not released;
// it is released when it is taken out of the state, under the lock under which it is called.
unsafe impl Send for Waker {}

impl Channel {
    fn open(env: Env, wake: &Function<'_, (), ()>) -> napi::Result<Self> {
        let name = env.create_string("hippocamp")?;
        let mut waker = ptr::null_mut();
        // SAFETY: `env` is live, this is its thread, and `wake` and `name` are values of it. There is no data
        // and no callback of ours: Node.js calls `wake` without arguments.
        check_status!(unsafe {
            sys::napi_create_threadsafe_function(
                env.raw(),
                wake.raw(),
                ptr::null_mut(),
                name.raw(),
                0,
                1,
                ptr::null_mut(),
                None,
                ptr::null_mut(),
                None,
                &raw mut waker,
            )
        })?;
        let channel = Self(Mutex::new(State {
            settlements: VecDeque::new(),
            woken: false,
            waker: Some(Waker(waker)),
        }));
        channel.keep_event_loop_alive(&env, false)?;
        Ok(channel)
    }

    fn send(&self, settlement: Settlement) {
        let mut state = self.lock();
        let Some(waker) = &state.waker else {
            // The environment is ending, and its promises with it.
            drop(state);
            return drop(settlement);
        };
        if !state.woken {
            // SAFETY: the threadsafe function is there, so it is not released, and nobody releases it
            // while the lock is held. The call carries no data and does not wait.
            let status = unsafe {
                sys::napi_call_threadsafe_function(
                    waker.0,
                    ptr::null_mut(),
                    sys::ThreadsafeFunctionCallMode::nonblocking,
                )
            };
            state.woken = status == sys::Status::napi_ok;
        }
        state.settlements.push_back(settlement);
    }

    fn next(&self) -> Option<Settlement> {
        let mut state = self.lock();
        let next = state.settlements.pop_front();
        state.woken = next.is_some();
        next
    }

    fn has_more(&self) -> bool {
        let mut state = self.lock();
        state.woken = !state.settlements.is_empty();
        state.woken
    }

    fn keep_event_loop_alive(&self, env: &Env, alive: bool) -> napi::Result<()> {
        let state = self.lock();
        let Some(waker) = &state.waker else { return Ok(()) };
        check_status!(if alive {
            // SAFETY: the threadsafe function is not released, and this is its environment's thread.
            unsafe { sys::napi_ref_threadsafe_function(env.raw(), waker.0) }
        } else {
            // SAFETY: as above.
            unsafe { sys::napi_unref_threadsafe_function(env.raw(), waker.0) }
        })
    }

    fn close(&self) {
        let mut state = self.lock();
        let (waker, settlements) = (state.waker.take(), std::mem::take(&mut state.settlements));
        drop(state);
        drop(settlements);
        if let Some(Waker(waker)) = waker {
            // SAFETY: it was not released before, and from now on nobody can reach it.
            unsafe {
                sys::napi_release_threadsafe_function(
                    waker,
                    sys::ThreadsafeFunctionReleaseMode::abort,
                )
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
