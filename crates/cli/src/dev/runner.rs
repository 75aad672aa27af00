//! The runner: what is done when something has happened.
//!
//! There are up to three copies of the program: the one that serves, the one that is being started to take
//! its place, and those that end their last requests. What listens is kept here, so that it stays open
//! whichever of them there is; while there is none, a stand-in answers.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus};
use std::time::SystemTime;

use firewhirl_event::{IoLoop, Result, Signal};
use firewhirl_process::development::{
    Announcer, Build, Built, CargoProgram, DevelopmentError, WatchSet, Watcher, Wish, sources_of,
};
use firewhirl_process::{ServiceEvent, SocketStore};
use tokio::sync::mpsc;

use super::child::Copy;
use super::events::{Event, Events};
use super::hub::Hub;
use super::keys::Keys;
use super::stand_in::StandIn;
use super::terminal::{Terminal, human, paths};

/// The runner, and all that it knows.
pub(super) struct Runner {
    program: CargoProgram,
    arguments: Vec<OsString>,
    until_success: bool,
    terminal: Terminal,
    announcer: Announcer,
    hub: Hub,
    events: Events,
    heard: mpsc::UnboundedReceiver<Event>,
    /// Tells the watcher what to watch, and since when.
    watched: mpsc::UnboundedSender<(WatchSet, SystemTime)>,
    wishes: Vec<Wish>,
    sockets: SocketStore,
    stand_in: Option<StandIn>,
    build: Building,
    /// When the last build began.
    build_began: SystemTime,
    executable: Option<PathBuf>,
    /// The one that serves, or is to, where none did before.
    current: Option<Copy>,
    /// The one that is to take its place once it is ready.
    next: Option<Copy>,
    /// Those that were asked to end.
    leaving: Vec<Copy>,
    /// Whether a copy is to be started once the one that made room for it is gone.
    is_start_due: bool,
    ending: Option<ExitCode>,
}

/// Whether cargo is at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Building {
    No,
    Yes,
    /// Something has changed meanwhile, so what comes of it is out of date.
    Again,
}

impl Runner {
    pub(super) async fn new(program: CargoProgram, arguments: Vec<OsString>, until_success: bool) -> Result<Self> {
        let (events, heard) = mpsc::unbounded_channel();
        let announcer = Announcer::new();
        let hub = Hub::open(announcer.progress(), events.clone())?;
        let now = SystemTime::now();
        let (watched, sets) = mpsc::unbounded_channel();
        let _ = watched.send((program.watched().clone(), now));
        IoLoop::current().spawn_callback(keep_watching(sets, events.clone()));
        for signal in [Signal::Interrupt, Signal::Terminate, Signal::Hangup] {
            let events = events.clone();
            IoLoop::current().on_signal(signal, move || drop(events.send(Event::End)))?;
        }
        Ok(Self {
            program,
            arguments,
            until_success,
            terminal: Terminal::new(),
            announcer,
            hub,
            events,
            heard,
            watched,
            wishes: Vec::new(),
            sockets: SocketStore::default(),
            stand_in: None,
            build: Building::No,
            build_began: now,
            executable: None,
            current: None,
            next: None,
            leaving: Vec::new(),
            is_start_due: false,
            ending: None,
        })
    }

    /// Runs until the program is done with, or somebody wants an end.
    pub(super) async fn run(mut self) -> Result<ExitCode> {
        let keys = Keys::read(self.events.clone());
        if keys.is_some() {
            self.terminal.say("keys: r builds and restarts, q ends");
        }
        self.begin_build("building");
        while !self.is_over() {
            // The runner itself holds a sender.
            let Some(event) = self.heard.recv().await else { break };
            self.hear(event).await;
        }
        Ok(self.ending.unwrap_or(ExitCode::SUCCESS))
    }

    fn is_over(&self) -> bool {
        self.ending.is_some() && self.current.is_none() && self.next.is_none() && self.leaving.is_empty()
    }

