//! Many callers of one encoder at once, in any order: whatever they do, each gets what it would get alone.

mod support;

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;

use hippocamp_encoder::Encoder;
use hippocamp_engine::{
    Cancel, Embeddings, Error, LoadOptions, Priority, Prompt, QueueOptions, Runtime, TextEncoder,
    WhenFull,
};
use proptest::prelude::*;
use support::*;

/// What a caller does.
#[derive(Clone, Debug)]
enum Action {
    /// Encodes so many texts, itself or by a worker, and waits for them.
    Encode { first: usize, count: usize, bulk: bool, by_worker: bool },
    /// Encodes later, and gives up after so many other actions, if at all.
    Queue { first: usize, count: usize, give_up: Option<usize> },
    /// Encodes texts of which one cannot be.
    Fail { count: usize, spoilt: bool },
    /// Gets a place and leaves it.
    TurnBack { count: usize },
    /// Gets one as soon as there is one, unless it gives up.
    Wait { first: usize, count: usize, give_up: bool },
}

fn action() -> impl Strategy<Value = Action> {
    let (first, count) = (0..40_usize, 1..60_usize);
    prop_oneof![
        4 => (first.clone(), count.clone(), any::<bool>(), any::<bool>()).prop_map(
            |(first, count, bulk, by_worker)| Action::Encode { first, count, bulk, by_worker }
        ),
        4 => (first.clone(), count.clone(), prop::option::of(0..4_usize))
            .prop_map(|(first, count, give_up)| Action::Queue { first, count, give_up }),
        1 => (count.clone(), any::<bool>())
            .prop_map(|(count, spoilt)| Action::Fail { count, spoilt }),
        1 => count.clone().prop_map(|count| Action::TurnBack { count }),
        3 => (first, count, any::<bool>())
            .prop_map(|(first, count, give_up)| Action::Wait { first, count, give_up }),
    ]
}

/// Texts of lengths from 2 to 29 tokens.
fn texts(first: usize, count: usize) -> Vec<String> {
    (first..first + count).map(|number| small_model::text(number, 2 + number * 5 % 28)).collect()
}

/// What each text is encoded to by an encoder without a queue.
fn expected(first: usize, count: usize) -> Vec<f32> {
    static ENCODER: LazyLock<Encoder> = LazyLock::new(|| {
        let folder = small_model::write();
        Encoder::load(folder.path(), &LoadOptions::default()).unwrap()
    });
    static KNOWN: Mutex<BTreeMap<String, Vec<f32>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let vector = |text: String| {
        let encode = || ENCODER.encode(&[&text], "").unwrap();
        known.entry(text.clone()).or_insert_with(encode).clone()
    };
    texts(first, count).into_iter().flat_map(vector).collect()
}

/// A call whose answer is looked at later.
struct Promised {
    answer: Receiver<Result<Embeddings, Error>>,
    cancel: Cancel,
    /// After so many more actions.
    give_up: Option<usize>,
    expected: Vec<f32>,
}

impl Promised {
    fn check(self) {
        match self.answer.recv().unwrap() {
            Ok(embeddings) => assert!(same(&embeddings.data, &self.expected)),
            Err(error) => {
                assert_eq!(error.code(), "ERR_ABORTED");
                assert!(self.cancel.is_cancelled());
            }
        }
    }
}

