//! Prints how fast one thread encodes, at every level and in every precision that this CPU has.
//!
//! `cargo run --release -p hippocamp-encoder --example encoder_speed MODEL TEXTS [level or precision…]`
//!
//! TEXTS has one text a line. They go through the network in micro-batches, and then one at a time.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use hippocamp_encoder::{Encoder, LoadOptions, Scratch, Tokens, micro_batches};
use hippocamp_simd::{Level, Precision};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, texts, wanted @ ..] = arguments.as_slice() else {
        return Err("give a model folder and a file of texts".into());
    };
    let texts = fs::read_to_string(texts)?;
    let is_wanted = |name: &str| wanted.iter().any(|wanted| wanted == name);
    let all_levels = !Level::ALL.iter().any(|level| is_wanted(level.as_str()));
    let all_precisions = !Precision::ALL.iter().any(|precision| is_wanted(precision.as_str()));
    for level in Level::all_available() {
        for precision in Precision::ALL {
            if (all_levels || is_wanted(level.as_str()))
                && (all_precisions || is_wanted(precision.as_str()))
            {
                measure(Path::new(model), &texts, level, precision)?;
            }
        }
    }
    Ok(())
}

fn measure(
    model: &Path,
    texts: &str,
    level: Level,
    precision: Precision,
) -> Result<(), Box<dyn Error>> {
    let options =
        LoadOptions { level: Some(level), precision: Some(precision), ..LoadOptions::default() };
    let start = Instant::now();
    let encoder = Encoder::load(model, &options)?;
    let loading = start.elapsed();
    let start = Instant::now();
    let texts = texts.lines().map(|text| encoder.tokenize(text, ""));
    let texts: Vec<Tokens> = texts.collect::<Result<_, _>>()?;
    let tokenising = start.elapsed();
    let tokens: usize = texts.iter().map(Tokens::len).sum();

    let batches: Vec<Vec<&Tokens>> =
        micro_batches(&texts).map(|batch| batch.iter().collect()).collect();
    let mut scratch = Scratch::default();
    let mut out = vec![0.0; texts.len() * encoder.dimension()];
    let mut shortest = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        for batch in &batches {
            let out = &mut out[..batch.len() * encoder.dimension()];
            encoder.forward(batch, &mut scratch, out)?;
        }
        shortest = shortest.min(start.elapsed());
    }
    let mut alone: Vec<Duration> = Vec::new();
    for text in texts.iter().cycle().take(200) {
        let start = Instant::now();
        encoder.forward(&[text], &mut scratch, &mut out[..encoder.dimension()])?;
        alone.push(start.elapsed());
    }
    alone.sort_unstable();
    println!(
        "{level:11} {precision:4}: {:7.0} tokens/s; one text at a time p50 {:.2} ms; loaded in {:.0} ms; \
         tokenised at {:.0} tokens/s; {:.1} tokens a text",
        tokens as f64 / shortest.as_secs_f64(),
        alone[alone.len() / 2].as_secs_f64() * 1e3,
        loading.as_secs_f64() * 1e3,
        tokens as f64 / tokenising.as_secs_f64(),
        tokens as f64 / texts.len() as f64,
    );
    Ok(())
}
