//! Where real models and evaluation data are.

use std::io::Write;
use std::path::{Path, PathBuf};

pub(crate) const MINILM: &str = "all-MiniLM-L6-v2";
pub(crate) const E5: &str = "multilingual-e5-small";

/// The folder of a real model, when it is there.
pub(crate) fn model(name: &str) -> Option<PathBuf> {
    let folders = [
        std::env::var_os("HIPPOCAMP_MODELS").map(PathBuf::from),
        Some(repository().join(".hippocamp/models")),
    ];
    let found = folders
        .into_iter()
        .flatten()
        .map(|folder| folder.join(name))
        .find(|folder| folder.is_dir());
    if found.is_none() {
        skipped(&format!(
            "there is no model {name}: put it in .hippocamp/models or set HIPPOCAMP_MODELS"
        ));
    }
    found
}

/// A file of the evaluation data, when it is there.
pub(crate) fn evaluation(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("HIPPOCAMP_EVAL_DIR")
        .map_or_else(|| repository().join("../shared"), PathBuf::from);
    let file = folder.join("data").join(path);
    if file.is_file() {
        return Some(file);
    }
    skipped(&format!("there is no {}: set HIPPOCAMP_EVAL_DIR", file.display()));
    None
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Says so past the capturing of a test's output.
fn skipped(reason: &str) {
    let name = std::thread::current().name().unwrap_or("test").to_owned();
    let _ = writeln!(std::io::stderr(), "{name}: SKIPPED, {reason}");
}
