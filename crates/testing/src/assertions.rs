//! What a test asserts of an answer: with the whole answer in the message if it fails.

use std::fmt::Debug;

use serde::de::DeserializeOwned;

use crate::Response;

impl Response {
    /// Asserts the status, and gives the answer back for more.
    ///
    /// # Panics
    ///
    /// If it has another, with the whole answer.
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_testing::fetch;
    /// # use firewhirl_web::Application;
    /// # async fn app() -> firewhirl_event::Result<Application> {
    /// #     Ok(Application::new().get("/", async |cx| cx.write("[1, 2]")))
    /// # }
    /// fetch(app, "/")
    ///     .assert_status(200)
    ///     .assert_header("Content-Type", "text/html; charset=UTF-8")
    ///     .assert_json(&[1, 2]);
    /// ```
    #[track_caller]
    pub fn assert_status(&self, status: u16) -> &Self {
        assert!(self.status() == status, "expected status {status} of {self:#?}");
        self
    }

    /// Asserts the first header line of this name, and gives the answer back for more.
    ///
    /// # Panics
    ///
    /// If it has another, or none, with the whole answer.
    #[track_caller]
    pub fn assert_header(&self, name: &str, value: &str) -> &Self {
        assert!(self.header(name) == Some(value), "expected {name}: {value} of {self:#?}");
        self
    }

    /// Asserts the body as text, and gives the answer back for more.
    ///
    /// # Panics
    ///
    /// If it has another, with the whole answer.
    #[track_caller]
    pub fn assert_text(&self, text: &str) -> &Self {
        assert!(self.text() == text, "expected body {text:?} of {self:#?}");
        self
    }

    /// Asserts the body as a value in JSON, and gives the answer back for more.
    ///
    /// # Panics
    ///
    /// If it has another, or none that is JSON of this type, with the whole answer.
    #[track_caller]
    pub fn assert_json<Expected>(&self, value: &Expected) -> &Self
    where
        Expected: DeserializeOwned + PartialEq + Debug,
    {
        match self.json::<Expected>() {
            Ok(found) => assert!(found == *value, "expected {value:?}, not {found:?}, of {self:#?}"),
            Err(error) => panic!("expected {value:?} in JSON, which it is not ({error}), of {self:#?}"),
        }
        self
    }
}
