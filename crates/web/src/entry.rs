//! A route's handler or functions behind one object-safe face: one allocation a request, that of the
//! future.

use std::rc::Rc;

use firewhirl_event::Result;
use http::{Method, StatusCode};

use crate::context::Context;
use crate::errors::HttpError;
use crate::function::HandlerFn;
use crate::handler::{Handler, answers};
use crate::site::LocalFuture;

/// What a route leads to.
pub(crate) trait Entry {
    /// The verbs that are answered, as in the `Allow` header; `None` where the question makes no sense.
    fn allow(&self) -> Option<&str>;

    /// What answers, as the list of routes shows it: the handler's type, the functions' names.
    fn name(&self) -> String;

    /// What is wrong with it, which is found when the server starts.
    fn problem(&self) -> Option<&str> {
        None
    }

    /// Answers a request: prepares, runs the verb, ends the response, runs what is to run after it.
    fn answer<'exchange>(&'exchange self, cx: &'exchange Context) -> LocalFuture<'exchange, ()>;
}

/// The entry of a [`Handler`].
pub(crate) struct HandlerEntry<H> {
    prototype: H,
    allow: String,
}

impl<H: Handler> HandlerEntry<H> {
    const GET: bool = answers(&H::get);
    const HEAD: bool = answers(&H::head);
    const PREPARE: bool = answers(&H::prepare);

    #[rustfmt::skip]
    const VERBS: [(Verb, bool); 7] = [
        (Verb::Get,     Self::GET),
        (Verb::Head,    Self::GET || Self::HEAD),
        (Verb::Post,    answers(&H::post)),
        (Verb::Delete,  answers(&H::delete)),
        (Verb::Patch,   answers(&H::patch)),
        (Verb::Put,     answers(&H::put)),
        (Verb::Options, true),
    ];

    pub(crate) fn new(prototype: H) -> Self {
        let written = Self::VERBS.iter().filter(|(_, written)| *written);
        let names: Vec<&str> = written.map(|(verb, _)| verb.name()).collect();
        Self { prototype, allow: names.join(", ") }
    }
}

impl<H: Handler> Entry for HandlerEntry<H> {
    fn allow(&self) -> Option<&str> {
        Some(&self.allow)
    }

    fn name(&self) -> String {
        std::any::type_name::<H>().to_owned()
    }

    fn answer<'exchange>(&'exchange self, cx: &'exchange Context) -> LocalFuture<'exchange, ()> {
        let Some(verb) = Verb::of(cx.request.method()) else {
            return refuse(cx);
        };
        Box::pin(async move {
            let mut handler = self.prototype.clone();
            let mut result = Ok(());
            if Self::PREPARE {
                result = handler.prepare(cx).await;
            }
            if result.is_ok() && !cx.is_finished() {
                result = match verb {
                    Verb::Get => handler.get(cx).await,
                    Verb::Head if !Self::HEAD => handler.get(cx).await,
                    Verb::Head => handler.head(cx).await,
                    Verb::Post => handler.post(cx).await,
                    Verb::Delete => handler.delete(cx).await,
                    Verb::Patch => handler.patch(cx).await,
                    Verb::Put => handler.put(cx).await,
                    Verb::Options if !answers(&H::options) => allow(cx, &self.allow),
                    Verb::Options => handler.options(cx).await,
                };
            }
            cx.conclude(result).await;
            handler.on_finish(cx);
        })
    }
}

/// The methods that a [`Handler`] has verbs for. Tornado's `SUPPORTED_METHODS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Get,
    Head,
    Post,
    Delete,
    Patch,
    Put,
    Options,
}

impl Verb {
    #[inline]
    fn of(method: &Method) -> Option<Self> {
        Some(match *method {
            Method::GET => Self::Get,
            Method::HEAD => Self::Head,
            Method::POST => Self::Post,
            Method::DELETE => Self::Delete,
            Method::PATCH => Self::Patch,
            Method::PUT => Self::Put,
            Method::OPTIONS => Self::Options,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Patch => "PATCH",
            Self::Put => "PUT",
            Self::Options => "OPTIONS",
        }
    }
}

/// The entry of the functions of one URL, each for a method or for any.
#[derive(Clone, Default)]
pub(crate) struct FunctionEntry {
    functions: Vec<(Method, Rc<dyn Function>)>,
    any: Option<Rc<dyn Function>>,
    allow: String,
}

/// A [`HandlerFn`] of whatever type.
pub(crate) trait Function {
    /// The function's path; that of a closure is the one of the function that it stands in.
    fn name(&self) -> String;

    fn answer<'exchange>(&'exchange self, cx: &'exchange Context) -> LocalFuture<'exchange, ()>;
}

impl<F: HandlerFn> Function for F {
    fn name(&self) -> String {
        let name = std::any::type_name::<F>();
        match name.split_once("::{{closure}}") {
            Some((function, _)) => format!("{function} (closure)"),
            None => name.to_owned(),
        }
    }

