//! An application as it serves: its routes compiled, flat and in order, each with the sites around it.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

use firewhirl_http::Request;

use crate::context::{RequestNumbers, describe_route};
use crate::entry::{Entry, FunctionEntry, NotFound};
use crate::lingering::Departed;
use crate::path::PathValues;
use crate::resources::Resources;
use crate::routes::{Added, AddedSite, Routes};
use crate::routing::{HostPattern, Matcher, ReverseError, RouteError, RouteErrors, RouteOptions, Source, Table};
use crate::settings::Settings;
use crate::site::{NoUser, SiteHooks, UserType};
use crate::traffic::{NO_ROUTE, OwnTraffic, Traffic};

/// A compiled route.
pub(crate) struct Route {
    /// Tells it from the application's other routes; [`NO_ROUTE`] for what answers where none does.
    pub(crate) number: usize,
    /// The URL as it was written, prefixes included.
    pub(crate) url: String,
    /// What the log of blocked loops says of it.
    pub(crate) description: String,
    pub(crate) name: Option<String>,
    /// The hosts that it is for, where it is not for all.
    pub(crate) host: Option<String>,
    pub(crate) matcher: Rc<Matcher>,
    pub(crate) entry: Rc<dyn Entry>,
    /// The sites around it, the outermost first.
    pub(crate) sites: Vec<Rc<dyn SiteHooks>>,
    pub(crate) options: RouteOptions,
    pub(crate) location: &'static Location<'static>,
}

impl Route {
    /// What it is called where requests are counted: its URL, or nothing where it is none.
    pub(crate) fn label(&self) -> &str {
        if self.number == NO_ROUTE { "" } else { &self.url }
    }
}

/// What answers where no route does, if not a 404.
#[derive(Clone)]
pub(crate) struct Fallback {
    pub(crate) entry: Rc<dyn Entry>,
    /// Whether it has something for every request, as a service has, and so counts as a route.
    pub(crate) answers_all: bool,
    pub(crate) streams_body: bool,
    pub(crate) location: &'static Location<'static>,
}

/// A compiled application; one a worker.
pub(crate) struct Live {
    pub(crate) settings: Settings,
    pub(crate) resources: Resources,
    /// Whether pages load themselves again: the setting `autoreload`.
    pub(crate) live_reload: bool,
    /// Whether responses are changed on their way out.
    pub(crate) transforms: bool,
    /// The requests whose clients have left before their end.
    pub(crate) departed: Arc<Departed>,
    pub(crate) numbers: RequestNumbers,
    hosts: Vec<(HostPattern, Routing)>,
    routing: Routing,
    /// What answers where no route does, by prefix, the longest first; the last has none.
    not_found: Vec<(String, Rc<Route>)>,
    named: HashMap<String, Rc<Route>>,
    /// What each route is called where requests are counted, by its number.
    labels: Vec<String>,
    traffic: OnceCell<OwnTraffic>,
}

/// What stands in place of a URL for what no route answers.
const FALLBACK: &str = "(fallback)";

/// The routes of a host, or of all.
struct Routing {
    routes: Vec<(Rc<Matcher>, Rc<Route>)>,
    table: Table,
}

impl Routing {
    fn new(routes: Vec<(Rc<Matcher>, Rc<Route>)>) -> Self {
        let table = Table::new(routes.iter().map(|(matcher, _)| &**matcher));
        Self { routes, table }
    }

    fn find(&self, path: &str, values: &mut PathValues) -> Option<&Rc<Route>> {
        let position = self.table.find(path, values, |position| &self.routes[position].0)?;
        Some(&self.routes[position].1)
    }
}

