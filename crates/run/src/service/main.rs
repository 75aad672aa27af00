//! A service from its command line to its last answer.

use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;
use std::time::Duration;

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{Error, IoLoop, Result, Signal, log_targets, watchdog};
use firewhirl_http::{BuildApplication, HttpServer, Readiness, Serve, ServerOptions, Stage};
use firewhirl_process::{PidFile, Supervisor, drop_privileges, notify, task_id, user_and_group};
use firewhirl_tcp::{BindOptions, Listener, bind_unix_socket, handover, is_rehearsal};

use super::MainOptions;
use super::secure::Secure;
use crate::health::Health;
use crate::log;
use crate::metrics::Metrics;
use crate::options::{Sources, options};

/// Runs a service: all that the `main` of most programs has to do.
///
/// The command line says what is to be otherwise than by default: see [`MainOptions`] and `--help`.
/// [`Main`] is the same with settings of the program's own.
///
/// # Errors
///
/// An option that is not understood, a port that is taken, an application that fails to start.
///
/// # Examples
///
/// ```no_run
/// use firewhirl_event::Result;
/// use firewhirl_web::Application;
///
/// async fn app() -> Result<Application> {
///     Ok(Application::new().get("/", async |cx| cx.write("Hello, world")))
/// }
///
/// fn main() -> Result {
///     firewhirl_run::main(app)
/// }
/// ```
#[track_caller]
pub fn main<Application, Builder>(application: Builder) -> Result
where
    Application: Serve,
    Builder: BuildApplication<Application> + Clone + Send,
{
    Main::new(application).run()
}

/// A service that is about to run, with settings of the program's own.
///
/// What happens in [`run`](Main::run), in this order:
///
/// 1. The options are read: a config file, the environment, the command line, the last of which wins.
/// 2. The log is set up.
/// 3. Certificates are read, the sockets are bound, or taken over from whoever started the program.
/// 4. The pid file is written, privileges are dropped.
/// 5. With `processes`, this process supervises from here on, and its children go on.
/// 6. The loops are watched for what blocks them.
/// 7. Each worker builds the application and serves. systemd, or whoever asked, is told that it is ready.
/// 8. On SIGTERM or SIGINT systemd is told that the service ends, nothing new is accepted, and when what was
///    accepted is answered, `run` returns.
///
/// # Examples
///
/// ```no_run
/// use firewhirl_event::Result;
/// use firewhirl_http::ServerOptions;
/// use firewhirl_run::Main;
/// use firewhirl_run::options::define;
/// use firewhirl_web::Application;
///
/// fn main() -> Result {
///     let greeting = define("greeting", "Hello").help("what the page says");
///     let app = async move || {
///         let greeting = greeting.get();
///         Ok(Application::new().get("/", async move |cx| cx.write(greeting.clone())))
///     };
///     Main::new(app).port(9000).environment("GREETER").server(ServerOptions::new().max_body_size(1 << 20)).run()
/// }
/// ```
#[must_use = "nothing runs until `run` is called"]
pub struct Main<Builder> {
    builder: Builder,
    server: ServerOptions,
    health: Health,
    port: u16,
    environment: Option<String>,
}

impl<Builder> Main<Builder> {
    /// A service of the application that `builder` builds, once on each worker's loop.
    pub fn new<Application: Serve>(builder: Builder) -> Self
    where
        Builder: BuildApplication<Application> + Clone + Send,
    {
        Self { builder, server: ServerOptions::new(), health: Health::new(), port: 8888, environment: None }
    }

    /// The port to listen on if no option says otherwise. Default: 8888.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Reads options from environment variables with this prefix too: with `BLOG`, `BLOG_PORT=80` is
    /// `--port=80`. Default: none are read.
    pub fn environment(mut self, prefix: impl Into<String>) -> Self {
        self.environment = Some(prefix.into());
        self
    }

    /// What no option of the command line sets: limits and timeouts. Default: those of
    /// [`ServerOptions`].
    pub fn server(mut self, options: ServerOptions) -> Self {
        self.server = options;
        self
    }

