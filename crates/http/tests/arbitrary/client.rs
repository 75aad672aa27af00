//! What holds of whatever a server tells a client beside its body's bytes: events, challenges, cookies, ranges; for
//! a test and for a fuzzer.

use firewhirl_http::Method;
use firewhirl_http::client::{CookieJar, DigestAuth};
use firewhirl_http::event_stream::{EventStreamParser, ServerSentEvent};
use firewhirl_http::httputil::{ByteRanges, ByteRangesPiece, parse_challenges, parse_request_ranges, resolve_ranges};

use super::random::Random;

/// Reads the input as everything of the kind, and asserts what has to hold. The seed says how the input is cut.
pub(crate) fn check(seed: u64, input: &[u8]) {
    let mut random = Random(seed);
    events_are_the_same_in_pieces(input, &mut random);
    let text = String::from_utf8_lossy(input);
    an_event_is_read_as_it_is_written(&text);
    a_challenge_is_answered_in_one_line(&text);
    a_cookie_goes_to_nobody_else(&text);
    ranges_are_apart_and_within_the_content(&text);
}

/// The events of a stream and how it ends, within a small limit.
fn events(pieces: &[&[u8]]) -> (Vec<ServerSentEvent>, bool, String) {
    let mut parser = EventStreamParser::new().max_event_size(500);
    let mut events = Vec::new();
    for piece in pieces {
        let is_sound = parser.push(piece).is_ok();
        events.extend(std::iter::from_fn(|| parser.next_event()));
        if !is_sound {
            return (events, false, parser.last_id().to_owned());
        }
    }
    (events, true, parser.last_id().to_owned())
}

fn events_are_the_same_in_pieces(input: &[u8], random: &mut Random) {
    let whole = events(&[input]);
    assert_eq!(events(&random.cut(input)), whole, "{}", input.escape_ascii());
    for event in &whole.0 {
        assert!(!event.last_id().contains(['\0', '\r', '\n']) && !event.kind().contains(['\r', '\n']), "{event:?}");
        assert!(event.data().len() <= 500 * 3, "what is no UTF-8 becomes longer, but not more than that");
    }
}

fn an_event_is_read_as_it_is_written(text: &str) {
    let event = ServerSentEvent::new(text).event(text).id(text);
    let mut written = String::new();
    event.write_to(&mut written);
    let mut parser = EventStreamParser::new();
    parser.push(written.as_bytes()).unwrap();
    let Some(read) = parser.next_event() else { return assert_eq!(text, "", "only what has no data is no event") };
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    assert_eq!(read.data(), lines, "{written:?}");
    assert_eq!(parser.next_event(), None, "one event is one: {written:?}");
}

fn a_challenge_is_answered_in_one_line(text: &str) {
    for field in [text.to_owned(), format!("Digest {text}"), format!("Digest nonce=\"{text}\", realm=\"{text}\"")] {
        let challenges = parse_challenges(&field);
        assert!(challenges.len() <= field.len() + 1, "{field:?}");
        let mut digest = DigestAuth::new("me \"é\" :", "secret");
        if digest.take_challenge([field.as_str()]).is_ok()
            && let Ok(answer) = digest.authorization(&Method::GET, "/a?b", Some(b""))
        {
            assert!(answer.starts_with("Digest "), "{answer:?}");
            if !field.contains(|letter: char| letter.is_control()) {
                // No header can bring a control character this far.
                assert!(!answer.contains(|letter: char| letter.is_control()), "{answer:?}");
                assert_eq!(parse_challenges(&answer).len(), 1, "{answer:?}");
            }
        }
    }
}

fn a_cookie_goes_to_nobody_else(text: &str) {
    const HOME: &str = "https://www.good.example/a/b";
    for line in [text.to_owned(), format!("a=b; {text}"), format!("a=b; Domain={text}"), format!("{text}; Path=/")] {
        let jar = CookieJar::new();
        let is_kept = jar.set(HOME, &line);
        assert!(jar.cookies().len() <= usize::from(is_kept), "{line:?}");
        for other in
            ["https://evil.example/a/b", "https://example/a/b", "https://notgood.example/a/b", "https://1.2.3.4/a/b"]
        {
            assert_eq!(jar.header(other), None, "{line:?}");
        }
        if let Some(header) = jar.header(HOME) {
            assert!(!header.contains(['\r', '\n', '\0', ';']), "{line:?}: {header:?}");
        }
    }
}

fn ranges_are_apart_and_within_the_content(text: &str) {
    for field in [text.to_owned(), format!("bytes={text}")] {
        let Some(ranges) = parse_request_ranges(&field) else { continue };
        for length in [1, 1000, u64::MAX / 4] {
            let Ok(resolved) = resolve_ranges(&ranges, length) else { continue };
            assert!(!resolved.is_empty() && resolved.len() <= ranges.len(), "{field:?}");
            assert!(
                resolved.iter().all(|range| range.start < range.end && range.end <= length),
                "{field:?}: {resolved:?}"
            );
            for (at, range) in resolved.iter().enumerate() {
                let apart = |other: &std::ops::Range<u64>| other.end <= range.start || range.end <= other.start;
                assert!(resolved[at + 1..].iter().all(apart), "{field:?}: {resolved:?}");
            }
            let answer = ByteRanges::new(resolved, length, Some("text/plain"));
            let length_of = |piece| match piece {
                ByteRangesPiece::Framing(text) => text.len() as u64,
                ByteRangesPiece::Body(range) => range.end - range.start,
            };
            assert_eq!(answer.pieces().map(length_of).sum::<u64>(), answer.content_length());
        }
    }
}
