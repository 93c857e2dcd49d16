//! Scalars as they are compared.

use std::cmp::Ordering;
use std::ops::Bound;

use serde_json::Value;

/// A scalar of metadata. Ordered by type first, then by value: numbers as numbers, strings by their code points.
#[derive(Debug, Clone)]
pub enum FilterValue {
    /// An explicit null.
    Null,
    /// true or false.
    Bool(bool),
    /// A finite number.
    Number(f64),
    /// A string.
    String(Box<str>),
}

impl FilterValue {
    /// A scalar as it is compared; nothing for arrays and objects.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            // Adding zero turns -0 into 0.
            Value::Number(n) => Self::Number(n.as_f64()? + 0.0),
            Value::String(s) => Self::String(s.as_str().into()),
            Value::Array(_) | Value::Object(_) => return None,
        })
    }

    /// The scalar again.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Number(n) => Value::from(*n),
            Self::String(s) => Value::from(&**s),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::String(_) => 3,
        }
    }

    /// Whether it is of the same type.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.rank() == other.rank()
    }

    /// What no value of its type is less than.
    pub(crate) fn least_of_its_type(&self) -> Self {
        match self {
            Self::Null => Self::Null,
            Self::Bool(_) => Self::Bool(false),
            Self::Number(_) => Self::Number(f64::NEG_INFINITY),
            Self::String(_) => Self::String("".into()),
        }
    }

    /// Whether it is of the bounds' type and between them.
    pub(crate) fn lies_within(&self, from: &Bound<Self>, to: &Bound<Self>) -> bool {
        let is_of_type = |bound: &Bound<Self>| match bound {
            Bound::Included(value) | Bound::Excluded(value) => value.is_like(self),
            Bound::Unbounded => true,
        };
        let after = match from {
            Bound::Included(from) => self >= from,
            Bound::Excluded(from) => self > from,
            Bound::Unbounded => true,
        };
        let before = match to {
            Bound::Included(to) => self <= to,
            Bound::Excluded(to) => self < to,
            Bound::Unbounded => true,
        };
        is_of_type(from) && is_of_type(to) && after && before
    }
}

impl Ord for FilterValue {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::String(a), Self::String(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for FilterValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for FilterValue {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for FilterValue {}

/// Its value, if it has one.
pub(super) fn of_bound(bound: &Bound<FilterValue>) -> Option<&FilterValue> {
    match bound {
        Bound::Included(value) | Bound::Excluded(value) => Some(value),
        Bound::Unbounded => None,
    }
}

/// Of two bounds that which leaves less; `tight` is how a tighter lower, or upper, bound compares with the other.
pub(super) fn tighter(
    a: &Bound<FilterValue>,
    b: &Bound<FilterValue>,
    tight: Ordering,
) -> Bound<FilterValue> {
    let (Some(of_a), Some(of_b)) = (of_bound(a), of_bound(b)) else {
        return if of_bound(a).is_some() { a.clone() } else { b.clone() };
    };
    let order = of_a.cmp(of_b);
    let a_is = order == tight || (order == Ordering::Equal && matches!(a, Bound::Excluded(_)));
    if a_is { a.clone() } else { b.clone() }
}
