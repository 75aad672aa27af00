//! The handler of the porting guide: what stands below this line stands in docs/from-tornado.md too.

use std::collections::BTreeMap;
use std::time::Duration;

use firewhirl::prelude::*;

/// The arguments of `initialize` are fields.
#[derive(Clone)]
struct Story {
    stories: Shared<BTreeMap<u64, String>>,
}

impl Handler for Story {
    async fn get(&mut self, cx: &Context) -> Result {
        let id: u64 = cx.path(0)?;
        let title = self.stories.with(|stories| stories.get(&id).cloned()).or_status(404)?;
        let page = cx.argument_or("page", "1")?;
        cx.write(format!("{title}, page {page}\n"))
    }

    async fn post(&mut self, cx: &Context) -> Result {
        let id: u64 = cx.path(0)?;
        let title = cx.body_argument("title")?;
        sleep(Duration::from_millis(10)).await; // a slow store
        self.stories.with(|stories| stories.insert(id, title));
        cx.redirect(cx.reverse_url("story", id)?)
    }
}

/// Runs once a worker, on its loop.
pub(crate) async fn make_app() -> Result<Application> {
    let stories = Shared::new(BTreeMap::from([(1, "A fire whirl".to_owned())]));
    Ok(Application::new().route(regex(r"/story/([0-9]+)").name("story"), Story { stories }))
}
