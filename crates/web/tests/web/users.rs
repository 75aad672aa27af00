//! The visitor: who he is, and where he logs in.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use firewhirl_event::Result;
use firewhirl_event::coroutine::yield_now;
use firewhirl_web::{Application, Context, NoUser, Router, Site, url};

use crate::support::{ask, get, logged};

struct User {
    name: String,
}

struct Blog {
    asked: Rc<Cell<u32>>,
    login_url: Option<&'static str>,
}

impl Site for Blog {
    type User = User;

    async fn current_user(&self, cx: &Context) -> Result<Option<User>> {
        self.asked.set(self.asked.get() + 1);
        Ok(cx.request.header("X-User").map(|name| User { name: name.to_owned() }))
    }

    fn login_url(&self, _: &Context) -> Option<String> {
        self.login_url.map(str::to_owned)
    }
}

async fn profile(cx: &Context) -> Result {
    let user = cx.authenticated::<User>().await?;
    cx.write(format!("Hello, {}", user.name))
}

fn blog(login_url: Option<&'static str>) -> (Application, Rc<Cell<u32>>) {
    let asked = Rc::new(Cell::new(0));
    (Application::new().site(Blog { asked: asked.clone(), login_url }).any("/auth", profile), asked)
}

#[test]
fn the_site_is_asked_once_a_request() {
    let (application, asked) = blog(None);
    let application = Rc::new(application.get("/twice", async |cx| {
        let first = cx.current_user::<User>().await?;
        let second = cx.current_user::<User>().await?;
        cx.write(format!("{} {}", first.is_some(), second.is_some()))
    }));
    assert_eq!(get("/twice").to(&application).body, "false false");
    assert_eq!(asked.take(), 1);
    assert_eq!(get("/auth").header("X-User", "Ada").to(&application).body, "Hello, Ada");
    assert_eq!(asked.take(), 1);
}

#[test]
fn two_futures_that_ask_together_ask_the_site_once() {
    struct Slow(Rc<Cell<u32>>);
    impl Site for Slow {
        type User = User;
        async fn current_user(&self, _: &Context) -> Result<Option<User>> {
            self.0.set(self.0.get() + 1);
            yield_now().await;
            Ok(Some(User { name: "Ada".into() }))
        }
    }
    let asked = Rc::new(Cell::new(0));
    let application = Rc::new(Application::new().site(Slow(asked.clone())).get("/", async |cx| {
        let (mut one, mut other) = (pin!(cx.authenticated::<User>()), pin!(cx.authenticated::<User>()));
        // Both have asked before either has an answer.
        let first = poll_fn(|task| Poll::Ready((one.as_mut().poll(task), other.as_mut().poll(task)))).await;
        assert!(first.0.is_pending() && first.1.is_pending());
        let (one, other) = (one.await?, other.await?);
        cx.write(format!("{} {}", one.name, Rc::ptr_eq(&one, &other)))
    }));
    assert_eq!(get("/").to(&application).body, "Ada true");
    assert_eq!(asked.get(), 1);
}

#[test]
fn who_is_not_logged_in_is_sent_to_the_login_page_or_refused() {
    let application = Rc::new(blog(Some("/login")).0);
    let answer = get("/auth?x=1").to(&application);
    assert_eq!((answer.status, answer.header("Location")), (302, Some("/login?next=%2Fauth%3Fx%3D1")));
    assert_eq!(answer.header("Content-Length"), Some("0"));
    assert_eq!(ask("POST /auth").to(&application).status, 403);

    let elsewhere = Rc::new(blog(Some("http://login.example.com/login")).0);
    assert_eq!(
        get("/auth").to(&elsewhere).header("Location"),
        Some("http://login.example.com/login?next=http%3A%2F%2Fexample.com%2Fauth")
    );
    let own_query = Rc::new(blog(Some("/login?from=blog")).0);
    assert_eq!(get("/auth").to(&own_query).header("Location"), Some("/login?from=blog"));
}

#[test]
fn the_login_page_may_be_a_setting_and_must_be_somewhere() {
    let application = Rc::new(blog(None).0.login_url("/enter"));
    assert_eq!(get("/auth").to(&application).header("Location"), Some("/enter?next=%2Fauth"));
    let nowhere = Rc::new(blog(None).0);
    let lines = logged(|| assert_eq!(get("/auth").to(&nowhere).status, 500));
    assert!(lines.iter().any(|line| line.contains("You must define the 'login_url' setting")), "{lines:?}");
}

#[test]
fn asking_for_another_type_than_the_sites_names_both() {
    let (application, _) = blog(None);
    let application = Rc::new(application.get("/wrong", async |cx| {
        let user = cx.current_user::<String>().await?;
        cx.write(format!("{user:?}"))
    }));
    let lines = logged(|| assert_eq!(get("/wrong").to(&application).status, 500));
    let named = |line: &String| line.contains("alloc::string::String") && line.contains("users::User");
    assert!(lines.iter().any(named), "{lines:?}");
}