    fn answer<'exchange>(&'exchange self, cx: &'exchange Context) -> LocalFuture<'exchange, ()> {
        Box::pin(async move {
            let result = self(cx).await;
            cx.conclude(result).await;
        })
    }
}

impl FunctionEntry {
    /// The entry of one function; without a method it answers all that a handler has verbs for.
    pub(crate) fn of(method: Option<Method>, function: Rc<dyn Function>) -> Self {
        let mut entry = Self::default();
        match method {
            Some(method) => entry.functions.push((method, function)),
            None => entry.any = Some(function),
        }
        entry.list_allowed();
        entry
    }

    /// Adds the functions of another entry for the same URL.
    ///
    /// # Errors
    ///
    /// The method for which both have one.
    pub(crate) fn merge(&mut self, other: &Self) -> Result<(), String> {
        for (method, function) in &other.functions {
            if self.functions.iter().any(|(own, _)| own == method) {
                return Err(method.to_string());
            }
            self.functions.push((method.clone(), Rc::clone(function)));
        }
        match (&self.any, &other.any) {
            (Some(_), Some(_)) => return Err("any method".to_owned()),
            (None, Some(any)) => self.any = Some(Rc::clone(any)),
            _ => {}
        }
        self.list_allowed();
        Ok(())
    }

    fn list_allowed(&mut self) {
        let has = |method: &Method| self.functions.iter().any(|(own, _)| own == method);
        let mut names = Vec::new();
        for verb in [Verb::Get, Verb::Head, Verb::Post, Verb::Delete, Verb::Patch, Verb::Put, Verb::Options] {
            let from_get = verb == Verb::Head && has(&Method::GET);
            if self.any.is_some() || from_get || verb == Verb::Options || has(&method_of(verb)) {
                names.push(verb.name());
            }
        }
        let extensions = self.functions.iter().filter(|(method, _)| Verb::of(method).is_none());
        names.extend(extensions.map(|(method, _)| method.as_str()));
        self.allow = names.join(", ");
    }

    fn function(&self, method: &Method) -> Option<&Rc<dyn Function>> {
        let exact =
            |method: &Method| self.functions.iter().find(|(own, _)| own == method).map(|(_, function)| function);
        exact(method)
            .or_else(|| if *method == Method::HEAD { exact(&Method::GET) } else { None })
            .or_else(|| self.any.as_ref().filter(|_| Verb::of(method).is_some()))
    }
}

impl Entry for FunctionEntry {
    fn allow(&self) -> Option<&str> {
        Some(&self.allow)
    }

    fn name(&self) -> String {
        let functions = self.functions.iter().map(|(_, function)| function).chain(&self.any);
        let mut names: Vec<String> = functions.map(|function| function.name()).collect();
        names.dedup();
        names.join(", ")
    }

    fn answer<'exchange>(&'exchange self, cx: &'exchange Context) -> LocalFuture<'exchange, ()> {
        match self.function(cx.request.method()) {
            Some(function) => function.answer(cx),
            None if *cx.request.method() == Method::OPTIONS => {
                Box::pin(async move { cx.conclude(allow(cx, &self.allow)).await })
            }
            None => refuse(cx),
        }
    }
}

fn method_of(verb: Verb) -> Method {
    match verb {
        Verb::Get => Method::GET,
        Verb::Head => Method::HEAD,
        Verb::Post => Method::POST,
        Verb::Delete => Method::DELETE,
        Verb::Patch => Method::PATCH,
        Verb::Put => Method::PUT,
        Verb::Options => Method::OPTIONS,
    }
}

/// The entry of what is not found.
pub(crate) struct NotFound;

impl Entry for NotFound {
    fn allow(&self) -> Option<&str> {
        None
    }

    fn name(&self) -> String {
        "not found".to_owned()
    }

    fn answer<'exchange>(&'exchange self, cx: &'exchange Context) -> LocalFuture<'exchange, ()> {
        Box::pin(async move {
            // `OPTIONS *` asks of the server as a whole (RFC 9110, section 9.3.7), which has no route.
            let result = if cx.request.uri() == "*" && *cx.request.method() == Method::OPTIONS {
                allow(cx, "GET, HEAD, POST, DELETE, PATCH, PUT, OPTIONS")
            } else {
                Err(HttpError::new(StatusCode::NOT_FOUND).into())
            };
            cx.conclude(result).await;
        })
    }
}

/// Answers OPTIONS with the verbs that there are.
fn allow(cx: &Context, verbs: &str) -> Result {
    cx.set_status(StatusCode::NO_CONTENT);
    cx.set_header("Allow", verbs)
}

/// Answers a method that has no verb.
#[cold]
fn refuse(cx: &Context) -> LocalFuture<'_, ()> {
    Box::pin(async move { cx.conclude(Err(HttpError::new(StatusCode::METHOD_NOT_ALLOWED).into())).await })
}
