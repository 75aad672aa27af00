//! What we encode, others decode, and the other way round: Python's gzip and zlib, PyPI's brotli and zstandard.
//!
//! `FIREWHIRL_PYTHON` names a Python with these; without it the tests say that they were skipped.

#[path = "../../../tests/support/peers.rs"]
mod peers;
#[path = "http1/random.rs"]
mod random;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use firewhirl_http::content_coding::{ContentCoding, Decoder, Encoder, Flush};
use random::Random;

/// The Python that is asked.
struct Peer {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    fn start() -> Option<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/content_coding_against_python.py");
        let mut command = Command::new(peers::python()?);
        let mut child = command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (questions, answers) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Some(Self { child, questions, answers })
    }

    fn ask(&mut self, verb: &str, coding: &str, level: u8, data: &[u8]) -> Vec<u8> {
        writeln!(self.questions, "{verb} {coding} {level} {}", data.len()).unwrap();
        self.questions.write_all(data).unwrap();
        self.questions.flush().unwrap();
        let mut length = String::new();
        self.answers.read_line(&mut length).unwrap();
        let mut answer = vec![0; length.trim().parse().expect("an answer")];
        self.answers.read_exact(&mut answer).unwrap();
        answer
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It has answered everything, or the test has failed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn built() -> impl Iterator<Item = ContentCoding> {
    ContentCoding::ALL.into_iter().filter(|coding| coding.is_supported())
}

/// Bodies of many lengths, some of which compress and some do not.
fn bodies(seed: u64) -> impl Iterator<Item = Vec<u8>> {
    let mut random = Random(seed);
    [0, 1, 10, 1_000, 40_000].into_iter().flat_map(move |length| {
        let noise: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        let text = (0..length).map(|_| b"etaoin shrdlu"[random.below(13)]).collect();
        [noise, text, vec![b'x'; length]]
    })
}

#[test]
fn others_decode_what_we_encode() {
    let Some(mut python) = Peer::start() else { return };
    let mut random = Random(1);
    for coding in built() {
        for (body, level) in bodies(2).zip(coding.levels().cycle()) {
            for length in [None, Some(body.len() as u64)] {
                let mut encoder = Encoder::new(coding, level, length).unwrap();
                let mut coded = Vec::new();
                let mut rest = &body[..];
                while !rest.is_empty() {
                    let (piece, after) = rest.split_at(1 + random.below(rest.len()));
                    let flush = if random.below(2) == 0 { Flush::Sync } else { Flush::None };
                    encoder.encode(piece, flush, &mut coded).unwrap();
                    rest = after;
                }
                encoder.encode(b"", Flush::Finish, &mut coded).unwrap();
                let decoded = python.ask("decode", coding.token(), level, &coded);
                assert!(decoded == body, "{coding} at level {level}, {} bytes", body.len());
            }
        }
    }
}

#[test]
fn we_decode_what_others_encode() {
    let Some(mut python) = Peer::start() else { return };
    let mut random = Random(3);
    let also: &[(&str, &str)] = &[("x-gzip", "gzip"), ("bare", "deflate"), ("frames", "zstd")];
    for coding in built() {
        let others = also.iter().filter(|(_, of)| *of == coding.token()).map(|(name, _)| *name);
        for name in others.chain([coding.token()]) {
            for (body, level) in bodies(4).zip(coding.levels().cycle()) {
                let coded = python.ask("encode", name, level, &body);
                let mut decoder = Decoder::new(&[coding]).unwrap();
                let (mut decoded, mut rest) = (Vec::new(), &coded[..]);
                while !rest.is_empty() {
                    let (piece, after) = rest.split_at(1 + random.below(rest.len()));
                    decoder.push(piece.to_vec().into());
                    while let Some(chunk) = decoder.next_chunk().unwrap() {
                        decoded.extend_from_slice(&chunk);
                    }
                    rest = after;
                }
                decoder.finish().unwrap();
                assert!(decoded == body, "{name} at level {level}, {} bytes", body.len());
            }
        }
    }
}
