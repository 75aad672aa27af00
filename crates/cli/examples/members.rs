//! A program whose routes are listed by the tests: groups, sites, logins, hosts, and two servers, of
//! which one takes its time.
//!
//!     cargo run -p firewhirl-cli --example members PORT

use std::time::Duration;

use firewhirl::prelude::*;

struct Club;

impl Site for Club {
    type User = String;

    async fn current_user(&self, cx: &Context) -> Result<Option<String>> {
        Ok(cx.request.header("X-User").map(str::to_owned))
    }

    fn login_url(&self, _: &Context) -> Option<String> {
        Some("/login".into())
    }
}

#[derive(Clone)]
struct Member;

impl Handler for Member {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.write(cx.path::<String>("name")?)
    }

    async fn put(&mut self, _: &Context) -> Result {
        Ok(())
    }
}

async fn login(cx: &Context) -> Result {
    cx.write("who are you?")
}

async fn club() -> Result<Application> {
    let members = Router::new()
        .authenticated()
        .get("/", async |cx| cx.write("the members"))
        .route(url("/{name}").name("member"), Member);
    Ok(Application::new().site(Club).any("/login", login).mount("/members", members))
}

async fn status() -> Result<Application> {
    sleep(Duration::from_millis(300)).await;
    Ok(Application::new().host("localhost", Router::new().get("/status", async |cx| cx.write("well"))))
}

fn main() -> Result {
    let port: u16 = std::env::args().nth(1).ok_or_else(|| Error::message("which port?"))?.parse()?;
    println!("this is no route");
    HttpServer::new(club).bind(port)?.start(2)?;
    HttpServer::new(status).listen(port.checked_add(1).unwrap_or(port))?;
    IoLoop::current().start()
}