    /// What `/readyz` asks beside the server itself, where `metrics_port` is given: checks of the program's own.
    pub fn health(mut self, health: Health) -> Self {
        self.health = health;
        self
    }

    /// Runs the service until it is told to end.
    ///
    /// # Errors
    ///
    /// As [`main`] has them.
    ///
    /// # Panics
    ///
    /// If the program has defined an option with the name of one of [`MainOptions`].
    #[track_caller]
    pub fn run<Application: Serve>(self) -> Result
    where
        Builder: BuildApplication<Application> + Clone + Send,
    {
        let options = self.read_options()?;
        let socket_file = options.unix_socket.get().filter(|path| !is_inherited(path));
        let secure = Secure::read(&options)?;
        let mut sockets = bind(&options, &secure)?;
        // Of several processes the one that supervises has it; it lasts until the service ends.
        let _pid_file = options.pid_file.get().map(PidFile::create).transpose()?;
        if let Some(user) = options.user.get() {
            become_user(&user, options.group.get().as_deref(), socket_file.as_deref())?;
        }
        // Also where the parent has been told of several, and the config file says otherwise by now.
        if options.processes.get() != 1 || task_id().is_some() {
            supervisor(&options).on_hangup(reopen_logs).sockets(&mut sockets).start()?;
        }
        watchdog::set_blocking_log_threshold_for_all_loops(options.blocking_log_threshold.get());
        let Self { builder, server, health, .. } = self;
        let server = server.xheaders(options.xheaders.get()).trusted_downstream(options.trusted_downstream.get());
        let application = async move || {
            // On each worker's loop: if one of them hangs, the service does.
            notify::watchdog();
            builder().await
        };
        let server = secure
            .apply(HttpServer::new(application).options(server))?
            .shutdown_delay(options.shutdown_delay.get())
            .with_sockets(sockets)
            .start(options.workers.get())?
            .drain_on_signals(options.shutdown_limit.get())?;
        tracing::info!(target: log_targets::GEN, "listening on {}", place(&options, &secure, server.port().unwrap_or_default()));
        if let Some(port) = options.metrics_port.get() {
            serve_metrics(port, health, server.handle().readiness())?;
        }
        IoLoop::current().on_signal(Signal::Hangup, reopen_logs)?;
        // Its default is death, of which a `pkill` that means the parent, or a reload, is no reason.
        IoLoop::current().on_signal(Signal::User2, || {
            let advice = "it is for the parent of `--processes`";
            tracing::warn!(target: log_targets::GEN, "SIGUSR2 replaces nothing here; {advice}");
        })?;
        for signal in [Signal::Terminate, Signal::Interrupt] {
            IoLoop::current().on_signal(signal, notify::stopping)?;
        }
        IoLoop::current().start()
    }

    /// Adds the options of every service to the program's own, and reads them all.
    #[track_caller]
    fn read_options(&self) -> Result<MainOptions> {
        let parser = options();
        let defined = MainOptions::define(parser, self.port);
        let mut sources = Sources::new();
        if let Some(prefix) = &self.environment {
            sources = sources.environment(prefix);
        }
        match parser.load(sources)?.first() {
            None => Ok(defined),
            Some(argument) => {
                Err(Error::message(format!("unexpected argument {argument:?}; --help lists the options")))
            }
        }
    }
}

/// The sockets that the service listens on.
fn bind(options: &MainOptions, secure: &Secure) -> Result<Vec<Listener>> {
    let bind_options = BindOptions::default().address(options.address.get());
    let bound = match options.unix_socket.get() {
        Some(path) => bind_unix_socket(path, 0o660, &bind_options).map(|socket| vec![socket.into()]),
        None => Listener::bind(options.port.get(), &bind_options),
    };
    bound.map_err(|error| {
        Error::message(format!("cannot listen on {}: {error}", place(options, secure, options.port.get())))
    })
}

