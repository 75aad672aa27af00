//! The stack of another thread of this process: that thread is interrupted by a signal and writes down the
//! addresses of its own frames, and its label, into memory that is there already.
//!
//! The signal is SIGURG: by default it is ignored, so that one that comes too late does no harm, debuggers
//! let it pass, and hardly a program uses it for what it was made for. A handler that the program had for
//! it is called for all that are not ours. System calls that can be are restarted (`SA_RESTART`); those
//! that never are (`poll`, `epoll_wait`, `nanosleep`) return `EINTR`, after which the standard library
//! and tokio go on by themselves.
//!
//! The handler allocates nothing and takes no lock. It unwinds by the tables that panics go by, which with
//! glibc 2.35 or newer are found without a lock; everything it needs is touched once, when the watchdog
//! starts, so that nothing is loaded or bound inside of it.

use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::io;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::ptr;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::label::{Describe, Label, LabelCopy};
use super::mark;

/// Frames that are kept; of a deeper stack those on top.
const MAX_FRAMES: usize = 256;
const MAX_TEXT: usize = 512;
const MAX_DETAIL: usize = 4096;

/// How long a thread has to answer. One that runs or sleeps in an ordinary call answers within
/// microseconds; one in an uninterruptible sleep does not.
const PATIENCE: Duration = Duration::from_millis(100);
/// On a machine that is too busy it may take longer.
const MOST_PATIENCE: Duration = Duration::from_secs(2);

/// What a thread wrote down of itself.
#[derive(Debug)]
pub(super) struct Captured {
    /// Addresses in its functions, the innermost first. The first is where it was interrupted, the others
    /// are where calls return to.
    pub(super) frames: Vec<usize>,
    /// On whose behalf it works, and what puts that into words.
    pub(super) label: Option<(Describe, LabelCopy)>,
}

/// The number of this thread, by which it can be signalled.
pub(super) fn thread_id() -> i32 {
    // SAFETY: it takes nothing and cannot fail.
    unsafe { libc::gettid() }
}

/// The stack and the label of a thread of this process. `None` if it does not answer.
///
/// `withheld` is the time in which the thread was ready to answer and was not let: that is added to our
/// patience. The thread has to be alive until this returns, which the caller sees to.
pub(super) fn capture(thread: i32, withheld: impl Fn() -> Duration) -> Option<Captured> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);

    let sheet = sheet();
    // Somebody who was asked long ago may still write. Whenever that is done, the sheet is ours again.
    if sheet.state.load(Acquire) == WRITING {
        return None;
    }
    sheet.thread.store(thread, Relaxed);
    sheet.state.store(ASKED, Release);
    if !send(thread) {
        sheet.state.store(FREE, Release);
        return None;
    }
    let (asked, withheld_before) = (Instant::now(), withheld());
    while sheet.state.load(Acquire) != WRITTEN {
        let withheld = withheld().saturating_sub(withheld_before);
        if asked.elapsed() > MOST_PATIENCE.min(PATIENCE + withheld) {
            // If it has begun to write and was stopped in the middle, it finishes when it goes on.
            let _ = sheet.state.compare_exchange(ASKED, FREE, AcqRel, Relaxed);
            return None;
        }
        thread::sleep(Duration::from_micros(50));
    }
    // SAFETY: `WRITTEN` was set by the handler after its last access, and read here with `Acquire`. No
    // handler touches the sheet in this state, and no other caller, for we hold the lock.
    let written = unsafe { &*sheet.writing.get() };
    let captured = written.read();
    sheet.state.store(FREE, Release);
    Some(captured)
}

