//! What kind of thing a tag is, as its numbers tell it.

/// What kind of thing a tag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A name that moves: `latest`, `stable`, `alpine`.
    Floating,
    /// A commit: `sha-1a2b3c4`.
    Commit,
    /// A day, or a moment: `20240116`, `2024-01-16`.
    Date,
    /// A version that begins with its year: `2024.12.1`.
    Calendar,
    /// Any other version: `1`, `1.27`, `1.27.3`, `4.0.9.2244`.
    Semver,
}

impl Kind {
    /// Returns the word that names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Floating => "floating",
            Self::Commit => "commit",
            Self::Date => "date",
            Self::Calendar => "calendar",
            Self::Semver => "semver",
        }
    }

    /// Returns the kind of a version by its first number, as it is written, and how many there are.
    pub(super) fn of(first: &str, count: usize) -> Self {
        if is_date(first) || (count == 1 && is_short_date(first)) {
            Self::Date
        } else if is_year(first) {
            Self::Calendar
        } else {
            Self::Semver
        }
    }
}

fn number(text: &str, from: usize, to: usize) -> Option<u32> {
    text.get(from..to)?.parse().ok()
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && number(text, 0, 4).is_some_and(|year| (2000..2100).contains(&year))
}

fn is_day(text: &str, from: usize) -> bool {
    number(text, from, from + 2).is_some_and(|month| (1..=12).contains(&month))
        && number(text, from + 2, from + 4).is_some_and(|day| (1..=31).contains(&day))
}

/// Says whether digits are `YYYYMMDD`, alone or with a time after it.
pub(super) fn is_date(text: &str) -> bool {
    matches!(text.len(), 8 | 10 | 12 | 14) && text.get(..4).is_some_and(is_year) && is_day(text, 4)
}

/// Says whether digits are `YYMMDD` of this century's years so far.
fn is_short_date(text: &str) -> bool {
    let year = number(text, 0, 2);
    text.len() == 6 && year.is_some_and(|year| (15..60).contains(&year)) && is_day(text, 2)
}

/// Returns the length of the `YYYY-MM-DD` that a text begins with.
pub(super) fn dashed_date(text: &str) -> Option<usize> {
    let digits: String = text.get(..10)?.split('-').collect();
    let dashes = text.as_bytes().get(4) == Some(&b'-') && text.as_bytes().get(7) == Some(&b'-');
    let ends = !text.as_bytes().get(10).is_some_and(u8::is_ascii_digit);
    (dashes && ends && digits.len() == 8 && is_date(&digits)).then_some(10)
}

/// Returns the length of the `THH-MM-SSZ` that a text begins with.
pub(super) fn dashed_time(text: &str) -> Option<usize> {
    let time = text.get(..10)?;
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    (shape == "T00-00-00Z").then_some(10)
}
