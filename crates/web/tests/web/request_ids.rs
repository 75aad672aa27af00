//! What names a request: its own number, or what its client or a proxy calls it.

use std::rc::Rc;

use firewhirl_web::Application;

use crate::support::get;

fn naming() -> Rc<Application> {
    Rc::new(Application::new().get("/", async |cx| cx.write(cx.request_id().to_string())))
}

#[test]
fn each_request_has_a_number_of_its_own() {
    let application = naming();
    let [first, second] = [(); 2].map(|()| get("/").to(&application).body);
    let [first, second] = [&first, &second].map(|name| u64::from_str_radix(name, 16).unwrap());
    assert_eq!(second, first.wrapping_add(1));
}

#[test]
fn the_name_that_a_proxy_gives_is_taken() {
    let answer = get("/").header("X-Request-Id", "7f-from.nginx").to(&naming());
    assert_eq!(answer.body, "7f-from.nginx");
}

#[test]
fn a_name_that_could_forge_a_log_line_is_not_taken() {
    let answer = get("/").header("X-Request-Id", "7f 200 GET /admin").to(&naming());
    assert_eq!(answer.body.len(), 16, "{}", answer.body);
}
