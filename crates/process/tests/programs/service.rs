//! A service for the tests to start, to supervise and to kill: `process-test-program MODE ..`.
//!
//! It prints "listening on PORT" once it is bound, answers `GET /` with its process number, its task's
//! number and its version, and misbehaves on request. Its version is what follows the last `VERSION=` in
//! its own executable, so that a copy with some more bytes is a newer version.

use std::env;
use std::io::{Read, Seek, SeekFrom};
use std::process::Command;
use std::time::Duration;

use firewhirl_event::{Error, IoLoop, Result, Signal, coroutine};
use firewhirl_http::{Exchange, Headers, HttpServer};
use firewhirl_process::{PidFile, Supervisor, drop_privileges, fork_processes, notify, task_id};
use firewhirl_tcp::{BindOptions, Listener, bind_sockets, handover};
use http::StatusCode;

fn main() -> Result {
    let filter = tracing_subscriber::filter::LevelFilter::INFO;
    tracing_subscriber::fmt().with_max_level(filter).with_writer(std::io::stderr).with_ansi(false).init();
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["serve", port] => serve(bind(port)?),
        ["serve-everywhere", port] => {
            HttpServer::new(async || Ok(answer)).drain_on_signals(DRAIN)?.listen(port.parse()?)?;
            IoLoop::current().start()
        }
        ["serve-unix", path] => serve_unix(path),
        // With a worker a socket.
        ["workers", count, port] => {
            let options = BindOptions::default().address("127.0.0.1").reuse_port(true);
            let build = async || {
                notify::watchdog();
                Ok(answer)
            };
            let server = HttpServer::new(build).bind_with(port.parse()?, &options)?;
            println!("listening on {}", server.port().unwrap_or_default());
            server.drain_on_signals(DRAIN)?.start(count.parse()?)?;
            IoLoop::current().start()
        }
        ["named", name] => serve(handover::take(name)),
        ["unclaimed", port] => {
            let sockets = bind(port)?;
            for socket in handover::inherited() {
                println!("unclaimed {socket}");
            }
            println!("closed {}", handover::close_unclaimed().len());
            serve(sockets)
        }
        ["fork", count, port, ref options @ ..] => fork(count.parse()?, port, options),
        ["fork-plainly", count, port] => {
            let mut sockets = bind(port)?;
            fork_processes(count.parse()?, &mut sockets)?;
            serve(sockets)
        }
        ["pid-file", path] => {
            let _file = PidFile::create(path)?;
            println!("held");
            std::io::stdin().read_to_end(&mut Vec::new())?;
            Ok(())
        }
        ["become", user, ref group @ ..] => {
            // A thread that is there before, to become the user too.
            let (go, told) = std::sync::mpsc::channel();
            let other = std::thread::spawn(move || {
                let () = told.recv()?;
                print_identity()
            });
            drop_privileges(user, group.first().copied())?;
            print_identity()?;
            go.send(())?;
            other.join().unwrap_or_else(|_| Err(Error::message("the thread panicked")))
        }
        ["task"] => {
            println!("{:?}", task_id());
            Ok(())
        }
        ["say", ref states @ ..] => {
            handover::notify(&states.join("\n"))?;
            Ok(())
        }
        // Another process says it, which nobody has asked.
        ["have-said", ref states @ ..] => {
            Command::new(env::current_exe()?).arg("say").args(states).status()?;
            Ok(())
        }
        _ => Err(Error::message(format!("what is {arguments:?}?"))),
    }
}

/// Who this thread is, by what the kernel says.
fn print_identity() -> Result {
    for line in std::fs::read_to_string("/proc/thread-self/status")?.lines() {
        if ["Uid:", "Gid:", "Groups:"].iter().any(|key| line.starts_with(key)) {
            println!("{line}");
        }
    }
    Ok(())
}

/// Serves in several processes, supervised as the options say.
fn fork(count: usize, port: &str, options: &[&str]) -> Result {
    let mut sockets = bind(port)?;
    let mut supervisor = Supervisor::new(count).sockets(&mut sockets);
    let mut dies = None;
    let mut pid_file = None;
    let mut user = None;
    for option in options {
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        let seconds = || value.parse().map(Duration::from_secs_f64);
        match name {
            "max_restarts" => supervisor = supervisor.max_restarts(value.parse()?, Duration::from_secs(60)),
            "back_off" => supervisor = supervisor.back_off(seconds()?),
            "drain_limit" => supervisor = supervisor.drain_limit(seconds()?),
            "ready_limit" => supervisor = supervisor.ready_limit(seconds()?),
            "watchdog" => supervisor = supervisor.watchdog(seconds()?),
            "pid_file" => pid_file = Some(PidFile::create(value)?),
            "user" => user = Some(value),
            "dies" => dies = Some(value.parse()?),
            _ => return Err(Error::message(format!("what is {option}?"))),
        }
    }
    supervisor.start()?;
    if let Some(user) = user {
        drop_privileges(user, None)?;
    }
    // A child's is none.
    drop(pid_file);
    if let Some(status) = dies {
        std::process::exit(status);
    }
    IoLoop::current().on_signal(Signal::Hangup, || tracing::info!("process {} got SIGHUP", std::process::id()))?;
    serve(sockets)
}

const DRAIN: Duration = Duration::from_secs(20);

fn bind(port: &str) -> Result<Vec<Listener>> {
    let sockets = bind_sockets(port.parse()?, &BindOptions::default().address("127.0.0.1"))?;
    for socket in &sockets {
        println!("listening on {}", socket.local_addr()?.port());
    }
    Ok(sockets.into_iter().map(Into::into).collect())
}

fn serve(sockets: Vec<Listener>) -> Result {
    notify::watchdog();
    HttpServer::new(async || Ok(answer)).drain_on_signals(DRAIN)?.add_sockets(sockets)?;
    IoLoop::current().start()
}

fn serve_unix(path: &str) -> Result {
    HttpServer::new(async || Ok(answer)).drain_on_signals(DRAIN)?.listen_unix(path)?;
    println!("listening on {path}");
    IoLoop::current().start()
}

async fn answer(exchange: &mut Exchange) -> Result {
    let path = exchange.request.path().to_owned();
    let words: Vec<&str> = path.trim_matches('/').split('/').collect();
    match *words {
        ["exit", code] => std::process::exit(code.parse()?),
        ["hang"] => std::thread::sleep(Duration::from_secs(3600)),
        ["slow", milliseconds] => coroutine::sleep(Duration::from_millis(milliseconds.parse()?)).await,
        _ => {}
    }
    let task = task_id().map_or("none".to_owned(), |task| task.to_string());
    let text = match *words {
        ["grandchild"] => {
            let output = Command::new(env::current_exe()?).arg("task").output()?;
            String::from_utf8_lossy(&output.stdout).into_owned()
        }
        ["name"] => std::fs::read_to_string("/proc/self/comm")?,
        _ => format!("{} {task} {}", std::process::id(), version()?),
    };
    let mut headers = Headers::new();
    headers.set("Content-Length", text.len())?;
    Ok(exchange.connection.respond(StatusCode::OK, None, &headers, text.as_bytes())?)
}

/// What follows the last `VERSION=` at the end of the executable, "1" where nothing does.
fn version() -> Result<String> {
    let mut executable = std::fs::File::open("/proc/self/exe")?;
    executable.seek(SeekFrom::End(-64))?;
    let mut end = Vec::new();
    executable.read_to_end(&mut end)?;
    let end = String::from_utf8_lossy(&end);
    Ok(end.rsplit_once("VERSION=").map_or("1", |(_, version)| version).trim().to_owned())
}
