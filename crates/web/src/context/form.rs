//! Form, query, path and JSON as values of a type.
//!
//! The bound is `for<'de> Deserialize<'de>` and not its alias `DeserializeOwned`, because of this one the
//! compiler does not say what to derive.

use firewhirl_event::Result;
use firewhirl_http::httputil::{Arguments, FormLimits, parse_body_arguments};
use http::StatusCode;
use serde::Deserialize;

use super::Context;
use super::arguments::clean;
use crate::errors::HttpError;
use crate::form::{self, FormError};

impl Context {
    /// The body's form, urlencoded or multipart, as a value. How texts become values says [`FormError`]'s
    /// module: numbers are parsed, `on` is true, a `Vec` takes several, an empty text is no `Option`.
    ///
    /// # Errors
    ///
    /// [`FormError`], which names the field: 400, or 415 for a body that is no form.
    ///
    /// # Cancel safety
    ///
    /// As of [`read_body`](Self::read_body).
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_event::Result;
    /// # use firewhirl_web::Context;
    /// #[derive(serde::Deserialize)]
    /// struct NewStory {
    ///     title: String,
    ///     text: String,
    ///     #[serde(default)]
    ///     tags: Vec<String>,
    /// }
    ///
    /// async fn post(cx: &Context) -> Result {
    ///     let story: NewStory = cx.form().await?;
    ///     cx.write(format!("{} ({} tags), {} bytes", story.title, story.tags.len(), story.text.len()))
    /// }
    /// ```
    pub async fn form<T: for<'de> Deserialize<'de>>(&self) -> Result<T> {
        let content_type = self.request.header("Content-Type").unwrap_or_default();
        let body = self.read_body().await?;
        if !body.is_empty()
            && !content_type.starts_with("application/x-www-form-urlencoded")
            && !content_type.starts_with("multipart/form-data")
        {
            let problem = format!("expected a form, got a body of type `{content_type}`");
            return Err(FormError::whole(StatusCode::UNSUPPORTED_MEDIA_TYPE, problem).into());
        }
        if !self.route().options.stream_request_body {
            return Ok(form::read(&pairs(self.body_map()?)?)?);
        }
        let encoding = self.request.header("Content-Encoding");
        let parsed = parse_body_arguments(content_type, encoding, &body, &FormLimits::new());
        let parsed = parsed
            .map_err(|problem| HttpError::new(StatusCode::BAD_REQUEST).message(format!("Invalid body: {problem}")))?;
        Ok(form::read(&pairs(&parsed.arguments)?)?)
    }

    /// The query as a value, read as a form is.
    ///
    /// # Errors
    ///
    /// [`FormError`], which names the field: 400.
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_event::Result;
    /// # use firewhirl_web::Context;
    /// #[derive(serde::Deserialize)]
    /// struct Search {
    ///     q: String,
    ///     page: Option<u32>,
    /// }
    ///
    /// async fn search(cx: &Context) -> Result {
    ///     let search: Search = cx.query()?;
    ///     cx.write(format!("{}, page {}", search.q, search.page.unwrap_or(1)))
    /// }
    /// ```
    pub fn query<T: for<'de> Deserialize<'de>>(&self) -> Result<T> {
        Ok(form::read(&pairs(self.query_map()?)?)?)
    }

    /// The body's JSON as a value, whatever its content type says.
    ///
    /// # Errors
    ///
    /// [`FormError`], which names the field by its path (`lines[0].price`): 400.
    ///
    /// # Cancel safety
    ///
    /// As of [`read_body`](Self::read_body).
    pub async fn json<T: for<'de> Deserialize<'de>>(&self) -> Result<T> {
        Ok(form::read_json(&self.read_body().await?)?)
    }

    /// The path's named parameters as a value, read as a form is; groups that took no part in the match
    /// are left out.
    ///
    /// # Errors
    ///
    /// 404 if one does not fit.
    ///
    /// # Examples
    ///
    /// ```
    /// # use firewhirl_event::Result;
    /// # use firewhirl_web::Context;
    /// #[derive(serde::Deserialize)]
    /// struct Day { year: i32, month: u8 }
    ///
    /// async fn archive(cx: &Context) -> Result {        // at "/{year}/{month}"
    ///     let day: Day = cx.path_as()?;
    ///     cx.write(format!("{}-{:02}", day.year, day.month))
    /// }
    /// ```
    pub fn path_as<T: for<'de> Deserialize<'de>>(&self) -> Result<T> {
        let named = self.path_kwargs().filter_map(|(name, text)| Some((name.to_owned(), text?.to_owned())));
        let pairs: Vec<(String, String)> = named.collect();
        Ok(form::read(&pairs).map_err(|problem| HttpError::new(StatusCode::NOT_FOUND).cause(problem))?)
    }
}

/// Arguments as texts, by the rules of `argument`.
fn pairs(arguments: &Arguments) -> Result<Vec<(String, String)>> {
    let pair = |(name, value): (&[u8], &[u8])| {
        let name = String::from_utf8_lossy(name).into_owned();
        let text = clean(&name, value, true)?;
        Ok((name, text))
    };
    arguments.iter().map(pair).collect()
}
