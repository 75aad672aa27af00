//! Which fields are about one connection, and so end where it ends (RFC 9110, section 7.6.1).

/// Whether a field is about its connection by its name alone.
///
/// `Connection` can name further ones; see [`Nominated`].
pub(super) fn is_hop_by_hop(name: &str) -> bool {
    let is = |known: &str| name.eq_ignore_ascii_case(known);
    match name.len() {
        2 => is("te"),
        7 => is("trailer") || is("upgrade"),
        10 => is("connection") || is("keep-alive"),
        // What came with the offer to go on in HTTP/2, which is never passed on.
        14 => is("http2-settings"),
        16 => is("proxy-connection"),
        17 => is("transfer-encoding"),
        18 => is("proxy-authenticate"),
        19 => is("proxy-authorization"),
        _ => false,
    }
}

/// The fields that a message's own `Connection` fields name as being about the connection.
#[derive(Default)]
pub(super) struct Nominated<'head>(Vec<&'head [u8]>);

impl<'head> Nominated<'head> {
    /// Reads the values of the `Connection` fields. Nothing is allocated for what nearly all say: `close`,
    /// `keep-alive`, `Upgrade`.
    pub(super) fn read(values: impl Iterator<Item = &'head [u8]>) -> Self {
        let options = values.flat_map(|value| value.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
        let is_known = |option: &[u8]| {
            option.is_empty()
                || option.eq_ignore_ascii_case(b"close")
                || std::str::from_utf8(option).is_ok_and(is_hop_by_hop)
        };
        Self(options.filter(|option| !is_known(option)).collect())
    }

    /// Whether this field was named.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|option| option.eq_ignore_ascii_case(name.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_the_connection_are_known_in_whatever_case() {
        #[rustfmt::skip]
        const CASES: &[(&str, bool)] = &[
            ("Connection",          true),
            ("KEEP-ALIVE",          true),
            ("proxy-Connection",    true),
            ("Proxy-Authorization", true),
            ("Proxy-Authenticate",  true),
            ("TE",                  true),
            ("Trailer",             true),
            ("Transfer-Encoding",   true),
            ("Upgrade",             true),
            ("HTTP2-Settings",      true),
            ("Content-Encoding",    false),
            ("Authorization",       false),
            ("Upgrade-Insecure-Requests", false),
            ("",                    false),
        ];
        for &(name, expected) in CASES {
            assert_eq!(is_hop_by_hop(name), expected, "{name}");
        }
    }

    #[test]
    fn connection_names_fields_of_its_own() {
        let values: [&[u8]; 2] = [b"keep-alive, X-Secret ,close", b"x-other, \xff, ,Upgrade"];
        let nominated = Nominated::read(values.into_iter());
        assert!(nominated.contains("x-secret") && nominated.contains("X-Other"));
        assert!(!nominated.contains("close") && !nominated.contains("") && !nominated.contains("X-Third"));
        assert_eq!(Nominated::read([&b"close"[..]].into_iter()).0.capacity(), 0);
    }
}
