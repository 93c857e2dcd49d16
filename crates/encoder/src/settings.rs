//! The small settings beside the network: the longest text, lower case, prompts.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::config::Design;
use crate::folder::Folder;
use crate::known_prompts;
use crate::{Error, LoadOptions};

const PROMPTS: &str = "config_sentence_transformers.json";
const TOKENIZER: &str = "tokenizer_config.json";
/// Where versions of sentence-transformers have kept the longest text, newest first.
const LENGTHS: [&str; 5] = [
    "sentence_bert_config.json",
    "sentence_roberta_config.json",
    "sentence_distilbert_config.json",
    "sentence_camembert_config.json",
    "sentence_xlm-roberta_config.json",
];

/// What is done with a text before the network sees it.
#[derive(Debug)]
pub(crate) struct Settings {
    /// Tokens of a text, special tokens included, as the folder allows them.
    pub(crate) max_tokens: usize,
    /// Whether texts are put in lower case before they are tokenised.
    pub(crate) lowercase: bool,
    pub(crate) prompts: BTreeMap<String, String>,
    /// Name of the prompt that is meant when none is named.
    pub(crate) default_prompt: Option<String>,
}

impl Settings {
    /// Those of a reranker, whose texts are taken as they are.
    pub(crate) fn of_pairs(max_tokens: usize) -> Self {
        Self { max_tokens, lowercase: false, prompts: BTreeMap::new(), default_prompt: None }
    }

    /// `folder` is the model's, `transformer` the one of its first module (often the same).
    pub(crate) fn load(
        folder: &Folder,
        transformer: &Folder,
        design: &Design,
        options: &LoadOptions,
    ) -> Result<Self, Error> {
        let mut text = TextConfig::default();
        for name in LENGTHS {
            if let Some(found) = transformer.optional(name)? {
                text = found;
                if text.max_seq_length == Some(0) {
                    let problem = "max_seq_length is 0, expected at least 1: fetch the model again";
                    return Err(Error::invalid(&transformer.file(name), problem));
                }
                break;
            }
        }
        let limit = match text.max_seq_length {
            Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
            None => tokenizer_limit(transformer)?,
        };
        let asked = options.max_tokens.unwrap_or_else(|| design.default_max_tokens());
        let max_tokens = design.max_tokens().min(limit).min(asked);

        let stored: PromptConfig = folder.optional(PROMPTS)?.unwrap_or_default();
        let stated = stored.prompts.unwrap_or_default();
        let mut prompts: BTreeMap<String, String> =
            stated.into_iter().filter_map(|(name, prompt)| Some((name, prompt?))).collect();
        if prompts.is_empty() {
            prompts = known_prompts::of_model(&folder.model_name(), &folder.given_name());
        }
        prompts.extend(options.prompts.clone());
        if let Some(name) =
            stored.default_prompt_name.as_ref().filter(|name| !prompts.contains_key(*name))
        {
            let problem = format!(
                "default_prompt_name \"{name}\" is not among the prompts: fetch the model again, or give that prompt"
            );
            return Err(Error::invalid(&folder.file(PROMPTS), problem));
        }
        Ok(Self {
            max_tokens,
            lowercase: text.do_lower_case.unwrap_or(false),
            prompts,
            default_prompt: stored.default_prompt_name,
        })
    }
}

/// Tokens of a text, as the tokenizer's configuration allows them.
pub(crate) fn tokenizer_limit(folder: &Folder) -> Result<usize, Error> {
    let config = folder.optional::<TokenizerConfig>(TOKENIZER)?;
    let limit = config.and_then(|config| config.limit());
    Ok(limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX)))
}

#[derive(Default, Deserialize)]
struct TextConfig {
    max_seq_length: Option<u64>,
    do_lower_case: Option<bool>,
}

#[derive(Deserialize)]
struct TokenizerConfig {
    /// A count of tokens, or a huge number that means none.
    model_max_length: Option<f64>,
}

impl TokenizerConfig {
    fn limit(&self) -> Option<u64> {
        self.model_max_length.filter(|limit| *limit >= 1.0).map(|limit| limit as u64)
    }
}

#[derive(Default, Deserialize)]
struct PromptConfig {
    prompts: Option<BTreeMap<String, Option<String>>>,
    default_prompt_name: Option<String>,
}
