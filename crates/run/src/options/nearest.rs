//! The name that was probably meant.

/// The name among `names` that is nearest to `wanted`, if any is near enough to be a typing mistake.
pub(super) fn nearest<'name>(wanted: &str, names: impl IntoIterator<Item = &'name str>) -> Option<&'name str> {
    let limit = (wanted.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (distance(wanted, name), name))
        .filter(|(distance, name)| *distance <= limit || (wanted.len() >= 3 && name.starts_with(wanted)))
        .min()
        .map(|(_, name)| name)
}

/// How many letters were left out, added, mistaken or swapped with their neighbour between two words.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().collect();
    let other: Vec<char> = other.chars().collect();
    // Three rows of the usual table: that of the letter before the last, of the last, and of this one.
    let mut before = vec![0; other.len() + 1];
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut this = vec![row + 1];
        for (column, against) in other.iter().enumerate() {
            let mistaken = last[column] + usize::from(letter != against);
            let mut least = mistaken.min(last[column + 1] + 1).min(this[column] + 1);
            if row > 0 && column > 0 && *letter == other[column - 1] && one[row - 1] == *against {
                least = least.min(before[column - 1] + 1);
            }
            this.push(least);
        }
        before = std::mem::replace(&mut last, this);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn a_typing_mistake_finds_its_name() {
        #[rustfmt::skip]
        let cases = [
            ("prot",     Some("port")),       // swapped
            ("por",      Some("port")),       // left out
            ("portt",    Some("port")),       // added
            ("pirt",     Some("port")),       // mistaken
            ("proceses", Some("processes")),
            ("log-file", Some("log-file-prefix")), // begun
            ("colour",   None),
            ("x",        None),
        ];
        for (wanted, expected) in cases {
            assert_eq!(nearest(wanted, ["port", "processes", "log-file-prefix"]), expected, "{wanted}");
        }
    }

    #[test]
    fn counts_mistakes() {
        #[rustfmt::skip]
        let cases = [("", "", 0), ("", "ab", 2), ("ab", "", 2), ("ab", "ba", 1), ("kitten", "sitting", 3), ("abc", "abc", 0)];
        for (one, other, expected) in cases {
            assert_eq!(distance(one, other), expected, "{one:?} {other:?}");
        }
    }
}
