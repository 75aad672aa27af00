//! What changes responses on their way out. Tornado's `OutputTransform`.

use std::fmt;
use std::rc::Rc;

use firewhirl_event::Result;
use firewhirl_http::{Headers, Request};
use http::StatusCode;

/// Changes one response as it leaves: its head, its body, chunk by chunk.
///
/// One is made for each request by what was given to
/// [`Application::add_transform`](crate::Application::add_transform). It sees whatever a handler, a site or the
/// framework itself answers, error pages too, after the automatic `Etag`. Compression is none of them and
/// comes after all of them.
///
/// An error becomes a 500, unless the head is on its way: then the connection ends.
///
/// # Examples
///
/// ```
/// use firewhirl_event::Result;
/// use firewhirl_web::{Application, OutputTransform};
///
/// struct Capitals;
///
/// impl OutputTransform for Capitals {
///     fn transform_chunk(&mut self, chunk: &mut Vec<u8>, _finishing: bool) -> Result {
///         chunk.make_ascii_uppercase();
///         Ok(())
///     }
/// }
///
/// let application = Application::new().add_transform(|_request| Capitals).get("/", async |cx| cx.write("hello"));
/// # let _ = application;
/// ```
pub trait OutputTransform {
    /// Changes the head and the first chunk; `finishing` says that it is the whole body. Default:
    /// [`transform_chunk`](Self::transform_chunk) of the chunk.
    ///
    /// A `Content-Length` follows the length of a whole body by itself; where there is more to come and the
    /// length changes, it has to be removed.
    ///
    /// # Errors
    ///
    /// Whatever makes the response impossible.
    fn transform_first_chunk(
        &mut self,
        status: &mut StatusCode,
        headers: &mut Headers,
        chunk: &mut Vec<u8>,
        finishing: bool,
    ) -> Result {
        let _ = (status, headers);
        self.transform_chunk(chunk, finishing)
    }

    /// Changes a chunk; `finishing` says that it is the last, which may be empty. Default: leaves it as it is.
    ///
    /// # Errors
    ///
    /// Whatever makes the rest of the response impossible.
    fn transform_chunk(&mut self, chunk: &mut Vec<u8>, finishing: bool) -> Result {
        let _ = (chunk, finishing);
        Ok(())
    }
}

/// What makes transforms, one a request.
#[derive(Clone, Default)]
pub(crate) struct TransformMakers(Vec<Rc<MakeTransform>>);

type MakeTransform = dyn Fn(&Request) -> Box<dyn OutputTransform>;

impl TransformMakers {
    pub(crate) fn add<Transform: OutputTransform + 'static>(&mut self, make: impl Fn(&Request) -> Transform + 'static) {
        self.0.push(Rc::new(move |request| Box::new(make(request))));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn make(&self, request: &Request) -> Vec<Box<dyn OutputTransform>> {
        self.0.iter().map(|make| make(request)).collect()
    }
}

impl fmt::Debug for TransformMakers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} transforms", self.0.len())
    }
}
