//! Which address to try when: happy eyeballs (RFC 8305) by Tornado's rules, without sockets or clock.
//!
//! The addresses are split by family. The family of the first one starts; the other starts once its
//! head start is over, or at the first failure. Within a family one address is tried after the other,
//! so that at most one attempt a family is under way. Whoever drives this opens the sockets, keeps the
//! time, and reports what happened.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// How long the first family has for itself: Tornado's 0.3 s. RFC 8305 (section 5) recommends 0.25 s
/// and allows anything from 0.1 s to 2 s.
pub(crate) const HEAD_START: Duration = Duration::from_millis(300);

/// One of the two families: an index into what is kept a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Primary = 0,
    Secondary = 1,
}

/// What to do next: open a connection to the address, and report under which lane it failed.
pub(crate) type Attempt = (Lane, SocketAddr);

/// The attempts of one connect.
#[derive(Debug)]
pub(crate) struct Connector {
    waiting: [VecDeque<SocketAddr>; 2],
    under_way: [Option<SocketAddr>; 2],
    /// The second family has not been allowed to start yet.
    head_start: bool,
}

impl Connector {
    /// Splits the addresses; nothing is tried yet.
    pub(crate) fn new(addresses: &[SocketAddr]) -> Self {
        let (primary, secondary) = split(addresses);
        Self { waiting: [primary.into(), secondary.into()], under_way: [None, None], head_start: true }
    }

    /// The attempt to begin with; `None` if there is no address at all.
    pub(crate) fn start(&mut self) -> Option<Attempt> {
        self.next_in(Lane::Primary)
    }

    /// The head start is over: the attempt of the second family, if it has not been allowed to start
    /// before and has an address.
    pub(crate) fn head_start_is_over(&mut self) -> Option<Attempt> {
        if !std::mem::take(&mut self.head_start) {
            return None;
        }
        self.next_in(Lane::Secondary)
    }

    /// An attempt failed: what takes its place, and what need no longer wait.
    pub(crate) fn attempt_failed(&mut self, lane: Lane) -> [Option<Attempt>; 2] {
        self.under_way[lane as usize] = None;
        [self.next_in(lane), self.head_start_is_over()]
    }

    /// Whether every address has been tried in vain.
    pub(crate) fn has_failed(&self) -> bool {
        self.under_way.iter().all(Option::is_none) && self.waiting.iter().all(VecDeque::is_empty)
    }

    /// The addresses that are being tried, as a message lists them.
    pub(crate) fn under_way(&self) -> String {
        let mut addresses: Vec<_> = self.under_way.iter().flatten().map(SocketAddr::to_string).collect();
        addresses.sort();
        addresses.join(", ")
    }

    fn next_in(&mut self, lane: Lane) -> Option<Attempt> {
        self.under_way[lane as usize] = self.waiting[lane as usize].pop_front();
        self.under_way[lane as usize].map(|address| (lane, address))
    }
}

/// The addresses of the first one's family, and the others, each in their order.
fn split(addresses: &[SocketAddr]) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    addresses.iter().partition(|address| address.is_ipv4() == first_is_v4)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses by one letter: a and b of one family, c and d of the other.
    fn address(name: char) -> SocketAddr {
        let text = match name {
            'a' => "192.0.2.1:443",
            'b' => "192.0.2.2:443",
            'c' => "[2001:db8::1]:443",
            'd' => "[2001:db8::2]:443",
            _ => panic!("no address is called {name}"),
        };
        text.parse().unwrap()
    }

    fn name(address: SocketAddr) -> char {
        ['a', 'b', 'c', 'd'].into_iter().find(|&name| self::address(name) == address).unwrap()
    }

    fn addresses(names: &str) -> Vec<SocketAddr> {
        names.chars().map(address).collect()
    }

    #[test]
    fn addresses_are_split_by_the_family_of_the_first() {
        for (given, primary, secondary) in [("ab", "ab", ""), ("acbd", "ab", "cd"), ("cabd", "cd", "ab"), ("", "", "")]
        {
            assert_eq!(split(&addresses(given)), (addresses(primary), addresses(secondary)), "{given}");
        }
    }

    /// What is told to the connector, and which addresses are under way after it.
    enum Step {
        Start(&'static str),
        HeadStartIsOver(&'static str),
        Fails(char, &'static str),
    }
    use Step::*;

    #[rustfmt::skip]
    const CASES: &[(&str, &str, &[Step], bool)] = &[
        ("no address",                           "",     &[Start("")],                                                  true),
        ("the first address is tried alone",     "abcd", &[Start("a")],                                                 false),
        ("a single one fails",                   "a",    &[Start("a"), Fails('a', "")],                                 true),
        ("one family, second try",               "ab",   &[Start("a"), Fails('a', "b")],                                false),
        ("one family, both fail",                "ab",   &[Start("a"), Fails('a', "b"), Fails('b', "")],                true),
        ("one family has no use for the time",   "ab",   &[Start("a"), HeadStartIsOver("a"), Fails('a', "b")],          false),
        ("a failure ends the head start",        "abcd", &[Start("a"), Fails('a', "bc"), Fails('b', "c")],              false),
        ("the time ends the head start",         "abcd", &[Start("a"), HeadStartIsOver("ac")],                          false),
        ("a head start ends once",               "abcd", &[Start("a"), Fails('a', "bc"), HeadStartIsOver("bc")],        false),
        ("all fail, a family after the other",   "abcd", &[Start("a"), HeadStartIsOver("ac"), Fails('c', "ad"), Fails('d', "a"),
                                                           Fails('a', "b"), Fails('b', "")],                            true),
        ("a family of failures leaves the other", "abc", &[Start("a"), Fails('a', "bc"), Fails('b', "c")],              false),
    ];

    #[test]
    fn attempts_follow_the_table() {
        for (what, given, steps, failed) in CASES {
            let mut connector = Connector::new(&addresses(given));
            let mut under_way: Vec<(Lane, char)> = Vec::new();
            for step in *steps {
                let (next, expected) = match step {
                    Start(expected) => ([connector.start(), None], expected),
                    HeadStartIsOver(expected) => ([connector.head_start_is_over(), None], expected),
                    Fails(failing, expected) => {
                        let place = under_way.iter().position(|(_, name)| name == failing).expect(what);
                        let (lane, _) = under_way.remove(place);
                        (connector.attempt_failed(lane), expected)
                    }
                };
                under_way.extend(next.into_iter().flatten().map(|(lane, address)| (lane, name(address))));
                let mut names: Vec<char> = under_way.iter().map(|(_, name)| *name).collect();
                names.sort();
                assert_eq!(names.into_iter().collect::<String>(), **expected, "{what}");
            }
            assert_eq!(connector.has_failed(), *failed, "{what}");
        }
    }

    #[test]
    fn what_is_under_way_is_listed_in_order_and_without_what_failed() {
        let mut connector = Connector::new(&addresses("cab"));
        connector.start();
        connector.head_start_is_over();
        assert_eq!(connector.under_way(), "192.0.2.1:443, [2001:db8::1]:443");
        connector.attempt_failed(Lane::Secondary);
        assert_eq!(connector.under_way(), "192.0.2.2:443, [2001:db8::1]:443");
    }
}
