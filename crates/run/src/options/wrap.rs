//! Text in lines of a width, broken where Python's `textwrap` breaks it: at spaces, after hyphens
//! between letters, around dashes between words, and where a word alone is longer than a line.

/// The lines of `text`, each of at most `width` characters, spaces at their ends dropped.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut pieces = pieces(&plain_spaces(text));
    pieces.reverse();
    let mut lines = Vec::new();
    while !pieces.is_empty() {
        if !lines.is_empty() && pieces.last().is_some_and(|piece| is_blank(piece)) {
            pieces.pop();
        }
        let mut line: Vec<Vec<char>> = Vec::new();
        let mut length = 0;
        while let Some(piece) = pieces.pop_if(|piece| length + piece.len() <= width) {
            length += piece.len();
            line.push(piece);
        }
        if let Some(long) = pieces.last_mut().filter(|piece| piece.len() > width) {
            let end = end_in(long, width - length);
            line.push(long.drain(..end).collect());
        }
        if line.last().is_some_and(|piece| is_blank(piece)) {
            line.pop();
        }
        if !line.is_empty() {
            lines.push(line.concat().into_iter().collect());
        }
    }
    lines
}

/// The text with each tab as spaces up to the next eighth column, and other white space as one space.
fn plain_spaces(text: &str) -> Vec<char> {
    let mut plain = Vec::new();
    let mut column = 0;
    for letter in text.chars() {
        match letter {
            '\t' => {
                let spaces = 8 - column % 8;
                plain.extend(std::iter::repeat_n(' ', spaces));
                column += spaces;
                continue;
            }
            '\n' | '\r' => {
                plain.push(' ');
                column = 0;
                continue;
            }
            '\x0b' | '\x0c' => plain.push(' '),
            letter => plain.push(letter),
        }
        column += 1;
    }
    plain
}

/// The pieces between which a line may end.
fn pieces(text: &[char]) -> Vec<Vec<char>> {
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let end = end_of_piece(text, start);
        pieces.push(text[start..end].to_vec());
        start = end;
    }
    pieces
}

fn end_of_piece(text: &[char], start: usize) -> usize {
    if text[start] == ' ' {
        return start + text[start..].iter().take_while(|letter| **letter == ' ').count();
    }
    if let Some(end) = end_of_dash(text, start) {
        return end;
    }
    let mut end = start + 1;
    while end < text.len() && text[end] != ' ' {
        if is_hyphen(text, end) {
            return end + 1;
        }
        if end_of_dash(text, end).is_some() {
            return end;
        }
        end += 1;
    }
    end
}

/// Where a dash ends that stands at `start`, between two words: two hyphens or more.
fn end_of_dash(text: &[char], start: usize) -> Option<usize> {
    let before = *text.get(start.checked_sub(1)?)?;
    let hyphens = text[start..].iter().take_while(|letter| **letter == '-').count();
    let after = *text.get(start + hyphens)?;
    let ends_a_word = is_word(before) || "!\"'&.,?".contains(before);
    (hyphens >= 2 && ends_a_word && is_word(after)).then_some(start + hyphens)
}

/// Whether the hyphen at `place` parts a word: two letters on either side, or one between two hyphens.
fn is_hyphen(text: &[char], place: usize) -> bool {
    let letter =
        |index: Option<usize>| index.and_then(|index| text.get(index)).is_some_and(|letter| is_letter(*letter));
    let hyphen = |index: Option<usize>| index.and_then(|index| text.get(index)) == Some(&'-');
    let back = |letters| place.checked_sub(letters);
    let before = letter(back(1)) && (letter(back(2)) || (hyphen(back(2)) && letter(back(3))));
    let next = place + 1;
    let after = letter(Some(next)) && (letter(Some(next + 1)) || (hyphen(Some(next + 1)) && letter(Some(next + 2))));
    hyphen(Some(place)) && before && after
}

/// How much of a word that is longer than any line goes into the `room` that is left: up to the last
/// hyphen after something else, if there is one.
fn end_in(word: &[char], room: usize) -> usize {
    if word.len() <= room {
        return word.len();
    }
    match word[..room].iter().rposition(|letter| *letter == '-') {
        Some(hyphen) if word[..hyphen].iter().any(|letter| *letter != '-') => hyphen + 1,
        _ => room,
    }
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

fn is_letter(letter: char) -> bool {
    letter.is_alphabetic() || letter == '_'
}

fn is_blank(piece: &[char]) -> bool {
    piece.iter().all(|letter| letter.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn lines_end_where_they_may() {
        #[rustfmt::skip]
        let cases: [(&str, &[&str]); 10] = [
            ("",                      &[]),
            ("one two",               &["one two"]),
            ("one two three",         &["one two", "three"]),
            ("one  two   three",      &["one  two", "three"]),
            (" (default 5)",          &[" (default", "5)"]),
            ("a well-known-name",     &["a well-", "known-name"]),
            ("word--word--word",      &["word--word", "--word"]),
            ("abcdefghijklm",         &["abcdefghij", "klm"]),
            ("x abcdefg-hijklmnopqr", &["x abcdefg-", "hijklmnopq", "r"]),
            ("a\tb\nc",               &["a       b", "c"]),
        ];
        for (text, expected) in cases {
            assert_eq!(wrap(text, 10), expected, "{text:?}");
        }
    }
}
