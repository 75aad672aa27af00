//! Two closures take the same value, without a clone for each.

use std::rc::Rc;

use firewhirl::prelude::*;

fn main() {
    let motto = Rc::new(String::from("All the news"));
    Application::new()
        .get("/", async move |cx| cx.write(motto.as_str()))
        .get("/about", async move |cx| cx.write(motto.as_str()));
}
