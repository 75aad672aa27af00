//! A page in headless Chromium, which is left to itself while the program changes.

#[path = "../../../../tests/support/browser.rs"]
mod chromium;

use crate::project::Project;
use crate::session::Session;
use chromium::Browser;

#[test]
fn a_page_in_a_browser_loads_itself_again_and_shows_the_errors() {
    let project = Project::new("dev-browser");
    project.write("pages/page.txt", "first");
    let mut session = Session::dev(&project, "");
    session.expect("ready after");
    let Some(mut browser) = Browser::open(&format!("http://localhost:{}/", project.port), &[]) else { return };
    browser.eventually("word.textContent == 'one' && asset.textContent == 'first'");

    project.edit("WORD: &str = \"one\"", "WORD: &str = \"two\"");
    browser.eventually("word.textContent == 'two'");
    project.write("pages/page.txt", "second");
    browser.eventually("asset.textContent == 'second'");

    project.edit("WORD: &str = \"two\"", "WORD: &str = 2");
    let overlay = "document.querySelector('firewhirl-overlay')";
    browser.eventually(&format!("{overlay}?.shadowRoot.textContent.includes('mismatched types')"));
    browser.eventually(&format!(
        "getComputedStyle({overlay}.shadowRoot.querySelector('.ansi-1')).color == 'rgb(255, 107, 104)'"
    ));
    browser.eventually("word.textContent == 'two'");
    project.edit("WORD: &str = 2", "WORD: &str = \"three\"");
    browser.eventually(&format!("word.textContent == 'three' && !{overlay}"));

    let _ = crate::client::ask(project.port, "/crash", "");
    session.expect("crashed");
    browser.eventually("document.body.textContent.includes('out of <cheese>')");
    project.edit("WORD: &str = \"three\"", "WORD: &str = \"four\"");
    browser.eventually("word.textContent == 'four'");
}
