//! The proxy as a whole: clients in front of it, services of all kinds behind it, and what passes between.

mod support;

#[path = "proxy/bodies.rs"]
mod bodies;
#[path = "proxy/chat.rs"]
mod chat;
#[path = "proxy/failures.rs"]
mod failures;
#[path = "proxy/fronts.rs"]
mod fronts;
#[path = "proxy/messages.rs"]
mod messages;
#[path = "proxy/peers.rs"]
mod peers;
#[path = "proxy/sites.rs"]
mod sites;
#[path = "proxy/upgrades.rs"]
mod upgrades;
#[path = "proxy/upstreams.rs"]
mod upstreams;
#[path = "proxy/versions.rs"]
mod versions;
