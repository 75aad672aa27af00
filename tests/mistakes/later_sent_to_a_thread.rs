//! A response that is finished later goes to another thread.

use firewhirl::prelude::*;

async fn soon(cx: &Context) -> Result {
    let later = cx.finish_later();
    std::thread::spawn(move || {
        let _ = later.finish("here it is");
    });
    Ok(())
}

fn main() {
    Application::new().get("/", soon);
}
