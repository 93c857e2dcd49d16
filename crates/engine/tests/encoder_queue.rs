//! What the queue before an encoder promises, with one worker, so that all that happens happens in an order.

mod support;

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hippocamp_engine::{
    CacheStats, Cancel, CollectionOptions, Embeddings, Engine, Error, LoadOptions, Location,
    NewRecord, Priority, Prompt, Query, QueueOptions, Runtime, SearchOptions, StoreOptions,
    TextEncoder, WhenFull,
};
use support::*;

type Answer = Result<Embeddings, Error>;

/// The one worker, for one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    Runtime::configure(1).unwrap();
    alone
}

fn load(queue: &QueueOptions) -> TextEncoder {
    let folder = small_model::write();
    TextEncoder::load_with(folder.path(), &LoadOptions::default(), queue).unwrap()
}

fn encoder() -> TextEncoder {
    load(&QueueOptions::default())
}

fn limited(limit: usize, when_full: WhenFull) -> TextEncoder {
    load(&QueueOptions { limit, when_full, ..QueueOptions::default() })
}

/// Texts of three tokens each.
fn texts(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers.into_iter().map(|number| small_model::text(number, 3)).collect()
}

fn start(encoder: &TextEncoder, texts: Vec<String>, cancel: &Cancel) -> Receiver<Answer> {
    let (send, receive) = mpsc::channel();
    start_with(encoder, texts, cancel, move |answer| send.send(answer).unwrap());
    receive
}

fn start_with(
    encoder: &TextEncoder,
    texts: Vec<String>,
    cancel: &Cancel,
    done: impl FnOnce(Answer) + Send + 'static,
) {
    let place = encoder.place(texts.len()).unwrap().expect("room");
    place.encode(texts, &Prompt::None, cancel, done);
}

/// Encodes with an encoder that has nothing else to do and remembers nothing.
fn reference(texts: Vec<String>) -> Vec<f32> {
    let encoder = load(&QueueOptions { cache_bytes: 0, ..QueueOptions::default() });
    encoder.encode(texts, &Prompt::None, Priority::Bulk, &Cancel::new()).unwrap().data
}

fn code(answer: Answer) -> &'static str {
    answer.unwrap_err().code()
}

/// Keeps the worker from working until it is dropped.
struct Held(Option<Sender<()>>);

fn hold_worker() -> Held {
    let (release, wait) = mpsc::channel::<()>();
    let (send, held) = mpsc::channel();
    Runtime::shared().spawn(Priority::Interactive, move || {
        send.send(()).unwrap();
        let _ = wait.recv();
    });
    held.recv().unwrap();
    Held(Some(release))
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.0.take());
    }
}

#[test]
fn a_thousand_calls_go_through_the_model_in_as_many_batches_as_one_call_of_a_thousand() {
    let _alone = alone();
    let (many, one) = (encoder(), encoder());
    let held = hold_worker();
    let answers: Vec<_> =
        (0..1000).map(|number| start(&many, texts([number]), &Cancel::new())).collect();
    let together = start(&one, texts(0..1000), &Cancel::new());
    assert_eq!((many.stats().waiting, one.stats().waiting), (1000, 1000));
    drop(held);
    let together = together.recv().unwrap().unwrap();
    for (answer, row) in answers.into_iter().zip(together.data.chunks(together.dimension)) {
        let answer = answer.recv().unwrap().unwrap();
        assert_eq!(answer.data, row);
        assert_eq!((answer.count, answer.tokens), (1, 3));
    }
    // 85 texts of 3 tokens are 255 of 256.
    let expected = 1000_u64.div_ceil(85);
    assert_eq!((many.stats().micro_batches, one.stats().micro_batches), (expected, expected));
    assert_eq!(together.data, reference(texts(0..1000)));
}