impl Live {
    /// Compiles an application.
    ///
    /// # Errors
    ///
    /// All that is wrong with its routes.
    pub(crate) fn new(
        routes: &Routes,
        settings: Settings,
        resources: Resources,
        fallback: Option<Fallback>,
    ) -> Result<Self, RouteErrors> {
        let mut compiler = Compiler { fallback, labels: vec![String::new()], ..Compiler::default() };
        if let Some(Fallback { entry, location, .. }) = &compiler.fallback
            && let Some(problem) = entry.problem()
        {
            compiler.errors.push(RouteError::new(FALLBACK, location, problem));
        }
        let mut flat = Vec::new();
        compiler.group("", routes, &Around::default(), &mut flat);
        let routing = Routing::new(compiler.routes(flat));
        compiler.not_found.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        RouteErrors::new(compiler.errors)?;
        Ok(Self {
            live_reload: settings.autoreload(),
            transforms: settings.compression.is_some() || !settings.transforms.is_empty(),
            settings,
            resources,
            departed: Arc::default(),
            numbers: RequestNumbers::default(),
            hosts: compiler.hosts,
            routing,
            not_found: compiler.not_found,
            named: compiler.named,
            labels: compiler.labels,
            traffic: OnceCell::new(),
        })
    }

    /// The route that answers a request, be it the one for what is not found; the parameters are then
    /// in `values`, not decoded yet.
    ///
    /// Hosts of their own come first, in order, then the routes of all hosts, then, in Tornado's order,
    /// the routes of the default host. A request through a proxy that names the client is not believed
    /// to be for the default host.
    pub(crate) fn find(&self, request: &Request, values: &mut PathValues) -> &Rc<Route> {
        let path = request.path();
        values.clear();
        if !self.hosts.is_empty() {
            let name = request.host_name();
            if let Some(route) = self.find_at_host(&name, path, values) {
                return route;
            }
        }
        if let Some(route) = self.routing.find(path, values) {
            return route;
        }
        if let Some(host) = self.settings.default_host()
            && request.header_bytes("X-Real-Ip").is_none()
            && let Some(route) = self.find_at_host(host, path, values)
        {
            return route;
        }
        values.clear();
        let holds =
            |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let group = self.not_found.iter().find(|(prefix, _)| holds(prefix));
        // The application's own group has an empty prefix, which every path has.
        &group.unwrap_or(&self.not_found[self.not_found.len() - 1]).1
    }

    fn find_at_host(&self, name: &str, path: &str, values: &mut PathValues) -> Option<&Rc<Route>> {
        let hosts = self.hosts.iter().filter(|(host, _)| host.matches(name));
        hosts.filter_map(|(_, routing)| routing.find(path, values)).next()
    }

    /// Where its requests are counted.
    #[inline]
    pub(crate) fn traffic(&self) -> &Traffic {
        self.traffic.get_or_init(|| OwnTraffic::new(&self.labels, self.departed.clone()))
    }

    /// The URL of a named route.
    pub(crate) fn reverse(&self, name: &str, arguments: &[String]) -> Result<String, ReverseError> {
        let route = self.named.get(name).ok_or_else(|| ReverseError::Unknown { name: name.to_owned() })?;
        route.matcher.reverse(&route.url, arguments)
    }

    /// All routes, in order, those of hosts of their own first.
    pub(crate) fn routes(&self) -> impl Iterator<Item = &Rc<Route>> {
        let hosts = self.hosts.iter().flat_map(|(_, routing)| &routing.routes);
        let fallbacks = self.not_found.iter().map(|(_, route)| route).filter(|route| route.number != NO_ROUTE);
        hosts.chain(&self.routing.routes).map(|(_, route)| route).chain(fallbacks)
    }
}

/// What is gathered while an application is compiled.
#[derive(Default)]
struct Compiler {
    fallback: Option<Fallback>,
    errors: Vec<RouteError>,
    hosts: Vec<(HostPattern, Routing)>,
    not_found: Vec<(String, Rc<Route>)>,
    named: HashMap<String, Rc<Route>>,
    /// What each route is called where requests are counted, by its number.
    labels: Vec<String>,
}

