//! Config files in TOML, as names with values.

use jiff::civil::DateTime;
use toml::de::{DeTable, DeValue};

use super::Value;
use super::config_file::{Assignment, Problem};

/// Reads a file; names below tables have those of the tables before them, with underscores between.
pub(super) fn read(text: &str) -> Result<Vec<Assignment>, Problem> {
    let table = DeTable::parse(text).map_err(|error| Problem {
        line: line_of(text, error.span().map_or(0, |span| span.start)),
        reason: error.message().to_owned(),
    })?;
    let mut found = Vec::new();
    flatten(text, "", table.get_ref(), &mut found)?;
    // Tables are maps; the order is the file's again.
    found.sort_by_key(|assignment| assignment.line);
    Ok(found)
}

fn flatten(text: &str, before: &str, table: &DeTable<'_>, found: &mut Vec<Assignment>) -> Result<(), Problem> {
    for (key, value) in table {
        let line = line_of(text, key.span().start);
        let name = if before.is_empty() { key.get_ref().to_string() } else { format!("{before}_{}", key.get_ref()) };
        match value.get_ref() {
            DeValue::Table(table) => flatten(text, &name, table, found)?,
            plain => found.push(Assignment {
                value: value_of(plain).map_err(|reason| Problem { line, reason })?,
                name,
                line,
            }),
        }
    }
    Ok(())
}

fn value_of(value: &DeValue<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Integer(digits) => Value::Integer(
            i128::from_str_radix(digits.as_str(), digits.radix())
                .map_err(|_| format!("{} is too large", digits.as_str()))?,
        ),
        DeValue::Float(digits) => {
            Value::Float(digits.as_str().parse().map_err(|_| format!("{} is no number", digits.as_str()))?)
        }
        DeValue::Datetime(_) => date_of(value)?,
        DeValue::Array(values) => {
            Value::List(values.iter().map(|value| value_of(value.get_ref())).collect::<Result<_, _>>()?)
        }
        DeValue::Table(_) => return Err("a table in a list is no value of an option".to_owned()),
    })
}

/// A date with or without a time of day, or a time of day, which is read as text is.
fn date_of(value: &DeValue<'_>) -> Result<Value, String> {
    let Some(date) = value.as_datetime() else { return Err("no date".to_owned()) };
    if date.offset.is_some() {
        return Err(format!("{date} has an offset from UTC, and options have local dates; leave it out"));
    }
    let Some(day) = date.date else { return Ok(Value::Text(date.to_string())) };
    let time = date.time.map_or((0, 0, 0, 0), |time| {
        (time.hour as i8, time.minute as i8, time.second.unwrap_or(0) as i8, time.nanosecond.unwrap_or(0) as i32)
    });
    DateTime::new(day.year as i16, day.month as i8, day.day as i8, time.0, time.1, time.2, time.3)
        .map(Value::DateTime)
        .map_err(|error| error.to_string())
}

/// The line of a byte, from 1.
fn line_of(text: &str, byte: usize) -> usize {
    text.as_bytes().iter().take(byte).filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_is_read() {
        let text = "port = 443\nbig = 0xff\nratio = 1.5\ndebug = true\nname = \"李康\"\nhosts = ['a', \"b\"]\n\
                    day = 2013-04-28\nat = 2013-04-28T05:16:07\ntime = 05:16:07\ndotted.name = 1\n\n[mysql]\nhost = 'db'\n\
                    [mysql.pool]\nsize = 1_000\n";
        let found = read(text).unwrap();
        let found: Vec<(&str, String, usize)> =
            found.iter().map(|found| (found.name.as_str(), found.value.to_string(), found.line)).collect();
        #[rustfmt::skip]
        assert_eq!(found, [
            ("port", "443".into(), 1), ("big", "255".into(), 2), ("ratio", "1.5".into(), 3), ("debug", "true".into(), 4),
            ("name", "李康".into(), 5), ("hosts", "a,b".into(), 6), ("day", "2013-04-28 00:00:00".into(), 7),
            ("at", "2013-04-28 05:16:07".into(), 8), ("time", "05:16:07".into(), 9), ("dotted_name", "1".into(), 10),
            ("mysql_host", "db".into(), 13), ("mysql_pool_size", "1000".into(), 15),
        ]);
    }

    #[test]
    fn a_mistake_is_shown_with_its_line() {
        #[rustfmt::skip]
        let cases = [
            ("a = 1\nb = ", 2), ("a = 1\na = 2", 2), ("\n\nday = 2013-04-28T05:16:07Z", 3), ("a = [{ b = 1 }]", 1), ("a = 1\nb", 2),
        ];
        for (text, line) in cases {
            assert_eq!(read(text).unwrap_err().line, line, "{text:?}");
        }
    }
}
