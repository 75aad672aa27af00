//! System calls by their numbers, and what to do in place of each on a loop.

use std::fmt;
use std::path::PathBuf;

/// A system call in which a thread sleeps.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SystemCall {
    /// Its name, e.g. `read`; of a rare one `system call 412`. `None` for a thread that waits in the kernel
    /// without having called it: for memory that has to be read from a disk.
    pub name: Option<String>,
    /// What its descriptor leads to, if it has one: a path, `socket:[1234]`, `pipe:[1234]`.
    pub file: Option<PathBuf>,
    number: i64,
    first_argument: u64,
}

impl SystemCall {
    /// The text of `/proc/self/task/*/syscall`: the number and the arguments in hexadecimal. A thread that
    /// runs shows the one word `running`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let number: i64 = words.next()?.parse().ok()?;
        let first = words.next().and_then(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok());
        let name = match entry(number) {
            Some(entry) => Some(entry.name.to_owned()),
            None if number < 0 => None,
            None => Some(format!("system call {number}")),
        };
        Some(Self { name, file: None, number, first_argument: first.unwrap_or_default() })
    }

    /// The descriptor that it is about.
    pub(super) fn descriptor(&self) -> Option<u64> {
        let entry = entry(self.number)?;
        matches!(entry.about, About::File | About::Socket).then_some(self.first_argument)
    }

    /// What to do in its place.
    pub(super) fn remedy(&self) -> &'static str {
        match entry(self.number).map(|entry| entry.about) {
            Some(About::Sleep) => "await `coroutine::sleep` in its place",
            Some(About::File | About::Path) => {
                "read and write files in `IoLoop::run_in_executor(|| ..).await`, and pipes with an `IoStream`"
            }
            Some(About::Socket) => {
                "use an asynchronous client (`TcpClient`, an `IoStream`, an async driver), or make the call in \
                 `IoLoop::run_in_executor(|| ..).await`"
            }
            Some(About::Poll) => {
                "somebody waits for descriptors by themselves: use an asynchronous client in place of a blocking \
                 one, or make the call in `IoLoop::run_in_executor(|| ..).await`"
            }
            Some(About::Lock) => {
                "a lock, a channel or a thread's end is waited for: hold a `std::sync::Mutex` for a moment only, \
                 await `locks::Lock`, a channel of tokio's or `IoLoop::run_in_executor(|| ..).await`"
            }
            Some(About::Child) => "await the child process in place of `wait`, or wait in `IoLoop::run_in_executor`",
            None if self.number < 0 => {
                "memory had to be read from a disk (a mapped file, or swap): touch mapped files in \
                 `IoLoop::run_in_executor(|| ..).await`, and see whether the machine has enough memory"
            }
            None => "await an asynchronous call in its place, or make it in `IoLoop::run_in_executor(|| ..).await`",
        }
    }
}

/// `the system call read of /var/lib/stories.txt`
impl fmt::Display for SystemCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            None => return f.write_str("a wait for memory (a page fault)"),
            Some(name) if entry(self.number).is_some() => write!(f, "the system call {name}")?,
            Some(name) => f.write_str(name)?,
        }
        match &self.file {
            Some(file) => write!(f, " of {}", file.display()),
            None => Ok(()),
        }
    }
}

/// What a call is about, by which its remedy goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum About {
    Sleep,
    /// Its first argument is a descriptor.
    File,
    Path,
    /// Its first argument is a descriptor.
    Socket,
    Poll,
    Lock,
    Child,
}

struct Entry {
    name: &'static str,
    about: About,
}

#[cfg(target_os = "linux")]
fn entry(number: i64) -> Option<Entry> {
    let (_, name, about) = CALLS.iter().chain(OLDER_CALLS).find(|(known, ..)| *known == number)?;
    Some(Entry { name, about: *about })
}

#[cfg(not(target_os = "linux"))]
fn entry(_: i64) -> Option<Entry> {
    None
}

/// Pairs calls of the system's with what they are about; their numbers differ by processor.
#[cfg(target_os = "linux")]
macro_rules! calls {
    ($($about:ident: $($call:ident $name:literal),+);+) => {
        &[$($((libc::$call as i64, $name, About::$about),)+)+]
    };
}

