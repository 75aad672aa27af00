//! A spider that crawls a site: workers take URLs from a queue, fetch them at the same time, and put in it
//! what the pages link to. Tornado's demo of the same name.
//!
//!     cargo run --example webspider -- URL [WORKERS [SECONDS]]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use firewhirl::escape::xhtml_unescape;
use firewhirl::event::queues::Queue;
use firewhirl::http::client::ClientOptions;
use firewhirl::http::httputil::urljoin;
use firewhirl::prelude::*;

/// What the workers share.
struct Spider {
    client: AsyncHttpClient,
    /// Only what is below this is fetched.
    base: String,
    queue: Queue<String>,
    /// What somebody has fetched, or is about to.
    seen: RefCell<BTreeSet<String>>,
    /// What could not be fetched, with the reason.
    dead: RefCell<Vec<(String, HttpClientError)>>,
}

impl Spider {
    fn new(base: &str, workers: usize) -> Self {
        let client = AsyncHttpClient::with(ClientOptions::new().max_clients(workers));
        let (seen, dead) = (RefCell::default(), RefCell::default());
        let spider = Self { client, base: base.to_owned(), queue: Queue::new(), seen, dead };
        spider.meet(base);
        spider
    }

    /// Puts a URL into the queue, unless it has been there before.
    fn meet(&self, url: &str) {
        if url.starts_with(&self.base) && self.seen.borrow_mut().insert(url.to_owned()) {
            self.queue.put_nowait(url.to_owned()).expect("a queue without a limit is never full");
        }
    }

    /// Fetches one URL after the other, until its task is aborted.
    async fn work(self: Rc<Self>) -> Result {
        loop {
            let url = self.queue.get().await;
            match self.links(&url).await {
                Ok(links) => links.iter().for_each(|link| self.meet(link)),
                Err(error) => self.dead.borrow_mut().push((url, error)),
            }
            self.queue.task_done()?;
        }
    }

    /// What a page links to, without fragments.
    async fn links(&self, url: &str) -> Result<Vec<String>, HttpClientError> {
        let page = self.client.fetch(url).await?;
        let without_fragment = |link: String| link.split('#').next().unwrap_or_default().to_owned();
        Ok(hrefs(&page.text()).map(|href| without_fragment(urljoin(page.effective_url(), &href))).collect())
    }
}

/// The targets of a page's links: simply, as who writes HTML by hand would look for them.
fn hrefs(page: &str) -> impl Iterator<Item = String> {
    let quoted = page.split("href=\"").skip(1);
    quoted.filter_map(|rest| rest.split_once('"')).map(|(href, _)| xhtml_unescape(href).into_owned())
}

fn main() -> Result {
    let mut arguments = std::env::args().skip(1);
    let usage = || Error::message("usage: webspider URL [WORKERS [SECONDS]]");
    let base = arguments.next().ok_or_else(usage)?;
    let workers = arguments.next().map_or(Ok(10), |number| number.parse())?;
    let seconds = arguments.next().map_or(Ok(300), |number| number.parse())?;

    IoLoop::current().run_sync(async move {
        let spider = Rc::new(Spider::new(&base, workers));
        let tasks: Vec<_> = (0..workers).map(|_| IoLoop::current().spawn_callback(spider.clone().work())).collect();
        let is_done = spider.queue.join().timeout(Duration::from_secs(seconds)).await.is_ok();
        tasks.iter().for_each(|task| task.abort());

        for url in spider.seen.borrow().iter() {
            println!("{url}");
        }
        for (url, error) in spider.dead.borrow().iter() {
            println!("dead: {url}: {error}");
        }
        let (seen, dead) = (spider.seen.borrow().len(), spider.dead.borrow().len());
        println!("{seen} URLs, {dead} of them dead{}", if is_done { "" } else { "; there was no time for the rest" });
        Ok(())
    })
}