#[test]
fn a_lone_query_waits_for_one_micro_batch_at_most() {
    let _alone = alone();
    let encoder = encoder();
    let (send, receive) = mpsc::channel();
    let (bulk, running) = (send.clone(), encoder.clone());
    let held = hold_worker();
    // This runs on the worker, between the first micro-batch of bulk work and the next.
    start_with(&encoder, texts(0..10), &Cancel::new(), move |_| {
        let (before, after) = (running.stats(), running.clone());
        start_with(&running, texts([5000]), &Cancel::new(), move |_| {
            send.send(("query", after.stats().micro_batches - before.micro_batches)).unwrap();
        });
    });
    start_with(&encoder, texts(0..2000), &Cancel::new(), move |_| bulk.send(("bulk", 0)).unwrap());
    drop(held);
    assert_eq!(receive.iter().collect::<Vec<_>>(), [("query", 1), ("bulk", 0)]);
}

#[test]
fn a_lone_query_waits_for_one_micro_batch_of_a_thread_that_takes_part_too() {
    let _alone = alone();
    let encoder = encoder();
    let (send, receive) = mpsc::channel();
    let (bulk, adding, running) = (send.clone(), encoder.clone(), encoder.clone());
    let held = hold_worker();
    // As records are added: the worker encodes until it has all vectors.
    Runtime::shared().spawn(Priority::Bulk, move || {
        let texts = texts(0..2000);
        adding.encode(texts, &Prompt::None, Priority::Bulk, &Cancel::new()).unwrap();
        bulk.send(("bulk", 0)).unwrap();
    });
    // Came before, and is answered by it.
    start_with(&encoder, texts(0..10), &Cancel::new(), move |_| {
        let (before, after) = (running.stats(), running.clone());
        start_with(&running, texts([5000]), &Cancel::new(), move |_| {
            send.send(("query", after.stats().micro_batches - before.micro_batches)).unwrap();
        });
    });
    drop(held);
    assert_eq!(receive.iter().collect::<Vec<_>>(), [("query", 1), ("bulk", 0)]);
}

#[test]
fn bulk_work_of_another_encoder_gets_its_turn() {
    let _alone = alone();
    let (first, second) = (encoder(), encoder());
    let (send, receive) = mpsc::channel();
    let held = hold_worker();
    for (name, encoder, count) in [("first", &first, 2000), ("second", &second, 100)] {
        let send = send.clone();
        let done = move |_| send.send(name).unwrap();
        start_with(encoder, texts(0..count), &Cancel::new(), done);
    }
    drop((held, send));
    assert_eq!(receive.iter().collect::<Vec<_>>(), ["second", "first"]);
}

#[test]
fn a_full_queue_turns_calls_away_that_would_rather_fail() {
    let _alone = alone();
    let encoder = limited(10, WhenFull::Reject);
    let held = hold_worker();
    let unused = encoder.place(500).unwrap().unwrap();
    assert_eq!(encoder.place(20).err().unwrap().code(), "ERR_QUEUE_FULL");
    drop(unused);
    let first = start(&encoder, texts(0..9), &Cancel::new());
    let second = start(&encoder, texts(0..50), &Cancel::new());
    let full = encoder.place(20).err().unwrap();
    assert_eq!(full.code(), "ERR_QUEUE_FULL");
    let said = full.to_string();
    assert!(said.contains("59 texts wait, the limit is 10"), "{said}");
    assert!(said.contains("queue.limit") && said.contains("queue.whenFull"), "{said}");
    let encode = |texts, priority| encoder.encode(texts, &Prompt::None, priority, &Cancel::new());
    assert_eq!(code(encode(texts(0..9), Priority::Bulk)), "ERR_QUEUE_FULL");
    // Calls of few texts have places of their own.
    assert_eq!(encode(texts([7]), Priority::Interactive).unwrap().data, reference(texts([7])));
    drop(held);
    assert_eq!(first.recv().unwrap().unwrap().data, reference(texts(0..9)));
    assert_eq!(second.recv().unwrap().unwrap().data, reference(texts(0..50)));
    assert!(encoder.place(20).unwrap().is_some());
}

