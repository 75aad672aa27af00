//! Restarts the program when its source changes, and tells browsers about it. Tornado's `autoreload`.
//!
//! Most programs do not come here: the setting `autoreload` of an application, or `debug`, does all of
//! it. It watches every source the executable was made of (cargo lists them beside it), the manifests, and
//! what [`watch`] was given. After a change cargo builds in the background while the program serves on; when
//! that went well, the program stops accepting, ends the requests that it is at, and becomes the new one: the
//! same process, with the same arguments, on the same listening sockets, which stay open all the while. So
//! no client is refused. A build that fails leaves the program as it is.
//!
//! Under `firewhirl dev`, which also survives programs that do not start, the runner does the work, and this
//! module only speaks with it.
//!
//! It is for one process: where a supervisor has several, it stays off and says so.
//!
//! ```no_run
//! use firewhirl_process::autoreload;
//!
//! // A change of these restarts the program...
//! autoreload::watch("config.toml");
//! // ...and of these only loads the page again, since they are read afresh each time.
//! autoreload::watch_assets("templates");
//! autoreload::add_reload_hook(|| println!("back in a moment"));
//! autoreload::start();
//! ```

mod first;
mod in_program;
mod link;
mod registry;
mod restart;
mod shown;
mod start;

pub use registry::{add_reload_hook, watch, watch_assets};
pub use shown::progress;
pub use start::{is_run_by_runner, start, wait};
