//! Turns of conversations: who says something, when, and in which session.
//!
//! A turn says little by itself ("Yes, last week!"). So its vector is made of the end of the turn before it, of who
//! speaks, and of what is said; and its words are joined by the speaker's name and by the date in words, so that a
//! question about a day or a person finds it. What is stored and given back is the text as it was.

use hippocamp_index::{FilterValue, values_at};
use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value};
use unicode_segmentation::UnicodeSegmentation;

use crate::Error;
use crate::script::has_han;

/// Bytes of the turn before, about, that a vector is made of too.
const BEFORE: usize = 300;

/// The metadata paths of a collection of turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turns {
    /// Of the session: a string or a number. Records with the same one follow each other in the order of their first
    /// insertion.
    pub session: String,
    /// Of who speaks.
    pub speaker: String,
    /// Of the time: a date, or milliseconds since 1970.
    pub time: String,
}

impl Default for Turns {
    fn default() -> Self {
        Self { session: "session".into(), speaker: "speaker".into(), time: "time".into() }
    }
}

/// What a record's metadata say of it as a turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) session: Option<String>,
    pub(crate) speaker: Option<String>,
    date: Option<Date>,
}

impl Turns {
    /// # Errors
    /// A path that is empty.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let paths = [("session", &self.session), ("speaker", &self.speaker), ("time", &self.time)];
        match paths.iter().find(|(_, path)| path.is_empty()) {
            Some((name, _)) => Err(Error::InvalidArgument(format!(
                "turns.{name} is \"\": give a metadata path, or leave it out"
            ))),
            None => Ok(()),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let Self { session, speaker, time } = self;
        serde_json::json!({ "session": session, "speaker": speaker, "time": time })
    }

    pub(crate) fn from_json(json: &Value) -> Option<Self> {
        let of = |name| json.get(name)?.as_str().map(str::to_owned);
        Some(Self { session: of("session")?, speaker: of("speaker")?, time: of("time")? })
    }

    pub(crate) fn read(&self, metadata: &Map<String, Value>) -> Turn {
        let name = |path| {
            values_at(metadata, path).into_iter().find_map(|value| match value {
                FilterValue::String(name) if !name.trim().is_empty() => Some(name.into()),
                FilterValue::Number(number) => Some(number.to_string()),
                _ => None,
            })
        };
        let date = values_at(metadata, &self.time).into_iter().find_map(|value| match value {
            FilterValue::String(date) => date_of(&date),
            FilterValue::Number(ms) => date_at(ms),
            _ => None,
        });
        Turn { session: name(&self.session), speaker: name(&self.speaker), date }
    }
}

impl Turn {
    /// What is said, after the name of who says it.
    pub(crate) fn line(&self, text: &str) -> String {
        match &self.speaker {
            Some(speaker) => format!("{speaker}: {text}"),
            None => text.to_owned(),
        }
    }

    /// What its words are.
    pub(crate) fn words(&self, text: &str) -> String {
        let line = self.line(text);
        match self.date {
            Some(date) if has_han(text) => format!("{} {line}", chinese(date)),
            Some(date) => format!("{} {line}", english(date)),
            None => line,
        }
    }
}

/// What the vector of a turn is made of, given the line of the turn before it.
pub(crate) fn after(before: Option<&str>, line: &str) -> String {
    match before {
        Some(before) => format!("{}\n{line}", end_of(before)),
        None => line.to_owned(),
    }
}

/// The end of a text, from the beginning of a word on.
fn end_of(text: &str) -> &str {
    let mut start = text.len().saturating_sub(BEFORE);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let end = text.get(start..).unwrap_or(text);
    if start == 0 {
        return end;
    }
    end.split_once(char::is_whitespace).map_or(end, |(_, words)| words)
}

/// Which part of a text's sentences are questions.
pub(crate) fn questions(text: &str) -> f32 {
    let (mut all, mut asked) = (0u32, 0u32);
    for sentence in text.unicode_sentences() {
        all += 1;
        asked += u32::from(sentence.trim_end().ends_with(['?', '？']));
    }
    asked as f32 / all.max(1) as f32
}

