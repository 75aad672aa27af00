//! A site for spiders to get lost in: 200 pages that link in circles, to what is missing, to what is slow, and
//! out of the site.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use firewhirl::prelude::*;

const PAGES: u32 = 200;

/// How many requests the site has had.
pub(crate) type Requests = Arc<AtomicU32>;

/// Opens the site on a thread of its own, for as long as the test's process lives.
pub(crate) fn open() -> (u16, Requests) {
    let requests = Requests::default();
    let counted = requests.clone();
    let (send, receive) = channel();
    thread::spawn(move || {
        let app = async move || {
            Ok(Application::new()
                .resource(counted.clone())
                .get("/site/", front)
                .get("/site/page/{number}", page)
                .get("/site/old/{number}", old))
        };
        let server = HttpServer::new(app).listen(0).unwrap();
        send.send(server.port().unwrap()).unwrap();
        IoLoop::current().start()
    });
    (receive.recv().unwrap(), requests)
}

fn count(cx: &Context) -> Result {
    cx.resource::<Requests>()?.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

async fn front(cx: &Context) -> Result {
    count(cx)?;
    cx.write(links(0, "page/"))
}

async fn page(cx: &Context) -> Result {
    count(cx)?;
    match cx.path("number")? {
        PAGES.. => Err(HttpError::new(404).into()),
        13 => Err(HttpError::new(503).into()),
        number => {
            if number % 50 == 49 {
                sleep(Duration::from_millis(300)).await;
            }
            cx.write(links(number, ""))
        }
    }
}

async fn old(cx: &Context) -> Result {
    count(cx)?;
    cx.redirect(format!("/site/page/{}", cx.path::<u32>("number")?))
}

/// Page 0 is the root of a tree; every page links on in it and back, in every way that a link can be written.
fn links(number: u32, pages: &str) -> String {
    let (left, right, back) = (2 * number + 1, 2 * number + 2, number / 2);
    format!(
        r##"<a href="/site/page/{left}">left</a> <a href="{pages}{right}#top">right</a> <a href='no link'>
        <a class="back" href="/site/old/{back}">back</a> <a href="/site/./old/../page/{back}">back</a>
        <a href="https://elsewhere.example/site/">out</a> <a href="/other/">out</a> <a href="mailto:me@here">me</a>
        <a href="">here</a> <a href="#top">here</a> <a href="/site/page/7?a=1&amp;b=2">with a query</a>"##
    )
}

/// What a spider has to say in the end.
pub(crate) struct Expected {
    pub(crate) urls: Vec<String>,
    pub(crate) dead: Vec<String>,
    pub(crate) summary: String,
    /// Each URL once, and once more what a redirect leads to.
    pub(crate) requests: u32,
}

pub(crate) fn expected(base: &str) -> Expected {
    let mut urls = BTreeSet::from([base.to_owned(), format!("{base}page/7?a=1&b=2")]);
    let mut dead = vec![format!("dead: {base}old/13: HTTP 503: Service Unavailable")];
    // Nothing leads on from page 13, nor from what is missing.
    let mut reached = vec![0];
    while let Some(number) = reached.pop() {
        if !urls.insert(format!("{base}page/{number}")) {
            continue;
        }
        match number {
            13 => dead.push(format!("dead: {base}page/13: HTTP 503: Service Unavailable")),
            PAGES.. => dead.push(format!("dead: {base}page/{number}: HTTP 404: Not Found")),
            _ => {
                urls.insert(format!("{base}old/{}", number / 2));
                reached.extend([2 * number + 1, 2 * number + 2, number / 2]);
            }
        }
    }
    dead.sort_unstable();
    let summary = format!("{} URLs, {} of them dead", urls.len(), dead.len());
    let redirects = urls.iter().filter(|url| url.contains("/old/")).count();
    let requests = (urls.len() + redirects) as u32;
    Expected { urls: urls.into_iter().collect(), dead, summary, requests }
}
