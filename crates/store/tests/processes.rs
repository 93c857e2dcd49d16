//! Several processes on one store.

mod support;

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Stdio},
    time::Duration,
};

use hippocamp_store::{
    Error, Lsn, OpenOptions,
    PutMode::{Insert, Upsert},
    Store,
};
use support::{Told, all, begin, changes, open, place, put, read, told_put, write};

/// Another process with the store open; see [`obey`].
struct Other {
    child: Child,
    orders: ChildStdin,
    answers: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Other {
    fn start(path: &std::path::Path) -> Self {
        let mut child = support::child("obey", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, orders, answers }
    }

    /// Sends an order and waits for its answer.
    fn ask(&mut self, order: &str) -> String {
        writeln!(self.orders, "{order}").unwrap();
        let mut answers = self.answers.by_ref().map(Result::unwrap);
        answers.find_map(|line| line.strip_prefix("> ").map(str::to_owned)).expect("an answer")
    }

    fn end(mut self) {
        drop(self.orders);
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
#[ignore = "the other process of the tests here"]
fn obey() {
    let Some(path) = support::child_path() else { return };
    let store = open(&path);
    let ns = write(&store, support::default_namespace).unwrap();
    for order in std::io::stdin().lines() {
        let order = order.unwrap();
        let answer = match order.split_once(' ').unwrap_or((&order, "")) {
            ("put", key) => {
                write(&store, |tx| put(tx, ns, key, 7, Upsert)).unwrap();
                format!("{}", store.changed_lsn().unwrap())
            }
            ("delete", key) => format!("{:?}", write(&store, |tx| tx.delete(ns, key)).unwrap()),
            ("keys", _) => {
                let keys: Vec<String> = all(&store, ns).into_iter().map(|row| row.key).collect();
                keys.join(",")
            }
            ("lsn", _) => format!("{}", store.changed_lsn().unwrap()),
            ("count", times) => {
                for step in 0..times.parse().unwrap() {
                    write(&store, |tx| {
                        let key = format!("{}-{step}", std::process::id());
                        put(tx, ns, &key, step, Insert)
                    })
                    .unwrap();
                }
                "done".to_owned()
            }
            (other, _) => panic!("unknown order {other}"),
        };
        println!("\n> {answer}");
    }
}

#[test]
fn two_processes_see_each_other_s_commits() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let a = write(&store, |tx| put(tx, ns, "a", 1, Insert)).unwrap().row;
    let mut other = Other::start(&path);
    assert_eq!(other.ask("keys"), "a");
    assert_eq!(store.changed_lsn().unwrap(), Lsn(2));
    assert_eq!(other.ask("put 乙"), "3");
    assert_eq!(store.changed_lsn().unwrap(), Lsn(3));
    let row = read(&store, |tx| tx.get(ns, "乙", true)).unwrap().unwrap();
    assert_eq!(read(&store, |tx| changes(tx, ns, Lsn(2))).unwrap(), [told_put(row.row, "乙", 7)]);
    assert_eq!(other.ask("delete a"), format!("Some({a:?})"));
    assert_eq!(read(&store, |tx| changes(tx, ns, Lsn(3))).unwrap(), [Told::Deleted(a)]);
    write(&store, |tx| put(tx, ns, "c", 3, Insert)).unwrap();
    assert_eq!(other.ask("lsn"), "5");
    assert_eq!(other.ask("keys"), "乙,c");
    other.end();
    assert_eq!(all(&store, ns).len(), 2, "also when the other one is gone");
}

#[test]
fn two_processes_may_make_one_store_at_once() {
    for _ in 0..5 {
        let (_folder, path) = place();
        let mut others = [(); 3].map(|()| Other::start(&path));
        for other in &mut others {
            assert_eq!(other.ask("keys"), "");
        }
        let numbers: Vec<String> = others.iter_mut().map(|other| other.ask("put a")).collect();
        assert_eq!(numbers, ["2", "3", "4"], "one of them made the collection");
        others.into_iter().for_each(Other::end);
    }
}

#[test]
fn writers_of_several_processes_lose_nothing() {
    let (_folder, path) = place();
    let (store, ns) = begin(&path);
    let mut others = [(); 3].map(|()| Other::start(&path));
    std::thread::scope(|scope| {
        for other in &mut others {
            scope.spawn(|| assert_eq!(other.ask("count 40"), "done"));
        }
        for step in 0..40 {
            write(&store, |tx| put(tx, ns, &step.to_string(), step, Insert)).unwrap();
        }
    });
    others.into_iter().for_each(Other::end);
    let rows = all(&store, ns);
    assert_eq!(rows.len(), 160);
    let mut lsns: Vec<i64> = rows.iter().map(|row| row.lsn.0).collect();
    lsns.sort_unstable();
    assert_eq!(lsns, (2..162).collect::<Vec<_>>());
    store.close().unwrap();
    support::assert_sound(&path);
}

#[test]
fn a_lock_kept_past_the_timeout_is_reported_and_nothing_is_lost() {
    let (_folder, path) = place();
    let (_, ns) = begin(&path);
    let waited = Duration::from_millis(30);
    let store = Store::open(&path, &OpenOptions { busy_timeout: waited, ..OpenOptions::default() })
        .unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = write(&store, |tx| put(tx, ns, "a", 1, Insert)).unwrap_err();
    assert_eq!(error, Error::Busy { path: path.clone(), waited });
    let expected = format!(
        "{} is being written by another process, waited 30 ms: try again, or raise `busyTimeout`",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
    assert_eq!(read(&store, |tx| tx.count(ns)).unwrap(), 0, "reads go on");
    let second = Store::open(&path, &OpenOptions { busy_timeout: waited, ..Default::default() });
    assert_eq!(second.unwrap().changed_lsn().unwrap(), Lsn(1), "opening waits for nobody");
    other.execute_batch("ROLLBACK").unwrap();
    write(&store, |tx| put(tx, ns, "a", 1, Insert)).unwrap();
    assert_eq!(read(&store, |tx| tx.count(ns)).unwrap(), 1);
}
