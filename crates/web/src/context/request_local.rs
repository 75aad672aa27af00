//! What one request keeps for whoever comes later in it: a site's `prepare` for the handler, a layer
//! above for itself.

use std::rc::Rc;

use super::Context;

impl Context {
    /// Keeps a value for the rest of this request; one of each type, a later one takes the place of the
    /// one before.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::{Application, Context, NoUser, Site};
    ///
    /// struct RequestId(String);
    /// struct Numbered;
    ///
    /// impl Site for Numbered {
    ///     type User = NoUser;
    ///
    ///     async fn prepare(&self, cx: &Context) -> Result {
    ///         cx.set_local(RequestId("42".into()));
    ///         Ok(())
    ///     }
    /// }
    ///
    /// let application = Application::new().site(Numbered).get("/", async |cx| {
    ///     cx.write(cx.local::<RequestId>().map(|id| id.0.clone()).unwrap_or_default())
    /// });
    /// # let _ = application;
    /// ```
    pub fn set_local<T: 'static>(&self, value: T) {
        let old = self.locals.borrow_mut().insert(Rc::new(value));
        drop(old);
    }

    /// The value of this type that this request keeps, `None` if it keeps none.
    pub fn local<T: 'static>(&self) -> Option<Rc<T>> {
        let locals = self.locals.borrow();
        if locals.is_empty() { None } else { locals.get() }
    }
}