/// What holds for a group of routes, said by the groups around it and by itself.
#[derive(Clone, Default)]
struct Around {
    /// The outermost first.
    sites: Vec<Rc<dyn SiteHooks>>,
    host: Option<String>,
    authenticated: bool,
}

/// A route with its prefix before it, before it is compiled.
struct Flat {
    source: FlatSource,
    /// Where the route is the `/` of a mounted group: the prefix alone, which it answers too.
    alias: Option<String>,
    name: Option<String>,
    entry: FlatEntry,
    around: Around,
    options: RouteOptions,
    location: &'static Location<'static>,
}

#[derive(PartialEq)]
enum FlatSource {
    Url(Source),
    Below(String),
}

impl FlatSource {
    fn text(&self) -> &str {
        match self {
            Self::Url(source) => source.text(),
            Self::Below(prefix) => prefix,
        }
    }
}

#[derive(Clone)]
enum FlatEntry {
    One(Rc<dyn Entry>),
    Functions(FunctionEntry),
}

impl Compiler {
    /// Flattens a group and the groups in it.
    fn group(&mut self, prefix: &str, routes: &Routes, outer: &Around, flat: &mut Vec<Flat>) {
        let mut around = outer.clone();
        if let Some(site) = &routes.site {
            self.check_user(site, &outer.sites);
            around.sites.push(Rc::clone(&site.hooks));
        }
        if let Some(location) = routes.authenticated {
            around.authenticated = true;
            self.check_login(prefix, &around, location);
        }
        let is_own = routes.site.is_some() || routes.authenticated.is_some() && self.fallback_answers_all();
        if prefix.is_empty() && self.not_found.is_empty() || !prefix.is_empty() && is_own {
            let route = self.not_found_route(prefix, &around);
            self.not_found.push((prefix.to_owned(), route));
        }
        for addition in &routes.additions {
            let location = addition.location;
            match &addition.what {
                Added::Handler { url, entry } => {
                    let entry = FlatEntry::One(Rc::clone(entry));
                    self.flat_route(prefix, url, entry, &around, location, flat);
                }
                Added::Function { url, entry } => {
                    let entry = FlatEntry::Functions(entry.clone());
                    self.flat_route(prefix, url, entry, &around, location, flat);
                }
                Added::Group { prefix: inner, routes } => {
                    if let Some(prefix) = self.join(prefix, inner, location) {
                        self.group(&prefix, routes, &around, flat);
                    }
                }
                Added::Service { prefix: inner, entry } => {
                    let Some(prefix) = self.join(prefix, inner, location) else { continue };
                    if let Some(problem) = entry.problem() {
                        self.errors.push(RouteError::new(prefix.as_str(), location, problem));
                    }
                    flat.push(Flat {
                        source: FlatSource::Below(prefix),
                        alias: None,
                        name: None,
                        entry: FlatEntry::One(Rc::clone(entry)),
                        // A service reads the body itself.
                        options: RouteOptions {
                            stream_request_body: true,
                            authenticated: around.authenticated,
                            ..RouteOptions::default().without_forgery_checks()
                        },
                        around: around.clone(),
                        location,
                    });
                }
                Added::Host { host, routes } => {
                    let pattern = HostPattern::parse(host);
                    let mut flat = Vec::new();
                    let around = Around { host: Some(host.to_string()), ..around.clone() };
                    self.group(prefix, routes, &around, &mut flat);
                    let routing = Routing::new(self.routes(flat));
                    match pattern {
                        Ok(pattern) => self.hosts.push((pattern, routing)),
                        Err(problem) => self.errors.push(RouteError::new(host.to_string(), location, problem)),
                    }
                }
            }
        }
    }

    fn fallback_answers_all(&self) -> bool {
        self.fallback.as_ref().is_some_and(|fallback| fallback.answers_all)
    }

