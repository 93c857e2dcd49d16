//! The weights of one module: one safetensors file or several, whatever their names begin with.
//!
//! Every tensor is asked for by its plain name and with the shape that the configuration demands; what is
//! missing, has another shape or another type is refused by name before it is read. Tensors that nobody asks
//! for (a pooler, position ids) are never read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::TensorInfo;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::folder::{Folder, missing, regular_file_length};
use crate::tensor_file::TensorFile;

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";
/// The same weights in forms that are not read here, for a better message.
const OTHER_FORMS: [&str; 3] = ["pytorch_model.bin", "tf_model.h5", "model.onnx"];
/// What checkpoints put before the names.
const PREFIXES: [&str; 7] =
    ["", "bert.", "roberta.", "distilbert.", "mpnet.", "nomic_bert.", "model."];
/// Old checkpoints call the parameters of a layer normalisation so.
const OLD_NAMES: [(&str, &str); 2] =
    [("LayerNorm.weight", "LayerNorm.gamma"), ("LayerNorm.bias", "LayerNorm.beta")];

/// Checked access to the tensors of one module.
#[derive(Debug)]
pub(crate) struct Weights {
    files: Vec<TensorFile>,
    /// What names begin with.
    prefix: &'static str,
    /// Over the name, type, shape and bytes of each tensor that was read.
    digest: Sha256,
}

/// A tensor's values as they are stored.
#[derive(Debug)]
pub(crate) enum Values {
    F32(Vec<f32>),
    F16(Vec<f16>),
    Bf16(Vec<bf16>),
}

impl Weights {
    /// Opens the folder's weights. `anchor` is a tensor that they must have; its prefix is everyone's.
    pub(crate) fn open(folder: &Folder, anchor: &str) -> Result<Self, Error> {
        let files = open_files(folder)?;
        let has = |prefix: &&&str| {
            let name = format!("{prefix}{anchor}");
            files.iter().any(|file| file.info(&name).is_some())
        };
        let Some(prefix) = PREFIXES.iter().find(has) else {
            let path =
                files.first().map_or_else(|| folder.file(SINGLE), |file| file.path().to_owned());
            return Err(Error::invalid(
                &path,
                format!(
                    "has no tensor \"{anchor}\": it is not the model of config.json, fetch the model again"
                ),
            ));
        };
        Ok(Self { files, prefix, digest: Sha256::new() })
    }

    /// From now on, names are taken as they stand: a classifier's have no prefix.
    pub(crate) fn drop_prefix(&mut self) {
        self.prefix = "";
    }

    /// A tensor of one dimension, as f32.
    pub(crate) fn vector(&mut self, name: &str, length: usize) -> Result<Vec<f32>, Error> {
        let mut out = Vec::new();
        self.append(name, &[length], &mut out)?;
        Ok(out)
    }

    /// Appends the values of a tensor to `out`, row-major, as f32.
    pub(crate) fn append(
        &mut self,
        name: &str,
        shape: &[usize],
        out: &mut Vec<f32>,
    ) -> Result<(), Error> {
        let (file, name, info) = find(&self.files, self.prefix, name, shape)?;
        out.reserve(shape.iter().product());
        let checksum = match info.dtype {
            Dtype::F32 => file.read(&name, info, |bytes| out.extend(f32_values(bytes)))?,
            Dtype::F16 => {
                file.read(&name, info, |bytes| out.extend(f16_values(bytes).map(f16::to_f32)))?
            }
            Dtype::BF16 => {
                file.read(&name, info, |bytes| out.extend(bf16_values(bytes).map(bf16::to_f32)))?
            }
            other => return Err(unsupported_type(file, &name, other)),
        };
        note(&mut self.digest, self.prefix, &name, info, checksum);
        Ok(())
    }

    /// The values of a tensor in their own type.
    pub(crate) fn stored(&mut self, name: &str, shape: &[usize]) -> Result<Values, Error> {
        let (file, name, info) = find(&self.files, self.prefix, name, shape)?;
        let count = shape.iter().product();
        let (values, checksum) = match info.dtype {
            Dtype::F32 => {
                let mut values = Vec::with_capacity(count);
                let checksum = file.read(&name, info, |bytes| values.extend(f32_values(bytes)))?;
                (Values::F32(values), checksum)
            }
            Dtype::F16 => {
                let mut values = Vec::with_capacity(count);
                let checksum = file.read(&name, info, |bytes| values.extend(f16_values(bytes)))?;
                (Values::F16(values), checksum)
            }
            Dtype::BF16 => {
                let mut values = Vec::with_capacity(count);
                let checksum = file.read(&name, info, |bytes| values.extend(bf16_values(bytes)))?;
                (Values::Bf16(values), checksum)
            }
            other => return Err(unsupported_type(file, &name, other)),
        };
        note(&mut self.digest, self.prefix, &name, info, checksum);
        Ok(values)
    }

