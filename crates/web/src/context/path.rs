//! The parameters of the path.

use std::rc::Rc;

use firewhirl_event::Result;
use http::StatusCode;

use super::Context;
use crate::errors::HttpError;
use crate::path::{FromPath, MissingParameter, PathKey};

impl Context {
    /// A parameter of the path as a typed value, by its name (`"id"`) or, in a route of unnamed groups,
    /// by its number from 0.
    ///
    /// # Errors
    ///
    /// 404 if the value is none of the type, or an optional group that took no part in the match;
    /// [`MissingParameter`], a 500, if the route has no such parameter.
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_event::Result;
    /// # use firewhirl_web::Context;
    /// async fn story(cx: &Context) -> Result {
    ///     let id: u64 = cx.path("id")?;
    ///     cx.write(format!("story {id}"))
    /// }
    /// ```
    pub fn path<'exchange, T: FromPath<'exchange>>(&'exchange self, key: impl PathKey) -> Result<T> {
        let text = self.path_value(key)?;
        let value = text.and_then(T::from_path);
        Ok(value.ok_or_else(|| HttpError::new(StatusCode::NOT_FOUND))?)
    }

    /// As [`path`](Self::path), with `None` for an optional group that took no part in the match.
    ///
    /// # Errors
    ///
    /// As of [`path`](Self::path).
    pub fn path_option<'exchange, T: FromPath<'exchange>>(&'exchange self, key: impl PathKey) -> Result<Option<T>> {
        match self.path_value(key)? {
            None => Ok(None),
            Some(_) => self.path(key).map(Some),
        }
    }

    /// The parameters of the path, decoded, in their order. Tornado's `path_args`.
    pub fn path_args(&self) -> impl ExactSizeIterator<Item = Option<&str>> {
        (0..self.path_values.len()).map(|position| self.path_values.get(position, self.request.path()))
    }

    /// The named parameters of the path, decoded. Tornado's `path_kwargs`.
    pub fn path_kwargs(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.route().matcher.names().iter().map(String::as_str).zip(self.path_args())
    }

    /// Percent-decodes the parameters, which are then read without an error.
    pub(crate) fn decode_path(&mut self) -> Result {
        let route = Rc::clone(self.route());
        Ok(self.path_values.decode(self.request.path(), route.matcher.names())?)
    }

    fn path_value(&self, key: impl PathKey) -> Result<Option<&str>> {
        let position = key.position(self.route().matcher.names()).filter(|&position| position < self.path_values.len());
        match position {
            Some(position) => Ok(self.path_values.get(position, self.request.path())),
            None => Err(MissingParameter { key: key.to_string(), url: self.route().url.clone() }.into()),
        }
    }
}
