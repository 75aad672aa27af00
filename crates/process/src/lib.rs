//! Processes: what starts, replaces and watches them, and what they start. Tornado's `process` and
//! `autoreload`.

pub mod autoreload;
pub mod development;
mod fork_processes;
pub mod notify;
mod pid_file;
mod privileges;
mod service;
mod signals;
mod socket_store;
mod subprocess;
mod supervisor;
pub mod upgrade;

pub use fork_processes::{cpu_count, fork_processes};
pub use pid_file::{PidFile, PidFileError};
pub use privileges::{PrivilegesError, drop_privileges, user_and_group};
pub use service::{Service, ServiceEvent, ServiceOptions};
pub use socket_store::SocketStore;
pub use subprocess::{CalledProcessError, Subprocess};
pub use supervisor::{Supervisor, SupervisorError, task_id};
