//! The options that a service has when [`main`](crate::main()) runs it, beside those that the program
//! itself defines and those of the [log](crate::log).

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::options::{Defined, OptionParser};

/// The group under which `--help` shows them.
const GROUP: &str = "server";

/// What a service is told by its options.
///
/// | option | default | |
/// |---|---|---|
/// | `port` | 8888 | the port to listen on; 0 asks the system for a free one |
/// | `address` | every interface | the address or host name to listen on |
/// | `unix_socket` | | a Unix socket to listen on, in place of a port |
/// | `certfile` | | the certificate, in PEM: the service speaks HTTPS; read again on SIGHUP and when it has changed |
/// | `keyfile` | | its private key, if it is not in `certfile` |
/// | `ca_certs` | | who issues the certificates that clients are asked for |
/// | `cert_reqs` | `required` with `ca_certs` | whether clients need one: `none`, `optional`, `required` |
/// | `workers` | 1 | threads, each with a loop and an application of its own; 0: one a CPU |
/// | `processes` | 1 | processes, restarted when they die; 0: one a CPU |
/// | `xheaders` | off | believe `X-Real-Ip`, `X-Forwarded-For`, `X-Scheme` and `X-Forwarded-Proto` of a proxy in front |
/// | `trusted_downstream` | | addresses of further proxies, passed over in `X-Forwarded-For` |
/// | `shutdown_limit` | 10 s | how long requests in progress may take to end after SIGTERM |
/// | `shutdown_delay` | 0 s | how long the service says that it is unready, and serves on, before that |
/// | `pid_file` | | a file that holds the process's id while it runs |
/// | `user`, `group` | | whom to become once the sockets are bound |
/// | `blocking_log_threshold` | 50 ms | a loop that is blocked for longer is logged with its stack; 0: never |
/// | `metrics_port` | | a port of this machine's own interface that answers `/metrics`, `/healthz` and `/readyz`; of several processes the first has it, the next the one after it |
/// | `config` | | a file of options |
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MainOptions {
    /// The port to listen on.
    pub port: Defined<u16>,
    /// The address or host name to listen on; empty: every interface.
    pub address: Defined<String>,
    /// A Unix socket to listen on, in place of a port.
    pub unix_socket: Defined<Option<PathBuf>>,
    /// The file of the certificate.
    pub certfile: Defined<Option<PathBuf>>,
    /// The file of its key.
    pub keyfile: Defined<Option<PathBuf>>,
    /// The file of those who issue clients' certificates.
    pub ca_certs: Defined<Option<PathBuf>>,
    /// Whether clients need certificates.
    pub cert_reqs: Defined<String>,
    /// Threads; 0: one a CPU.
    pub workers: Defined<usize>,
    /// Processes; 0: one a CPU.
    pub processes: Defined<usize>,
    /// Whether a proxy in front is believed.
    pub xheaders: Defined<bool>,
    /// Further proxies.
    pub trusted_downstream: Defined<Vec<IpAddr>>,
    /// How long requests in progress may take to end.
    pub shutdown_limit: Defined<Duration>,
    /// How long the service is unready before it ends.
    pub shutdown_delay: Defined<Duration>,
    /// A file that holds the process's id.
    pub pid_file: Defined<Option<PathBuf>>,
    /// The user to become.
    pub user: Defined<Option<String>>,
    /// The group to become.
    pub group: Defined<Option<String>>,
    /// From when on a blocked loop is logged; zero: never.
    pub blocking_log_threshold: Defined<Duration>,
    /// The port of the metrics.
    pub metrics_port: Defined<Option<u16>>,
    /// A file of options.
    pub config: Defined<Option<PathBuf>>,
}

impl MainOptions {
    /// Adds the options to a set; [`Main`](crate::Main) does so with the program's.
    ///
    /// # Panics
    ///
    /// If the set has an option of one of these names.
    #[track_caller]
    pub fn define(parser: &OptionParser, port: u16) -> Self {
        Self {
            port: parser.define("port", port).group(GROUP).help("port to listen on; 0 asks for a free one"),
            address: parser.define("address", "").group(GROUP).help("address to listen on, every interface if empty"),
            unix_socket: parser
                .define("unix_socket", None::<PathBuf>)
                .group(GROUP)
                .metavar("PATH")
                .help("Unix socket to listen on, in place of a port"),
            certfile: parser
                .define("certfile", None::<PathBuf>)
                .group(GROUP)
                .metavar("PATH")
                .help("certificate in PEM, to speak HTTPS with"),
            keyfile: parser
                .define("keyfile", None::<PathBuf>)
                .group(GROUP)
                .metavar("PATH")
                .help("private key of the certificate, if it is in a file of its own"),
            ca_certs: parser
                .define("ca_certs", None::<PathBuf>)
                .group(GROUP)
                .metavar("PATH")
                .help("certificates of those who issue the certificates that clients are asked for"),
            cert_reqs: parser
                .define("cert_reqs", "")
                .group(GROUP)
                .help("whether clients need certificates: none, optional or required; with ca_certs required"),
            workers: parser.define("workers", 1_usize).group(GROUP).help("threads, each with a loop; 0: one a CPU"),
            processes: parser
                .define("processes", 1_usize)
                .group(GROUP)
                .help("processes, restarted when they die; 0: one a CPU"),
            xheaders: parser
                .define("xheaders", false)
                .group(GROUP)
                .help("believe X-Real-Ip, X-Forwarded-For, X-Scheme and X-Forwarded-Proto of a proxy in front"),
            trusted_downstream: parser
                .define("trusted_downstream", Vec::<IpAddr>::new())
                .group(GROUP)
                .help("further proxies, passed over in X-Forwarded-For"),
            shutdown_limit: parser
                .define("shutdown_limit", Duration::from_secs(10))
                .group(GROUP)
                .help("how long requests in progress may take to end after SIGTERM"),
            shutdown_delay: parser
                .define("shutdown_delay", Duration::ZERO)
                .group(GROUP)
                .help("how long /readyz says no, while all is still served, before the shutdown"),
            pid_file: parser
                .define("pid_file", None::<PathBuf>)
                .group(GROUP)
                .metavar("PATH")
                .help("file that holds the process id"),
            user: parser.define("user", None::<String>).group(GROUP).help("user to become once sockets are bound"),
            group: parser.define("group", None::<String>).group(GROUP).help("group to become; the user's if not given"),
            blocking_log_threshold: parser
                .define("blocking_log_threshold", Duration::from_millis(50))
                .group(GROUP)
                .help("log what blocks a loop for longer than this; 0: never"),
            metrics_port: parser.define("metrics_port", None::<u16>).group(GROUP).help(
                "port of 127.0.0.1 that answers /metrics, /healthz and /readyz; of several processes the first one's",
            ),
            config: parser
                .define("config", None::<PathBuf>)
                .group(GROUP)
                .metavar("PATH")
                .help("file of options; the environment and the command line are stronger"),
        }
    }
}
