//! The access log, and what takes its place.

use std::cell::RefCell;
use std::rc::Rc;

use firewhirl_web::Application;

use crate::support::{get, logged};

fn access(run: impl FnOnce()) -> Vec<String> {
    logged(run).into_iter().filter(|line| line.contains("firewhirl::access")).collect()
}

#[test]
fn a_request_is_a_line_at_the_level_of_its_status() {
    let application = Rc::new(Application::new().get("/{status}", async |cx| {
        cx.set_status(cx.path::<u16>("status")?);
        Ok(())
    }));
    for (status, level) in [(200, "INFO"), (302, "INFO"), (404, "WARN"), (500, "ERROR")] {
        let lines = access(|| drop(get(&format!("/{status}?a=1")).to(&application)));
        let start = format!("{level} firewhirl::access: {status} GET /{status}?a=1 (0.0.0.0) ");
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with(&start) && lines[0].ends_with("ms"), "{lines:?}");
    }
}

#[test]
fn a_log_function_takes_its_place() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let noted = seen.clone();
    let application = Rc::new(
        Application::new()
            .log_function(move |cx| noted.borrow_mut().push((cx.status().as_u16(), cx.route_url().to_owned())))
            .get("/story/{id}", async |cx| cx.write("x")),
    );
    let lines = access(|| {
        get("/story/1").to(&application);
        get("/nothing").to(&application);
    });
    assert!(lines.is_empty());
    assert_eq!(seen.take(), [(200, "/story/{id}".to_owned()), (404, " (not found)".to_owned())]);
}
