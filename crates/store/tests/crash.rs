//! A process killed while it writes: what it acknowledged is there, and nothing by half.
//!
//! The child writes transactions of many rows and says so after each; the parent kills it
//! somewhere in between (SIGKILL: no destructor, no flush), opens the file and compares with what
//! the transactions up to the last acknowledged one, or the one after it, must have left.

mod support;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
    thread,
    time::Duration,
};

use hippocamp_store::{
    Error, Lsn, NamespaceId, NewRow,
    PutMode::{Insert, Upsert},
    Row, WriteTx,
};
use support::{Told, all, begin, changes, open, place, read, vector, write};

const ROUNDS: u64 = 40;

/// Transaction `number`: puts a batch of its own, upserts rows of the one before, deletes the
/// batch of three before. Long texts, so that the WAL is folded now and then.
fn transaction(tx: &mut WriteTx<'_>, ns: NamespaceId, number: u32) -> Result<(), Error> {
    for row in 0..rows_of(number) {
        put(tx, ns, number, row, number)?;
    }
    for row in 0..rows_of(number.wrapping_sub(1)) / 2 {
        put(tx, ns, number - 1, row, number)?;
    }
    if let Some(old) = number.checked_sub(3) {
        for row in 0..rows_of(old) {
            tx.delete(ns, &key(old, row))?;
        }
    }
    Ok(())
}

fn rows_of(number: u32) -> u32 {
    if number > u32::MAX / 2 { 0 } else { number * 7 % 40 + 1 }
}

fn key(number: u32, row: u32) -> String {
    format!("{number}-{row}")
}

fn put(
    tx: &mut WriteTx<'_>,
    ns: NamespaceId,
    number: u32,
    row: u32,
    seed: u32,
) -> Result<(), Error> {
    let text = text(number, row, seed);
    let mode = if number == seed { Insert } else { Upsert };
    let key = key(number, row);
    let new = NewRow { key: &key, text: Some(&text), meta: None, vectors: &vector(seed) };
    tx.put(ns, &new, i64::from(seed), mode)?;
    Ok(())
}

fn text(number: u32, row: u32, seed: u32) -> String {
    format!("{number}-{row} by {seed} ").repeat(300)
}

/// What the transactions before `end` must have left: key → text and seed.
fn expected(end: u32) -> BTreeMap<String, (String, u32)> {
    let mut rows = BTreeMap::new();
    for number in end.saturating_sub(3)..end {
        for row in 0..rows_of(number) {
            let seed =
                if number + 1 < end && row < rows_of(number) / 2 { number + 1 } else { number };
            rows.insert(key(number, row), (text(number, row, seed), seed));
        }
    }
    rows
}

#[test]
fn what_was_acknowledged_survives_a_kill_and_nothing_is_there_by_half() {
    let (_folder, path) = place();
    drop(begin(&path));
    let mut next = 0;
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..ROUNDS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
        let acknowledged = run_and_kill(&path, next, random);
        next = check(&path, next.max(acknowledged));
    }
    assert!(u64::from(next) > ROUNDS, "the children got to write: {next}");
    let (_, ns) = begin(&path);
    let store = open(&path);
    assert!(!all(&store, ns).is_empty());
    store.close().unwrap();
    support::assert_sound(&path);
}

/// Lets a child write from transaction `first` on, kills it; how many it has acknowledged in all.
fn run_and_kill(path: &Path, first: u32, random: u64) -> u32 {
    let mut child = support::child("write_until_killed", path)
        .env("FIRST", first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = told.filter_map(|line| line.ok()?.strip_prefix("> ")?.parse().ok());
    let wanted = random >> 33 & 7;
    let mut last: Option<u32> = None;
    for _ in 0..wanted {
        last = acknowledged.next();
    }
    thread::sleep(Duration::from_micros(random >> 40 & 0x3fff));
    child.kill().unwrap();
    child.wait().unwrap();
    acknowledged.last().or(last).map_or(0, |last| last + 1)
}

/// Checks that the file holds the transactions before `least`, or one more; which it is.
fn check(path: &Path, least: u32) -> u32 {
    let store = open(path);
    let ns = write(&store, support::default_namespace).unwrap();
    let lsn = support::lsn(&store);
    // The first transaction made the collection.
    let end = u32::try_from(lsn.0 - 1).unwrap();
    assert!(end == least || end == least + 1, "{least} acknowledged, {end} are there");
    let rows = all(&store, ns);
    let found: BTreeMap<String, (String, u32)> = rows.iter().map(content).collect();
    assert_eq!(found.len(), rows.len());
    assert!(found == expected(end), "not what transactions before {end} leave");
    assert_eq!(read(&store, |tx| tx.count(ns)).unwrap(), rows.len() as u64);
    let told = read(&store, |tx| changes(tx, ns, Lsn(0))).unwrap();
    let live = rows.iter().map(|row| {
        Told::Put(row.row, row.key.clone(), row.vectors.clone().unwrap(), row.text.clone(), None)
    });
    assert_eq!(told, live.collect::<Vec<_>>());
    end
}

fn content(row: &Row) -> (String, (String, u32)) {
    let seed = row.vectors.as_ref().unwrap()[0] as u32;
    assert_eq!(row.vectors.as_deref(), Some(&vector(seed)[..]));
    assert_eq!(row.lsn, Lsn(i64::from(seed) + 2));
    (row.key.clone(), (row.text.clone().unwrap(), seed))
}

#[test]
#[ignore = "the process that is killed"]
fn write_until_killed() {
    let Some(path) = support::child_path() else { return };
    let first: u32 = std::env::var("FIRST").unwrap().parse().unwrap();
    let store = open(&path);
    let ns = write(&store, support::default_namespace).unwrap();
    println!();
    for number in first.. {
        write(&store, |tx| transaction(tx, ns, number)).unwrap();
        println!("> {number}");
    }
}
