//! The `Accept-Language` header (RFC 9110, section 12.5.4): which languages a browser asks for.

/// The languages of an `Accept-Language` header, those that are liked best first.
///
/// Languages of one weight stay in order. One of weight 0 is not acceptable and left out, and so is one whose
/// weight is no number.
///
/// # Examples
///
/// ```
/// use firewhirl_web::locale::accepted_languages;
///
/// assert_eq!(accepted_languages("de;q=0.5, pt-BR, en;q=0.8, fr;q=0"), ["pt-BR", "en", "de"]);
/// ```
pub fn accepted_languages(header: &str) -> Vec<&str> {
    let mut languages: Vec<(&str, f64)> = header.split(',').filter_map(language).collect();
    languages.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    languages.into_iter().map(|(language, _)| language).collect()
}

/// One language with its weight, `None` if it is not acceptable.
fn language(element: &str) -> Option<(&str, f64)> {
    let mut parts = element.split(';');
    let language = parts.next()?.trim();
    let weight = match parts.next().map(str::trim).and_then(weight) {
        None => 1.0,
        Some(number) => number.trim().parse().unwrap_or(0.0),
    };
    (weight > 0.0).then_some((language, weight))
}

/// What a parameter says, if it is the weight.
fn weight(parameter: &str) -> Option<&str> {
    let (name, value) = parameter.split_once('=')?;
    name.eq_ignore_ascii_case("q").then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_come_in_the_order_of_their_weights() {
        #[rustfmt::skip]
        const CASES: &[(&str, &[&str])] = &[
            ("",                               &[""]),
            ("en",                             &["en"]),
            ("de, en",                         &["de", "en"]),
            ("de;q=0.1, en;q=0.2, fr;q=0.15",  &["en", "fr", "de"]),
            ("de; q=0.1 ,en",                  &["en", "de"]),
            ("de ;q=0.1, en;Q=0.2",            &["en", "de"]),
            ("de;q=0",                         &[]),
            ("de;q=-1, en;q=x, fr;q=",         &[]),
            ("de;q=NaN",                       &[]),
            ("de;q=0.5;level=1, en;level=1",   &["en", "de"]),
            ("de;q=2, en",                     &["de", "en"]),
        ];
        for (header, expected) in CASES {
            assert_eq!(accepted_languages(header), *expected, "{header:?}");
        }
    }
}
