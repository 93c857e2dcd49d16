//! Namespaces: paths of strings, stored as bytes.
//!
//! Each part is written as its length (u32, little-endian) and its UTF-8. Unlike joining on a delimiter
//! this is injective, whatever the parts contain, and a path's bytes are a prefix of its children's.

use std::sync::Arc;

use hippocamp_store::NamespaceId;

use crate::limits::within;
use crate::{Error, Limits};

/// Parts in a path.
const MAX_PARTS: usize = 32;

/// # Errors
/// A part that is empty, too long or contains NUL; too many parts.
pub(crate) fn encode(path: &[String], limits: &Limits) -> Result<Vec<u8>, Error> {
    if path.len() > MAX_PARTS {
        return Err(Error::InvalidArgument(format!(
            "the namespace has {} parts, at most {MAX_PARTS} are allowed: use a shorter path",
            path.len()
        )));
    }
    let mut bytes = Vec::with_capacity(path.iter().map(|part| 4 + part.len()).sum());
    for part in path {
        check_label("a part of the namespace", part, limits)?;
        bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    Ok(bytes)
}

/// The path that was encoded; nothing if the bytes are not an encoded path.
fn decode(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut path = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (part, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        path.push(std::str::from_utf8(part).ok()?.to_owned());
        bytes = rest;
    }
    Some(path)
}

/// The path of a stored namespace.
///
/// # Errors
/// [`Error::Internal`] when its bytes are not a path.
pub(crate) fn decoded(id: NamespaceId, bytes: &[u8]) -> Result<Arc<[String]>, Error> {
    let unreadable = || Error::Internal(format!("the path of namespace {} cannot be read", id.0));
    Ok(decode(bytes).ok_or_else(unreadable)?.into())
}

/// Ids, collection names and namespace parts follow one rule: 1 to 512 bytes, no NUL.
pub(crate) fn check_label(what: &str, label: &str, limits: &Limits) -> Result<(), Error> {
    if label.is_empty() {
        return Err(Error::InvalidArgument(format!(
            "{what} is empty: give it at least one character"
        )));
    }
    within(
        || format!("{what} \"{}\"", shorten(label)),
        "bytes",
        label.len(),
        limits.id_bytes,
        "idBytes",
    )?;
    if label.contains('\0') {
        return Err(Error::InvalidArgument(format!(
            "{what} {label:?} contains a NUL character: remove it"
        )));
    }
    Ok(())
}

/// At most 40 characters of something that goes into a message.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(parts: &[&str]) -> Vec<String> {
        parts.iter().map(|&part| part.to_owned()).collect()
    }

    proptest! {
        #[test]
        fn different_paths_have_different_bytes_and_come_back(
            a in prop::collection::vec("[a-z/:.用户\u{1}]{1,4}", 0..4),
            b in prop::collection::vec("[a-z/:.用户\u{1}]{1,4}", 0..4),
        ) {
            let limits = Limits::default();
            let (ea, eb) = (encode(&a, &limits).unwrap(), encode(&b, &limits).unwrap());
            prop_assert_eq!(a == b, ea == eb);
            prop_assert_eq!(decode(&ea), Some(a.clone()));
            prop_assert_eq!(eb.starts_with(&ea), b.starts_with(&a));
        }

        #[test]
        fn decoding_any_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn labels_that_cannot_be_kept_apart_or_stored_are_refused() {
        let limits = Limits::default();
        let refuse = |parts: &[&str]| encode(&path(parts), &limits).unwrap_err();
        assert_eq!(refuse(&["a", ""]).code(), "ERR_INVALID_ARGUMENT");
        assert_eq!(refuse(&["a\0b"]).code(), "ERR_INVALID_ARGUMENT");
        assert_eq!(refuse(&[&"x".repeat(513)]).code(), "ERR_LIMIT_EXCEEDED");
        assert_eq!(refuse(&["x"; 33]).code(), "ERR_INVALID_ARGUMENT");
        assert!(encode(&path(&[&"😀".repeat(128)]), &limits).is_ok());
    }
}
