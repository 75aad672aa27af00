//! The server over networks that split, delay, cut short and reset: what arrives is always a
//! beginning of what was to arrive, and nothing hangs or panics.
//!
//! A seed that fails is printed; `FIREWHIRL_SEED=N` runs it alone, `FIREWHIRL_SEEDS=N` sets how many run.

mod support;

use firewhirl_event::iostream::MemoryPair;
use firewhirl_event::{IoLoop, StreamError};
use firewhirl_http::ServerOptions;
use support::{connect_over, run};

/// A cheap source of numbers that are always the same for a seed (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % end as u64) as usize
    }
}

/// Requests of every kind, pipelined, and the answers that belong to them.
fn conversation(numbers: &mut Numbers) -> (Vec<u8>, Vec<u8>) {
    let (mut requests, mut answers) = (Vec::new(), Vec::new());
    let count = 1 + numbers.below(8);
    for number in 0..count {
        let last = if number + 1 == count { "Connection: close\r\n" } else { "" };
        let size = 1 << numbers.below(15);
        let body = vec![b'a' + number as u8; numbers.below(size)];
        let mut answer = |body: &[u8]| {
            answers.extend_from_slice(
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{last}\r\n", body.len()).as_bytes(),
            );
            answers.extend_from_slice(body);
        };
        match numbers.below(4) {
            0 => {
                requests.extend_from_slice(format!("GET /n{number} HTTP/1.1\r\nHost: a\r\n{last}\r\n").as_bytes());
                answer(format!("GET /n{number}").as_bytes());
            }
            1 => {
                requests.extend_from_slice(format!("GET /later HTTP/1.1\r\nHost: a\r\n{last}\r\n").as_bytes());
                answer(b"later");
            }
            2 => {
                let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n{last}\r\n", body.len());
                requests.extend_from_slice(head.as_bytes());
                requests.extend_from_slice(&body);
                answer(&body);
            }
            _ => {
                let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n{last}\r\n");
                requests.extend_from_slice(head.as_bytes());
                let step = 1 + numbers.below(5000);
                for chunk in body.chunks(step) {
                    requests.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    requests.extend_from_slice(chunk);
                    requests.extend_from_slice(b"\r\n");
                }
                requests.extend_from_slice(b"0\r\n\r\n");
                answer(&body);
            }
        }
    }
    (requests, answers)
}

/// Has the conversation over `pair`; what came back, and how it ended.
fn converse(pair: MemoryPair, requests: Vec<u8>) -> (Vec<u8>, Option<StreamError>) {
    let mut came = (Vec::new(), None);
    run(async {
        let (mut reader, writer) = connect_over(pair, ServerOptions::new()).split();
        IoLoop::current().spawn_callback(async move {
            writer.write(requests);
            // Refused where the network broke first.
            let _ = writer.flush().await;
            std::future::pending::<()>().await;
        });
        loop {
            match reader.read_bytes(64 * 1024).partial().await {
                Ok(bytes) => came.0.extend_from_slice(&bytes),
                Err(error) => {
                    came.1 = Some(error);
                    return Ok(());
                }
            }
        }
    });
    came
}

fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    match number("FIREWHIRL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("FIREWHIRL_SEEDS").unwrap_or(1000),
    }
}

#[test]
fn a_slow_network_changes_no_byte() {
    for seed in seeds() {
        let (requests, answers) = conversation(&mut Numbers(seed));
        let (came, _) = converse(MemoryPair::slow(seed), requests);
        assert!(came == answers, "FIREWHIRL_SEED={seed}");
    }
    println!("{} conversations over slow networks, no byte changed", seeds().count());
}

#[test]
fn a_broken_network_only_cuts_short() {
    let mut cut_short = 0;
    for seed in seeds() {
        let (requests, answers) = conversation(&mut Numbers(seed));
        let (came, _) = converse(MemoryPair::faulty(seed), requests);
        assert!(answers.starts_with(&came), "FIREWHIRL_SEED={seed}");
        cut_short += u32::from(came != answers);
    }
    println!("{} conversations over broken networks, {cut_short} cut short, none garbled", seeds().count());
}
