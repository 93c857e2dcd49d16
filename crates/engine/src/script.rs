//! The scripts that languages are written in: what tells that a text can't be in any of the languages a model was made for.

use crate::Error;

/// A script, or a group of scripts that one language uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Hebrew,
    Arabic,
    Devanagari,
    Thai,
    Hangul,
    Kana,
    Han,
    Other,
}

impl Script {
    /// Of a letter.
    fn of(c: char) -> Self {
        match c {
            'A'..='Z'
            | 'a'..='z'
            | '\u{c0}'..='\u{24f}'
            | '\u{1e00}'..='\u{1eff}'
            | 'Ａ'..='Ｚ'
            | 'ａ'..='ｚ' => Self::Latin,
            '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Self::Greek,
            '\u{400}'..='\u{52f}' => Self::Cyrillic,
            '\u{530}'..='\u{58f}' => Self::Armenian,
            '\u{590}'..='\u{5ff}' => Self::Hebrew,
            '\u{600}'..='\u{77f}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' => {
                Self::Arabic
            }
            '\u{900}'..='\u{97f}' => Self::Devanagari,
            '\u{e00}'..='\u{e7f}' => Self::Thai,
            '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7af}' => {
                Self::Hangul
            }
            '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9f}' => {
                Self::Kana
            }
            '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{20000}'..='\u{3ffff}' => Self::Han,
            _ => Self::Other,
        }
    }

    /// Those of languages by their codes, `en` or `zh-CN`.
    ///
    /// # Errors
    /// Something that is no code.
    pub(crate) fn of_languages(codes: &[String]) -> Result<Vec<Self>, Error> {
        let mut scripts = Vec::new();
        for code in codes {
            let language = code.split(['-', '_']).next().unwrap_or_default();
            let is_code = (2..=3).contains(&language.len())
                && language.bytes().all(|byte| byte.is_ascii_lowercase());
            if !is_code {
                return Err(Error::InvalidArgument(format!(
                    "the language {code:?} is no code of ISO 639: give codes such as \"en\" and \"zh\""
                )));
            }
            scripts.extend_from_slice(match language {
                "el" => &[Self::Greek][..],
                "be" | "bg" | "kk" | "ky" | "mk" | "mn" | "ru" | "sr" | "tg" | "uk" => {
                    &[Self::Cyrillic]
                }
                "hy" => &[Self::Armenian],
                "he" | "yi" => &[Self::Hebrew],
                "ar" | "fa" | "ps" | "ug" | "ur" => &[Self::Arabic],
                "hi" | "mr" | "ne" | "sa" => &[Self::Devanagari],
                "th" => &[Self::Thai],
                "ko" => &[Self::Hangul, Self::Han],
                "ja" => &[Self::Kana, Self::Han],
                "zh" => &[Self::Han],
                "am" | "bn" | "gu" | "ka" | "km" | "kn" | "lo" | "ml" | "my" | "or" | "pa"
                | "si" | "ta" | "te" | "bo" => &[Self::Other],
                _ => &[Self::Latin],
            });
        }
        Ok(scripts)
    }

    /// Whether at least half of a text's letters are of these scripts.
    pub(crate) fn are_of(scripts: &[Self], text: &str) -> bool {
        let letters = || text.chars().filter(|c| c.is_alphabetic());
        let known = letters().filter(|c| scripts.contains(&Self::of(*c))).count();
        2 * known >= letters().count()
    }
}

/// Whether Chinese characters are in a text.
pub(crate) fn has_han(text: &str) -> bool {
    text.chars().any(|c| Script::of(c) == Script::Han)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_by_their_letters() {
        let is = |codes: &[&str], text: &str| {
            let codes: Vec<String> = codes.iter().map(|&code| code.to_owned()).collect();
            Script::are_of(&Script::of_languages(&codes).unwrap(), text)
        };
        assert!(is(&["en"], "What is this?") && is(&["fr"], "été") && is(&["en"], "42!"));
        assert!(!is(&["en"], "这是什么？") && is(&["en", "zh-CN"], "这是什么？"));
        assert!(is(&["zh"], "用 Go 写的向量数据库") && !is(&["zh"], "собака"));
        assert!(is(&["ja"], "これは何ですか") && is(&["ru"], "собака") && is(&["ko"], "한국어"));
        assert!(!is(&["en"], "हिन्दी") && is(&["hi"], "हिन्दी") && is(&["ta"], "தமிழ்"));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for code in ["", "english", "E", "z1"] {
            let refused = Script::of_languages(&[code.to_owned()]).unwrap_err().to_string();
            assert!(refused.contains("ISO 639"), "{refused}");
        }
    }
}