#[test]
fn a_full_queue_lets_calls_wait_outside_in_order_and_they_can_give_up() {
    let _alone = alone();
    let encoder = limited(10, WhenFull::Wait);
    let held = hold_worker();
    let first = start(&encoder, texts(0..100), &Cancel::new());
    assert!(encoder.place(9).unwrap().is_none());
    let (send, receive) = mpsc::channel();
    let outside = |name: &'static str, cancel: &Cancel| {
        let send = send.clone();
        encoder.place_later(20, cancel, move |place| match place {
            Err(error) => send.send((name, error.code())).unwrap(),
            Ok(place) => place.encode(texts(0..20), &Prompt::None, &Cancel::new(), move |answer| {
                assert_eq!(answer.unwrap().data.len(), 20 * 16);
                send.send((name, "encoded")).unwrap();
            }),
        });
    };
    let giving_up = Cancel::new();
    outside("a", &Cancel::new());
    outside("b", &giving_up);
    outside("c", &Cancel::new());
    let cancelled = Cancel::new();
    cancelled.cancel();
    outside("d", &cancelled);
    assert_eq!(receive.recv().unwrap(), ("d", "ERR_ABORTED"));
    giving_up.cancel();
    assert_eq!(receive.recv().unwrap(), ("b", "ERR_ABORTED"));
    // A thread that takes part makes room, and is not kept waiting.
    let mine = encoder.encode(texts(0..30), &Prompt::None, Priority::Bulk, &Cancel::new());
    assert_eq!(mine.unwrap().count, 30);
    drop((held, send));
    assert_eq!(receive.iter().collect::<Vec<_>>(), [("a", "encoded"), ("c", "encoded")]);
    assert!(first.recv().unwrap().is_ok());
    assert!(encoder.place(9).unwrap().is_some());
}

#[test]
fn an_aborted_call_leaves_the_queue_at_once() {
    let _alone = alone();
    let encoder = limited(10, WhenFull::Reject);
    let held = hold_worker();
    let cancel = Cancel::new();
    let aborted = start(&encoder, texts(0..500), &cancel);
    assert!(encoder.place(9).is_err());
    cancel.cancel();
    assert_eq!(code(aborted.recv().unwrap()), "ERR_ABORTED");
    assert_eq!(encoder.stats().waiting, 0);
    let other = start(&encoder, texts(0..20), &Cancel::new());
    let before = start(&encoder, texts([1]), &cancel);
    assert_eq!(code(before.recv().unwrap()), "ERR_ABORTED");
    drop(held);
    assert_eq!(other.recv().unwrap().unwrap().data, reference(texts(0..20)));
    assert_eq!(encoder.stats().texts, 20);
}

#[test]
fn a_call_that_is_aborted_between_its_micro_batches_disturbs_nobody() {
    let _alone = alone();
    let encoder = encoder();
    let (cancel, held) = (Cancel::new(), hold_worker());
    let (aborting, stopped) = (cancel.clone(), encoder.clone());
    let (send, waiting) = mpsc::channel();
    // In one micro-batch with the first texts of the call that is aborted.
    start_with(&encoder, texts(0..10), &Cancel::new(), move |_| {
        aborting.cancel();
        send.send(stopped.stats().waiting).unwrap();
    });
    let aborted = start(&encoder, texts(0..2000), &cancel);
    let other = start(&encoder, texts(50..80), &Cancel::new());
    drop(held);
    assert_eq!(waiting.recv().unwrap(), 30);
    assert_eq!(code(aborted.recv().unwrap()), "ERR_ABORTED");
    assert_eq!(other.recv().unwrap().unwrap().data, reference(texts(50..80)));
    assert_eq!(encoder.stats().micro_batches, 2);
}