/// Those in which threads are found asleep.
#[cfg(target_os = "linux")]
#[rustfmt::skip]
#[allow(clippy::unnecessary_cast, reason = "the numbers' type differs by processor")]
const CALLS: &[(i64, &str, About)] = calls! {
    Sleep:  SYS_nanosleep "nanosleep", SYS_clock_nanosleep "clock_nanosleep";
    File:   SYS_read "read", SYS_write "write", SYS_pread64 "pread64", SYS_pwrite64 "pwrite64",
            SYS_readv "readv", SYS_writev "writev", SYS_preadv "preadv", SYS_pwritev "pwritev",
            SYS_preadv2 "preadv2", SYS_pwritev2 "pwritev2", SYS_fsync "fsync", SYS_fdatasync "fdatasync",
            SYS_flock "flock", SYS_ftruncate "ftruncate", SYS_fallocate "fallocate", SYS_getdents64 "getdents64",
            SYS_ioctl "ioctl", SYS_fcntl "fcntl", SYS_close "close", SYS_fstat "fstat", SYS_syncfs "syncfs",
            SYS_copy_file_range "copy_file_range", SYS_sync_file_range "sync_file_range", SYS_splice "splice",
            SYS_lseek "lseek";
    Path:   SYS_openat "openat", SYS_unlinkat "unlinkat", SYS_renameat2 "renameat2", SYS_newfstatat "newfstatat",
            SYS_statx "statx", SYS_mkdirat "mkdirat", SYS_truncate "truncate", SYS_sync "sync",
            SYS_readlinkat "readlinkat", SYS_faccessat "faccessat", SYS_execve "execve", SYS_msync "msync",
            SYS_munmap "munmap";
    Socket: SYS_connect "connect", SYS_accept "accept", SYS_accept4 "accept4", SYS_recvfrom "recvfrom",
            SYS_recvmsg "recvmsg", SYS_recvmmsg "recvmmsg", SYS_sendto "sendto", SYS_sendmsg "sendmsg",
            SYS_sendmmsg "sendmmsg", SYS_sendfile "sendfile", SYS_shutdown "shutdown";
    Poll:   SYS_ppoll "ppoll", SYS_pselect6 "pselect6", SYS_epoll_pwait "epoll_pwait",
            SYS_rt_sigtimedwait "rt_sigtimedwait", SYS_io_uring_enter "io_uring_enter";
    Lock:   SYS_futex "futex";
    Child:  SYS_wait4 "wait4", SYS_waitid "waitid"
};

/// Those that newer processors have no more.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[rustfmt::skip]
const OLDER_CALLS: &[(i64, &str, About)] = calls! {
    Path: SYS_open "open", SYS_stat "stat", SYS_lstat "lstat", SYS_unlink "unlink", SYS_rename "rename",
          SYS_mkdir "mkdir", SYS_rmdir "rmdir", SYS_access "access", SYS_readlink "readlink", SYS_link "link";
    Poll: SYS_poll "poll", SYS_select "select", SYS_epoll_wait "epoll_wait", SYS_pause "pause"
};

#[cfg(all(target_os = "linux", not(target_arch = "x86_64")))]
const OLDER_CALLS: &[(i64, &str, About)] = &[];

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        SystemCall::parse(text).unwrap().to_string()
    }

    #[test]
    fn a_call_is_named_by_its_number() {
        let text = format!("{} 0x3 0x7fcf3e928000 0x20000 0x22 0xffffffff 0x0 0x7ffca2ed63e8 0x7fcf", libc::SYS_read);
        assert_eq!(parsed(&text), "the system call read");
        assert_eq!(SystemCall::parse(&text).unwrap().descriptor(), Some(3));
        assert_eq!(parsed("9999 0x0"), "system call 9999");
        assert_eq!(parsed("-1 0x7ffca2ed63e8 0x7fcf3eaa42ad"), "a wait for memory (a page fault)");
        assert_eq!(SystemCall::parse("running"), None);
        assert_eq!(SystemCall::parse(""), None);
    }

    #[test]
    fn the_remedy_is_that_of_the_call() {
        let remedy = |number: i64| SystemCall::parse(&format!("{number} 0x0")).unwrap().remedy();
        for (number, word) in [
            (libc::SYS_clock_nanosleep, "coroutine::sleep"),
            (libc::SYS_read, "run_in_executor"),
            (libc::SYS_recvfrom, "asynchronous client"),
            (libc::SYS_futex, "locks::Lock"),
            (libc::SYS_wait4, "child"),
            (-1, "memory"),
        ] {
            assert!(remedy(number).contains(word), "{number}: {}", remedy(number));
        }
    }
}
