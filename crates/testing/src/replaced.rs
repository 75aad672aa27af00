//! What a test puts in place of what an application's function has built: its resources, its settings.

use std::cell::Cell;
use std::rc::Rc;

use firewhirl_event::Result;
use firewhirl_web::{Application, MissingResource};

use crate::HttpTest;

impl HttpTest<Application> {
    /// Puts a value in place of the resource of its type that the application was given.
    ///
    /// The test fails if the application has none of this type, so that nothing is replaced in vain.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{cell::RefCell, rc::Rc};
    /// use firewhirl_testing::HttpTest;
    /// use firewhirl_web::Application;
    ///
    /// trait Mailer {
    ///     fn send(&self, to: &str);
    /// }
    /// # struct Smtp;
    /// # impl Mailer for Smtp { fn send(&self, _: &str) { unreachable!() } }
    ///
    /// async fn app() -> firewhirl_event::Result<Application> {
    ///     Ok(Application::new().resource(Rc::new(Smtp) as Rc<dyn Mailer>).post("/invite", async |cx| {
    ///         cx.resource::<Rc<dyn Mailer>>()?.send(&cx.argument("to")?);
    ///         Ok(())
    ///     }))
    /// }
    ///
    /// #[derive(Default)]
    /// struct Outbox(RefCell<Vec<String>>);
    ///
    /// impl Mailer for Outbox {
    ///     fn send(&self, to: &str) {
    ///         self.0.borrow_mut().push(to.to_owned());
    ///     }
    /// }
    ///
    /// let outbox = Rc::new(Outbox::default());
    /// HttpTest::new(app).resource(outbox.clone() as Rc<dyn Mailer>).run(async |client| {
    ///     client.post("/invite").form(&[("to", "ann@example.com")]).await?;
    ///     Ok(())
    /// });
    /// assert_eq!(*outbox.0.borrow(), ["ann@example.com"]);
    /// ```
    pub fn resource<T: 'static>(self, value: T) -> Self {
        self.once(value, Application::replace_resource)
    }

    /// Puts a value in place of the resource of this name.
    ///
    /// The test fails if the application has none of this name, or one of another type.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_testing::HttpTest;
    /// use firewhirl_web::Application;
    ///
    /// async fn app() -> firewhirl_event::Result<Application> {
    ///     Ok(Application::new()
    ///         .named_resource("motto", "All the news")
    ///         .get("/", async |cx| cx.write(*cx.named_resource::<&str>("motto")?)))
    /// }
    ///
    /// HttpTest::new(app).named_resource("motto", "No news").run(async |client| {
    ///     assert_eq!(client.get("/").await?.text(), "No news");
    ///     Ok(())
    /// });
    /// ```
    pub fn named_resource<T: 'static>(self, name: impl Into<String>, value: T) -> Self {
        let name = name.into();
        self.once(value, move |application, value| application.replace_named_resource(&name, value))
    }

    /// Changes the application as its function has built it: a setting, a further route.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::{Error, log_targets};
    /// use firewhirl_testing::{HttpTest, expect_log};
    /// use firewhirl_web::Application;
    ///
    /// async fn app() -> firewhirl_event::Result<Application> {
    ///     Ok(Application::new().get("/", async |_| Err(Error::message("no database"))))
    /// }
    ///
    /// HttpTest::new(app).application(|app| Ok(app.serve_traceback(true))).run(async |client| {
    ///     let _log = expect_log(log_targets::APP, "Uncaught exception");
    ///     assert!(client.get("/").await?.text().contains("no database"));
    ///     Ok(())
    /// });
    /// ```
    pub fn application(self, change: impl Fn(Application) -> Result<Application> + 'static) -> Self {
        self.changed(change)
    }

    /// A change that takes a value with it. An application is built once a test, and its value is gone then.
    fn once<T: 'static>(
        self,
        value: T,
        replace: impl Fn(Application, T) -> Result<Application, MissingResource> + 'static,
    ) -> Self {
        let value = Rc::new(Cell::new(Some(value)));
        self.changed(move |application| match value.take() {
            Some(value) => Ok(replace(application, value)?),
            None => Ok(application),
        })
    }
}
