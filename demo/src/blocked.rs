//! What happens when a handler computes on the loop, and what the log says while it does; and the same
//! work given to the executor, where it is in nobody's way.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use firewhirl::event::watchdog::BlockedLoop;
use firewhirl::prelude::*;

/// How long the work takes: much longer than a loop's step should.
const WORK: Duration = Duration::from_millis(300);

pub(crate) fn routes(site: Application, threshold: Duration) -> Application {
    // The log has the report as well; this is for those who look at the page.
    let last = Arc::new(Mutex::new(String::from("nothing has blocked the loop")));
    let kept = last.clone();
    let keep = move |blocked: &BlockedLoop| *kept.lock().unwrap() = blocked.to_string();
    IoLoop::current().set_blocking_signal_threshold(threshold, keep);

    site.post("/blocked/on-the-loop", async |cx| cx.write(format!("{} primes\n", count_primes())))
        .post("/blocked/in-the-executor", async |cx| {
            let primes = IoLoop::current().run_in_executor(count_primes).await?;
            cx.write(format!("{primes} primes\n"))
        })
        .get("/blocked/report", async move |cx| {
            cx.set_header("Content-Type", "text/plain; charset=utf-8")?;
            cx.write(last.lock().unwrap().as_str())
        })
}

/// Computes for as long as [`WORK`] says.
fn count_primes() -> u64 {
    let end = Instant::now() + WORK;
    let is_prime = |number: u64| {
        (2..).take_while(|divisor| divisor * divisor <= number).all(|divisor| !number.is_multiple_of(divisor))
    };
    let (mut number, mut primes) = (2, 0);
    while Instant::now() < end {
        primes += u64::from(is_prime(number));
        number += 1;
    }
    primes
}
