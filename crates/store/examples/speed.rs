//! Measures writes, the reading that builds an index, and the reading of hits; docs/performance.md
//! has the figures.
//!
//! `cargo run --release -p hippocamp-store --example speed [ROWS]`
//!
//! Vectors have 384 numbers; nothing is synced (`Durability::Memory`), so that the figures are of
//! this code and not of a disk. Each is the best of a few, in this thread's CPU time where Linux
//! tells it, so that other load counts less.

use std::{fs, hint::black_box, ops::Range, path::Path, time::Instant};

use hippocamp_store::{
    Change, Durability, Error, Lsn, NamespaceId, NewCollection, NewRow, OpenOptions,
    PutMode::{self, Insert, Upsert},
    RowId, Store,
};

const DIMENSION: usize = 384;
const WRITTEN: usize = 30_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: usize = std::env::args().nth(1).map_or(Ok(100_000), |rows| rows.parse())?;
    writes()?;

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("memory.db");
    let (store, ns) = begin(&path)?;
    let text = "a sentence of a usual length, as a chat or a product has it. ".repeat(4);
    put(&store, ns, 0..rows, 1000, ulid, Insert, text.get(..200))?;
    let replaced = 0..rows.min(WRITTEN);
    let seconds = best(|| put(&store, ns, replaced.clone(), 1000, ulid, Upsert, text.get(..200)))?;
    println!("upsert that replaces, in batches of 1000: {:.0}/s", replaced.len() as f64 / seconds);
    drop(store);
    reads(&open(&path)?, ns, rows)
}

type Key = fn(usize) -> String;
const KEYS: [(&str, Key); 3] = [
    ("01JZ…", ulid),
    ("12345", |row| row.to_string()),
    ("9f86…", |row| format!("{:016x}", (row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15))),
];

/// 26 characters that grow.
fn ulid(row: usize) -> String {
    format!("01JZ4QW8{row:018}")
}

fn open(path: &Path) -> Result<Store, Error> {
    let options = OpenOptions { durability: Durability::Memory, ..OpenOptions::default() };
    Store::open(path, &options)
}

fn begin(path: &Path) -> Result<(Store, NamespaceId), Box<dyn std::error::Error>> {
    let store = open(path)?;
    let ns = store.write(|tx| {
        let collection = tx.create_collection(&NewCollection {
            name: "notes",
            dimension: DIMENSION,
            metric: "cosine",
            fingerprint: None,
            settings: "{}",
        })?;
        tx.namespace(collection, b"", true)
    });
    let ns = ns.map_err(|error: Error| error)?.ok_or("no namespace")?;
    Ok((store, ns))
}

/// Into new stores.
fn writes() -> Result<(), Box<dyn std::error::Error>> {
    for (name, key) in KEYS {
        for batch in [100, 1000, 10_000] {
            let mut rates = [0.0_f64; 2];
            for (mode, rate) in [Insert, Upsert].into_iter().zip(&mut rates) {
                for _ in 0..5 {
                    let folder = tempfile::tempdir()?;
                    let (store, ns) = begin(&folder.path().join("memory.db"))?;
                    let seconds = timed(|| put(&store, ns, 0..WRITTEN, batch, key, mode, None))?;
                    *rate = rate.max(WRITTEN as f64 / seconds);
                }
            }
            let [insert, upsert] = rates;
            println!(
                "keys like {name}, in batches of {batch}: insert {insert:.0}/s, upsert {upsert:.0}/s"
            );
        }
    }
    Ok(())
}

fn put(
    store: &Store,
    ns: NamespaceId,
    rows: Range<usize>,
    batch: usize,
    key: Key,
    mode: PutMode,
    text: Option<&str>,
) -> Result<(), Error> {
    let vector: Vec<f32> = (0..DIMENSION).map(|i| (i as f32).sin()).collect();
    rows.clone().step_by(batch).try_for_each(|first| {
        store.write(|tx| {
            for row in first..rows.end.min(first + batch) {
                let new = NewRow { key: &key(row), text, meta: None, vectors: &vector };
                tx.put(ns, &new, 0, mode)?;
            }
            Ok(())
        })
    })
}

fn reads(store: &Store, ns: NamespaceId, rows: usize) -> Result<(), Box<dyn std::error::Error>> {
    let build = || {
        let mut sum = 0.0;
        store.read(|tx| {
            tx.changes_since(ns, Lsn(0), false, &mut |change| {
                if let Change::Put { vectors: [first, ..], .. } = change {
                    sum += first;
                }
            })
        })?;
        black_box(sum);
        Ok(())
    };
    println!("visiting {rows} live vectors: {:.3} s", best(build)?);

    let mut state = 1_u64;
    let ids: Vec<RowId> = (0..20_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            RowId((state >> 33) as i64 % rows as i64 + 1)
        })
        .collect();
    let micros = |seconds: f64, calls: usize| seconds * 1e6 / calls as f64;
    for (what, with_vector) in [("10 rows", false), ("10 rows with vectors", true)] {
        let seconds = best(|| {
            ids.chunks(10).try_for_each(|ids| {
                store.read(|tx| tx.rows(ids, with_vector)).map(|rows| drop(black_box(rows)))
            })
        })?;
        println!("{what} in a transaction of their own: {:.1} µs", micros(seconds, ids.len() / 10));
    }
    let seconds = best(|| ids.iter().try_for_each(|_| store.read(|tx| tx.lsn().map(drop))))?;
    println!("a transaction that reads the LSN: {:.2} µs", micros(seconds, ids.len()));
    let seconds = best(|| ids.iter().try_for_each(|_| store.changed_lsn().map(drop)))?;
    println!("changed_lsn: {:.2} µs", micros(seconds, ids.len()));
    Ok(())
}

/// The seconds that the fastest of a few runs takes.
fn best(run: impl Fn() -> Result<(), Error>) -> Result<f64, Error> {
    (0..6).try_fold(f64::INFINITY, |best, _| Ok(timed(&run)?.min(best)))
}

fn timed(run: impl FnOnce() -> Result<(), Error>) -> Result<f64, Error> {
    let (cpu, clock) = (cpu_seconds(), Instant::now());
    run()?;
    let clock = clock.elapsed().as_secs_f64();
    Ok(cpu_seconds().zip(cpu).map_or(clock, |(end, start)| end - start))
}

/// The CPU time that this thread has had.
fn cpu_seconds() -> Option<f64> {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(told.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}
