//! The packed weights beside a model: used when they are true, and harmless when they are not.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::thread;

use hippocamp_encoder::{Encoder, LoadOptions};
use hippocamp_simd::Precision;
use tempfile::TempDir;

use crate::model_files::Spec;

const WEIGHTS: &str = "model.safetensors";

/// Larger than the samples that are compared, so that something lies between them.
fn model(seed: u64) -> TempDir {
    Spec { hidden: 96, intermediate: 512, layers: 3, heads: 4, seed, ..Spec::default() }.write()
}

fn options(precision: Option<Precision>) -> LoadOptions {
    LoadOptions { precision, ..LoadOptions::default() }
}

fn vector(folder: &Path, precision: Option<Precision>) -> (Vec<f32>, String) {
    let encoder = Encoder::load(folder, &options(precision)).unwrap();
    (encoder.encode(&["hello world"], "").unwrap(), encoder.fingerprint().to_owned())
}

/// All files in the folder of packed weights.
fn kept(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join(".hippocamp")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Changes a weight and nothing that is looked at: neither the length, nor the time, nor a sample.
fn change_unseen(folder: &Path) {
    let path = folder.join(WEIGHTS);
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let step = (bytes.len() - 4096) / 63;
    assert!(step > 4096 + 400, "samples leave gaps");
    // Behind the header.
    for gap in 8..63 {
        let from = (gap * step + 4096).next_multiple_of(4);
        bytes[from..from + 400].fill(0);
    }
    fs::write(&path, bytes).unwrap();
    File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
}

#[test]
fn the_second_load_uses_what_the_first_packed() {
    for precision in Precision::ALL {
        let folder = model(1);
        let first = vector(folder.path(), Some(precision));
        assert_eq!(kept(folder.path()).len(), 1, "{precision}");
        change_unseen(folder.path());
        assert_eq!(vector(folder.path(), Some(precision)), first, "{precision}");
        fs::remove_dir_all(folder.path().join(".hippocamp")).unwrap();
        assert_ne!(vector(folder.path(), Some(precision)), first, "{precision}, packed again");
    }
}

#[test]
fn packed_weights_of_every_family_and_type_give_the_same_vectors() {
    use crate::model_files::Dtype;
    for model_type in ["bert", "xlm-roberta", "distilbert", "mpnet"] {
        for dtype in [Dtype::F32, Dtype::F16, Dtype::Bf16] {
            for precision in Precision::ALL {
                let folder = Spec { model_type, dtype, ..Spec::default() }.write();
                let first = vector(folder.path(), Some(precision));
                assert_eq!(
                    vector(folder.path(), Some(precision)),
                    first,
                    "{model_type} {precision}"
                );
            }
        }
    }
}

#[test]
fn what_was_found_to_be_the_precision_of_a_model_is_remembered() {
    let folder = model(1);
    let exact = vector(folder.path(), Some(Precision::F32));
    let first = vector(folder.path(), None);
    assert_ne!(first, exact);
    let names = kept(folder.path());
    change_unseen(folder.path());
    assert_eq!(vector(folder.path(), None), first);
    assert_eq!(kept(folder.path()), names);
}

#[test]
fn other_weights_are_packed_anew() {
    let (folder, other) = (model(1), model(2));
    let first = vector(folder.path(), None);
    let expected = vector(other.path(), None);
    // As archives are unpacked: the same name, length and time.
    let path = folder.path().join(WEIGHTS);
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    fs::copy(other.path().join(WEIGHTS), &path).unwrap();
    File::options().append(true).open(&path).unwrap().set_modified(modified).unwrap();
    let second = vector(folder.path(), None);
    assert_ne!(second, first);
    assert_eq!(second, expected);
    assert_eq!(vector(folder.path(), None), expected);
}

#[test]
fn damaged_packed_weights_are_packed_anew() {
    let folder = model(1);
    let first = vector(folder.path(), None);
    let [path] = kept(folder.path()).try_into().unwrap();
    let whole = fs::read(&path).unwrap();
    let mut damaged: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"HIPPOWTS".to_vec(),
        whole[..whole.len() - 1].to_vec(),
        whole[..whole.len() / 2].to_vec(),
        [whole.as_slice(), &[0]].concat(),
        vec![0xFF; 5_000],
    ];
    for at in (0..64).chain((64..whole.len() - 1).step_by(whole.len() / 40)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        damaged.push(bytes);
    }
    for (case, bytes) in damaged.into_iter().enumerate() {
        // Not in place: somebody may have the old one mapped.
        fs::remove_file(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        assert_eq!(vector(folder.path(), None), first, "case {case}");
        let again = fs::read(&path).unwrap();
        // What fills up between parts is nobody's.
        assert_eq!(again.len(), whole.len(), "case {case}");
    }
}

#[test]
fn packed_weights_of_another_configuration_are_not_used() {
    let folder = model(1);
    let first = vector(folder.path(), Some(Precision::F32));
    let path = folder.path().join("config.json");
    let config = fs::read_to_string(&path).unwrap();
    let changed = config.replace("\"gelu\"", "\"relu\"");
    assert_ne!(changed, config);
    fs::write(&path, changed).unwrap();
    assert_ne!(vector(folder.path(), Some(Precision::F32)), first);
    fs::write(&path, config).unwrap();
    assert_eq!(vector(folder.path(), Some(Precision::F32)), first);
}

#[test]
fn many_can_load_a_model_for_the_first_time_together() {
    let folder = model(1);
    let vectors: Vec<_> = thread::scope(|scope| {
        let handles: Vec<_> = (0..8).map(|_| scope.spawn(|| vector(folder.path(), None))).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    assert!(vectors.iter().all(|vector| *vector == vectors[0]));
    let kept = kept(folder.path());
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(vector(folder.path(), None), vectors[0]);
}

#[test]
fn a_folder_that_cannot_be_written_to_is_loaded_all_the_same() {
    let folder = model(1);
    fs::write(folder.path().join(".hippocamp"), "a file where the folder would be").unwrap();
    assert_eq!(vector(folder.path(), None), vector(folder.path(), None));
}

#[test]
fn an_encoder_outlives_the_file_that_it_uses() {
    let folder = model(1);
    let first = vector(folder.path(), None);
    let encoder = Encoder::load(folder.path(), &options(None)).unwrap();
    fs::remove_dir_all(folder.path()).unwrap();
    assert_eq!(encoder.encode(&["hello world"], "").unwrap(), first.0);
}

#[test]
fn the_longest_text_does_not_depend_on_who_packed() {
    let folder = model(1);
    let load = |max_tokens| {
        let options = LoadOptions { max_tokens, ..LoadOptions::default() };
        Encoder::load(folder.path(), &options).unwrap()
    };
    assert_eq!(load(Some(4)).max_tokens(), 4);
    let long = load(None);
    assert_eq!(long.max_tokens(), 32);
    assert_eq!(long.tokenize(&"soccer ".repeat(40), "").unwrap().len(), 32);
    assert!(long.encode(&["soccer ".repeat(40).as_str()], "").is_ok());
    assert_eq!(load(Some(5)).tokenize("soccer soccer soccer soccer", "").unwrap().len(), 5);
}