#[test]
fn a_prepare_may_set_the_user() {
    struct Known;
    impl Site for Known {
        type User = User;
        async fn prepare(&self, cx: &Context) -> Result {
            cx.set_current_user(Some(User { name: "Grace".into() }))
        }
    }
    let application = Rc::new(Application::new().site(Known).get("/", profile));
    assert_eq!(get("/").to(&application).body, "Hello, Grace");
}

#[test]
fn a_group_has_its_outers_user_or_its_own() {
    struct SameUser;
    impl Site for SameUser {
        type User = User;
    }
    let (application, _) = blog(None);
    let application = Rc::new(application.mount("/group", Router::new().site(SameUser).get("/", profile)));
    assert_eq!(get("/group").header("X-User", "Ada").to(&application).body, "Hello, Ada");

    struct Nobody;
    impl Site for Nobody {
        type User = NoUser;
    }
    let (application, _) = blog(None);
    let errors = application.mount("/group", Router::new().site(Nobody)).check().unwrap_err();
    let expected = format!("`type User = {}::User;`", module_path!());
    assert!(errors.to_string().contains(&expected), "{errors}");
}

#[test]
fn a_route_that_declares_it_asks_for_a_login_before_its_handler_runs() {
    let ran = Rc::new(Cell::new(0));
    let (count, application) = (ran.clone(), blog(Some("/login")).0);
    let application = Rc::new(application.any(url("/members").authenticated(), async move |cx| {
        count.set(count.get() + 1);
        cx.write(format!("Hello, {}", cx.authenticated::<User>().await?.name))
    }));
    let answer = get("/members?page=2").to(&application);
    assert_eq!((answer.status, answer.header("Location")), (302, Some("/login?next=%2Fmembers%3Fpage%3D2")));
    assert_eq!(ask("POST /members").to(&application).status, 403);
    assert_eq!(ran.get(), 0);
    assert_eq!(get("/members").header("X-User", "Ada").to(&application).body, "Hello, Ada");
    assert_eq!(ran.get(), 1);
}

#[test]
fn what_a_browser_asks_before_a_request_to_another_origin_needs_no_login() {
    let application = Rc::new(blog(None).0.get(url("/members").authenticated(), async |cx| cx.write("members")));
    assert_eq!(ask("OPTIONS /members").to(&application).status, 204);
}

#[test]
fn a_group_that_declares_it_asks_at_all_of_its_routes_and_at_no_other() {
    let inner = Router::new().get("/deep", async |cx| cx.write("deep"));
    let members = Router::new().authenticated().get("/", async |cx| cx.write("members")).mount("/inner", inner);
    let (application, asked) = blog(Some("/login"));
    let application = Rc::new(application.mount("/members", members).get("/open", async |cx| cx.write("open")));
    assert_eq!(get("/open").to(&application).body, "open");
    assert_eq!(asked.take(), 0);
    for path in ["/members", "/members/", "/members/inner/deep"] {
        assert_eq!(get(path).to(&application).status, 302, "{path}");
        assert_eq!(get(path).header("X-User", "Ada").to(&application).status, 200, "{path}");
    }
    assert_eq!(get("/members/nothing").to(&application).status, 404);
    let asks: Vec<_> = application.routes().iter().map(|route| (route.url.clone(), route.requires_login)).collect();
    let expected = [("/auth", false), ("/members/", true), ("/members/inner/deep", true), ("/open", false)];
    assert_eq!(asks, expected.map(|(url, login)| (url.to_owned(), login)));
}

#[test]
fn a_user_that_a_prepare_has_set_is_logged_in() {
    struct Known;
    impl Site for Known {
        type User = User;
        async fn prepare(&self, cx: &Context) -> Result {
            cx.set_current_user(cx.request.header("X-User").map(|name| User { name: name.to_owned() }))
        }
    }
    let application =
        Rc::new(Application::new().site(Known).login_url("/login").get(url("/").authenticated(), profile));
    assert_eq!(get("/").to(&application).status, 302);
    assert_eq!(get("/").header("X-User", "Grace").to(&application).body, "Hello, Grace");
}

#[test]
fn asking_for_a_login_where_no_site_knows_a_user_is_found_at_the_start() {
    let page = async |cx: &Context| cx.write("page");
    let routes = Application::new()
        .get(url("/alone").authenticated(), page)
        .mount("/group", Router::new().authenticated().get("/", page));
    let errors = routes.check().unwrap_err().to_string();
    assert_eq!(errors.matches("asks for a login, and no site around it knows a user").count(), 2, "{errors}");
    assert!(errors.contains("users.rs"), "{errors}");
}
