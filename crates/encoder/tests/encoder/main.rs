//! What the encoder promises, tried on small models that the tests write themselves and on real ones.
//!
//! Real models are looked for by name in the folder `HIPPOCAMP_MODELS`, then in `.hippocamp/models` of the
//! repository; evaluation data in `HIPPOCAMP_EVAL_DIR`, then in `../shared` beside the repository. Tests without
//! theirs say that they are skipped.

mod allocations;
mod damaged_candle;
mod damaged_folders;
mod families;
mod golden;
mod matryoshka;
mod model_files;
mod mutations;
mod packed_files;
mod places;
mod plain_forward;
mod precisions;
mod rerankers;
mod semantic_similarity;
mod small_models;
mod tokenizer_files;
mod tokens;