#[test]
fn a_text_that_fails_fails_its_own_call_alone() {
    let _alone = alone();
    let encoder = encoder();
    let held = hold_worker();
    let with = |bad: &str| {
        let mut texts = texts(0..3);
        texts[1] = bad.to_owned();
        texts
    };
    let calls = [texts([10]), with("w1 nobody"), texts(20..25), with("w1 spoilt"), texts([30])];
    let answers = calls.clone().map(|texts| start(&encoder, texts, &Cancel::new()));
    drop(held);
    let [a, untokenized, b, spoilt, c] = answers.map(|answer| answer.recv().unwrap());
    assert_eq!(a.unwrap().data, reference(calls[0].clone()));
    assert_eq!(b.unwrap().data, reference(calls[2].clone()));
    assert_eq!(c.unwrap().data, reference(calls[4].clone()));
    assert_eq!(code(untokenized), "ERR_TOKENIZER");
    let spoilt = spoilt.unwrap_err();
    assert_eq!(spoilt.code(), "ERR_MODEL_INVALID");
    assert!(spoilt.to_string().contains("for text 1 of the batch"), "{spoilt}");
    // Nothing of it is left behind.
    assert_eq!((encoder.stats().waiting, encoder.stats().running), (0, 0));
    let again = encoder.encode(texts([10]), &Prompt::None, Priority::Bulk, &Cancel::new());
    assert_eq!(again.unwrap().data, reference(texts([10])));
}

#[test]
fn a_text_that_fails_takes_what_waits_of_its_call_with_it() {
    let _alone = alone();
    let encoder = encoder();
    let held = hold_worker();
    let failing = [vec!["nobody".to_owned()], texts(0..2000)].concat();
    let failed = start(&encoder, failing, &Cancel::new());
    drop(held);
    assert_eq!(code(failed.recv().unwrap()), "ERR_TOKENIZER");
    assert_eq!((encoder.stats().waiting, encoder.stats().micro_batches), (0, 0));
}

#[test]
fn a_panic_in_what_is_done_with_an_answer_is_nobody_elses() {
    let _alone = alone();
    let encoder = encoder();
    let held = hold_worker();
    start_with(&encoder, texts(0..10), &Cancel::new(), |_| panic!("a receiver's own fault"));
    let other = start(&encoder, texts(0..10), &Cancel::new());
    drop(held);
    assert_eq!(other.recv().unwrap().unwrap().count, 10);
    assert_eq!(start(&encoder, texts(0..10), &Cancel::new()).recv().unwrap().unwrap().count, 10);
}

#[test]
fn a_text_that_was_asked_for_lately_is_not_encoded_again() {
    let _alone = alone();
    let encoder = encoder();
    let encode = |texts: Vec<String>, prompt: &Prompt, priority| {
        encoder.encode(texts, prompt, priority, &Cancel::new()).unwrap()
    };
    let query = Prompt::Literal("w5 ".to_owned());
    let first = encode(texts([1, 2]), &Prompt::None, Priority::Interactive);
    let before = encoder.stats();
    assert_eq!((before.cache.hits, before.cache.misses, before.cache.vectors), (0, 2, 2));
    assert_eq!(encode(texts([1, 2]), &Prompt::None, Priority::Interactive), first);
    assert_eq!(encoder.stats().micro_batches, before.micro_batches);
    // In part.
    let part = encode(texts([3, 1, 4]), &Prompt::None, Priority::Interactive);
    assert_eq!(part.data, reference(texts([3, 1, 4])));
    assert_eq!((part.tokens, encoder.stats().texts), (9, 4));
    // With something before it a text is another one.
    let prompted = encode(texts([1]), &query, Priority::Interactive);
    assert_eq!(prompted.data, reference(vec![format!("w5 {}", texts([1])[0])]));
    let CacheStats { hits, misses, vectors, .. } = encoder.stats().cache;
    assert_eq!((hits, misses, vectors), (3, 5, 5));
    // Bulk work neither looks nor leaves anything.
    encode(texts(0..100), &Prompt::None, Priority::Bulk);
    let after = encoder.stats().cache;
    assert_eq!((after.hits, after.misses, after.vectors), (3, 5, 5));
}

#[test]
fn with_no_room_for_vectors_none_is_remembered() {
    let _alone = alone();
    let encoder = load(&QueueOptions { cache_bytes: 0, ..QueueOptions::default() });
    for _ in 0..2 {
        encoder.encode(texts([1]), &Prompt::None, Priority::Interactive, &Cancel::new()).unwrap();
    }
    assert_eq!((encoder.stats().cache, encoder.stats().texts), (CacheStats::default(), 2));
}

