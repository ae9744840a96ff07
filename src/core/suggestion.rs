//! "Did you mean …": the known word that is nearest to a mistyped one.

/// Words that are longer are not compared; nobody mistypes them.
const LONGEST: usize = 96;

/// Returns the known word that the given one is probably meant to be: a typo or two away, or, where
/// none is that near, the shortest one that has all its parts (`DOCKER_AUTO_INTERVAL` for
/// `DOCKER_AUTO_SCAN_INTERVAL`).
pub fn closest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length == 0 || length > LONGEST {
        return None;
    }
    let word = word.to_lowercase();
    let mut near: Option<(usize, &str)> = None;
    let mut whole: Option<&str> = None;
    for candidate in known {
        let other = candidate.to_lowercase();
        let distance = distance(&word, &other);
        if near.is_none_or(|(best, _)| distance < best) {
            near = Some((distance, candidate));
        }
        if has_all_parts(&other, &word) && whole.is_none_or(|best| candidate.len() < best.len()) {
            whole = Some(candidate);
        }
    }
    // A third of a short word may be wrong, and never more than three letters.
    let limit = (length / 3).clamp(1, 3);
    near.filter(|(distance, _)| *distance <= limit).map(|(_, candidate)| candidate).or(whole)
}

fn has_all_parts(whole: &str, word: &str) -> bool {
    let separator = |c: char| !c.is_alphanumeric();
    let parts: Vec<&str> = whole.split(separator).collect();
    word.split(separator).all(|part| parts.contains(&part))
}

/// Returns how many letters must be inserted, removed, replaced or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, wanted) in other.iter().enumerate() {
            let replaced = above[column] + usize::from(letter != wanted);
            let mut best = replaced.min(above[column + 1] + 1).min(current[column] + 1);
            let swapped =
                row > 0 && column > 0 && *letter == other[column - 1] && one[row - 1] == *wanted;
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_single_mistakes() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("auto", "auto", 0),
            ("atuo", "auto", 1),
            ("auto", "autos", 1),
            ("watch", "wacth", 1),
            ("kitten", "sitting", 3),
            ("é", "e", 1),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn the_nearest_word_is_suggested() {
        let modes = ["auto", "approve", "watch", "off"];
        let names = ["DOCKER_AUTO_SCAN_INTERVAL", "DOCKER_AUTO_SCAN_CRON", "DOCKER_AUTO_DATA"];
        for (word, known, expected) in [
            ("atuo", &modes[..], Some("auto")),
            ("AUTO", &modes[..], Some("auto")),
            ("aprove", &modes[..], Some("approve")),
            ("of", &modes[..], Some("off")),
            ("nightly", &modes[..], None),
            ("", &modes[..], None),
            ("DOCKER_AUTO_SCAN_INTERVALL", &names[..], Some("DOCKER_AUTO_SCAN_INTERVAL")),
            ("DOCKER_AUTO_INTERVAL", &names[..], Some("DOCKER_AUTO_SCAN_INTERVAL")),
            ("DOCKER_AUTO_SCAN", &names[..], Some("DOCKER_AUTO_SCAN_CRON")),
            ("DOCKER_AUTO_PANEL_DIR", &names[..], None),
        ] {
            assert_eq!(closest(word, known.iter().copied()), expected, "{word}");
        }
        assert_eq!(closest(&"a".repeat(200), modes), None);
    }
}
