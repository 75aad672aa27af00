//! A login that a browser cannot forge, in the visitor's language: signed cookies, forms with tokens, locales.
//!
//!     COOKIE_SECRET=$(openssl rand -base64 32) cargo run --example login [PORT]
//!
//! Then look at http://localhost:8888/ with a browser, in English, German or French.

use std::fs::File;
use std::io::Read;

use firewhirl::prelude::*;
use firewhirl::web::locale::{Locales, fill};
use firewhirl::web::{CookieOptions, SameSite};

/// The texts in other languages; a larger site has a file for each (`Locales::load_translations`).
const GERMAN: &str = "Your name,Dein Name
Log in,Anmelden
Log out,Abmelden
\"Hello, %(name)s\",\"Hallo, %(name)s\"
";
const FRENCH: &str = "Your name,Votre nom
Log in,Se connecter
Log out,Se déconnecter
\"Hello, %(name)s\",\"Bonjour, %(name)s\"
";

async fn app() -> Result<Application> {
    let locales = Locales::new().csv("de", GERMAN.as_bytes())?.csv("fr", FRENCH.as_bytes())?;
    Ok(Application::new()
        .cookie_secret(secret()?)
        .xsrf_cookies(true)
        .locales(locales)
        .site(Members)
        .login_url("/login")
        .get(url("/").authenticated(), home)
        .get("/login", form)
        .post("/login", log_in)
        .post("/logout", log_out))
}

/// Who has it can be anybody. Without one in the environment it is another at each start, and everybody has to log in
/// again.
fn secret() -> Result<Vec<u8>> {
    if let Ok(secret) = std::env::var("COOKIE_SECRET") {
        return Ok(secret.into_bytes());
    }
    let mut secret = vec![0; 32];
    File::open("/dev/urandom")?.read_exact(&mut secret)?;
    Ok(secret)
}

struct Members;

impl Site for Members {
    /// The visitor's name. A larger site would look him up in its database.
    type User = String;

    async fn current_user(&self, cx: &Context) -> Result<Option<String>> {
        Ok(cx.signed_cookie("user")?.and_then(|name| String::from_utf8(name).ok()))
    }
}

async fn home(cx: &Context) -> Result {
    let (user, locale) = (cx.authenticated::<String>().await?, cx.locale().await?);
    let greeting = fill(locale.translate("Hello, %(name)s"), &[("name", &xhtml_escape(&user))]);
    let button = locale.translate("Log out");
    cx.write(format!(
        r#"<p>{greeting}</p><form action="/logout" method="post">{}<button>{button}</button></form>"#,
        cx.xsrf_form_html()?
    ))
}

async fn form(cx: &Context) -> Result {
    let locale = cx.locale().await?;
    let (label, button) = (locale.translate("Your name"), locale.translate("Log in"));
    cx.write(format!(
        r#"<form method="post">{}<label>{label} <input name="name"></label><button>{button}</button></form>"#,
        cx.xsrf_form_html()?
    ))
}

/// Believes everybody: a password belongs here.
async fn log_in(cx: &Context) -> Result {
    let options = CookieOptions::new().httponly(true).samesite(SameSite::Lax);
    cx.set_signed_cookie_with("user", cx.argument("name")?, &options)?;
    cx.redirect("/")
}

async fn log_out(cx: &Context) -> Result {
    cx.clear_cookie("user")?;
    cx.redirect("/login")
}

fn main() -> Result {
    let port = std::env::args().nth(1).map_or(Ok(8888), |port| port.parse())?;
    let server = HttpServer::new(app).listen(port)?;
    println!("listening on {}", server.url());
    IoLoop::current().start()
}
