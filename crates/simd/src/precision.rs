//! The arithmetic of a matrix product.

use std::{fmt, str::FromStr};

/// In which form the values of a matrix product are multiplied. Sums are f32, or for bytes exact integers, everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Precision {
    /// As they are.
    F32,
    /// Weights and inputs rounded to bfloat16: f32 without the lower half of its bits.
    Bf16,
    /// Weights as signed bytes with a scale for each output, inputs as unsigned bytes with a scale and a zero for each row.
    Int8,
}

impl Precision {
    /// The most inputs that products of bytes can have: the sum of more could overflow.
    pub const MOST_INPUTS_OF_INT8: usize = 65_536;

    /// All of them, the most exact first.
    pub const ALL: [Self; 3] = [Self::F32, Self::Bf16, Self::Int8];

    /// The name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No precision has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no precision {name:?}: there are \"f32\", \"bf16\" and \"int8\"")]
pub struct UnknownPrecision {
    /// What was asked for.
    pub name: String,
}

impl FromStr for Precision {
    type Err = UnknownPrecision;

    fn from_str(name: &str) -> Result<Self, UnknownPrecision> {
        let found = Self::ALL.into_iter().find(|precision| precision.as_str() == name);
        found.ok_or_else(|| UnknownPrecision { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::Precision;

    #[test]
    fn every_precision_is_found_by_its_name() {
        for precision in Precision::ALL {
            assert_eq!(precision.to_string().parse(), Ok(precision));
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_the_names_that_there_are() {
        let error = "f8".parse::<Precision>().unwrap_err().to_string();
        assert_eq!(error, "there is no precision \"f8\": there are \"f32\", \"bf16\" and \"int8\"");
    }
}
