//! The worker threads of the process.
//!
//! A fixed set of threads takes jobs from two queues, interactive before bulk. Long work is split by
//! [`Runtime::for_each`], in which the calling thread takes part: it never waits for a thread that it
//! might itself be keeping from running, so jobs may split work without risk of deadlock. Between two
//! pieces of bulk work a thread first serves what is interactive: a lone query waits for at most one piece.
//!
//! There is one worker for each physical core ([`cores`](crate::cores)), and they run at a slightly lower priority: what
//! has a moment's work to do, the event loop above all, does it at once and not when a worker's slice is over.
//!
//! Not libuv's pool (four threads that file and DNS calls share) and no async runtime: the work is
//! computation, and the only thing to wait for is the disk, which has a thread of its own.

use std::cell::Cell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use crate::thread_priority::yield_to_others;
use crate::{Error, cores};

/// Which queue a job waits in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Somebody waits for the answer: searches, single texts.
    Interactive,
    /// Batches.
    Bulk,
}

/// Up to this many texts count as somebody waiting, not as a batch.
const INTERACTIVE_TEXTS: usize = 8;

impl Priority {
    /// That of work on so many texts or records.
    #[must_use]
    pub fn of_count(count: usize) -> Self {
        if count <= INTERACTIVE_TEXTS { Self::Interactive } else { Self::Bulk }
    }
}

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queues {
    interactive: VecDeque<Job>,
    bulk: VecDeque<Job>,
}

/// The process's worker threads.
pub struct Runtime {
    queues: Mutex<Queues>,
    wake: Condvar,
    threads: usize,
    /// Whether the number of threads was asked for by the program, and not by the environment.
    configured: bool,
}

/// Environment variable with the number of worker threads.
const THREADS: &str = "HIPPOCAMP_THREADS";
const MAX_THREADS: usize = 1024;
/// By how much workers yield to others, as of `nice`.
const NICE: i32 = 3;
/// How deep interactive work may be served from within interactive work.
const MAX_NESTED: usize = 8;

static SHARED: OnceLock<Runtime> = OnceLock::new();
static RUNNING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// How deep this thread is in interactive work that it serves in between.
    static NESTED: Cell<usize> = const { Cell::new(0) };
}

impl Runtime {
    fn new(threads: usize, configured: bool) -> Self {
        Self { queues: Mutex::default(), wake: Condvar::new(), threads, configured }
    }

