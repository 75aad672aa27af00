//! The names that nearly every program uses: `use firewhirl::prelude::*;`.

pub use firewhirl_escape::{url_escape, xhtml_escape};
pub use firewhirl_event::coroutine::{callback, multi, sleep, with_timeout};
pub use firewhirl_event::{Error, IoLoop, IoStream, PeriodicCallback, Result, Signal};
pub use firewhirl_http::{AsyncHttpClient, HttpClientError, HttpRequest, HttpServer};
pub use firewhirl_tcp::{TcpClient, TcpServer};
pub use firewhirl_web::{
    Application, Context, Finish, Handler, HttpError, NoUser, OrStatus, Router, Shared, Site, StaticFileHandler,
    Status, proxy, regex, url,
};