fn same(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

fn run(encoder: &TextEncoder, actions: Vec<Action>) {
    let mut promised: Vec<Promised> = Vec::new();
    for action in actions {
        for promise in &mut promised {
            match &mut promise.give_up {
                Some(0) => promise.cancel.cancel(),
                Some(left) => *left -= 1,
                None => {}
            }
        }
        let (send, answer) = mpsc::channel();
        let cancel = Cancel::new();
        match action {
            Action::Encode { first, count, bulk, by_worker } => {
                let priority = if bulk { Priority::Bulk } else { Priority::Interactive };
                let encoder = encoder.clone();
                let encode = move || {
                    let texts = texts(first, count);
                    send.send(encoder.encode(texts, &Prompt::None, priority, &cancel)).unwrap();
                };
                if by_worker {
                    Runtime::shared().spawn(priority, encode);
                } else {
                    encode();
                }
                let encoded = answer.recv().unwrap().unwrap();
                assert!(same(&encoded.data, &expected(first, count)));
            }
            Action::Queue { first, count, give_up } => {
                let Some(place) = encoder.place(count).unwrap() else { continue };
                let done = move |answer| send.send(answer).unwrap();
                place.encode(texts(first, count), &Prompt::None, &cancel, done);
                let expected = expected(first, count);
                promised.push(Promised { answer, cancel, give_up, expected });
            }
            Action::Fail { count, spoilt } => {
                let mut texts = texts(0, count);
                texts[count / 2] = String::from(if spoilt { "w1 spoilt" } else { "nobody" });
                let failed = encoder
                    .encode(texts, &Prompt::None, Priority::of_count(count), &cancel)
                    .unwrap_err();
                let code = if spoilt { "ERR_MODEL_INVALID" } else { "ERR_TOKENIZER" };
                assert_eq!(failed.code(), code);
            }
            Action::TurnBack { count } => drop(encoder.place(count).unwrap()),
            Action::Wait { first, count, give_up } => {
                let inner = cancel.clone();
                encoder.place_later(count, &cancel, move |place| match place {
                    Ok(place) => {
                        let done = move |answer| send.send(answer).unwrap();
                        place.encode(texts(first, count), &Prompt::None, &inner, done);
                    }
                    Err(error) => send.send(Err(error)).unwrap(),
                });
                if give_up {
                    cancel.cancel();
                }
                let expected = expected(first, count);
                promised.push(Promised { answer, cancel, give_up: None, expected });
            }
        }
    }
    promised.into_iter().for_each(Promised::check);
}

/// The workers, for one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    Runtime::configure(3).unwrap();
    alone
}

#[test]
fn idle_workers_share_what_would_be_one_micro_batch() {
    let _alone = alone();
    let folder = small_model::write();
    let encoder = TextEncoder::load(folder.path(), &LoadOptions::default()).unwrap();
    let (send, held) = mpsc::channel();
    let releases: Vec<_> = (0..3)
        .map(|_| {
            let ((release, wait), send) = (mpsc::channel::<()>(), send.clone());
            Runtime::shared().spawn(Priority::Interactive, move || {
                send.send(()).unwrap();
                let _ = wait.recv();
            });
            release
        })
        .collect();
    assert_eq!(held.iter().take(3).count(), 3);
    let (send, answer) = mpsc::channel();
    let texts: Vec<_> = (0..30).map(|number| small_model::text(number, 3)).collect();
    let place = encoder.place(30).unwrap().unwrap();
    place.encode(texts, &Prompt::None, &Cancel::new(), move |answer| send.send(answer).unwrap());
    drop(releases);
    assert_eq!(answer.recv().unwrap().unwrap().count, 30);
    // A worker that is done before another has begun shares with it what is left.
    assert!(encoder.stats().micro_batches >= 3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn each_caller_gets_what_it_would_get_alone(
        callers in prop::collection::vec(prop::collection::vec(action(), 1..12), 1..6),
        limit in 1..120_usize,
        cache_bytes in prop_oneof![Just(0), Just(2_000), Just(1 << 20)],
    ) {
        let _alone = alone();
        let folder = small_model::write();
        let options = QueueOptions { limit, when_full: WhenFull::Wait, cache_bytes };
        let encoder =
            TextEncoder::load_with(folder.path(), &LoadOptions::default(), &options).unwrap();
        thread::scope(|scope| {
            for actions in callers {
                scope.spawn(|| run(&encoder, actions));
            }
        });
        // What was being encoded of calls that have failed may take a moment more.
        while encoder.stats().running > 0 {
            thread::yield_now();
        }
        prop_assert_eq!(encoder.stats().waiting, 0);
        // Every place was given back: as many as the limit can be had one by one, and no more.
        let places: Vec<_> = (0..limit).map(|_| encoder.place(1).unwrap()).collect();
        prop_assert!(places.iter().all(Option::is_some));
        prop_assert!(encoder.place(1).unwrap().is_none());
    }
}
