//! A forward pass allocates nothing once its scratch has grown.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use hippocamp_encoder::{Encoder, LoadOptions, Scratch, Tokens};
use hippocamp_simd::{Level, Precision};
use serde_json::json;

use crate::model_files::{Dense, Spec};

/// The system's memory, with a count of what each thread asks for.
struct Counting;

#[global_allocator]
static MEMORY: Counting = Counting;

thread_local! {
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that ends may ask for memory when its counter is gone.
    let _ = ASKED.try_with(|asked| asked.set(asked.get() + 1));
}

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: passed on.
        unsafe { System.realloc(memory, layout, size) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// How often `f` asks for memory.
fn allocations(f: impl FnOnce()) -> usize {
    let before = ASKED.get();
    f();
    ASKED.get() - before
}

#[test]
fn a_forward_pass_allocates_nothing_after_the_first() {
    let dense = || Some(Dense { outputs: 16, bias: true, activation: "Tanh" });
    for (model_type, pooling, dense) in [
        ("bert", "pooling_mode_mean_tokens", None),
        ("mpnet", "pooling_mode_max_tokens", dense()),
        ("xlm-roberta", "pooling_mode_cls_token", None),
    ] {
        let pooling = Some(json!({pooling: true}));
        let folder = Spec { model_type, pooling, dense, ..Spec::default() }.write();
        for level in Level::all_available() {
            for precision in Precision::ALL {
                let options = LoadOptions {
                    level: Some(level),
                    precision: Some(precision),
                    ..LoadOptions::default()
                };
                let encoder = Encoder::load(folder.path(), &options).unwrap();
                assert_none_after_the_first(
                    &encoder,
                    &format!("{model_type}, {level}, {precision}"),
                );
            }
        }
    }
}

fn assert_none_after_the_first(encoder: &Encoder, what: &str) {
    let texts = ["the cat sat on the mat", "hello", "a question and an answer, 中文"];
    let texts: Vec<Tokens> = texts.iter().map(|text| encoder.tokenize(text, "").unwrap()).collect();
    let batch: Vec<&Tokens> = texts.iter().collect();
    let (mut scratch, mut out) = (Scratch::default(), vec![0.0; 3 * encoder.dimension()]);
    let mut encode = |batch: &[&Tokens]| {
        let out = &mut out[..batch.len() * encoder.dimension()];
        allocations(|| encoder.forward(batch, &mut scratch, out).unwrap())
    };
    assert!(encode(&batch) > 0, "{what}: the scratch has to grow");
    for batch in [&batch, &batch[1..], &batch[..1], &[]] {
        assert_eq!(encode(batch), 0, "{what}: {} texts", batch.len());
    }
}
