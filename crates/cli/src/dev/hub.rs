//! The runner's end of what it and the copies of the program tell each other: a Unix socket, to which each
//! copy connects.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use firewhirl_event::IoLoop;
use firewhirl_process::development::{Progress, Wish};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};

use super::events::{Event, Events};

/// The socket, in a folder that only this user may enter, for as long as this lives.
pub(super) struct Hub {
    folder: PathBuf,
}

impl Hub {
    /// Tells every program that connects how the development stands, and hears what it wants watched.
    ///
    /// # Errors
    ///
    /// What the system says of the folder for temporary files.
    pub(super) fn open(progress: Progress, events: Events) -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("firewhirl-dev-{}", std::process::id()));
        // One that a process with our number left behind.
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let hub = Self { folder };
        let socket = UnixListener::bind(hub.socket())?;
        IoLoop::current().spawn_callback(async move {
            while let Ok((program, _)) = socket.accept().await {
                serve(program, progress.clone(), events.clone());
            }
        });
        Ok(hub)
    }

    /// Where the socket is.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

fn remove(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
}

fn serve(program: UnixStream, progress: Progress, events: Events) {
    let (reading, writing) = program.into_split();
    IoLoop::current().spawn_callback(hear(reading, events));
    IoLoop::current().spawn_callback(tell(writing, progress));
}

/// Until the program is gone.
async fn hear(reading: OwnedReadHalf, events: Events) {
    let mut lines = BufReader::new(reading).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(wish) = Wish::from_line(&line) {
            let _ = events.send(Event::Wished(wish));
        }
    }
}

/// Until the program is gone.
async fn tell(mut writing: OwnedWriteHalf, mut progress: Progress) {
    loop {
        let line = progress.status().to_line() + "\n";
        if writing.write_all(line.as_bytes()).await.is_err() {
            return;
        }
        progress.changed().await;
    }
}
