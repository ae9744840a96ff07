//! Which backups of a container are too many.

use crate::core::backup::Fate;

/// After how many updates that went well nothing is kept of those that failed before them.
const OUTLIVED: usize = 2;

/// Returns the places of those that go, in a list of how their updates ended, the newest first.
///
/// Of updates that went well so many stay. Of updates that failed one after the other the first stays,
/// whose data no version that failed has touched, and the last, whose data is the newest; both until
/// two updates have gone well since. What may be missing in between is nobody's way back.
pub fn surplus(fates: &[Fate], keep: usize) -> Vec<usize> {
    let failed = |index: Option<usize>| {
        index.and_then(|index| fates.get(index)).is_some_and(|fate| !fate.is_well())
    };
    let (mut well_since, mut places) = (0, Vec::new());
    for (index, fate) in fates.iter().enumerate() {
        let stays = if fate.is_well() {
            well_since += 1;
            well_since <= keep
        } else {
            let inner = failed(index.checked_sub(1)) && failed(Some(index + 1));
            well_since < OUTLIVED && !inner
        };
        if !stays {
            places.push(index);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_stay_and_of_failures_in_a_row_the_first_and_the_last() {
        // W: went well, F: failed, small where it goes; the newest first.
        for (keep, expected) in [
            (3, ""),
            (3, "W"),
            (1, "Www"),
            (2, "WWww"),
            (1, "F"),
            (1, "FF"),
            (1, "FffF"),
            // An older update that went well stays, however many fail after it.
            (1, "FfFWw"),
            // One success does not outlive them, two do.
            (3, "WFfF"),
            (3, "WFfFWfffWf"),
            (1, "WFFwf"),
            (1, "FWFfFwf"),
        ] {
            let fates: Vec<_> = expected
                .chars()
                .map(|fate| if fate.eq_ignore_ascii_case(&'w') { Fate::Well } else { Fate::Failed })
                .collect();
            let gone = surplus(&fates, keep);
            let shown: String = expected
                .to_ascii_uppercase()
                .char_indices()
                .map(
                    |(index, fate)| {
                        if gone.contains(&index) { fate.to_ascii_lowercase() } else { fate }
                    },
                )
                .collect();
            assert_eq!(shown, expected, "{keep}");
        }
    }
}
