//! The web layer as a client sees it: applications asked over a pair in memory.

mod arguments;
mod bodies;
mod closing;
mod errors;
mod etags;
mod finish_later;
mod forms;
mod kept;
mod log;
mod redirects;
mod responses;
mod routing;
mod sites;
mod support;
mod tower;
mod users;
mod verbs;
