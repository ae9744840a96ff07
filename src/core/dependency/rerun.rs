//! The label by which a container that ends by itself asks to be run again.

use std::time::Duration;

use crate::core::duration;
use crate::core::value;

/// The label by which a container that ends by itself asks to be run again before one that needs it
/// done is replaced.
pub const RERUN: &str = "docker-auto.rerun";

/// How long it may take where it does not say.
const PATIENCE: Duration = Duration::from_mins(10);

/// Returns how long a container that is run again may take to end; `None` where it is not run again.
pub fn rerun(text: &str) -> Result<Option<Duration>, String> {
    if let Ok(asked) = value::switch(text) {
        return Ok(asked.then_some(PATIENCE));
    }
    duration::at_least(text, Duration::from_secs(1)).map(Some).map_err(|error| {
        format!("{error}; write true, false, or how long it may take, such as 10m")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_or_a_time_asks_for_it() {
        for (text, expected) in [
            ("true", Ok(Some(600))),
            ("false", Ok(None)),
            ("90s", Ok(Some(90))),
            ("2h", Ok(Some(7200))),
            ("0s", Err(())),
            ("soon", Err(())),
            ("", Err(())),
        ] {
            let found = rerun(text).map(|time| time.map(|time| time.as_secs())).map_err(drop);
            assert_eq!(found, expected, "{text}");
        }
    }
}
