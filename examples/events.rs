//! What a command prints, line by line, in every browser that looks: server-sent events.
//!
//!     cargo run --example events [PORT [COMMAND ...]]
//!
//! Then open http://localhost:8888, or
//!
//!     curl -N http://localhost:8888/lines
//!
//! A browser that was cut off comes back by itself and misses no line, since it tells the number of the last one.

use std::process::{Command, Stdio};
use std::rc::Rc;

use firewhirl::event::StreamError;
use firewhirl::event::locks::Condition;
use firewhirl::http::event_stream::ServerSentEvent;
use firewhirl::prelude::*;
use firewhirl::process::Subprocess;

const PAGE: &str = r#"<!DOCTYPE html>
<title>What it prints</title>
<pre id="lines"></pre>
<script>
  const source = new EventSource("/lines");
  const print = text => document.getElementById("lines").append(text + "\n");
  source.onmessage = event => print(event.data);
  source.addEventListener("end", event => print("It has ended: " + event.data));
</script>
"#;

/// What was printed so far, in this worker.
#[derive(Default)]
struct Output {
    lines: Shared<Vec<String>>,
    returncode: Shared<Option<i32>>,
    news: Condition,
}

async fn app() -> Result<Application> {
    let output = Rc::new(Output::default());
    IoLoop::current().spawn_callback(run(command(), Rc::clone(&output)));
    Ok(Application::new().resource(output).get("/", async |cx| cx.write(PAGE)).get("/lines", lines))
}

/// Sends the lines that the browser has not seen, and those to come. The number of a line is its event's id.
async fn lines(cx: &Context) -> Result {
    let output = cx.resource::<Rc<Output>>()?;
    let mut seen: usize = cx.request.header("Last-Event-ID").and_then(|id| id.parse().ok()).unwrap_or(0);
    let count = || output.lines.with(|lines| lines.len());
    let returncode = || output.returncode.with(|returncode| *returncode);
    if returncode().is_some() && seen > count() {
        // It has seen the end too; with this status a browser does not come back.
        cx.set_status(204);
        return Ok(());
    }
    let events = cx.event_stream().await?;
    loop {
        while seen < count() {
            let line = output.lines.with(|lines| lines[seen].clone());
            seen += 1;
            events.send(ServerSentEvent::new(line).id(seen.to_string())).await?;
        }
        if let Some(returncode) = returncode() {
            let end = ServerSentEvent::new(returncode.to_string()).event("end").id((seen + 1).to_string());
            return events.send(end).await;
        }
        if events.wait(output.news.wait()).await?.is_none() {
            return Ok(());
        }
    }
}

/// Runs the command and keeps what it prints.
async fn run(mut command: Command, output: Rc<Output>) -> Result {
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut process = Subprocess::spawn_with_one_output(command)?;
    let mut printed = process.stdout.take().or_status(500)?;
    loop {
        let line = match printed.read_until(b"\n").await {
            Ok(line) => line,
            Err(StreamError::Closed { .. }) => break,
            Err(error) => return Err(error.into()),
        };
        let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
        output.lines.with(|lines| lines.push(line));
        output.news.notify_all();
    }
    let returncode = process.wait_for_returncode().await;
    output.returncode.with(|ended| *ended = Some(returncode));
    output.news.notify_all();
    Ok(())
}

/// The command of the command line, or one that says what time it is for a minute.
fn command() -> Command {
    let mut words = std::env::args().skip(2);
    let Some(program) = words.next() else {
        let mut clock = Command::new("sh");
        clock.args(["-c", "for second in $(seq 60); do date; sleep 1; done"]);
        return clock;
    };
    let mut command = Command::new(program);
    command.args(words);
    command
}

fn main() -> Result {
    let port = std::env::args().nth(1).map_or(Ok(8888), |port| port.parse())?;
    let server = HttpServer::new(app).listen(port)?;
    println!("listening on {}", server.url());
    IoLoop::current().start()
}