    async fn hear(&mut self, event: Event) {
        match event {
            Event::Changed(changed) if self.ending.is_none() => self.changed(&changed),
            Event::Built(built) if self.ending.is_none() => self.built(built),
            Event::Changed(_) | Event::Built(_) => {}
            Event::Copy(id, event) => self.copy_said(id, event).await,
            Event::Overdue(id) => self.overdue(id),
            Event::Wished(wish) => self.wished(wish),
            Event::Key(b'r' | b'R') => self.rebuild(),
            Event::Key(b'q' | b'Q') | Event::End => self.end(ExitCode::SUCCESS),
            Event::Key(_) => {}
        }
    }

    fn changed(&mut self, changed: &[PathBuf]) {
        let (restart, assets) = Wish::sets(&self.wishes);
        let of = |set: &WatchSet| changed.iter().filter(|path| set.contains(path)).cloned().collect::<Vec<_>>();
        let mut sources = of(&self.sources());
        sources.retain(|path| !self.is_cargos_own(path));
        if !sources.is_empty() {
            self.begin_build(&format!("{} changed, building", paths(&sources)));
        } else if let reread @ [_, ..] = &of(&restart)[..] {
            self.terminal.say(format_args!("{} changed, restarting", paths(reread)));
            self.start();
        } else if let seen @ [_, ..] = &of(&assets)[..] {
            self.terminal.say(format_args!("{} changed, loading pages again", paths(seen)));
            self.announcer.announce(|status| status.assets += 1);
        }
    }

    /// Whether it is the lock file, which cargo has written in building.
    fn is_cargos_own(&self, path: &Path) -> bool {
        let written = || std::fs::metadata(path).and_then(|found| found.modified());
        path.ends_with("Cargo.lock") && written().is_ok_and(|written| written >= self.build_began)
    }

    /// What the program is made of, as far as that is known.
    fn sources(&self) -> WatchSet {
        let known = self.executable.as_deref().map(sources_of).unwrap_or_default();
        known.into_iter().fold(self.program.watched().clone(), WatchSet::file)
    }

    /// Watches what there is to watch now; what is new in it was read at `since`, or later.
    fn watch_anew(&self, since: SystemTime) {
        let (restart, assets) = Wish::sets(&self.wishes);
        let _ = self.watched.send((self.sources().and(restart).and(assets), since));
    }

    fn wished(&mut self, wish: Wish) {
        if !self.wishes.contains(&wish) {
            self.wishes.push(wish);
            self.watch_anew(SystemTime::now());
        }
    }

    fn rebuild(&mut self) {
        if self.ending.is_none() {
            // So that it is another one, even if nothing has changed.
            self.forget_stamp();
            self.begin_build("building");
        }
    }

    fn forget_stamp(&mut self) {
        if let Some(current) = &mut self.current {
            current.stamp = None;
        }
    }

    fn begin_build(&mut self, why: &str) {
        if self.build != Building::No {
            self.build = Building::Again;
            return;
        }
        self.terminal.say(why);
        self.build = Building::Yes;
        self.build_began = SystemTime::now();
        self.announcer.announce(|status| status.building = true);
        let (program, events, terminal) = (self.program.clone(), self.events.clone(), self.terminal);
        let is_first = self.executable.is_none();
        IoLoop::current().spawn_callback(async move {
            let tell = |line: &str| {
                if is_worth_telling(line, is_first) {
                    terminal.quote(line);
                }
            };
            let built = program.build(tell).await;
            let _ = events.send(Event::Built(built));
        });
    }

    fn built(&mut self, built: Result<Build, DevelopmentError>) {
        if std::mem::replace(&mut self.build, Building::No) == Building::Again {
            self.begin_build("changed again, building");
            return;
        }
        self.announcer.announce(|status| status.building = false);
        match built {
            Ok(Build { result: Ok(built), took, .. }) => {
                self.terminal.quote(&built.warnings);
                self.terminal.say(format_args!("built in {}", human(took)));
                self.take_built(built);
            }
            Ok(Build { result: Err(broken), took, .. }) => {
                // Its remarks were told as they came.
                self.terminal.quote(&broken.output);
                let goes_on = if self.serves() { "; the program goes on as it was" } else { "" };
                self.terminal.bad(format_args!("the build failed after {}{goes_on}", human(took)));
                self.broken(broken.text());
            }
            Err(error) => {
                self.terminal.bad(&error);
                self.broken(error.to_string());
            }
        }
    }

