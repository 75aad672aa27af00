//! Who the client is, when a proxy such as nginx stands in front: `X-Real-Ip`, `X-Forwarded-For`,
//! `X-Scheme` and `X-Forwarded-Proto`.
//!
//! Only a server that is told to (`xheaders`) believes them, for any client can send them. The rules
//! are Tornado's: `X-Real-Ip` wins over `X-Forwarded-For`, of which the last address counts that is
//! not a trusted proxy's; of several protocols the last counts; what is no address and no protocol is
//! ignored.

use std::net::IpAddr;

use firewhirl_tcp::Peer;

use crate::http1::RequestHead;
use crate::secure::Session;

/// The client of one request, as the connection or the proxy in front tells.
#[derive(Clone, Debug)]
pub(crate) struct Downstream {
    peer: Peer,
    remote_ip: Option<IpAddr>,
    secure: bool,
    believed: bool,
    session: Session,
}

impl Default for Downstream {
    fn default() -> Self {
        Self::direct(Peer::Unix, false)
    }
}

impl Downstream {
    /// The client as the connection itself tells.
    pub(crate) fn direct(peer: Peer, secure: bool) -> Self {
        let remote_ip = peer.ip();
        Self { peer, remote_ip, secure, believed: false, session: Default::default() }
    }

    /// The same over a connection with this TLS, if it has any.
    pub(crate) fn over(mut self, session: &Session) -> Self {
        self.secure |= session.is_secure();
        self.session = session.clone();
        self
    }

    #[cfg(feature = "tls")]
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    pub(crate) fn peer(&self) -> Peer {
        self.peer
    }

    pub(crate) fn remote_ip(&self) -> Option<IpAddr> {
        self.remote_ip
    }

    /// Whether the proxy in front was asked who the client is.
    pub(crate) fn is_believed(&self) -> bool {
        self.believed
    }

    pub(crate) fn protocol(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// The client as the fields of the proxy in front tell, where they tell it.
    pub(crate) fn behind(mut self, head: &RequestHead, trusted: &[IpAddr]) -> Self {
        self.believed = true;
        let forwarded = last_untrusted(joined(head, "X-Forwarded-For").as_deref().unwrap_or_default(), trusted);
        let claimed = joined(head, "X-Real-Ip").map_or(forwarded, |real| real.trim().parse().ok());
        self.remote_ip = claimed.or(self.remote_ip);
        let protocols = joined(head, "X-Scheme").or_else(|| joined(head, "X-Forwarded-Proto"));
        match protocols.as_deref().and_then(|list| list.rsplit(',').next()).map(str::trim) {
            Some("https") => self.secure = true,
            Some("http") => self.secure = false,
            _ => {}
        }
        self
    }
}

/// The values of a field joined as one list, `None` where there is none that can be read.
fn joined(head: &RequestHead, name: &str) -> Option<String> {
    let mut values = head.field_values(name).filter_map(|value| std::str::from_utf8(value).ok());
    let mut list = values.next()?.to_owned();
    for value in values {
        list.push(',');
        list.push_str(value);
    }
    Some(list)
}

/// The last address of the list that is no trusted proxy's; the first one where all are.
fn last_untrusted(list: &str, trusted: &[IpAddr]) -> Option<IpAddr> {
    let mut claimed = None;
    for candidate in list.rsplit(',') {
        claimed = candidate.trim().parse().ok();
        if !claimed.is_some_and(|address| trusted.contains(&address)) {
            break;
        }
    }
    claimed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;

    /// Fields, trusted proxies, and what comes of them.
    #[rustfmt::skip]
    const CASES: &[(&str, &[&str], &str, &str)] = &[
        ("",                                                              &[],           "127.0.0.1", "http"),
        ("X-Real-Ip: 4.4.4.4",                                            &[],           "4.4.4.4",   "http"),
        ("X-Real-Ip: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\nX-Scheme: https", &[],       "1.2.3.4",   "https"),
        ("X-Forwarded-For: 127.0.0.1, 4.4.4.4",                           &[],           "4.4.4.4",   "http"),
        ("X-Forwarded-For: 5.6.7.8, 10.0.0.1",                            &[],           "10.0.0.1",  "http"),
        ("X-Forwarded-For: 5.6.7.8, 10.0.0.1",                            &["10.0.0.1"], "5.6.7.8",   "http"),
        ("X-Forwarded-For: 5.6.7.8\r\nX-Forwarded-For: 10.0.0.1",         &["10.0.0.1"], "5.6.7.8",   "http"),
        ("X-Real-Ip: 2620:0:1cfe:face:b00c::3",                           &[],           "2620:0:1cfe:face:b00c::3", "http"),
        ("X-Real-Ip: 4.4.4.4<script>",                                    &[],           "127.0.0.1", "http"),
        ("X-Forwarded-For: junk",                                         &[],           "127.0.0.1", "http"),
        ("X-Forwarded-For: www.google.com",                               &[],           "127.0.0.1", "http"),
        ("X-Forwarded-Proto: https, http",                                &[],           "127.0.0.1", "http"),
        ("X-Forwarded-Proto: http, https",                                &[],           "127.0.0.1", "https"),
        ("X-Scheme: unknown",                                             &[],           "127.0.0.1", "http"),
    ];

    #[test]
    fn the_proxy_in_front_says_who_the_client_is() {
        for (fields, trusted, remote_ip, protocol) in CASES {
            let separator = if fields.is_empty() { "" } else { "\r\n" };
            let text = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}{separator}\r\n");
            let mut head = RequestHead::new();
            assert!(head.parse(text.as_bytes(), &Limits::default()).unwrap().is_some(), "{fields}");
            let trusted: Vec<IpAddr> = trusted.iter().map(|address| address.parse().unwrap()).collect();
            let peer = Peer::from(std::net::SocketAddr::from(([127, 0, 0, 1], 4000)));
            let client = Downstream::direct(peer, false).behind(&head, &trusted);
            assert_eq!(client.remote_ip().unwrap().to_string(), *remote_ip, "{fields}");
            assert_eq!(client.protocol(), *protocol, "{fields}");
        }
    }
}
