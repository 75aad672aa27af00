//! No mistake: the shapes of programs that have to compile, and in silence.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use firewhirl::prelude::*;
use firewhirl::web::NoUser;

struct Db;

impl Db {
    async fn story(&self, id: u64) -> Result<String> {
        sleep(Duration::from_millis(1)).await;
        if id == 0 { Err(Error::message("no such story")) } else { Ok(format!("story {id}")) }
    }
}

/// A handler that holds what is no thread's but its own.
#[derive(Clone)]
struct Story {
    db: Rc<Db>,
    hits: Rc<Cell<u64>>,
    changed: bool,
}

impl Handler for Story {
    async fn prepare(&mut self, cx: &Context) -> Result {
        self.hits.set(self.hits.get() + 1);
        cx.set_header("X-Hits", self.hits.get())
    }

    async fn get(&mut self, cx: &Context) -> Result {
        let id: u64 = cx.path("id")?;
        let story = self.db.story(id).await.or_status(404)?;
        cx.write(story)
    }

    async fn post(&mut self, cx: &Context) -> Result {
        let form: HashMap<String, String> = cx.form().await?;
        self.changed = form.contains_key("title");
        cx.redirect(cx.reverse_url("story", cx.path::<u64>("id")?)?)
    }

    fn on_finish(&mut self, cx: &Context) {
        if self.changed && cx.status() == 302 {
            self.hits.set(0);
        }
    }
}

struct User {
    name: String,
}

struct Blog;

impl Site for Blog {
    type User = User;

    async fn current_user(&self, cx: &Context) -> Result<Option<User>> {
        Ok(cx.request.header("X-User").map(|name| User { name: name.to_owned() }))
    }

    async fn write_error(&self, cx: &Context, error: &Error) -> Result {
        cx.write(format!("{}: {error}", error.status()))
    }
}

struct Admin;

impl Site for Admin {
    type User = NoUser;

    async fn prepare(&self, cx: &Context) -> Result {
        cx.set_header("Cache-Control", "no-store")
    }
}

/// What is borrowed of the request goes straight into the response.
async fn echo(cx: &Context) -> Result {
    cx.set_header("X-Agent", cx.request.header("User-Agent").unwrap_or("none"))?;
    cx.write(cx.request.path())?;
    cx.write(cx.request.body())?;
    cx.write(cx.argument("name")?)
}

/// Two futures have a part in one response.
async fn two_at_once(cx: &Context) -> Result {
    let part = async |text: &'static str| {
        sleep(Duration::from_millis(1)).await;
        cx.write(text)
    };
    multi([part("one"), part("two")]).await?;
    cx.flush().await
}

/// What calls back is awaited.
async fn called_back(cx: &Context) -> Result {
    let measure = |text: String, done: Box<dyn FnOnce(usize, String)>| done(text.len(), text);
    let text = cx.argument("text")?;
    let (length, text) = callback(|done| measure(text, Box::new(done.two()))).await?;
    cx.write(format!("{text} has {length} bytes"))
}

async fn profile(cx: &Context) -> Result {
    let user: Rc<User> = cx.authenticated().await?;
    cx.write(&user.name)
}

async fn later(cx: &Context) -> Result {
    let later = cx.finish_later();
    IoLoop::current().call_later(Duration::from_millis(1), move || {
        let _ = later.finish("here it is");
    });
    Ok(())
}

/// A function that ends with an error alone.
async fn teapot(_cx: &Context) -> Result {
    Err(HttpError::new(418))?
}

async fn app() -> Result<Application> {
    let (db, hits, visits) = (Rc::new(Db), Rc::new(Cell::new(0)), Shared::new(0_u64));
    let counter = Rc::clone(&hits);
    let admin = Router::new().site(Admin).get("/", async |cx| cx.write("the dashboard"));
    Ok(Application::new()
        .site(Blog)
        .resource(String::from("All the news"))
        .get("/", async |cx| cx.write("Hello, world"))
        .get("/nothing", async |_| Ok(()))
        .get("/hits", async move |cx| cx.write(counter.get().to_string()))
        .get("/visits", async move |cx| {
            let visit = visits.with(|visits| {
                *visits += 1;
                *visits
            });
            sleep(Duration::from_millis(1)).await;
            cx.write(format!("{visit} of {}", visits.get()))
        })
        .get(regex(r"/old/([0-9]+)").name("old"), async |cx| {
            let id: u64 = cx.path(0)?;
            cx.redirect(cx.reverse_url("story", id)?)
        })
        .get("/motto", async |cx| cx.write(cx.resource::<String>()?.as_str()))
        .post("/echo", echo)
        .any("/two", two_at_once)
        .get("/called_back", called_back)
        .get("/profile", profile)
        .get("/later", later)
        .get("/teapot", teapot)
        .route(url("/story/{id}").name("story"), Story { db, hits, changed: false })
        .mount("/admin", admin)
        .debug(true))
}

fn main() -> Result {
    HttpServer::new(app).listen(8888)?;
    HttpServer::new(async || app().await).bind(8889)?.start(2)?;
    TcpServer::new(async |mut stream: IoStream, _peer| {
        loop {
            let line = stream.read_until(b"\n").await?;
            stream.write("You sent: ");
            stream.write(line);
        }
    })
    .listen(12345)?;
    IoLoop::current().start()
}