/// Installs the handler, once, and touches all that it will use.
pub(super) fn install() -> io::Result<()> {
    static INSTALLED: Mutex<bool> = Mutex::new(false);
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if *installed {
        return Ok(());
    }
    sheet();
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    let mut earlier = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zeroes is a valid `sigaction`, whose fields are then set to what the kind of handler
    // (three arguments, because of `SA_SIGINFO`) asks for. Both pointers are valid for the call. Not
    // `SA_ONSTACK`: the alternate stack that Rust gives to its threads is too small to unwind on.
    let failed = unsafe {
        let action = action.assume_init_mut();
        action.sa_sigaction = handle as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        libc::sigemptyset(&mut action.sa_mask);
        libc::sigaction(libc::SIGURG, action, earlier.as_mut_ptr()) != 0
    };
    if failed {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has filled it in.
    let earlier = unsafe { earlier.assume_init() };
    if earlier.sa_sigaction != libc::SIG_DFL && earlier.sa_sigaction != libc::SIG_IGN {
        EARLIER_TAKES_THREE.store(earlier.sa_flags & libc::SA_SIGINFO != 0, Relaxed);
        EARLIER.store(earlier.sa_sigaction as *mut c_void, Release);
    }
    *installed = true;
    drop(installed);
    // The first unwinding loads the unwinder's library and reads its tables.
    capture(thread_id(), || Duration::ZERO);
    Ok(())
}

/// The handler that was there before ours, and its kind.
static EARLIER: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
static EARLIER_TAKES_THREE: AtomicBool = AtomicBool::new(false);

/// Whose turn it is with the sheet.
const FREE: u32 = 0;
/// The thread of the number that stands there may write.
const ASKED: u32 = 1;
const WRITING: u32 = 2;
/// Whoever asked may read.
const WRITTEN: u32 = 3;

/// What the thread that is asked writes on.
struct Sheet {
    state: AtomicU32,
    thread: AtomicI32,
    writing: UnsafeCell<Writing>,
}

// SAFETY: `writing` is touched by one thread at a time, as `state` says: in `WRITING` by the handler that
// has set that, in `WRITTEN` by the one caller of `capture` that holds its lock.
unsafe impl Sync for Sheet {}

/// The one sheet, made before the handler is installed.
static SHEET: AtomicPtr<Sheet> = AtomicPtr::new(ptr::null_mut());

fn sheet() -> &'static Sheet {
    let mut sheet = SHEET.load(Acquire);
    if sheet.is_null() {
        let blank = Writing {
            frames: [0; MAX_FRAMES],
            depth: 0,
            describe: None,
            text: [0; MAX_TEXT],
            text_length: 0,
            detail: [0; MAX_DETAIL],
            detail_length: 0,
            number: 0,
            address: None,
        };
        let new = Box::into_raw(Box::new(Sheet {
            state: AtomicU32::new(FREE),
            thread: AtomicI32::new(0),
            writing: UnsafeCell::new(blank),
        }));
        match SHEET.compare_exchange(ptr::null_mut(), new, AcqRel, Acquire) {
            Ok(_) => sheet = new,
            Err(other) => {
                // SAFETY: it came from `into_raw` above and nobody else has seen it.
                drop(unsafe { Box::from_raw(new) });
                sheet = other;
            }
        }
    }
    // SAFETY: not null, made by `into_raw`, and never freed.
    unsafe { &*sheet }
}

/// Plain memory of fixed size, so that filling it in allocates nothing.
struct Writing {
    frames: [usize; MAX_FRAMES],
    depth: usize,
    describe: Option<Describe>,
    text: [u8; MAX_TEXT],
    text_length: usize,
    detail: [u8; MAX_DETAIL],
    detail_length: usize,
    number: u64,
    address: Option<SocketAddr>,
}

impl Writing {
    /// Runs in the signal handler: nothing here allocates, locks or panics.
    fn fill(&mut self, interrupted: usize) {
        self.describe = None;
        mark::with_label(|label| self.copy(label));
        self.depth = 0;
        // Above the interrupted function are only the handler and what it calls.
        let mut is_reached = interrupted == 0;
        // SAFETY: unsynchronized means that no other thread may trace at the same time by this crate,
        // which on this platform shares nothing between two traces: the frames are on our own stack.
        unsafe {
            backtrace::trace_unsynchronized(|frame| {
                let address = frame.ip() as usize;
                is_reached |= address == interrupted;
                if is_reached && let Some(place) = self.frames.get_mut(self.depth) {
                    *place = address;
                    self.depth += 1;
                }
                self.depth < MAX_FRAMES
            });
        }
        if self.depth == 0 {
            // The tables do not know the way out of where it is; that place at least is known.
            self.frames[0] = interrupted;
            self.depth = usize::from(interrupted != 0);
        }
    }

    fn copy(&mut self, label: &Label<'_>) {
        self.describe = Some(label.describe);
        self.text_length = copy_bytes(label.text.as_bytes(), &mut self.text);
        self.detail_length = copy_bytes(label.detail, &mut self.detail);
        self.number = label.number;
        self.address = label.address.copied();
    }

    fn read(&self) -> Captured {
        let label = self.describe.map(|describe| {
            let copy = LabelCopy {
                text: String::from_utf8_lossy(&self.text[..self.text_length]).into_owned(),
                detail: self.detail[..self.detail_length].to_vec(),
                number: self.number,
                address: self.address,
            };
            (describe, copy)
        });
        Captured { frames: self.frames[..self.depth].to_vec(), label }
    }
}

/// As many bytes as there is room for; how many that were.
fn copy_bytes(from: &[u8], to: &mut [u8]) -> usize {
    let mut length = 0;
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
        length += 1;
    }
    length
}

/// Sends the signal to one thread of this process.
fn send(thread: i32) -> bool {
    // SAFETY: three numbers; a thread that is not there is an error and nothing else.
    unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, libc::SIGURG) == 0 }
}

