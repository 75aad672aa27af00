//! What a loop works on behalf of, as the layers above say it: plain data, written down for the time of
//! one poll and put into words only if that poll blocks.
//!
//! A label costs a few stores. What it borrows is copied by the signal handler of a blocked thread, and
//! made into a text by the watchdog's own thread.

use std::any::type_name;
use std::fmt;
use std::net::SocketAddr;

/// What puts a label into words.
pub(super) type Describe = fn(&LabelCopy) -> String;

/// Whom a piece of work is done for, put into words if it blocks its loop.
///
/// It borrows what the layer that makes it has at hand (text, bytes, a number, an address), with a
/// function that words it. That runs on the watchdog's thread, on a copy: it may allocate and take its
/// time. Set for the time of a call by [`labelled`](super::labelled).
///
/// # Examples
///
/// ```
/// use firewhirl_event::watchdog::{Label, LabelCopy, labelled};
///
/// fn job(copy: &LabelCopy) -> String {
///     format!("job {} of {}", copy.number, copy.text)
/// }
///
/// let label = Label::new(job).text("nightly").number(17);
/// let sum = labelled(&label, || 1 + 1);
/// assert_eq!(sum, 2);
/// ```
#[derive(Clone, Copy)]
pub struct Label<'work> {
    pub(super) describe: Describe,
    pub(super) text: &'work str,
    pub(super) detail: &'work [u8],
    pub(super) number: u64,
    pub(super) address: Option<&'work SocketAddr>,
}

impl<'work> Label<'work> {
    /// A label that `describe` puts into words.
    #[inline]
    pub const fn new(describe: fn(&LabelCopy) -> String) -> Self {
        Self { describe, text: "", detail: b"", number: 0, address: None }
    }

    /// With a text. Of a longer one the first 512 bytes are kept.
    #[inline]
    pub const fn text(mut self, text: &'work str) -> Self {
        self.text = text;
        self
    }

    /// With bytes, of which `describe` is to find what counts. Of more the first 4 KiB are kept.
    #[inline]
    pub const fn detail(mut self, detail: &'work [u8]) -> Self {
        self.detail = detail;
        self
    }

    /// With a number.
    #[inline]
    pub const fn number(mut self, number: u64) -> Self {
        self.number = number;
        self
    }

    /// With an address.
    #[inline]
    pub const fn address(mut self, address: Option<&'work SocketAddr>) -> Self {
        self.address = address;
        self
    }
}

impl fmt::Debug for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Label").field("text", &self.text).field("number", &self.number).finish_non_exhaustive()
    }
}

/// What a [`Label`] held when its work was found to block, for the function that words it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct LabelCopy {
    /// [`Label::text`].
    pub text: String,
    /// [`Label::detail`].
    pub detail: Vec<u8>,
    /// [`Label::number`].
    pub number: u64,
    /// [`Label::address`].
    pub address: Option<SocketAddr>,
}

/// The label of a callback: the name of its type, which says where it was written.
pub(crate) fn callback_label<Callback>(_: &Callback) -> &'static Label<'static> {
    const { &Label::new(describe::<Callback>).text("callback") }
}

/// The label of a timeout.
pub(crate) fn timeout_label<Callback>(_: &Callback) -> &'static Label<'static> {
    const { &Label::new(describe::<Callback>).text("timeout") }
}

/// The label of a task.
pub(crate) fn task_label<Work>(_: &Work) -> &'static Label<'static> {
    const { &Label::new(describe::<Work>).text("task") }
}

fn describe<Work>(copy: &LabelCopy) -> String {
    format!("{} `{}`", copy.text, type_name::<Work>())
}
