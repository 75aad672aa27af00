//! How many connections are let in, in all and by address, and the counts of what happened.
//!
//! One gate stands before all workers of a server: its caps hold for the process, however the kernel
//! spreads connections over the threads. That is why it is made of atomics and a lock, which are
//! touched once when a connection comes and once when it goes, never in between.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::Peer;

/// Lets connections in, up to its caps, and counts them. Cheap to clone: the clones are one gate.
///
/// Without caps, which is the default, it only counts. A cap can be changed at any time; connections
/// that are beyond a lowered one stay.
///
/// # Examples
///
/// ```
/// use firewhirl_tcp::Gate;
///
/// let gate = Gate::default();
/// gate.set_max_connections(10_000);
/// gate.set_max_connections_per_address(100);
/// assert_eq!(gate.counts().open, 0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<State>);

#[derive(Debug)]
struct State {
    max_connections: AtomicUsize,
    max_connections_per_address: AtomicUsize,
    /// Connections, and the places that listeners hold for a moment while they ask for one.
    places_taken: AtomicUsize,
    place_freed: Notify,
    by_address: Mutex<HashMap<IpAddr, usize>>,
    tally: Tally,
}

/// The counters of one gate, or of all.
#[derive(Debug, Default)]
struct Tally {
    open: AtomicUsize,
    accepted: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    panicked: AtomicU64,
    times_full: AtomicU64,
    times_exhausted: AtomicU64,
}

/// What all gates of the process have counted, those that are gone included.
static ALL: Tally = Tally {
    open: AtomicUsize::new(0),
    accepted: AtomicU64::new(0),
    refused: AtomicU64::new(0),
    failed: AtomicU64::new(0),
    panicked: AtomicU64::new(0),
    times_full: AtomicU64::new(0),
    times_exhausted: AtomicU64::new(0),
};

/// What has been counted of connections in the whole process, over all its servers.
pub fn connection_counts() -> ConnectionCounts {
    ALL.read()
}

/// What has been counted of connections: by a [`Gate`] since it was made, over all workers, or by all
/// gates of the process together ([`connection_counts`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionCounts {
    /// Connections that are open now.
    pub open: usize,
    /// Connections let in.
    pub accepted: u64,
    /// Connections closed at once, because their address had too many.
    pub refused: u64,
    /// Connections whose handler ended with an error other than that the peer has gone.
    pub failed: u64,
    /// Connections whose handler panicked.
    pub panicked: u64,
    /// How often accepting stopped until a connection ended, because there were as many as may be.
    pub times_full: u64,
    /// How often there came a time in which the system had no file descriptor or memory for a connection.
    pub times_exhausted: u64,
}

impl Gate {
    /// Caps the connections open at one time. At the cap no more are accepted: they wait in the
    /// kernel's backlog until one ends. Default: no cap. Zero accepts none.
    pub fn set_max_connections(&self, connections: usize) {
        self.0.max_connections.store(connections, SeqCst);
        self.0.place_freed.notify_waiters();
    }

    /// Caps the connections open at one time from one IP address; those beyond it are closed at once.
    /// Default: no cap.
    ///
    /// IPv6 counts by the first 64 bits of the address, as this is what one host is given. Behind a
    /// proxy every connection comes from the proxy's address, and over a Unix socket from none.
    /// Connections that came before there was a cap are not counted.
    pub fn set_max_connections_per_address(&self, connections: usize) {
        self.0.max_connections_per_address.store(connections, SeqCst);
    }

    /// What has been counted.
    pub fn counts(&self) -> ConnectionCounts {
        self.0.tally.read()
    }

    /// A place for a connection, if there is one.
    pub(crate) fn try_place(&self) -> Option<Place> {
        let max = self.0.max_connections.load(SeqCst);
        let taken = self.0.places_taken.fetch_update(SeqCst, SeqCst, |taken| (taken < max).then_some(taken + 1));
        taken.ok().map(|_| Place(self.0.clone()))
    }

    /// A place for a connection that has to be let in, cap or no cap.
    pub(crate) fn place_beyond_the_cap(&self) -> Place {
        self.0.places_taken.fetch_add(1, SeqCst);
        Place(self.0.clone())
    }

    /// Waits until there may be a place again.
    pub(crate) async fn place_freed(&self) {
        // Made before the look, so that what is freed between the look and the wait is not missed.
        let freed = self.0.place_freed.notified();
        if self.try_place().is_none() {
            freed.await;
        }
    }

    /// Lets a connection in, or says that its address has too many.
    pub(crate) fn admit(&self, place: Place, peer: Peer) -> Option<Admission> {
        let max = self.0.max_connections_per_address.load(SeqCst);
        let host = match peer.ip() {
            Some(ip) if max != usize::MAX => Some(host(ip)),
            _ => None,
        };
        if let Some(host) = host {
            let mut by_address = self.0.by_address();
            let open = by_address.entry(host).or_default();
            if *open >= max {
                if *open == 0 {
                    by_address.remove(&host);
                }
                self.count(|tally| &tally.refused);
                return None;
            }
            *open += 1;
        }
        self.count(|tally| &tally.accepted);
        for tally in self.0.tallies() {
            tally.open.fetch_add(1, Relaxed);
        }
        Some(Admission { place, host })
    }

