//! What the framework's layers have counted, under Prometheus' names: requests, connections, loops.

use std::collections::BTreeMap;

use firewhirl_event::{LoopLoad, loop_loads};
use firewhirl_web::traffic;

use super::exposition::{Exposition, Kind};

/// Requests by route, and what servers had to refuse or give up.
pub(super) fn requests(exposition: &mut Exposition<'_>) {
    let requests = traffic::requests();
    let mut family = exposition.family(
        Kind::Counter,
        "firewhirl_http_requests",
        "Requests whose answer is complete; without a route those that no route answers.",
    );
    for row in &requests {
        for (status, count) in &row.statuses {
            let status = status.to_string();
            family.sample(&[("method", row.method), ("route", &row.route), ("status", &status)], *count);
        }
    }
    let mut family = exposition.family(
        Kind::Histogram,
        "firewhirl_http_request_duration_seconds",
        "From a request's head to the end of its answer, without the time that the client takes for it.",
    );
    for row in &requests {
        family.times(&[("method", row.method), ("route", &row.route)], &row.times);
    }
    let mut family = exposition.family(
        Kind::Gauge,
        "firewhirl_http_requests_lingering",
        "Handlers that go on a minute or longer after their clients left.",
    );
    for row in traffic::lingering_requests() {
        family.sample(&[("route", &row.url)], row.count);
    }
}

/// What the servers have counted of HTTP.
pub(super) fn http(exposition: &mut Exposition<'_>) {
    let http = firewhirl_http::statistics();
    exposition.one(
        Kind::Gauge,
        "firewhirl_http_requests_in_progress",
        "Requests that are being answered.",
        http.requests_in_progress,
    );
    let mut family = exposition.family(
        Kind::Counter,
        "firewhirl_http_refused",
        "Heads and bodies that broke HTTP's rules or a limit.",
    );
    family.sample(&[("part", "head")], http.heads_refused);
    family.sample(&[("part", "body")], http.bodies_refused);
    let mut family = exposition.family(
        Kind::Counter,
        "firewhirl_http_limits_hit",
        "Times that something was refused or held up because of a limit, by the option that sets it.",
    );
    let connections = firewhirl_tcp::connection_counts();
    for (limit, hit) in [
        ("max_start_line", http.start_lines_too_long),
        ("max_header_size", http.heads_too_large),
        ("max_fields", http.fields_too_many),
        ("max_body_size", http.bodies_too_large),
        ("max_chunk_extensions", http.chunk_extensions_too_large),
        ("max_trailer_size", http.trailers_too_large),
        ("output", http.outputs_full),
        ("max_connections", connections.times_full),
        ("max_connections_per_address", connections.refused),
    ] {
        family.sample(&[("limit", limit)], hit);
    }
    let mut family = exposition.family(
        Kind::Counter,
        "firewhirl_http_timeouts",
        "Connections that were kept waiting too long, by what they were waited for.",
    );
    for (phase, timeouts) in [
        ("idle", http.idle_timeouts),
        ("header", http.header_timeouts),
        ("body", http.body_timeouts),
        ("write", http.write_timeouts),
    ] {
        family.sample(&[("phase", phase)], timeouts);
    }
    for (name, help, count) in [
        ("firewhirl_http_clients_left", "Clients that left before their answer was complete.", http.clients_left),
        ("firewhirl_http_panics", "Handlers that panicked.", http.panics),
    ] {
        exposition.one(Kind::Counter, name, help, count);
    }
}

/// What the servers have counted of connections, of whatever protocol.
pub(super) fn connections(exposition: &mut Exposition<'_>) {
    let connections = firewhirl_tcp::connection_counts();
    exposition.one(Kind::Gauge, "firewhirl_connections_open", "Connections that are open.", connections.open);
    for (name, help, count) in [
        ("firewhirl_connections_accepted", "Connections that were let in.", connections.accepted),
        ("firewhirl_connections_refused", "Connections closed at once: too many of one address.", connections.refused),
        ("firewhirl_connections_failed", "Connections that ended with an error of the program's.", connections.failed),
        ("firewhirl_connections_panicked", "Connections whose handler panicked.", connections.panicked),
        (
            "firewhirl_connections_exhausted",
            "Times in which the system had no file descriptor or memory for a connection.",
            connections.times_exhausted,
        ),
    ] {
        exposition.one(Kind::Counter, name, help, count);
    }
}