    /// The one runtime of this process; its threads start at the first call.
    #[must_use]
    pub fn shared() -> &'static Self {
        static STARTED: LazyLock<&Runtime> = LazyLock::new(|| {
            let runtime =
                SHARED.get_or_init(|| Runtime::new(Runtime::asked_for().unwrap_or(1), false));
            for number in 0..runtime.threads {
                let name = format!("hippocamp-{number}");
                let work = || {
                    yield_to_others(NICE);
                    runtime.work();
                };
                // A thread that cannot be had leaves the work to the others; with none at all,
                // jobs would never run, and `spawn` runs them on the caller's thread instead.
                if thread::Builder::new().name(name).spawn(work).is_ok() {
                    RUNNING.fetch_add(1, Ordering::Release);
                }
            }
            runtime
        });
        *STARTED
    }

    /// Sets the number of worker threads, before anything has needed them. It takes precedence over the environment.
    ///
    /// # Errors
    /// A number that is not from 1 to 1,024; another number that was set or is in use already.
    pub fn configure(threads: usize) -> Result<(), Error> {
        if !(1..=MAX_THREADS).contains(&threads) {
            return Err(Error::InvalidArgument(format!(
                "threads is {threads}: give a number from 1 to {MAX_THREADS}"
            )));
        }
        let running = SHARED.get_or_init(|| Self::new(threads, true)).threads;
        if running == threads {
            return Ok(());
        }
        Err(Error::InvalidArgument(format!(
            "threads is {threads}, and this process has {running} worker threads already: set the number once, before \
             anything else is called, or by {THREADS} when the process is started"
        )))
    }

    /// The number of worker threads: what was [configured](Self::configure), else what the environment variable
    /// `HIPPOCAMP_THREADS` says, else one for each physical core.
    ///
    /// # Errors
    /// An environment variable that is not a number from 1 to 1,024.
    pub fn configured_threads() -> Result<usize, Error> {
        match SHARED.get() {
            Some(runtime) if runtime.configured => Ok(runtime.threads),
            _ => Self::asked_for(),
        }
    }

    fn asked_for() -> Result<usize, Error> {
        match std::env::var(THREADS) {
            Err(_) => Ok(cores::usable().min(MAX_THREADS)),
            Ok(value) => match value.parse() {
                Ok(threads @ 1..=MAX_THREADS) => Ok(threads),
                _ => Err(Error::InvalidArgument(format!(
                    "{THREADS} is \"{value}\": set it to a number from 1 to {MAX_THREADS}, or unset it"
                ))),
            },
        }
    }

    /// The number of worker threads.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Whether there is a thread that jobs are left to.
    pub(crate) fn has_workers() -> bool {
        RUNNING.load(Ordering::Acquire) > 0
    }

    /// Whether somebody waits for a worker to become free.
    pub(crate) fn is_waited_for(&self) -> bool {
        !self.lock().interactive.is_empty()
    }

    /// Queues a job. A panic in it is caught and ends only the job.
    pub fn spawn(&self, priority: Priority, job: impl FnOnce() + Send + 'static) {
        if !Self::has_workers() {
            return run(Box::new(job));
        }
        let mut queues = self.lock();
        match priority {
            Priority::Interactive => queues.interactive.push_back(Box::new(job)),
            Priority::Bulk => queues.bulk.push_back(Box::new(job)),
        }
        drop(queues);
        self.wake.notify_one();
    }

    /// Runs `piece(0)` … `piece(count - 1)` on this thread and any idle workers, and returns when all
    /// are done. After the first error no further piece is started.
    ///
    /// # Errors
    /// The first error of a piece; [`Error::Internal`] when one panicked.
    pub fn for_each(
        &self,
        priority: Priority,
        count: usize,
        piece: impl Fn(usize) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<(), Error> {
        let split = Arc::new(Split {
            piece: Box::new(piece),
            count,
            next: AtomicUsize::new(0),
            finished: Mutex::new(0),
            all_finished: Condvar::new(),
            failed: AtomicBool::new(false),
            error: Mutex::new(None),
        });
        for _ in 1..count.min(self.threads) {
            let split = Arc::clone(&split);
            self.spawn(priority, move || split.take_part(priority));
        }
        split.take_part(priority);
        split.wait()
    }

    fn work(&self) {
        loop {
            let mut queues = self.lock();
            let job = loop {
                if let Some(job) =
                    queues.interactive.pop_front().or_else(|| queues.bulk.pop_front())
                {
                    break job;
                }
                queues = self.wake.wait(queues).unwrap_or_else(PoisonError::into_inner);
            };
            drop(queues);
            run(job);
        }
    }

    /// Runs the interactive jobs that wait. A thread calls this between two pieces of bulk work, when it holds nothing
    /// that another waits for.
    pub(crate) fn serve_interactive(&self) {
        let depth = NESTED.get();
        if depth >= MAX_NESTED {
            return;
        }
        NESTED.set(depth + 1);
        loop {
            let job = self.lock().interactive.pop_front();
            match job {
                Some(job) => run(job),
                None => break,
            }
        }
        NESTED.set(depth);
    }

    fn lock(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(job: Job) {
    // The job's own completion reports the panic, if anybody waits for it.
    let _ = catch_unwind(AssertUnwindSafe(job));
}

struct Split {
    piece: Box<dyn Fn(usize) -> Result<(), Error> + Send + Sync>,
    count: usize,
    next: AtomicUsize,
    finished: Mutex<usize>,
    all_finished: Condvar,
    failed: AtomicBool,
    error: Mutex<Option<Error>>,
}

impl Split {
    fn take_part(&self, priority: Priority) {
        loop {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if index >= self.count {
                return;
            }
            if !self.failed.load(Ordering::Acquire) {
                let result = catch_unwind(AssertUnwindSafe(|| (self.piece)(index)))
                    .unwrap_or_else(|panic| Err(Error::of_panic(panic.as_ref())));
                if let Err(error) = result {
                    self.failed.store(true, Ordering::Release);
                    self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
            let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
            *finished += 1;
            if *finished == self.count {
                self.all_finished.notify_all();
            }
            drop(finished);
            if priority == Priority::Bulk {
                Runtime::shared().serve_interactive();
            }
        }
    }

    fn wait(&self) -> Result<(), Error> {
        let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        while *finished < self.count {
            finished = self.all_finished.wait(finished).unwrap_or_else(PoisonError::into_inner);
        }
        drop(finished);
        self.error.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn every_piece_runs_once_even_when_splits_nest() {
        let (send, receive) = mpsc::channel();
        for _ in 0..4 {
            let send = send.clone();
            Runtime::shared().spawn(Priority::Bulk, move || {
                let runs: Arc<Vec<AtomicUsize>> =
                    Arc::new((0..50).map(|_| AtomicUsize::new(0)).collect());
                let counted = Arc::clone(&runs);
                let result = Runtime::shared().for_each(Priority::Bulk, 50, move |i| {
                    Runtime::shared().for_each(Priority::Interactive, 3, |_| Ok(()))?;
                    counted[i].fetch_add(1, Ordering::Relaxed);
                    Ok(())
                });
                let once = runs.iter().all(|r| r.load(Ordering::Relaxed) == 1);
                send.send((result.is_ok(), once)).unwrap();
            });
        }
        drop(send);
        assert_eq!(receive.iter().collect::<Vec<_>>(), [(true, true); 4]);
    }

    #[test]
    fn the_first_error_ends_the_split_and_a_panic_is_an_error() {
        let error = Runtime::shared()
            .for_each(Priority::Bulk, 100, |i| if i == 3 { Err(Error::Closed) } else { Ok(()) });
        assert!(matches!(error, Err(Error::Closed)));
        let error = Runtime::shared().for_each(Priority::Bulk, 4, |_| panic!("seven"));
        assert!(matches!(error, Err(Error::Internal(said)) if said == "seven"));
        assert!(Runtime::shared().for_each(Priority::Bulk, 0, |_| Err(Error::Closed)).is_ok());
    }

    #[test]
    fn a_panicking_job_does_not_take_its_thread_with_it() {
        for _ in 0..3 * Runtime::shared().threads() {
            Runtime::shared().spawn(Priority::Interactive, || panic!("a job's own fault"));
        }
        let (send, receive) = mpsc::channel();
        Runtime::shared().spawn(Priority::Interactive, move || send.send(1).unwrap());
        assert_eq!(receive.recv(), Ok(1));
    }
}
