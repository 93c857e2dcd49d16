//! How fast words are indexed and found: `cargo run --release -p hippocamp-index --example lexical_speed TEXTS QUESTIONS`,
//! files with a text a line.

use std::time::Instant;
use std::{env, fs};

use hippocamp_index::{Bm25, Language, LexicalIndex, LexicalRequest, Slot, Weights};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut files = env::args().skip(1);
    let usage = "give a file of texts and a file of questions, one a line";
    let texts = fs::read_to_string(files.next().ok_or(usage)?)?;
    let questions = fs::read_to_string(files.next().ok_or(usage)?)?;

    let start = Instant::now();
    let mut index = LexicalIndex::new(Language::default());
    for (slot, text) in (0..).map(Slot).zip(texts.lines()) {
        index.push(slot, text);
    }
    let seconds = start.elapsed().as_secs_f64();
    let megabytes = texts.len() as f64 / 1e6;
    println!("{} texts, {megabytes:.1} MB: {:.1} MB/s", index.len(), megabytes / seconds);
    println!("{:.1} MB of memory", index.bytes() as f64 / 1e6);

    for k in [10, 100] {
        let mut times = Vec::new();
        for question in questions.lines() {
            let start = Instant::now();
            let query = index.query(question);
            let weights = Weights::new(&query, &index.statistics(&query), Bm25::default());
            let found =
                index.search(&query, &weights, &LexicalRequest { k, mask: None, also: &[] });
            std::hint::black_box(found);
            times.push(start.elapsed());
        }
        times.sort();
        let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
        println!("best {k}: p50 {:?}, p99 {:?}", at(50), at(99));
    }
    Ok(())
}
