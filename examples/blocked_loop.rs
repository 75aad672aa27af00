//! A site whose handlers block the loop in three ways, and a log that names the line of each while it does.
//!
//!     cargo run --example blocked_loop
//!     cargo run --release --example blocked_loop -- --port=8888 --threshold=50ms
//!
//! Then `curl localhost:8888/nap`: half a second in which nobody else is answered, and the log says why:
//! the line, the handler, the route and the request, that it is asleep in a system call, and what to do in its
//! place. `/sum` burns CPU, `/read?path=FILE` reads a file (try a FIFO, made by `mkfifo`, that nobody writes
//! to). `/fine/nap`, `/fine/sum` and `/fine/read?path=FILE` do the same and block nobody.

use std::time::{Duration, Instant};
use std::{fs, io, thread};

use firewhirl::prelude::*;
use firewhirl::run::options::{define, parse_command_line};

const HALF_A_SECOND: Duration = Duration::from_millis(500);

/// Naps, as code does that was written for threads.
#[derive(Clone)]
struct Nap;

impl Handler for Nap {
    async fn get(&mut self, cx: &Context) -> Result {
        thread::sleep(HALF_A_SECOND); // blocks: a nap
        cx.write("had a nap\n")
    }
}

async fn sum(cx: &Context) -> Result {
    cx.write(format!("{}\n", sum_for(HALF_A_SECOND)))
}

fn sum_for(time: Duration) -> u64 {
    let (started, mut sum) = (Instant::now(), 0_u64);
    while started.elapsed() < time {
        for number in 0..1_000_000 {
            sum = sum.rotate_left(5) ^ number; // blocks: a sum
        }
    }
    sum
}

async fn read(cx: &Context) -> Result {
    cx.write(first_line(&cx.argument("path")?)?)
}

fn first_line(path: &str) -> io::Result<String> {
    let text = fs::read_to_string(path)?; // blocks: a file
    Ok(text.lines().next().unwrap_or_default().to_owned() + "\n")
}

async fn fine_nap(cx: &Context) -> Result {
    sleep(HALF_A_SECOND).await;
    cx.write("had a nap\n")
}

async fn fine_sum(cx: &Context) -> Result {
    let sum = IoLoop::current().run_in_executor(|| sum_for(HALF_A_SECOND)).await?;
    cx.write(format!("{sum}\n"))
}

async fn fine_read(cx: &Context) -> Result {
    let path = cx.argument("path")?;
    cx.write(IoLoop::current().run_in_executor(move || first_line(&path)).await??)
}

async fn app() -> Result<Application> {
    Ok(Application::new()
        .route("/nap", Nap)
        .get("/sum", sum)
        .get("/read", read)
        .get("/fine/nap", fine_nap)
        .get("/fine/sum", fine_sum)
        .get("/fine/read", fine_read))
}

fn main() -> Result {
    let port = define("port", 8888_u16).help("port to listen on");
    let threshold =
        define("threshold", Duration::from_millis(50)).help("how long a step of the loop may take unseen; 0: for ever");
    parse_command_line()?;
    let server = HttpServer::new(app).listen(port.get())?;
    println!("listening on {}", server.url());
    let io_loop = IoLoop::current();
    io_loop.set_blocking_log_threshold(threshold.get());
    io_loop.start()
}