    fn take_built(&mut self, built: Built) {
        self.executable = Some(built.executable);
        self.watch_anew(self.build_began);
        let runs_already = self.current.as_ref().is_some_and(|current| current.stamp == Some(built.stamp));
        if runs_already && self.next.is_none() {
            self.terminal.say("nothing is new in it");
            self.announcer.announce(|status| status.broken = None);
            return;
        }
        self.start();
    }

    fn serves(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.is_ready)
    }

    /// There is nothing newer, and this is why.
    fn broken(&mut self, why: String) {
        self.announcer.announce(|status| status.broken = Some(why));
        self.stand_in();
    }

    /// Has the sockets answered, if there are some and nobody answers.
    fn stand_in(&mut self) {
        if self.serves() || self.stand_in.is_some() || self.sockets.is_empty() || self.ending.is_some() {
            return;
        }
        let began = self.sockets.sockets().and_then(|sockets| StandIn::begin(sockets, self.announcer.progress()));
        match began {
            Ok(stand_in) => self.stand_in = Some(stand_in),
            Err(error) => self.terminal.bad(format_args!("nobody answers meanwhile: {error}")),
        }
    }

    /// Starts what was built, beside the copy that serves, if one does.
    fn start(&mut self) {
        let Some(executable) = self.executable.clone() else { return };
        self.leave_next();
        if !self.serves()
            && let Some(current) = self.current.take()
        {
            // It does not serve, so nobody misses it, and two of it at once may be one too many.
            self.leave(current);
            self.is_start_due = true;
            return;
        }
        let started = Copy::start(&executable, &self.arguments, &self.sockets, &self.hub.socket(), self.events.clone());
        match started {
            Ok(copy) if self.current.is_none() => self.current = Some(copy),
            Ok(copy) => self.next = Some(copy),
            Err(error) => {
                let why = format!("{} cannot be started: {error}", self.program.name());
                self.terminal.bad(&why);
                self.broken(why);
            }
        }
    }

    fn leave_next(&mut self) {
        if let Some(next) = self.next.take() {
            self.leave(next);
        }
    }

    fn leave(&mut self, mut copy: Copy) {
        copy.end(&self.events);
        self.leaving.push(copy);
    }

    async fn copy_said(&mut self, id: u32, event: ServiceEvent) {
        let is = |copy: &Option<Copy>| copy.as_ref().is_some_and(|copy| copy.id() == id);
        match event {
            ServiceEvent::Exited(status) => self.exited(id, status).await,
            // What a copy that leaves has to say does not count any more.
            _ if !is(&self.current) && !is(&self.next) => {}
            ServiceEvent::Ready => self.ready(id),
            ServiceEvent::Stored { name, socket } => {
                if let Err(error) = self.sockets.keep(&name, socket) {
                    self.terminal.bad(format_args!("a socket cannot be kept for the next program: {error}"));
                }
            }
            ServiceEvent::Removed { name } => self.sockets.remove(&name),
            _ => {}
        }
    }

    /// A copy serves: the one before it may go.
    fn ready(&mut self, id: u32) {
        if let Some(next) = self.next.take_if(|next| next.id() == id)
            && let Some(old) = self.current.replace(next)
        {
            self.leave(old);
        }
        let Some(current) = self.current.as_mut().filter(|current| !current.is_ready) else { return };
        current.is_ready = true;
        let took = human(current.started.elapsed());
        self.stand_in = None;
        self.announcer.announce(|status| status.broken = None);
        let addresses = self.addresses();
        self.terminal.good(format_args!("{} is ready after {took}{addresses}", self.program.name()));
    }

    /// Where a browser finds it.
    fn addresses(&self) -> String {
        let Ok(sockets) = self.sockets.sockets() else { return String::new() };
        let mut ports: Vec<u16> = sockets
            .iter()
            .filter_map(|(_, socket)| Some(socket2::SockRef::from(socket).local_addr().ok()?.as_socket()?.port()))
            .collect();
        ports.sort_unstable();
        ports.dedup();
        let urls: Vec<String> = ports.iter().map(|port| format!("http://localhost:{port}")).collect();
        if urls.is_empty() { String::new() } else { format!(": {}", urls.join(", ")) }
    }

    async fn exited(&mut self, id: u32, status: ExitStatus) {
        if let Some(place) = self.leaving.iter().position(|copy| copy.id() == id) {
            self.leaving.swap_remove(place);
            if self.ending.is_none() && std::mem::take(&mut self.is_start_due) {
                self.start();
            }
            return;
        }
        let was_next = self.next.as_ref().is_some_and(|next| next.id() == id);
        let gone = if was_next { self.next.take() } else { self.current.take_if(|current| current.id() == id) };
        let Some(gone) = gone else { return };
        self.ended_by_itself(gone, status, was_next).await;
    }

    async fn ended_by_itself(&mut self, mut gone: Copy, status: ExitStatus, was_next: bool) {
        let name = self.program.name().to_owned();
        if status.success() && !was_next {
            if self.until_success {
                self.end(ExitCode::SUCCESS);
                return;
            }
            self.terminal.say(format_args!("{name} ended; it runs again after the next change"));
            self.broken(format!("{name} ended with status 0\n"));
            return;
        }
        let when = if gone.is_ready { "crashed" } else { "did not start" };
        let goes_on =
            if self.serves() { "; the one before it goes on" } else { "; it is tried again after the next change" };
        self.terminal.bad(format_args!("{name} {when} ({status}){goes_on}"));
        let last_words = gone.output.last_words().await;
        self.broken(format!("{name} {when} ({status})\n\n{last_words}"));
        // With the copy that was to follow it, if one is on its way.
        if !was_next {
            self.current = self.next.take();
        }
    }

    fn overdue(&mut self, id: u32) {
        if let Some(copy) = self.leaving.iter().find(|copy| copy.id() == id) {
            self.terminal.bad(format_args!("process {id} does not end; it is killed"));
            copy.kill();
        }
    }

    /// Ends all copies, the second time at once.
    fn end(&mut self, code: ExitCode) {
        if self.ending.is_some() {
            self.leaving.iter().for_each(Copy::kill);
            return;
        }
        self.ending = Some(code);
        self.stand_in = None;
        for copy in self.current.take().into_iter().chain(self.next.take()) {
            self.leave(copy);
        }
        if !self.leaving.is_empty() {
            self.terminal.say("ending; once more ends at once");
        }
    }
}

/// Whether a line that cargo prints about its work is for people: of the first build all, later only what is out
/// of the ordinary.
fn is_worth_telling(line: &str, is_first: bool) -> bool {
    let usual = ["Compiling", "Finished", "Fresh", "Dirty", "warning: `", "error: could not compile"];
    let word = line.trim_start();
    let is_usual = usual.iter().any(|usual| word.starts_with(usual));
    (is_first && word.starts_with("Compiling")) || !is_usual
}

/// Tells of changes of what is watched, as it is at the time.
async fn keep_watching(mut sets: mpsc::UnboundedReceiver<(WatchSet, SystemTime)>, events: Events) {
    let mut watcher = Watcher::new(WatchSet::default()).await;
    loop {
        tokio::select! {
            changed = watcher.changed() => {
                if events.send(Event::Changed(changed)).is_err() {
                    return;
                }
            }
            next = sets.recv() => {
                let Some((set, since)) = next else { return };
                watcher.watch(set, since).await;
            }
        }
    }
}