/// What starts the processes of the service, and starts them again.
fn supervisor(options: &MainOptions) -> Supervisor {
    /// What a process may take to end beyond the limits that it sets itself.
    const MORE: Duration = Duration::from_secs(5);

    let limit = options.shutdown_delay.get() + options.shutdown_limit.get() + MORE;
    let supervisor = Supervisor::new(options.processes.get()).drain_limit(limit);
    // The service manager hears of this process alone, which would go on giving signs while a child hangs.
    match notify::watchdog_interval() {
        Some(interval) => supervisor.watchdog(interval),
        None => supervisor,
    }
}

/// Becomes another user, to whom the log files and the file of the socket then belong: processes that are
/// started later open the ones again, and a proxy in front that is of the user's group may use the other.
fn become_user(user: &str, group: Option<&str>, socket_file: Option<&Path>) -> Result {
    if !is_rehearsal() {
        let (user_id, group_id) = user_and_group(user, group)?;
        log::hand_over(user_id, group_id)?;
        // No link is followed: the folder may be the user's, who could put one there.
        if let Some(path) = socket_file.filter(|path| path.symlink_metadata().is_ok_and(|file| file.uid() == 0)) {
            lchown(path, Some(user_id), Some(group_id))?;
        }
    }
    Ok(drop_privileges(user, group)?)
}

/// Whether whoever started this process has made the socket of this file, and said whose it is.
fn is_inherited(path: &Path) -> bool {
    let file = path.canonicalize().ok();
    file.is_some()
        && handover::inherited()
            .iter()
            .any(|socket| socket.path.as_ref().and_then(|own| own.canonicalize().ok()) == file)
}

/// Goes on in the files that now have the names of the logs, as `logrotate` wants it.
fn reopen_logs() {
    if let Err(error) = log::reopen() {
        tracing::error!(target: log_targets::GEN, "the log goes on where it was: {error}");
    }
}

/// Where the service listens, for a person to read.
fn place(options: &MainOptions, secure: &Secure, port: u16) -> String {
    let address = options.address.get();
    let scheme = if secure.is_on() { "https" } else { "http" };
    match options.unix_socket.get() {
        Some(path) => path.display().to_string(),
        None if address.is_empty() => format!("{scheme}://localhost:{port}"),
        None if address.contains(':') => format!("{scheme}://[{address}]:{port}"),
        None => format!("{scheme}://{address}:{port}"),
    }
}

/// The port for the figures of one of several processes: the first has the one that was given, each other
/// the one after its predecessor's.
fn port_of_task(first: u16, task: usize) -> io::Result<u16> {
    let port = if first == 0 { Some(0) } else { u16::try_from(usize::from(first) + task).ok() };
    port.ok_or_else(|| {
        let text = format!("metrics_port={first} leaves no port for process {task}; give a lower one");
        io::Error::new(io::ErrorKind::InvalidInput, text)
    })
}

/// Listens for those who ask for figures, and answers once the service itself is ready: whoever started
/// this program takes the first answer as a sign of that.
fn serve_metrics(port: u16, health: Health, server: Readiness) -> io::Result<()> {
    /// How often it is looked whether the service is ready.
    const LOOK_AGAIN: Duration = Duration::from_millis(20);

    let mut options = BindOptions::default().address("127.0.0.1");
    let (mut port, mut metrics) = (port, Metrics::new());
    if let Some(task) = task_id() {
        // Its successor, when the executable is replaced, has the same port a while before it ends.
        options = options.reuse_port(true);
        port = port_of_task(port, task)?;
        metrics = metrics.label("task", task.to_string());
    }
    let sockets = Listener::bind(port, &options).map_err(|error| {
        io::Error::new(error.kind(), format!("cannot listen on http://127.0.0.1:{port} for metrics: {error}"))
    })?;
    IoLoop::current().spawn_callback(async move {
        while server.stage() == Stage::Starting {
            sleep(LOOK_AGAIN).await;
        }
        let health = health.server(server);
        let application = async move || Ok(metrics.application(&health));
        HttpServer::new(application).add_sockets(sockets)?;
        Ok(())
    });
    Ok(())
}
