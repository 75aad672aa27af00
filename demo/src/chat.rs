//! Long polling: a chat whose readers wait for the next message.

use std::time::Duration;

use firewhirl::event::locks::Condition;
use firewhirl::prelude::*;

/// How long a reader waits before it is answered with nothing and asks again.
const PATIENCE: Duration = Duration::from_secs(25);

/// Messages that are kept.
const MESSAGES_MAX: usize = 100;

#[derive(Default)]
struct Room {
    /// The messages, each with its number, from 1.
    messages: Shared<Vec<(u64, String)>>,
    news: Condition,
}

impl Room {
    fn after(&self, seen: u64) -> Vec<(u64, String)> {
        self.messages.with(|messages| messages.iter().filter(|(number, _)| *number > seen).cloned().collect())
    }
}

pub(crate) fn routes(site: Application) -> Application {
    // A reader whose tab was closed need not be waited for any more: here the handler may be dropped.
    site.resource(Room::default()).get(url("/chat").cancel_on_disconnect(), read).post("/chat/say", say)
}

async fn read(cx: &Context) -> Result {
    let room = cx.resource::<Room>()?;
    let seen = cx.argument("seen")?.parse().or_status(400)?;
    if room.after(seen).is_empty() {
        // Nothing after the patience is an answer too: the browser asks again.
        room.news.wait().timeout(PATIENCE).await;
    }
    cx.write_json(&room.after(seen))
}

async fn say(cx: &Context) -> Result {
    let room = cx.resource::<Room>()?;
    let text = cx.argument("text")?;
    room.messages.with(|messages| {
        let number = messages.last().map_or(1, |(number, _)| number + 1);
        messages.push((number, text));
        let surplus = messages.len().saturating_sub(MESSAGES_MAX);
        messages.drain(..surplus);
    });
    room.news.notify_all();
    cx.set_status(204);
    Ok(())
}
