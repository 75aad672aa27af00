//! An `Rc` goes to another thread.

use std::rc::Rc;

use firewhirl::prelude::*;

async fn digest(cx: &Context) -> Result {
    let text = Rc::new(cx.argument("text")?);
    let length = IoLoop::current().run_in_executor(move || text.len()).await?;
    cx.write(length.to_string())
}

fn main() {
    Application::new().get("/", digest);
}