#[test]
fn a_text_that_many_ask_for_at_once_is_encoded_once() {
    let _alone = alone();
    let encoder = encoder();
    let held = hold_worker();
    let answers: Vec<_> =
        (0..300).map(|number| start(&encoder, texts([number % 3]), &Cancel::new())).collect();
    drop(held);
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(answer.recv().unwrap().unwrap().data, reference(texts([number % 3])));
    }
    assert_eq!((encoder.stats().texts, encoder.stats().micro_batches), (3, 1));
}

#[test]
fn an_encoder_tells_what_it_does() {
    let _alone = alone();
    let encoder = encoder();
    let fresh = encoder.stats();
    assert_eq!((fresh.texts, fresh.tokens, fresh.micro_batches, fresh.waiting), (0, 0, 0, 0));
    assert!(fresh.batch_fill == 0.0 && fresh.tokens_per_second == 0.0);
    let held = hold_worker();
    let bulk = start(&encoder, texts(0..100), &Cancel::new());
    let single = start(&encoder, texts([1]), &Cancel::new());
    assert_eq!((encoder.stats().waiting, encoder.stats().running), (101, 0));
    drop(held);
    bulk.recv().unwrap().unwrap();
    single.recv().unwrap().unwrap();
    encoder.encode(texts([1]), &Prompt::None, Priority::Interactive, &Cancel::new()).unwrap();
    assert_eq!(
        code(start(&encoder, vec!["nobody".into()], &Cancel::new()).recv().unwrap()),
        "ERR_TOKENIZER"
    );
    let stats = encoder.stats();
    assert_eq!((stats.texts, stats.tokens, stats.micro_batches), (101, 303, 3));
    assert!((stats.batch_fill - 303.0 / (3.0 * 256.0)).abs() < 1e-12);
    assert_eq!((stats.waiting, stats.running), (0, 0));
    assert_eq!((stats.interactive.calls, stats.bulk.calls), (2, 1));
    assert!(stats.tokens_per_second > 0.0);
    assert!(stats.bulk.p50 > 0.0 && stats.bulk.p50 <= stats.bulk.p99);
}

#[test]
fn searches_adds_and_encodes_share_one_worker_without_waiting_for_each_other_for_ever() {
    let _alone = alone();
    let encoder = limited(10, WhenFull::Wait);
    let options =
        StoreOptions { encoder: Some(encoder.clone()), ..StoreOptions::new(Location::Temporary) };
    let engine = Engine::open(options).unwrap();
    let c = Arc::new(engine.collection("c", CollectionOptions::default()).unwrap());
    let record = |number: usize| NewRecord {
        id: Some(format!("r{number}")),
        text: Some(small_model::text(number, 40)),
        ..NewRecord::default()
    };
    add(&c, (0..20).map(record).collect());
    let (send, receive) = mpsc::channel();
    let held = hold_worker();
    for round in 1..20 {
        let (adding, searching) = (Arc::clone(&c), Arc::clone(&c));
        let (added, found, encoded) = (send.clone(), send.clone(), send.clone());
        let records: Vec<_> = (round * 20..(round + 1) * 20).map(record).collect();
        Runtime::shared().spawn(Priority::of_count(records.len()), move || {
            added.send(add(&adding, records).len()).unwrap();
        });
        // Few records with long texts: bulk work, though the job is not.
        let long = NewRecord { text: Some(small_model::text(round, 2000)), ..NewRecord::default() };
        let (adding, added) = (Arc::clone(&c), send.clone());
        Runtime::shared().spawn(Priority::Interactive, move || {
            added.send(add(&adding, vec![long]).len()).unwrap();
        });
        Runtime::shared().spawn(Priority::Interactive, move || {
            let query = Query::Text(small_model::text(round, 40));
            let options = SearchOptions { k: 1, ..SearchOptions::default() };
            found.send(searching.search(query, &options, &Cancel::new()).unwrap().len()).unwrap();
        });
        let queued = move |answer: Answer| encoded.send(answer.unwrap().count).unwrap();
        encoder.place_later(50, &Cancel::new(), move |place| {
            let texts = texts(0..50);
            place.unwrap().encode(texts, &Prompt::None, &Cancel::new(), queued);
        });
    }
    drop((held, send));
    let mut answers: Vec<usize> = receive.iter().collect();
    answers.sort_unstable();
    let expected = [vec![1; 2 * 19], vec![20; 19], vec![50; 19]].concat();
    assert_eq!(answers, expected);
    assert_eq!((encoder.stats().waiting, encoder.stats().running), (0, 0));
    engine.close().unwrap();
}

