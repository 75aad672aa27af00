//! What a handler learns of its client's leaving.
//!
//! The handler is not ended by it: it runs to its end, unless its route asks for
//! [`cancel_on_disconnect`](crate::Url::cancel_on_disconnect).

use super::Context;

impl Context {
    /// Resolves once the client has left; never, if the exchange ends before. To be raced against.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub fn closed(&self) -> impl Future<Output = ()> + use<> {
        let connection = self.current_connection().ok().cloned();
        async move {
            match connection {
                Some(connection) => connection.closed().await,
                None => std::future::pending().await,
            }
        }
    }

    /// Whether the client has left: it sends no more. TCP does not tell a client that has closed from one
    /// that only waits for its answer, so the answer is sent all the same.
    pub fn is_closed(&self) -> bool {
        self.connection().is_closed()
    }

    /// Calls `callback` on the loop as soon as the client leaves, while the handler goes on; not after
    /// the response is finished. Tornado's method `on_connection_close` of the handler, which here could
    /// not be called: its verb still borrows it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{cell::RefCell, rc::Rc};
    /// use firewhirl_event::Result;
    /// use firewhirl_web::Context;
    ///
    /// async fn wait_for_news(cx: &Context, waiters: Rc<RefCell<Vec<u64>>>) -> Result {
    ///     waiters.borrow_mut().push(7);
    ///     cx.on_connection_close(move || waiters.borrow_mut().retain(|waiter| *waiter != 7));
    ///     cx.write("news")
    /// }
    /// ```
    pub fn on_connection_close(&self, callback: impl FnOnce() + 'static) {
        let Ok(current) = self.current_connection() else { return };
        let connection = current.clone();
        current.on_close(Box::new(move || {
            if !connection.is_finished() {
                callback();
            }
        }));
    }
}