/// The day on which something was said, where it was said.
fn date_of(date: &str) -> Option<Date> {
    // Of a time with an offset that is the date as it is written.
    let written: Option<jiff::civil::DateTime> = date.parse().ok();
    let utc = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    written.map(jiff::civil::DateTime::date).or_else(|| date.parse::<Timestamp>().ok().map(utc))
}

fn date_at(ms: f64) -> Option<Date> {
    let at = Timestamp::from_millisecond(ms as i64).ok()?;
    Some(at.to_zoned(TimeZone::UTC).date())
}

fn english(date: Date) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let weekday = match date.weekday() {
        Weekday::Monday => "Monday",
        Weekday::Tuesday => "Tuesday",
        Weekday::Wednesday => "Wednesday",
        Weekday::Thursday => "Thursday",
        Weekday::Friday => "Friday",
        Weekday::Saturday => "Saturday",
        Weekday::Sunday => "Sunday",
    };
    let month = usize::from(date.month().unsigned_abs()) - 1;
    let month = MONTHS.get(month).copied().unwrap_or_default();
    format!("{weekday} {} {month} {}", date.day(), date.year())
}

fn chinese(date: Date) -> String {
    let weekday = match date.weekday() {
        Weekday::Monday => "一",
        Weekday::Tuesday => "二",
        Weekday::Wednesday => "三",
        Weekday::Thursday => "四",
        Weekday::Friday => "五",
        Weekday::Saturday => "六",
        Weekday::Sunday => "日",
    };
    format!("{}年{}月{}日星期{weekday}", date.year(), date.month(), date.day())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn turn(metadata: &str) -> Turn {
        Turns::default().read(serde_json::from_str::<Value>(metadata).unwrap().as_object().unwrap())
    }

    #[test]
    fn words_have_the_date_and_the_speaker_in_front() {
        let said = turn(r#"{"session": 1, "speaker": "Ann", "time": "2023-05-08T13:56:00Z"}"#);
        assert_eq!(said.words("Hello!"), "Monday 8 May 2023 Ann: Hello!");
        assert_eq!(said.words("你好！"), "2023年5月8日星期一 Ann: 你好！");
        assert_eq!(said.session.as_deref(), Some("1"));
        assert_eq!(turn("{}").words("Hello!"), "Hello!");
        assert_eq!(turn(r#"{"speaker": " ", "time": "soon"}"#), Turn::default());
    }

    #[test]
    fn the_day_is_that_of_the_place() {
        let words = |time: &str| turn(&format!(r#"{{"time": {time}}}"#)).words("x");
        assert_eq!(words(r#""2023-05-09T01:00:00+08:00""#), "Tuesday 9 May 2023 x");
        assert_eq!(words(r#""2023-05-08""#), "Monday 8 May 2023 x");
        assert_eq!(words("1683565200000"), "Monday 8 May 2023 x");
        assert_eq!(words("1e300"), "x");
    }

    #[test]
    fn a_vector_is_made_of_the_end_of_the_turn_before() {
        assert_eq!(after(None, "b"), "b");
        assert_eq!(after(Some("a a"), "b"), "a a\nb");
        let long = format!("{} end", "word ".repeat(100));
        let made = after(Some(&long), "b");
        assert!(made.starts_with("word ") && made.ends_with("end\nb") && made.len() < BEFORE + 3);
    }

    #[test]
    fn questions_are_told_by_their_marks() {
        let share = |text: &str| (questions(text) * 6.0).round() as u8;
        assert_eq!(share("What? I know. Why?"), 4);
        assert_eq!(share("你去哪里？我在家。"), 3);
        assert_eq!(share(""), 0);
    }

    proptest! {
        #[test]
        fn any_text_has_an_end(text in "\\PC{0,400}") {
            prop_assert!(text.ends_with(end_of(&text)) && end_of(&text).len() <= BEFORE);
        }
    }
}
