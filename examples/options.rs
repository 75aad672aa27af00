//! A page that says which servers answer: what it watches, how often and how patiently are options, each
//! defined beside the code that uses it.
//!
//!     cargo run --example options -- --targets=localhost:22,example.com:443 --every=2s
//!
//! Then: curl localhost:8888
//!
//! The same can stand in a file (--config=watch.toml) or in the environment (WATCH_TARGETS=..); the
//! command line is stronger than the environment, and that than the file. --help lists the options.

use firewhirl::prelude::*;
use firewhirl::run::options::{self, Sources};

fn main() -> Result {
    let port = options::define("port", 8888_u16).help("port to listen on; 0 for any that is free");
    options::define("config", "").help("path to a config file, in TOML").metavar("PATH");
    options::load(Sources::new().environment("WATCH"))?;

    let server = HttpServer::new(watch::page).listen(port.get())?;
    println!("listening on port {}", server.port().unwrap_or(port.get()));
    IoLoop::current().start()
}

/// Knocks at servers, and remembers what they said. `main` knows nothing of its options.
mod watch {
    use std::collections::BTreeMap;
    use std::fmt::Write;
    use std::rc::Rc;
    use std::str::FromStr;
    use std::time::{Duration, Instant};

    use firewhirl::prelude::*;
    use firewhirl::run::options::declare_options;

    declare_options! {
        /// servers to knock at, by commas: HOST:PORT
        static TARGETS: Vec<Target> = Vec::<Target>::new(), metavar = "SERVERS";
        /// pause between two rounds
        static EVERY: Duration = Duration::from_secs(10), metavar = "TIME";
        /// longest wait for a server
        static PATIENCE: Duration = Duration::from_secs(2), metavar = "TIME";
    }

    /// Any type with `FromStr` and `Display` is an option's type.
    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
    struct Target {
        host: String,
        port: u16,
    }

    impl FromStr for Target {
        type Err = String;

        fn from_str(text: &str) -> Result<Self, String> {
            let (host, port) = text.rsplit_once(':').ok_or("a server is HOST:PORT")?;
            let port = port.parse().map_err(|error| format!("its port: {error}"))?;
            Ok(Self { host: host.to_owned(), port })
        }
    }

    impl std::fmt::Display for Target {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{}:{}", self.host, self.port)
        }
    }

    /// What is known of the servers: how long the last connection took, or why there was none.
    type Answers = Rc<Shared<BTreeMap<Target, Result<Duration, String>>>>;

    pub(crate) async fn page() -> Result<Application> {
        let answers = Answers::default();
        let known = answers.clone();
        IoLoop::current().spawn_callback(async move {
            loop {
                multi(TARGETS.get().into_iter().map(|target| knock(target, known.clone()))).await?;
                sleep(EVERY.get()).await;
            }
            #[allow(unreachable_code)]
            Result::Ok(())
        });
        Ok(Application::new().get("/", async move |cx| {
            let mut page = String::new();
            answers.with(|answers| {
                for (target, answer) in answers {
                    // Writing to text cannot fail.
                    let _ = match answer {
                        Ok(time) => writeln!(page, "{target} answers after {time:.1?}"),
                        Err(reason) => writeln!(page, "{target} DOWN: {reason}"),
                    };
                }
            });
            cx.set_header("Content-Type", "text/plain; charset=UTF-8")?;
            cx.write(page)
        }))
    }

    async fn knock(target: Target, known: Answers) -> Result {
        let begun = Instant::now();
        let connection = TcpClient::new().connect((target.host.as_str(), target.port)).timeout(PATIENCE.get()).await;
        let answer = connection.map(|_stream| begun.elapsed()).map_err(|error| error.to_string());
        known.with(|known| known.insert(target, answer));
        Ok(())
    }
}
