//! A service without HTTP: readings come over a socket, a queue takes them, workers digest them, and
//! a report is printed periodically.
//!
//!     cargo run --example background [PORT]
//!
//! Then: printf 'kitchen 21.5\ncellar 12\n' | nc localhost 8899

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use firewhirl::event::queues::Queue;
use firewhirl::prelude::*;

/// A line of the wire: where, and how warm.
struct Reading {
    room: String,
    degrees: f64,
}

impl Reading {
    fn parse(line: &str) -> Option<Self> {
        let (room, degrees) = line.trim().split_once(' ')?;
        Some(Self { room: room.to_owned(), degrees: degrees.parse().ok()? })
    }
}

/// What is known of a room: how many readings, and their sum.
type Rooms = Shared<BTreeMap<String, (u32, f64)>>;

fn main() -> Result {
    let port = std::env::args().nth(1).map_or(Ok(8899), |port| port.parse())?;
    let readings = Rc::new(Queue::<Reading>::with_maxsize(100));
    let rooms = Rc::new(Rooms::default());

    let inbox = readings.clone();
    let server = TcpServer::new(async move |mut stream: IoStream, _peer| {
        loop {
            let line = stream.read_until(b"\n").await?;
            match std::str::from_utf8(&line).ok().and_then(Reading::parse) {
                // A full queue holds the sender up: the socket is not read meanwhile.
                Some(reading) => inbox.put(reading).await,
                None => stream.write("expected: ROOM DEGREES\n"),
            }
        }
    })
    .listen(port)?;
    println!("listening on port {}", server.port().unwrap_or(port));

    for _ in 0..2 {
        let (readings, rooms) = (readings.clone(), rooms.clone());
        IoLoop::current().spawn_callback(async move {
            loop {
                let reading = readings.get().await;
                rooms.with(|rooms| {
                    let (count, sum) = rooms.entry(reading.room).or_default();
                    *count += 1;
                    *sum += reading.degrees;
                });
                readings.task_done()?;
            }
            #[allow(unreachable_code)]
            Result::Ok(())
        });
    }

    let report = PeriodicCallback::new(Duration::from_millis(200), move || {
        let rooms = rooms.clone();
        async move {
            for (room, (count, sum)) in rooms.with(std::mem::take) {
                println!("{room}: {count} readings, {:.1} degrees", sum / f64::from(count));
            }
        }
    })?;
    report.start();
    IoLoop::current().on_signal(Signal::Terminate, || IoLoop::current().stop())?;
    IoLoop::current().start()
}
