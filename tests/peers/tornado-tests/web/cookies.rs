//! Cookies: `CookieTest`, `ClearAllCookiesTest`.

use std::time::Duration;

use firewhirl::prelude::*;
use firewhirl::web::{CookieError, CookieOptions};

pub(super) fn cookies() -> Application {
    Application::new()
        .get("/set", async |cx| {
            cx.set_cookie("str", "asdf")?;
            cx.set_cookie("unicode", "qwer")?;
            cx.set_cookie("bytes", "zxcv")
        })
        .get("/get", async |cx| cx.write(cx.cookie("foo").unwrap_or("default").to_owned()))
        .get("/set_domain", async |cx| {
            let options = CookieOptions::new().domain("foo.com").path("/foo");
            cx.set_cookie_with("unicode_args", "blah", &options)
        })
        .get("/special_char", async |cx| {
            cx.set_cookie("equals", "a=b")?;
            cx.set_cookie("semicolon", "a;b")?;
            cx.set_cookie("quote", "a\"b")
        })
        .get("/forbidden_char", forbidden_char)
        .get("/set_overwrite", async |cx| {
            let options = CookieOptions::new().domain("example.com");
            cx.set_cookie_with("a", "b", &options)?;
            cx.set_cookie_with("c", "d", &options)?;
            cx.set_cookie("a", "e")
        })
        .get("/set_max_age", async |cx| {
            cx.set_cookie_with("foo", "bar", &CookieOptions::new().max_age(Duration::from_secs(10)))
        })
        .get("/set_max_age_sanitized", async |cx| {
            // An age is a time, so that a text has to be read as one first.
            match "1; Path=/x".parse() {
                Ok(seconds) => {
                    cx.set_cookie_with("foo", "bar", &CookieOptions::new().max_age(Duration::from_secs(seconds)))?;
                }
                Err(_) => cx.set_status(400),
            }
            Ok(())
        })
        .get("/set_expires_days", async |cx| cx.set_cookie_with("foo", "bar", &CookieOptions::new().expires_days(10.0)))
        .get("/set_falsy_flags", async |cx| {
            cx.set_cookie_with("a", "1", &CookieOptions::new().secure(true))?;
            cx.set_cookie_with("b", "1", &CookieOptions::new().secure(false))?;
            cx.set_cookie_with("c", "1", &CookieOptions::new().httponly(true))?;
            cx.set_cookie_with("d", "1", &CookieOptions::new().httponly(false))
        })
        .get("/set_deprecated", async |cx| {
            cx.set_cookie_with("a", "b", &CookieOptions::new().httponly(true).path("/foo"))
        })
}

/// Writes what was set and should not have been.
async fn forbidden_char(cx: &Context) -> Result {
    for forbidden in (0..0x20).chain([0x7f]).map(char::from).chain([';']) {
        let plain = CookieOptions::new();
        let cookies = [
            (format!("foo{forbidden}"), plain.clone()),
            ("foo".to_owned(), plain.clone().domain(format!("example{forbidden}.com"))),
            ("foo".to_owned(), plain.path(format!("/{forbidden}"))),
        ];
        for (name, options) in cookies {
            match cx.set_cookie_with(&name, "bar", &options) {
                Err(error) if error.is::<CookieError>() => {}
                Err(error) => return Err(error),
                Ok(()) => cx.write(format!("{forbidden:?} was taken in {name:?}, {options:?}\n"))?,
            }
        }
    }
    Ok(())
}

pub(super) fn clear_all() -> Application {
    Application::new().get("/", async |cx| {
        cx.clear_all_cookies(&CookieOptions::new())?;
        cx.write("ok")
    })
}
