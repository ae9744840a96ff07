//! The calls of a run that was recorded, as the points at which other runs are killed.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::support::proxy::{Call, Rule};

/// Which side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// The engine has not seen it.
    Before,
    /// The engine has done it, and nobody has heard of it.
    After,
}

/// One call of a run, found again in other runs by what it looks like and how often that was seen
/// before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    moment: Moment,
    shape: String,
    nth: u32,
}

impl Point {
    /// Returns the rule that matches this call alone; what happens there is still to be said.
    pub(crate) fn rule(&self) -> Rule {
        let pattern = pattern(&self.shape);
        let rule = match self.moment {
            Moment::Before => Rule::before(&pattern),
            Moment::After => Rule::after(&pattern),
        };
        let rule = rule.nth(self.nth);
        if waits(&self.shape) { rule.fold() } else { rule }
    }

    /// Says whether the call changes anything, if only here: what is saved is written to our disk.
    pub(crate) fn changes(&self) -> bool {
        !self.shape.starts_with("GET ") || self.shape.contains("/archive?path=%2Fsaved")
    }

    /// Says whether the call is done when it comes to the point.
    pub(crate) fn is_after(&self) -> bool {
        self.moment == Moment::After
    }
}

/// As `after POST /containers/{id}/rename?name=web.da-old-{digits} #1`.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = match self.moment {
            Moment::Before => "before",
            Moment::After => "after",
        };
        write!(f, "{moment} {} #{}", self.shape, self.nth)
    }
}

/// Returns the points before and after each call of a run. Looks at a container that follow one
/// another count as one, because who waits looks as often as it takes.
pub(crate) fn points(calls: &[Call], operation: &str) -> Vec<Point> {
    let mut seen = BTreeMap::<String, u32>::new();
    let mut points = Vec::new();
    let mut last = "";
    for call in calls {
        let shape = shape(&call.line, operation);
        let repeated = std::mem::replace(&mut last, &call.line) == call.line;
        if repeated && waits(&shape) {
            continue;
        }
        let nth = seen.entry(shape.clone()).or_default();
        *nth += 1;
        for moment in [Moment::Before, Moment::After] {
            points.push(Point { moment, shape: shape.clone(), nth: *nth });
        }
    }
    points
}

fn waits(shape: &str) -> bool {
    shape.starts_with("GET ") && shape.ends_with("/containers/{id}/json")
}

/// Replaces what is another in each run: the IDs of containers and of the operation.
fn shape(line: &str, operation: &str) -> String {
    let mut shape = String::new();
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        let hexadecimal = rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let taken = hexadecimal.max(next.len_utf8());
        shape.push_str(if hexadecimal == 64 { "{id}" } else { &rest[..taken] });
        rest = &rest[taken..];
    }
    let digits = operation.get(operation.len().saturating_sub(6)..).unwrap_or_default();
    if digits.is_empty() {
        return shape;
    }
    shape.replace(operation, "{operation}").replace(digits, "{digits}")
}

/// Returns the regular expression that matches the lines of a shape.
fn pattern(shape: &str) -> String {
    let mut pattern = "^".to_owned();
    for character in shape.chars() {
        match character {
            '{' | '}' => pattern.push(character),
            _ if character.is_ascii_alphanumeric() => pattern.push(character),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(pattern, "\\{character}");
            }
        }
    }
    pattern.push('$');
    pattern
        .replace("{id}", "[0-9a-f]{64}")
        .replace("{operation}", "[0-9a-f-]{36}")
        .replace("{digits}", "[0-9a-f]{6}")
}

#[test]
fn a_call_is_found_again_in_another_run() {
    let id = |digit: &str| digit.repeat(64);
    let operation = "01999999-0000-7000-8000-000000abcdef";
    let look = |digit: &str| format!("GET /v1.41/containers/{}/json", id(digit));
    let lines = [
        "GET /v1.41/containers/json?all=1&filters=a%3D01999999-0000-7000-8000-000000abcdef".into(),
        look("a"),
        look("a"),
        look("b"),
        format!("POST /v1.41/containers/{}/rename?name=web.da-old-abcdef", id("a")),
        look("a"),
        "GET /v1.41/images/r:5000/a/b:1/json".into(),
    ];
    let calls = lines.map(|line| Call { line, outcome: 200.into() });
    let points = points(&calls, operation);
    let shown: Vec<_> = points.iter().step_by(2).map(ToString::to_string).collect();
    let expected = [
        "before GET /v1.41/containers/json?all=1&filters=a%3D{operation} #1",
        "before GET /v1.41/containers/{id}/json #1",
        "before GET /v1.41/containers/{id}/json #2",
        "before POST /v1.41/containers/{id}/rename?name=web.da-old-{digits} #1",
        "before GET /v1.41/containers/{id}/json #3",
        "before GET /v1.41/images/r:5000/a/b:1/json #1",
    ];
    assert_eq!(shown, expected);
    assert_eq!(points.len(), 2 * expected.len());
    assert_eq!(
        pattern("POST /a/{id}/b?name=c.da-old-{digits}"),
        r"^POST\ \/a\/[0-9a-f]{64}\/b\?name\=c\.da\-old\-[0-9a-f]{6}$"
    );
}
