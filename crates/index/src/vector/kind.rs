//! What finds the candidates of an index.

use std::fmt;
use std::str::FromStr;

/// What finds candidates once there are too many vectors to compare each of them. Either way the candidates are
/// compared exactly, and the vectors that came since the last rebuild are found too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum IndexKind {
    /// Codes of a few bits, in lists.
    #[default]
    Native,
    /// A graph of f32 vectors: usearch's HNSW.
    Hnsw,
}

impl IndexKind {
    /// The name in options and files: `native`, `hnsw`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Hnsw => "hnsw",
        }
    }
}

impl fmt::Display for IndexKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A kind of index that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown index \"{0}\": use \"native\" or \"hnsw\"")]
pub struct UnknownIndexKind(pub String);

impl FromStr for IndexKind {
    type Err = UnknownIndexKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Native, Self::Hnsw]
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or_else(|| UnknownIndexKind(name.to_owned()))
    }
}