/// The signal handler. It keeps `errno`, which the interrupted code may be about to read.
extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the address of this thread's `errno` is valid as long as the thread is.
    let errno = unsafe { *libc::__errno_location() };
    if !write_down(context) {
        call_earlier(signal, info, context);
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Fills in the sheet if this thread is the one that was asked to.
fn write_down(context: *const c_void) -> bool {
    let sheet = SHEET.load(Acquire);
    // SAFETY: null, or never freed.
    let Some(sheet) = (unsafe { sheet.as_ref() }) else { return false };
    let is_asked = sheet.state.load(Acquire) == ASKED && sheet.thread.load(Relaxed) == thread_id();
    if !is_asked || sheet.state.compare_exchange(ASKED, WRITING, AcqRel, Relaxed).is_err() {
        return false;
    }
    // SAFETY: in the state `WRITING`, which this very call has set, nobody else touches it. A second
    // signal cannot interrupt us: its own is blocked while a handler runs.
    let writing = unsafe { &mut *sheet.writing.get() };
    writing.fill(interrupted_at(context));
    sheet.state.store(WRITTEN, Release);
    true
}

/// The instruction at which the thread was interrupted; 0 where we do not know how the processor says it.
fn interrupted_at(context: *const c_void) -> usize {
    let context = context.cast::<libc::ucontext_t>();
    if context.is_null() {
        return 0;
    }
    // SAFETY: the third argument of a handler with `SA_SIGINFO` is a `ucontext_t` of this thread.
    #[cfg(target_arch = "x86_64")]
    return unsafe { (*context).uc_mcontext.gregs[libc::REG_RIP as usize] as usize };
    // SAFETY: as above.
    #[cfg(target_arch = "aarch64")]
    return unsafe { (*context).uc_mcontext.pc as usize };
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    0
}

/// Gives a signal that is not ours to whom the program had for it.
fn call_earlier(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let earlier = EARLIER.load(Acquire);
    if earlier.is_null() {
        return;
    }
    if EARLIER_TAKES_THREE.load(Relaxed) {
        // SAFETY: the system gave us this address as that of a handler with `SA_SIGINFO`, which takes
        // these three arguments; they are what the system calls us with.
        let earlier: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = unsafe { std::mem::transmute(earlier) };
        earlier(signal, info, context);
    } else {
        // SAFETY: as above, of a handler without `SA_SIGINFO`, which takes the number alone.
        let earlier: extern "C" fn(c_int) = unsafe { std::mem::transmute(earlier) };
        earlier(signal);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::panic::{catch_unwind, resume_unwind};
    use std::sync::mpsc;

    use super::*;
    use crate::watchdog::labelled;

    fn name(copy: &LabelCopy) -> String {
        format!("{} {}", copy.text, copy.number)
    }

    /// What code does that holds locks of the allocator, of the unwinder, of the log and of its own.
    fn busy_with_locks(round: u64) -> usize {
        static SHARED: Mutex<BTreeMap<u64, String>> = Mutex::new(BTreeMap::new());
        let texts: Vec<String> = (0..20).map(|number| format!("{round} and {number}")).collect();
        let caught = catch_unwind(|| resume_unwind(Box::new(texts.len()))).unwrap_err();
        let _log = std::io::stderr().lock();
        let mut shared = SHARED.lock().unwrap();
        shared.insert(round % 100, texts.concat());
        shared.len() + *caught.downcast::<usize>().unwrap()
    }

    #[test]
    fn a_thread_is_interrupted_ten_thousand_times_wherever_it_is() {
        install().unwrap();
        let (tell, told) = mpsc::channel();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                tell.send(thread_id()).unwrap();
                let mut round = 0;
                while !stop.load(Relaxed) {
                    let label = Label::new(name).text("round").number(round);
                    std::hint::black_box(labelled(&label, || busy_with_locks(round)));
                    round += 1;
                }
            });
            let thread = told.recv().unwrap();
            let (mut answers, mut labels, mut deepest) = (0, 0, 0);
            let started = Instant::now();
            while answers < 10_000 {
                assert!(started.elapsed() < Duration::from_secs(300), "{answers} answers so far");
                let Some(captured) = capture(thread, || Duration::ZERO) else { continue };
                answers += 1;
                deepest = deepest.max(captured.frames.len());
                labels +=
                    captured.label.map_or(0, |(describe, copy)| usize::from(describe(&copy).starts_with("round")));
            }
            stop.store(true, Relaxed);
            assert!(deepest > 5, "the stacks go down to where the thread began");
            assert!(labels > answers / 2, "it is at work most of the time: {labels} of {answers}");
        });
    }

    #[test]
    fn a_deep_stack_is_cut_and_not_a_problem() {
        #[inline(never)]
        fn down(depth: u32) -> usize {
            if depth > 0 { down(depth - 1) + 1 } else { capture(thread_id(), || Duration::ZERO).unwrap().frames.len() }
        }
        install().unwrap();
        assert_eq!(down(2000), MAX_FRAMES + 2000);
    }

    #[test]
    fn a_thread_that_is_not_there_has_no_stack() {
        install().unwrap();
        assert!(capture(i32::MAX, || Duration::ZERO).is_none());
    }
}