    fn not_found_route(&mut self, prefix: &str, around: &Around) -> Rc<Route> {
        let answers_all = self.fallback_answers_all();
        let url = match answers_all {
            true => format!("{prefix} {FALLBACK}").trim_start().to_owned(),
            false => format!("{prefix} (not found)"),
        };
        if answers_all {
            self.labels.push(url.clone());
        }
        // A service checks for itself, and a 404 stays one; a handler is checked as any other.
        let is_checked = self.fallback.is_some() && !answers_all;
        let options = RouteOptions::default();
        let options = if is_checked { options } else { options.without_forgery_checks() };
        let entry = self.fallback.as_ref().map(|fallback| Rc::clone(&fallback.entry));
        let entry = entry.unwrap_or_else(|| Rc::new(NotFound));
        Rc::new(Route {
            number: if answers_all { self.labels.len() - 1 } else { NO_ROUTE },
            description: describe_route(&url, &entry.name()),
            url,
            name: None,
            host: around.host.clone(),
            matcher: Rc::new(Matcher::Below(prefix.to_owned())),
            entry,
            sites: around.sites.clone(),
            options: RouteOptions {
                stream_request_body: self.fallback.as_ref().is_some_and(|fallback| fallback.streams_body),
                authenticated: answers_all && around.authenticated,
                ..options
            },
            location: self.fallback.as_ref().map_or_else(Location::caller, |fallback| fallback.location),
        })
    }

    /// A group has its outer's user, or says how it finds its own.
    fn check_user(&mut self, site: &AddedSite, outer: &[Rc<dyn SiteHooks>]) {
        let Some(outer) = outer.last() else { return };
        let (own, theirs) = (site.hooks.user(), outer.user());
        if own != theirs && !site.hooks.has_current_user() {
            let problem = format!(
                "its `User` is `{}`, that of the outer site `{}` is `{}`: write `current_user`, or `type User = {};`",
                own.name,
                outer.type_name(),
                theirs.name,
                theirs.name
            );
            self.errors.push(RouteError::new(site.hooks.type_name(), site.location, problem));
        }
    }

    /// Who asks for a login has to be able to know who is logged in.
    fn check_login(&mut self, route: &str, around: &Around, location: &'static Location<'static>) {
        let user = around.sites.last().map(|site| site.user());
        if user.is_none_or(|user| user == UserType::of::<NoUser>()) {
            let problem = "asks for a login, and no site around it knows a user: \
                           give its group a `Site` whose `User` is not `NoUser`";
            self.errors.push(RouteError::new(route, location, problem));
        }
    }

    /// Joins a prefix with the one inside it.
    fn join(&mut self, outer: &str, inner: &str, location: &'static Location<'static>) -> Option<String> {
        let inner = inner.trim_end_matches('/');
        if !inner.is_empty() && !inner.starts_with('/') || inner.contains(['{', '}', '?', '#']) {
            let problem = "a prefix begins with `/` and has no parameters";
            self.errors.push(RouteError::new(inner, location, problem));
            return None;
        }
        Some(format!("{outer}{inner}"))
    }

    fn flat_route(
        &mut self,
        prefix: &str,
        url: &crate::routing::Url,
        entry: FlatEntry,
        around: &Around,
        location: &'static Location<'static>,
        flat: &mut Vec<Flat>,
    ) {
        let source = match &url.source {
            source if prefix.is_empty() => source.clone(),
            Source::Template(text) => Source::Template(format!("{prefix}{text}")),
            Source::Regex(text) => {
                Source::Regex(format!("{}(?:{})", regex::escape(prefix), text.strip_prefix('^').unwrap_or(text)))
            }
        };
        let is_root = url.source == Source::Template("/".to_owned());
        let mut options = url.options.clone();
        if options.authenticated {
            self.check_login(source.text(), around, location);
        }
        options.authenticated |= around.authenticated;
        let added = Flat {
            source: FlatSource::Url(source),
            alias: (is_root && !prefix.is_empty()).then(|| prefix.to_owned()),
            name: url.name.clone(),
            entry,
            around: around.clone(),
            options,
            location,
        };
        match flat.iter_mut().find(|earlier| earlier.source == added.source) {
            None => flat.push(added),
            Some(earlier) => self.merge(earlier, added),
        }
    }

