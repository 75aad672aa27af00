//! The list of routes for people: a table, in which a column that says nothing is left out.

use serde_json::Value;

/// What the column of logins can and cannot know.
const NOTE: &str = "\
login: as the route or its group declares with `.authenticated()`; a handler that asks in its own code is not seen
";

/// A column: its title, and what it shows of a route.
type Column = (&'static str, fn(&Value) -> String);

const COLUMNS: [Column; 8] = [
    ("VERBS", verbs),
    ("URL", |route| text(route, "url")),
    ("HOST", |route| text(route, "host")),
    ("NAME", |route| text(route, "name")),
    ("LOGIN", |route| if route["login"] == true { "declared".to_owned() } else { String::new() }),
    ("SITE", |route| text(route, "site")),
    ("HANDLER", |route| text(route, "handler")),
    ("ADDED AT", |route| text(route, "location")),
];

/// A table for each application, with an empty line between them.
pub(super) fn of(applications: &[Vec<Value>]) -> String {
    let tables: Vec<String> = applications.iter().map(|routes| table(routes)).collect();
    let mut all = tables.join("\n");
    all.push('\n');
    all.push_str(NOTE);
    all
}

fn table(routes: &[Value]) -> String {
    if routes.is_empty() {
        return "an application without routes\n".to_owned();
    }
    let mut columns = Vec::new();
    for (title, show) in COLUMNS {
        let cells: Vec<String> = routes.iter().map(show).collect();
        // That nothing asks for a login is worth seeing.
        if title == "LOGIN" || cells.iter().any(|cell| !cell.is_empty()) {
            let width = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or_default().max(title.len());
            columns.push((title, cells, width));
        }
    }
    let mut table = String::new();
    line(&mut table, columns.iter().map(|(title, _, width)| (*title, *width)));
    for row in 0..routes.len() {
        line(&mut table, columns.iter().map(|(_, cells, width)| (cells[row].as_str(), *width)));
    }
    table
}

fn line<'cell>(table: &mut String, cells: impl Iterator<Item = (&'cell str, usize)>) {
    for (cell, width) in cells {
        let cell = if cell.is_empty() { "-" } else { cell };
        table.push_str(&format!("{cell:width$}  "));
    }
    table.truncate(table.trim_end().len());
    table.push('\n');
}

fn text(route: &Value, key: &str) -> String {
    route[key].as_str().unwrap_or_default().to_owned()
}

/// The verbs, without those that come of themselves: OPTIONS, and HEAD with GET.
fn verbs(route: &Value) -> String {
    let verbs: Vec<&str> = route["verbs"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if verbs.len() == 7 {
        return "any".to_owned();
    }
    let has_get = verbs.contains(&"GET");
    let of_itself = |verb: &&str| *verb == "OPTIONS" || *verb == "HEAD" && has_get;
    verbs.into_iter().filter(|verb| !of_itself(verb)).collect::<Vec<_>>().join(" ")
}