#[test]
fn questions_of_searches_that_come_together_go_through_the_model_together() {
    let _alone = alone();
    let encoder = load(&QueueOptions { cache_bytes: 0, ..QueueOptions::default() });
    let options =
        StoreOptions { encoder: Some(encoder.clone()), ..StoreOptions::new(Location::Temporary) };
    let engine = Engine::open(options).unwrap();
    let c = engine.collection("c", CollectionOptions::default()).unwrap();
    let record = |number: usize| NewRecord {
        id: Some(format!("r{number}")),
        text: Some(small_model::text(number, 6)),
        ..NewRecord::default()
    };
    add(&c, (0..100).map(record).collect());
    let options = SearchOptions { k: 3, ..SearchOptions::default() };
    let query = |number: usize| vec![Query::Text(small_model::text(number, 3))];
    let ids = |hits: &[Vec<hippocamp_engine::Hit>]| ids(&hits[0]).join(" ");
    let one_by_one: Vec<String> = (0..100)
        .map(|number| ids(&c.search_many(query(number), &options, &Cancel::new()).unwrap()))
        .collect();
    let before = encoder.stats().micro_batches;
    assert!(before >= 100);

    let held = hold_worker();
    let cancel = Cancel::new();
    let answers: Vec<_> = (0..101)
        .map(|number| {
            let (send, receive) = mpsc::channel();
            let (c, options, query) = (c.clone(), options.clone(), query(number % 100));
            let cancel = if number == 100 { cancel.clone() } else { Cancel::new() };
            Runtime::shared().spawn(Priority::Interactive, move || {
                c.search_many_later(query, options, &cancel, move |hits| send.send(hits).unwrap());
            });
            receive
        })
        .collect();
    // The last of them gives up when all the others have left their questions.
    Runtime::shared().spawn(Priority::Interactive, move || cancel.cancel());
    drop(held);
    for (number, answer) in answers.iter().enumerate() {
        let hits = answer.recv().unwrap();
        if number < 100 {
            assert_eq!(ids(&hits.unwrap()), one_by_one[number]);
        } else {
            assert_eq!(hits.unwrap_err().code(), "ERR_ABORTED");
        }
    }
    // 300 tokens at most: what is in every record is left out.
    assert!(encoder.stats().micro_batches - before <= 2);
    engine.close().unwrap();
}

#[test]
fn the_number_of_workers_is_set_once() {
    let _alone = alone();
    assert_eq!(Runtime::shared().threads(), 1);
    Runtime::configure(1).unwrap();
    let refused = |threads| Runtime::configure(threads).unwrap_err();
    assert_eq!(refused(2).code(), "ERR_INVALID_ARGUMENT");
    let said = refused(2).to_string();
    assert!(
        said.contains("threads is 2") && said.contains("has 1 worker threads already"),
        "{said}"
    );
    assert!(refused(0).to_string().contains("from 1 to 1024"));
    assert!(refused(1025).to_string().contains("from 1 to 1024"));
    assert_eq!(Runtime::configured_threads().unwrap(), 1);
    let none = QueueOptions { limit: 0, ..QueueOptions::default() };
    let folder = small_model::write();
    let refused = TextEncoder::load_with(folder.path(), &LoadOptions::default(), &none);
    assert!(refused.err().unwrap().to_string().contains("queue.limit is 0"));
}
