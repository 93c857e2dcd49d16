//! How two vectors are compared.
//!
//! Inside the index every metric is a *similarity*: higher is better, whatever the metric, so that one
//! top-k serves all of them. Users see a score and a distance derived from it.

use std::fmt;
use std::str::FromStr;

/// The comparison of a collection, fixed when it is created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Cosine of the angle. Vectors are normalised when they are indexed; zero vectors have no angle.
    #[default]
    Cosine,
    /// Euclidean distance.
    L2,
    /// Inner product of the vectors as they are.
    Dot,
}

impl Metric {
    /// The name in options and files: `cosine`, `l2`, `dot`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::L2 => "l2",
            Self::Dot => "dot",
        }
    }

    /// What users see, in \[0, 1\], higher is better: the cosine, `x / (1 + x)` of an inner product, or
    /// `1 / (1 + euclidean distance)`; 0 for a negative cosine or product.
    #[must_use]
    pub fn score(self, similarity: f32) -> f32 {
        match self {
            Self::Cosine => similarity.clamp(0.0, 1.0),
            Self::Dot => {
                let product = similarity.max(0.0);
                if product.is_infinite() { 1.0 } else { product / (1.0 + product) }
            }
            Self::L2 => 1.0 / (1.0 + self.distance(similarity)),
        }
    }

    /// What users see, lower is better: `1 - cosine` in \[0, 2\], the negative inner product, or the
    /// euclidean distance.
    #[must_use]
    pub fn distance(self, similarity: f32) -> f32 {
        match self {
            Self::Cosine => 1.0 - similarity.clamp(-1.0, 1.0),
            Self::Dot => -similarity,
            Self::L2 => (-similarity).max(0.0).sqrt(),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A metric name that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown metric \"{0}\": use \"cosine\", \"l2\" or \"dot\"")]
pub struct UnknownMetric(pub String);

impl FromStr for Metric {
    type Err = UnknownMetric;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "cosine" => Ok(Self::Cosine),
            "l2" => Ok(Self::L2),
            "dot" => Ok(Self::Dot),
            _ => Err(UnknownMetric(name.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_survives_its_name() {
        for metric in [Metric::Cosine, Metric::L2, Metric::Dot] {
            assert_eq!(metric.as_str().parse(), Ok(metric));
        }
        assert_eq!("Cosine".parse::<Metric>(), Err(UnknownMetric("Cosine".into())));
    }

    #[test]
    fn better_similarities_have_higher_scores_and_lower_distances() {
        for metric in [Metric::Cosine, Metric::L2, Metric::Dot] {
            let (worse, better) = if metric == Metric::L2 { (-0.5, -0.25) } else { (0.25, 0.5) };
            assert!(metric.score(better) > metric.score(worse), "{metric}");
            assert!(metric.distance(better) < metric.distance(worse), "{metric}");
        }
        assert!((Metric::L2.distance(-9.0) - 3.0).abs() < 1e-6);
        assert!((Metric::L2.score(-9.0) - 0.25).abs() < 1e-6);
    }
}
