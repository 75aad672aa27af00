//! Routes and path arguments: typed ones, Tornado's regular expressions, and URLs made from names.

use firewhirl::prelude::*;

pub(crate) fn routes(site: Application) -> Application {
    site.get(url("/hello/{name}").name("hello"), hello)
        .get(url("/sum/{left}/{right}").name("sum"), sum)
        .get(regex(r"/year/([0-9]{4})(?:/([0-9]{2}))?"), year)
        .get("/links", links)
}

async fn hello(cx: &Context) -> Result {
    let name: String = cx.path("name")?;
    cx.write(format!("Hello, {}!", xhtml_escape(&name)))
}

/// A parameter that is no number is a 404: there is no such page.
async fn sum(cx: &Context) -> Result {
    let (left, right): (i64, i64) = (cx.path("left")?, cx.path("right")?);
    let sum = left.checked_add(right).or_status(400)?;
    cx.write(format!("{left} + {right} = {sum}"))
}

/// Groups of a regular expression are numbered; one that did not match is `None`.
async fn year(cx: &Context) -> Result {
    let year: u32 = cx.path(0)?;
    let month: Option<u32> = cx.path_option(1)?;
    match month {
        Some(month) => cx.write(format!("month {month} of {year}")),
        None => cx.write(format!("the year {year}")),
    }
}

async fn links(cx: &Context) -> Result {
    for url in [cx.reverse_url("hello", ["fire whirl"])?, cx.reverse_url("sum", ["2", "40"])?] {
        cx.write(format!("<a href=\"{url}\">{url}</a>\n"))?;
    }
    Ok(())
}