    pub(crate) fn count_failed(&self) {
        self.count(|tally| &tally.failed);
    }

    pub(crate) fn count_panicked(&self) {
        self.count(|tally| &tally.panicked);
    }

    pub(crate) fn count_full(&self) {
        self.count(|tally| &tally.times_full);
    }

    pub(crate) fn count_exhausted(&self) {
        self.count(|tally| &tally.times_exhausted);
    }

    fn count(&self, counter: impl Fn(&Tally) -> &AtomicU64) {
        for tally in self.0.tallies() {
            counter(tally).fetch_add(1, Relaxed);
        }
    }
}

impl Default for State {
    fn default() -> Self {
        Self {
            max_connections: AtomicUsize::new(usize::MAX),
            max_connections_per_address: AtomicUsize::new(usize::MAX),
            places_taken: AtomicUsize::new(0),
            place_freed: Notify::new(),
            by_address: Mutex::default(),
            tally: Tally::default(),
        }
    }
}

impl State {
    /// Where what happens at this gate is counted.
    fn tallies(&self) -> [&Tally; 2] {
        [&self.tally, &ALL]
    }

    /// Nothing that holds the lock can leave the map half changed, so a panic elsewhere is no matter.
    fn by_address(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    fn read(&self) -> ConnectionCounts {
        ConnectionCounts {
            open: self.open.load(Relaxed),
            accepted: self.accepted.load(Relaxed),
            refused: self.refused.load(Relaxed),
            failed: self.failed.load(Relaxed),
            panicked: self.panicked.load(Relaxed),
            times_full: self.times_full.load(Relaxed),
            times_exhausted: self.times_exhausted.load(Relaxed),
        }
    }
}

/// One of the connections that may be, held; free again when dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<State>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.places_taken.fetch_sub(1, SeqCst);
        self.0.place_freed.notify_waiters();
    }
}

/// A connection that was let in, for as long as it is open.
#[derive(Debug)]
pub(crate) struct Admission {
    place: Place,
    host: Option<IpAddr>,
}

impl Drop for Admission {
    fn drop(&mut self) {
        let state = &self.place.0;
        for tally in state.tallies() {
            tally.open.fetch_sub(1, Relaxed);
        }
        if let Some(host) = self.host {
            let mut by_address = state.by_address();
            if let Some(open) = by_address.get_mut(&host) {
                *open -= 1;
                if *open == 0 {
                    by_address.remove(&host);
                }
            }
        }
    }
}

/// What counts as one address: IPv4 as it is, also when it is written as IPv6, and of IPv6 the /64.
fn host(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(ip: &str) -> Peer {
        Peer::Tcp((ip.parse::<IpAddr>().unwrap(), 50_000).into())
    }

    fn admit(gate: &Gate, ip: &str) -> Option<Admission> {
        gate.admit(gate.try_place()?, peer(ip))
    }

    #[test]
    fn a_full_gate_opens_when_a_connection_ends() {
        let gate = Gate::default();
        gate.set_max_connections(1);
        let first = admit(&gate, "10.0.0.1").unwrap();
        assert!(gate.try_place().is_none());
        drop(first);
        assert!(gate.try_place().is_some());
    }

    #[test]
    fn the_cap_of_an_address_leaves_others_alone_and_ends_with_its_connections() {
        let gate = Gate::default();
        gate.set_max_connections_per_address(2);
        let mut held = vec![admit(&gate, "10.0.0.1").unwrap(), admit(&gate, "10.0.0.1").unwrap()];
        assert!(admit(&gate, "10.0.0.1").is_none());
        held.push(admit(&gate, "10.0.0.2").unwrap());
        assert_eq!(gate.counts().refused, 1);
        assert_eq!(gate.counts().open, 3);
        held.clear();
        assert!(gate.0.by_address().is_empty());
        assert!(admit(&gate, "10.0.0.1").is_some());
    }

    #[test]
    fn a_refused_address_leaves_nothing_behind() {
        let gate = Gate::default();
        gate.set_max_connections_per_address(0);
        assert!(admit(&gate, "10.0.0.1").is_none());
        assert!(gate.0.by_address().is_empty());
        assert_eq!(gate.0.places_taken.load(SeqCst), 0);
    }

    #[test]
    fn hosts_are_told_apart_by_what_they_are_given() {
        for (one, other, same) in [
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.1", "::ffff:10.0.0.1", true),
            ("2001:db8:1:2::3", "2001:db8:1:2:ffff::4", true),
            ("2001:db8:1:2::3", "2001:db8:1:3::3", false),
        ] {
            assert_eq!(host(one.parse().unwrap()) == host(other.parse().unwrap()), same, "{one} and {other}");
        }
    }

    #[test]
    fn a_unix_peer_has_no_address_to_count() {
        let gate = Gate::default();
        gate.set_max_connections_per_address(0);
        assert!(gate.admit(gate.try_place().unwrap(), Peer::Unix).is_some());
    }
}