    /// Joins two additions for one URL, where they are functions of different verbs.
    fn merge(&mut self, earlier: &mut Flat, added: Flat) {
        let problem = match (&mut earlier.entry, &added.entry) {
            _ if !same_sites(&earlier.around.sites, &added.around.sites) => {
                Some("is there already in another group".to_owned())
            }
            (FlatEntry::Functions(functions), FlatEntry::Functions(more)) => {
                functions.merge(more).err().map(|method| format!("has a function for {method} already"))
            }
            _ => Some("is there already".to_owned()),
        };
        if let Some(problem) = problem {
            let problem = format!("{problem}, added at {}: this one would never be reached", earlier.location);
            self.errors.push(RouteError::new(added.source.text(), added.location, problem));
            return;
        }
        earlier.options.merge(added.options);
        match (&earlier.name, added.name) {
            (Some(own), Some(name)) if *own != name => {
                let problem = format!("has the name `{own}` already, given at {}", earlier.location);
                self.errors.push(RouteError::new(added.source.text(), added.location, problem));
            }
            (None, name) => earlier.name = name,
            _ => {}
        }
    }

    /// Compiles the routes of a host, or of all.
    fn routes(&mut self, flat: Vec<Flat>) -> Vec<(Rc<Matcher>, Rc<Route>)> {
        let mut routes = Vec::new();
        let mut shapes: HashMap<String, (String, &'static Location<'static>)> = HashMap::new();
        for flat in flat {
            let text = flat.source.text().to_owned();
            let matcher = match &flat.source {
                FlatSource::Below(prefix) => Ok(Matcher::Below(prefix.clone())),
                FlatSource::Url(source) => Matcher::new(source),
            };
            let matcher = match matcher {
                Ok(matcher) => Rc::new(matcher),
                Err(problem) => {
                    self.errors.push(RouteError::new(text, flat.location, problem));
                    continue;
                }
            };
            if let Some(shape) = matcher.shape() {
                if let Some((earlier, location)) = shapes.get(&shape) {
                    let problem = format!(
                        "matches what `{earlier}` matches first, added at {location}: give the parameters the same names"
                    );
                    self.errors.push(RouteError::new(text.as_str(), flat.location, problem));
                }
                shapes.entry(shape).or_insert((text.clone(), flat.location));
            }
            let entry: Rc<dyn Entry> = match flat.entry {
                FlatEntry::One(entry) => entry,
                FlatEntry::Functions(entry) => Rc::new(entry),
            };
            self.labels.push(text.clone());
            let route = Rc::new(Route {
                number: self.labels.len() - 1,
                description: describe_route(&text, &entry.name()),
                url: text,
                name: flat.name,
                host: flat.around.host,
                matcher: Rc::clone(&matcher),
                entry,
                sites: flat.around.sites,
                options: flat.options,
                location: flat.location,
            });
            self.name(&route);
            routes.push((matcher, Rc::clone(&route)));
            if let Some(Ok(alias)) = flat.alias.map(|prefix| Matcher::new(&Source::Template(prefix))) {
                routes.push((Rc::new(alias), route));
            }
        }
        routes
    }

    fn name(&mut self, route: &Rc<Route>) {
        let Some(name) = &route.name else { return };
        if let Some(earlier) = self.named.get(name) {
            let problem =
                format!("its name `{name}` is that of `{}` already, given at {}", earlier.url, earlier.location);
            self.errors.push(RouteError::new(route.url.as_str(), route.location, problem));
            return;
        }
        self.named.insert(name.clone(), Rc::clone(route));
    }
}

fn same_sites(one: &[Rc<dyn SiteHooks>], other: &[Rc<dyn SiteHooks>]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| Rc::ptr_eq(one, other))
}
