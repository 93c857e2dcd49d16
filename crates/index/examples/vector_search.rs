//! Time and recall of the vector index on vectors from files (raw little-endian f32), on one thread:
//!
//! ```text
//! cargo run --release -p hippocamp-index --example vector_search -- BASE.f32 QUERIES.f32 DIMENSION [N] [ROWS] [INDEX] [TARGET ...]
//! ```

use std::num::NonZero;
use std::time::Instant;

use hippocamp_index::{IndexOptions, Metric, Recall, Request, Slot, VectorIndex};
use hippocamp_simd::Kernels;

fn load(path: &str) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [base, queries, dimension, rest @ ..] = arguments.as_slice() else {
        eprintln!(
            "give BASE.f32 QUERIES.f32 DIMENSION [N] [f16|f32|int8] [native|hnsw] [TARGET ...]"
        );
        std::process::exit(2);
    };
    let dimension: usize = dimension.parse().expect("DIMENSION is a number");
    let mut base = load(base);
    let queries = load(queries);
    if let Some(n) = rest.first() {
        base.truncate(n.parse::<usize>().expect("N is a number") * dimension);
    }
    let rows = rest.get(1).map_or("f16", String::as_str).parse().expect("f16, f32 or int8");
    let kernels = Kernels::detect().expect("a level of this CPU");
    let kind = rest.get(2).map_or("native", String::as_str).parse().expect("native or hnsw");
    let options =
        IndexOptions { kind, rows, ..IndexOptions::default_of(dimension, Metric::Cosine) };

    let mut index = VectorIndex::new(dimension, Metric::Cosine, options, kernels);
    let start = Instant::now();
    for vector in base.chunks_exact(dimension) {
        index.push(vector).expect("a vector of the dimension");
    }
    let pushed = start.elapsed();
    let n = index.len();
    println!("{n} vectors at level {}; pushed in {pushed:.2?}", kernels.level());
    let search = |index: &VectorIndex, k: usize, recall| -> (f64, Vec<Vec<Slot>>) {
        let request = Request { k, recall, mask: None };
        let mut best = vec![f64::INFINITY; queries.len() / dimension];
        let mut found = Vec::new();
        // Of each query the fastest of several rounds: what other processes take is not in it, but every query finds
        // the caches as the others have left them.
        for _ in 0..9 {
            found.clear();
            for (best, query) in best.iter_mut().zip(queries.chunks_exact(dimension)) {
                let start = Instant::now();
                let hits = index.search(query, &request, &|| false).expect("a query");
                *best = best.min(start.elapsed().as_secs_f64());
                found.push(hits.into_iter().map(|hit| hit.slot).collect());
            }
        }
        (best.iter().sum::<f64>() * 1e6 / best.len() as f64, found)
    };
    let truth = exact(kernels, &base, &queries, dimension, 100);
    let together = |index: &VectorIndex, k: usize, recall| {
        let all: Vec<&[f32]> = queries.chunks_exact(dimension).collect();
        let request = Request { k, recall, mask: None };
        let once = || {
            let start = Instant::now();
            index.search_many(&all, &request, &|| false).expect("queries");
            start.elapsed().as_secs_f64() * 1e6 / all.len() as f64
        };
        (0..3).map(|_| once()).fold(f64::INFINITY, f64::min)
    };
    let report = |index: &VectorIndex, what: &str, recall_asked| {
        for k in [1, 10, 100] {
            let truth: Vec<_> = truth.iter().map(|best| best.get(..k).unwrap_or(best)).collect();
            let (micros, found) = search(index, k, recall_asked);
            let right: usize = found
                .iter()
                .zip(&truth)
                .map(|(found, truth)| found.iter().filter(|slot| truth.contains(slot)).count())
                .sum();
            let recall = right as f64 / truth.iter().map(|truth| truth.len()).sum::<usize>() as f64;
            println!(
                "  {what:>10}  k {k:>3}  recall {recall:.4}  {micros:8.1} µs, {:8.1} together",
                together(index, k, recall_asked)
            );
        }
    };
    let targets = rest.get(3..).unwrap_or_default();
    let targets: Vec<f32> = targets.iter().map(|t| t.parse().expect("a recall")).collect();
    if targets.is_empty() {
        report(&index, "at first", Recall::Default);
    }
    grow(&mut index);
    let stats = index.stats();
    for point in &stats.calibration {
        println!("  {point:?}");
    }
    if targets.is_empty() {
        report(&index, "exact", Recall::Exact);
    }
    let all = vec![0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999];
    for target in if targets.is_empty() { all } else { targets } {
        report(&index, &format!("{target}"), Recall::AtLeast(target));
    }
}

fn grow(index: &mut VectorIndex) {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let start = Instant::now();
    while let Some(growth) = index.growth() {
        let step = Instant::now();
        let grown = growth.run(threads, &|| false).expect("not stopped");
        index.adopt(grown);
        println!("  a step of {:.2?}", step.elapsed());
    }
    let stats = index.stats();
    println!(
        "grown in {:.2?}: {} lists, {} bits, {} in a graph, {:.0} bytes a vector",
        start.elapsed(),
        stats.lists,
        stats.bits,
        stats.graph,
        stats.bytes as f64 / index.len() as f64
    );
}

fn exact(
    kernels: &Kernels,
    base: &[f32],
    queries: &[f32],
    dimension: usize,
    k: usize,
) -> Vec<Vec<Slot>> {
    let mut products = vec![0.0; base.len() / dimension];
    let norms: Vec<f32> = base.chunks_exact(dimension).map(|v| kernels.dot(v, v).sqrt()).collect();
    queries
        .chunks_exact(dimension)
        .map(|query| {
            kernels.dot_rows(query, base, &mut products);
            let mut order: Vec<(f32, u32)> =
                products.iter().zip(&norms).map(|(p, norm)| p / norm).zip(0..).collect();
            let k = k.min(order.len());
            let best_first = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0);
            let (best, ..) = order.select_nth_unstable_by(k - 1, best_first);
            let mut best = best.to_vec(); // not `order`, whose memory would be kept
            best.push(order[k - 1]);
            best.sort_unstable_by(best_first);
            best.into_iter().map(|(_, slot)| Slot(slot)).collect()
        })
        .collect()
}
