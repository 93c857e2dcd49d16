//! Measures what the page size of the file costs and gains; docs/file-format.md has the figures.
//!
//! `cargo run --release -p hippocamp-store --example page_size [ROWS_PER_384_NUMBERS]`
//!
//! Rates of batches, random rows and rebuilds are per second of this thread's CPU time where Linux
//! tells it, so that other load counts less; those of single rows are by the clock, as they wait
//! for the disk. A file that is a SQLite database without tables keeps its page size when it
//! becomes a store, so each is measured through the store itself.

use std::{path::Path, time::Instant};

use hippocamp_store::{Error, Lsn, NewCollection, NewRow, OpenOptions, PutMode, RowId, Store};
use rusqlite::Connection;

const BATCH: usize = 1000;
const SINGLES: usize = 300;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rows: usize = std::env::args().nth(1).map_or(Ok(40_000), |rows| rows.parse())?;
    println!(
        "| dimension | page | rows/s in batches of {BATCH} | rows/s one by one | random rows/s | rows/s of a rebuild | bytes/row | WAL bytes/single |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for dimension in [384, 1536] {
        for page in [4096, 8192, 16384, 32768] {
            measure(dimension, page, (rows * 384 / dimension).next_multiple_of(BATCH))?;
        }
    }
    Ok(())
}

fn measure(dimension: usize, page: u32, rows: usize) -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("memory.db");
    let empty = Connection::open(&path)?;
    empty.pragma_update(None, "page_size", page)?;
    empty.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    drop(empty);

    let store = Store::open(&path, &OpenOptions::default())?;
    let ns = store.write(|tx| {
        let collection = tx.create_collection(&NewCollection {
            name: "notes",
            dimension,
            metric: "cosine",
            fingerprint: None,
            settings: "{}",
        })?;
        tx.namespace(collection, b"", true)
    });
    let ns = ns.map_err(|error: Error| error)?.ok_or("no namespace")?;
    let text = "a sentence of a usual length, as a chat or a product has it. ".repeat(3);
    let put = |first: usize, count: usize| {
        store.write(|tx| {
            for row in first..first + count {
                let vector: Vec<f32> = (0..dimension).map(|i| (row * 31 + i) as f32).collect();
                let key = format!("{:016x}", (row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
                let meta = Some("{\"user\":\"ann\",\"page\":12}");
                let new = NewRow { key: &key, text: Some(&text), meta, vectors: &vector };
                tx.put(ns, &new, 0, PutMode::Insert)?;
            }
            Ok::<_, Error>(())
        })
    };

    let bulk = rate(rows, || (0..rows).step_by(BATCH).try_for_each(|first| put(first, BATCH)))?;
    drop(store);
    let bytes = std::fs::metadata(&path)?.len() / rows as u64;

    let store = Store::open(&path, &OpenOptions::default())?;
    let mut state = 1_u64;
    let ids: Vec<RowId> = (0..rows.min(10_000))
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            RowId((state >> 33) as i64 % rows as i64 + 1)
        })
        .collect();
    let random = rate(ids.len(), || {
        ids.chunks(10).try_for_each(|ids| store.read(|tx| tx.rows(ids, true)).map(|_| ()))
    })?;
    let mut seen = 0;
    let rebuild =
        rate(rows, || store.read(|tx| tx.changes_since(ns, Lsn(0), false, &mut |_| seen += 1)))?;
    assert_eq!(seen, rows);
    drop(store);

    let store = Store::open(&path, &OpenOptions::default())?;
    let put_one = |row: usize| {
        let vector = vec![0.5; dimension];
        let key = format!("single {row}");
        let new = NewRow { key: &key, text: Some(&text), meta: None, vectors: &vector };
        store.write(|tx| tx.put(ns, &new, 0, PutMode::Insert)).map(|_| ())
    };
    let before = wal_bytes(&path);
    put_one(0)?;
    put_one(1)?;
    let wal = (wal_bytes(&path) - before) / 2;
    let started = Instant::now();
    (2..SINGLES + 2).try_for_each(put_one)?;
    let single = SINGLES as f64 / started.elapsed().as_secs_f64();
    println!(
        "| {dimension} | {page} | {bulk:.0} | {single:.0} | {random:.0} | {rebuild:.0} | {bytes} | {wal} |"
    );
    Ok(())
}

fn wal_bytes(path: &Path) -> u64 {
    std::fs::metadata(path.with_extension("db-wal")).map_or(0, |wal| wal.len())
}

fn rate(count: usize, run: impl FnOnce() -> Result<(), Error>) -> Result<f64, Error> {
    let (cpu, clock) = (cpu_seconds(), Instant::now());
    run()?;
    let clock = clock.elapsed().as_secs_f64();
    let spent = cpu_seconds().zip(cpu).map_or(clock, |(end, start)| end - start);
    Ok(count as f64 / spent)
}

/// The CPU time that this thread has had.
fn cpu_seconds() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(told.split(' ').next()?.parse::<f64>().ok()? / 1e9)
}
