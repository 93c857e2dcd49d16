//! Prompts of models whose folders do not state them, as their model cards do.
//!
//! A model is known by its name, which is its folder's or, in the hub's cache, its own; copies under other names and
//! models trained further are not in the table. What the folder or the caller states comes first: the table counts
//! where the folder states no prompts at all, and then for the names that the caller does not give.
//!
//! Every model here has the names `query` and `passage`, so that a program may use them with any; an empty prompt says
//! that the card knows of none. Each source is the card, at `https://huggingface.co/` and the id that is noted.

use std::collections::BTreeMap;

/// Prompts by name.
type Prompts = &'static [(&'static str, &'static str)];

const E5: Prompts = &[("query", "query: "), ("passage", "passage: ")];
const REPRESENT: Prompts =
    &[("query", "Represent this sentence for searching relevant passages: "), ("passage", "")];
const BGE_CHINESE: Prompts =
    &[("query", "为这个句子生成表示以用于检索相关文章："), ("passage", "")];
const NOMIC: Prompts = &[
    ("query", "search_query: "),
    ("passage", "search_document: "),
    ("clustering", "clustering: "),
    ("classification", "classification: "),
];
const NONE: Prompts = &[("query", ""), ("passage", "")];

/// Names without the owner, in lower case.
const KNOWN: &[(Prompts, &[&str])] = &[
    (
        E5,
        &[
            "multilingual-e5-small", // intfloat/multilingual-e5-small, section FAQ
            "multilingual-e5-base",  // intfloat/multilingual-e5-base
            "multilingual-e5-large", // intfloat/multilingual-e5-large
            "e5-small",              // intfloat/e5-small
            "e5-base",               // intfloat/e5-base
            "e5-large",              // intfloat/e5-large
            "e5-small-v2",           // intfloat/e5-small-v2
            "e5-base-v2",            // intfloat/e5-base-v2
            "e5-large-v2",           // intfloat/e5-large-v2
        ],
    ),
    (
        REPRESENT,
        &[
            "bge-small-en",                  // BAAI/bge-small-en
            "bge-base-en",                   // BAAI/bge-base-en
            "bge-large-en",                  // BAAI/bge-large-en
            "bge-small-en-v1.5",             // BAAI/bge-small-en-v1.5, section Model List
            "bge-base-en-v1.5",              // BAAI/bge-base-en-v1.5
            "bge-large-en-v1.5",             // BAAI/bge-large-en-v1.5
            "mxbai-embed-large-v1",          // mixedbread-ai/mxbai-embed-large-v1
            "snowflake-arctic-embed-xs",     // Snowflake/snowflake-arctic-embed-xs
            "snowflake-arctic-embed-s",      // Snowflake/snowflake-arctic-embed-s
            "snowflake-arctic-embed-m",      // Snowflake/snowflake-arctic-embed-m
            "snowflake-arctic-embed-l",      // Snowflake/snowflake-arctic-embed-l
            "snowflake-arctic-embed-m-v1.5", // Snowflake/snowflake-arctic-embed-m-v1.5
            "snowflake-arctic-embed-m-long", // Snowflake/snowflake-arctic-embed-m-long
        ],
    ),
    (
        &[("query", "query: "), ("passage", "")],
        &[
            "snowflake-arctic-embed-l-v2.0", // Snowflake/snowflake-arctic-embed-l-v2.0
        ],
    ),
    (
        BGE_CHINESE,
        &[
            "bge-small-zh",      // BAAI/bge-small-zh
            "bge-base-zh",       // BAAI/bge-base-zh
            "bge-large-zh",      // BAAI/bge-large-zh
            "bge-small-zh-v1.5", // BAAI/bge-small-zh-v1.5, section Model List
            "bge-base-zh-v1.5",  // BAAI/bge-base-zh-v1.5
            "bge-large-zh-v1.5", // BAAI/bge-large-zh-v1.5
        ],
    ),
    (
        NOMIC,
        &[
            "nomic-embed-text-v1", // nomic-ai/nomic-embed-text-v1, section Task instruction prefixes
            "nomic-embed-text-v1.5", // nomic-ai/nomic-embed-text-v1.5
            "modernbert-embed-base", // nomic-ai/modernbert-embed-base
        ],
    ),
    (
        NONE,
        &[
            "bge-m3",                      // BAAI/bge-m3, section FAQ
            "gte-small",                   // thenlper/gte-small
            "gte-base",                    // thenlper/gte-base
            "gte-large",                   // thenlper/gte-large
            "gte-modernbert-base",         // Alibaba-NLP/gte-modernbert-base
            "jina-embeddings-v2-small-en", // jinaai/jina-embeddings-v2-small-en
            "jina-embeddings-v2-base-en",  // jinaai/jina-embeddings-v2-base-en
            "jina-embeddings-v2-base-zh",  // jinaai/jina-embeddings-v2-base-zh
            "jina-embeddings-v2-base-de",  // jinaai/jina-embeddings-v2-base-de
            "jina-embeddings-v2-base-es",  // jinaai/jina-embeddings-v2-base-es
        ],
    ),
];

/// The prompts of a known model, by its own name or that of the link that led to it; none for others.
pub(crate) fn of_model(name: &str, given: &str) -> BTreeMap<String, String> {
    let prompts = find(name).or_else(|| find(given)).unwrap_or_default();
    prompts.iter().map(|(name, prompt)| ((*name).to_owned(), (*prompt).to_owned())).collect()
}

fn find(name: &str) -> Option<Prompts> {
    let name = name.rsplit('/').next().unwrap_or_default().to_lowercase();
    let known = KNOWN.iter().find(|(_, names)| names.contains(&name.as_str()));
    known.map(|(prompts, _)| *prompts)
}

#[cfg(test)]
mod tests {
    use super::{KNOWN, of_model};
    use std::collections::BTreeSet;

    #[test]
    fn every_known_model_has_one_entry_with_both_names() {
        let mut seen = BTreeSet::new();
        for (prompts, names) in KNOWN {
            let keys: BTreeSet<&str> = prompts.iter().map(|(name, _)| *name).collect();
            assert!(
                keys.contains("query") && keys.contains("passage") && keys.len() == prompts.len()
            );
            for name in *names {
                assert!(seen.insert(*name), "{name} twice");
                assert_eq!(*name, name.to_lowercase());
            }
        }
    }

    #[test]
    fn models_are_known_by_their_name_alone() {
        let query = |name: &str| of_model(name, "").get("query").cloned();
        for name in ["multilingual-e5-small", "intfloat/multilingual-e5-small", "E5-base-v2"] {
            assert_eq!(query(name).as_deref(), Some("query: "), "{name}");
        }
        assert_eq!(query("BAAI/bge-m3").as_deref(), Some(""));
        // Models that are told a task, and those trained further, are others.
        for name in ["multilingual-e5-large-instruct", "my-e5-small", "e5-small/", ""] {
            assert_eq!(query(name), None, "{name}");
        }
        assert_eq!(of_model("0123abcd", "e5-base")["passage"], "passage: ");
    }
}