    /// The values of a tensor in half the bits, if that is less than they have and enough for their size.
    pub(crate) fn halved(&mut self, name: &str, shape: &[usize]) -> Result<Values, Error> {
        let (file, full_name, info) = find(&self.files, self.prefix, name, shape)?;
        if info.dtype != Dtype::F32 {
            return self.stored(name, shape);
        }
        let mut values: Vec<f16> = Vec::with_capacity(shape.iter().product());
        let mut piece: Vec<f32> = Vec::new();
        let checksum = file.read(&full_name, info, |bytes| {
            piece.clear();
            piece.extend(f32_values(bytes));
            let start = values.len();
            values.resize(start + piece.len(), f16::ZERO);
            values.get_mut(start..).unwrap_or_default().convert_from_f32_slice(&piece);
        })?;
        if !values.iter().all(|value| value.is_finite()) {
            return self.stored(name, shape);
        }
        note(&mut self.digest, self.prefix, &full_name, info, checksum);
        Ok(Values::F16(values))
    }

    /// SHA-256 over all that was read.
    pub(crate) fn into_digest(self) -> [u8; 32] {
        self.digest.finalize().into()
    }
}

/// The names of the files by tensor, which large models have beside their parts.
#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

fn open_files(folder: &Folder) -> Result<Vec<TensorFile>, Error> {
    file_paths(folder)?.iter().map(|path| TensorFile::open(path)).collect()
}

/// The files that a folder's weights are in.
pub(crate) fn file_paths(folder: &Folder) -> Result<Vec<PathBuf>, Error> {
    let single = folder.file(SINGLE);
    if regular_file_length(&single)?.is_some() {
        return Ok(vec![single]);
    }
    let Some(index) = folder.optional::<Index>(INDEX)? else {
        return Err(no_weights(folder, &single));
    };
    let mut names: Vec<String> = index.weight_map.into_values().collect();
    names.sort_unstable();
    names.dedup();
    names.iter().map(|name| folder.inside(name, INDEX)).collect()
}

fn no_weights(folder: &Folder, expected: &Path) -> Error {
    let is_there = |name: &&&str| folder.file(name).exists();
    match OTHER_FORMS.iter().find(is_there) {
        Some(name) => Error::unsupported(
            &folder.file(name),
            format!(
                "is not a form of weights that is read here: \
                 convert the model to {SINGLE}, or fetch a version that has it"
            ),
        ),
        None => missing(expected),
    }
}

type Found<'a> = (&'a TensorFile, String, &'a TensorInfo);

/// The tensor of a plain name, when it has the expected shape.
fn find<'a>(
    files: &'a [TensorFile],
    prefix: &str,
    name: &str,
    shape: &[usize],
) -> Result<Found<'a>, Error> {
    let lookup = |name: String| {
        files
            .iter()
            .find_map(|file| Some((file, file.info(&name)?)))
            .map(|(file, info)| (file, name, info))
    };
    let old_name = || {
        let (new, old) = OLD_NAMES.iter().find(|(new, _)| name.ends_with(new))?;
        lookup(format!("{prefix}{}{old}", name.strip_suffix(new)?))
    };
    let path = || files.first().map_or_else(PathBuf::new, |file| file.path().to_owned());
    let Some((file, name, info)) = lookup(format!("{prefix}{name}")).or_else(old_name) else {
        let problem = format!(
            "has no tensor \"{prefix}{name}\" (expected with shape {shape:?}): \
             it is incomplete or not the model of config.json, fetch the model again"
        );
        return Err(Error::invalid(&path(), problem));
    };
    if info.shape != shape {
        let problem = format!(
            "tensor \"{name}\" has shape {:?}, config.json demands {shape:?}: \
             the files do not belong together, fetch the model again",
            info.shape
        );
        return Err(Error::invalid(file.path(), problem));
    }
    Ok((file, name, info))
}

fn unsupported_type(file: &TensorFile, name: &str, found: Dtype) -> Error {
    let problem = format!(
        "tensor \"{name}\" has type {found:?}, supported are F32, F16 and BF16: convert the model to one of them"
    );
    Error::unsupported(file.path(), problem)
}

fn note(digest: &mut Sha256, prefix: &str, name: &str, info: &TensorInfo, checksum: u64) {
    digest.update(name.strip_prefix(prefix).unwrap_or(name));
    digest.update([0, info.dtype.bitsize() as u8, u8::from(info.dtype == Dtype::BF16)]);
    for extent in &info.shape {
        digest.update((*extent as u64).to_le_bytes());
    }
    digest.update(checksum.to_le_bytes());
}

fn f32_values(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value))
}

fn f16_values(bytes: &[u8]) -> impl Iterator<Item = f16> {
    bytes.as_chunks().0.iter().map(|value| f16::from_le_bytes(*value))
}

fn bf16_values(bytes: &[u8]) -> impl Iterator<Item = bf16> {
    bytes.as_chunks().0.iter().map(|value| bf16::from_le_bytes(*value))
}