/// The loops by their worker, and the memory for bytes on their way.
pub(super) fn loops(exposition: &mut Exposition<'_>) {
    let loops = by_worker(loop_loads());
    let mut gauge = |name, help, value: fn(&LoopLoad) -> f64| {
        let mut family = exposition.family(Kind::Gauge, name, help);
        loops.iter().for_each(|(worker, load)| family.sample(&[("worker", worker)], value(load)));
    };
    gauge("firewhirl_loop_busy_ratio", "Share of the last second or two in which the loop worked.", |load| load.busy);
    gauge(
        "firewhirl_loop_overdue_seconds",
        "For how long the loop has not turned although it should have: more than a moment while it is blocked.",
        |load| load.overdue.as_secs_f64(),
    );
    gauge("firewhirl_loop_tasks", "Tasks on the loop that have not ended.", |load| load.tasks as f64);
    gauge("firewhirl_loop_timers", "Timeouts on the loop that wait for their time.", |load| load.timers as f64);
    let mut counter = |name, help, value: fn(&LoopLoad) -> f64| {
        let mut family = exposition.family(Kind::Counter, name, help);
        loops.iter().for_each(|(worker, load)| family.sample(&[("worker", worker)], value(load)));
    };
    counter("firewhirl_loop_busy_seconds", "Time in which the loop worked.", |load| load.busy_time.as_secs_f64());
    counter("firewhirl_loop_callbacks", "Callbacks that the loop has run.", |load| load.callbacks as f64);
    counter("firewhirl_loop_blocked_seconds", "Time of the steps that blocked the loop.", |load| {
        load.blocked.time.as_secs_f64()
    });
    let mut family = exposition.family(
        Kind::Counter,
        "firewhirl_loop_blocked_steps",
        "Steps that took as long as the blocking log's threshold, by what the thread did meanwhile.",
    );
    for (worker, LoopLoad { blocked, .. }) in &loops {
        for (kind, steps) in [
            ("burning", blocked.burning),
            ("asleep", blocked.asleep),
            ("unknown", blocked.unknown),
            ("not_scheduled", blocked.not_scheduled),
        ] {
            family.sample(&[("worker", worker), ("kind", kind)], steps);
        }
    }
    let mut family =
        exposition.family(Kind::Histogram, "firewhirl_loop_lag_seconds", "How late the loop's timers fired.");
    loops.iter().for_each(|(worker, load)| family.times(&[("worker", worker)], &load.lag));

    let http = firewhirl_http::statistics();
    let (mut read, mut write) = (0, 0);
    for load in loops.values() {
        read += load.pooled_buffers.read;
        write += load.pooled_buffers.write;
    }
    let mut family = exposition.family(
        Kind::Gauge,
        "firewhirl_buffers_bytes",
        "Memory for bytes on their way: in use by HTTP connections, and kept for the next that needs some.",
    );
    for (kind, state, bytes) in [
        ("read", "used", http.read_memory),
        ("write", "used", http.write_memory),
        ("read", "pooled", read as u64),
        ("write", "pooled", write as u64),
    ] {
        family.sample(&[("buffer", kind), ("state", state)], bytes);
    }
}

/// The loads by the label of their worker. A loop that is no worker's goes by its thread's name; the main
/// thread's is the first worker's, whether or not there are others. Of loops that share a name the sums
/// are told, and the worst.
fn by_worker(loads: Vec<LoopLoad>) -> BTreeMap<String, LoopLoad> {
    let mut workers: BTreeMap<String, LoopLoad> = BTreeMap::new();
    for load in loads {
        let worker = if load.name == "main" { "0".to_owned() } else { load.name.clone() };
        match workers.get_mut(&worker) {
            None => drop(workers.insert(worker, load)),
            Some(sum) => {
                sum.tasks += load.tasks;
                sum.timers += load.timers;
                sum.callbacks += load.callbacks;
                sum.busy = sum.busy.max(load.busy);
                sum.busy_time += load.busy_time;
                sum.lag.add(&load.lag);
                sum.blocked += load.blocked;
                sum.overdue = sum.overdue.max(load.overdue);
                sum.pooled_buffers += load.pooled_buffers;
            }
        }
    }
    workers
}
