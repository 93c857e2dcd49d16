//! `modules.json` and its parts: the steps from tokens to a vector, as sentence-transformers writes them.
//!
//! A folder without `modules.json` is a plain BERT: it gets mean pooling and no normalisation, which is what
//! sentence-transformers makes of it.

use serde::Deserialize;
use serde_json::Value;

use crate::folder::Folder;
use crate::{Error, LoadOptions, Pooling};

const MODULES: &str = "modules.json";
const CONFIG: &str = "config.json";
const SUPPORTED: &str = "Transformer, Pooling, Dense, Normalize";

/// What the folder says about the way from tokens to a vector.
pub(crate) struct Modules {
    /// Where `config.json`, the tokenizer and the weights are.
    pub(crate) transformer: Folder,
    pub(crate) pooling: Pooling,
    /// What is done with the pooled vector, in order.
    pub(crate) stages: Vec<StageSource>,
}

/// One step after pooling.
pub(crate) enum StageSource {
    /// A linear layer, in its own folder.
    Dense(Folder),
    /// Division by the L2 norm.
    Normalize,
}

impl Modules {
    /// Reads `modules.json` and the pooling configuration. `hidden` is checked later, when it is known.
    pub(crate) fn load(folder: &Folder, options: &LoadOptions) -> Result<Self, Error> {
        let Some(entries) = folder.optional::<Vec<Entry>>(MODULES)? else {
            let pooling = options.pooling.unwrap_or(Pooling::Mean);
            let stages = with_normalize(Vec::new(), options.normalize);
            return Ok(Self { transformer: folder.clone(), pooling, stages });
        };
        let mut transformer = None;
        let mut pooling = None;
        let mut stages = Vec::new();
        for (position, entry) in entries.iter().enumerate() {
            match (entry.kind(), position) {
                ("Transformer", 0) => transformer = Some(folder.subfolder(&entry.path, MODULES)?),
                ("Pooling", 1) => {
                    let pooling_folder = folder.subfolder(&entry.path, MODULES)?;
                    pooling = Some(load_pooling(&pooling_folder, options.pooling)?);
                }
                ("Dense", 2..) => {
                    stages.push(StageSource::Dense(folder.subfolder(&entry.path, MODULES)?));
                }
                ("Normalize", 2..) => stages.push(StageSource::Normalize),
                ("Transformer" | "Pooling" | "Dense" | "Normalize", _) => {
                    let problem = format!(
                        "module {position} is a {}; supported is: \
                         a Transformer, a Pooling, then Dense and Normalize in any order",
                        entry.kind()
                    );
                    return Err(Error::unsupported(&folder.file(MODULES), problem));
                }
                (other, _) => {
                    let problem =
                        format!("module \"{other}\" is not supported; supported are: {SUPPORTED}");
                    return Err(Error::unsupported(&folder.file(MODULES), problem));
                }
            }
        }
        let (Some(transformer), Some(pooling)) = (transformer, pooling) else {
            let problem = "must name a Transformer and a Pooling: fetch the model again";
            return Err(Error::invalid(&folder.file(MODULES), problem));
        };
        Ok(Self { transformer, pooling, stages: with_normalize(stages, options.normalize) })
    }
}

/// Applies [`LoadOptions::normalize`] to the end of the stages.
fn with_normalize(mut stages: Vec<StageSource>, normalize: Option<bool>) -> Vec<StageSource> {
    let is_last = |stages: &[StageSource]| matches!(stages.last(), Some(StageSource::Normalize));
    match normalize {
        Some(true) if !is_last(&stages) => stages.push(StageSource::Normalize),
        Some(false) => {
            while is_last(&stages) {
                stages.pop();
            }
        }
        _ => {}
    }
    stages
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    path: String,
    #[serde(rename = "type")]
    type_name: String,
}

impl Entry {
    /// The class name without its Python module.
    fn kind(&self) -> &str {
        self.type_name.rsplit('.').next().unwrap_or_default()
    }
}

/// Older versions write a boolean for each mode, newer ones a name.
#[derive(Deserialize)]
struct PoolingConfig {
    pooling_mode: Option<Value>,
    pooling_mode_cls_token: Option<bool>,
    pooling_mode_mean_tokens: Option<bool>,
    pooling_mode_max_tokens: Option<bool>,
    pooling_mode_mean_sqrt_len_tokens: Option<bool>,
    pooling_mode_weightedmean_tokens: Option<bool>,
    pooling_mode_lasttoken: Option<bool>,
    include_prompt: Option<bool>,
}

fn load_pooling(folder: &Folder, option: Option<Pooling>) -> Result<Pooling, Error> {
    let config: PoolingConfig = folder.required(CONFIG)?;
    if config.include_prompt == Some(false) {
        let problem = "include_prompt is false: models whose prompt is left out of the pooling are not supported";
        return Err(Error::unsupported(&folder.file(CONFIG), problem));
    }
    if let Some(pooling) = option {
        return Ok(pooling);
    }
    let modes = config.modes();
    match modes.as_slice() {
        [mode] if mode == "mean" => Ok(Pooling::Mean),
        [mode] if mode == "cls" => Ok(Pooling::Cls),
        [mode] if mode == "max" => Ok(Pooling::Max),
        [] => Err(Error::invalid(
            &folder.file(CONFIG),
            "has no pooling mode that is on: fetch the model again",
        )),
        _ => Err(Error::unsupported(
            &folder.file(CONFIG),
            format!(
                "pooling \"{}\" is not supported; supported are: mean, cls, max, one of them",
                modes.join("+")
            ),
        )),
    }
}

impl PoolingConfig {
    fn modes(&self) -> Vec<String> {
        match &self.pooling_mode {
            Some(Value::String(mode)) => return vec![mode.clone()],
            Some(Value::Array(modes)) => {
                return modes
                    .iter()
                    .map(|mode| mode.as_str().map_or_else(|| mode.to_string(), str::to_owned))
                    .collect();
            }
            Some(Value::Null) | None => {}
            Some(other) => return vec![other.to_string()],
        }
        let flags = [
            ("cls", self.pooling_mode_cls_token),
            ("max", self.pooling_mode_max_tokens),
            ("mean_sqrt_len", self.pooling_mode_mean_sqrt_len_tokens),
            ("weightedmean", self.pooling_mode_weightedmean_tokens),
            ("lasttoken", self.pooling_mode_lasttoken),
        ];
        let mut modes: Vec<String> = flags
            .iter()
            .filter(|(_, on)| *on == Some(true))
            .map(|(name, _)| (*name).to_owned())
            .collect();
        if self.pooling_mode_mean_tokens.unwrap_or(modes.is_empty()) {
            modes.insert(0, "mean".to_owned());
        }
        modes
    }
}
