//! Which program it is, as cargo sees it: package, target, profile, features.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

use super::choose::choose;
use super::error::DevelopmentError;
use super::watch_set::WatchSet;

/// A program that cargo builds.
///
/// # Examples
///
/// ```no_run
/// use firewhirl_event::{IoLoop, Result};
/// use firewhirl_process::development::{CargoProgram, Choice};
///
/// # fn main() -> Result {
/// IoLoop::current().run_sync(async {
///     let choice = Choice { bin: Some("shop".to_owned()), ..Choice::default() };
///     let program = CargoProgram::find(".", &choice).await?;
///     println!("{}", program.name());
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CargoProgram {
    name: String,
    /// Where cargo is run: the folder of the package's manifest.
    folder: PathBuf,
    /// What is beside `build` on cargo's command line.
    options: Vec<OsString>,
    watched: WatchSet,
}

/// Which of a package's programs is meant, in the words of `cargo run`.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The package, where the workspace has several.
    pub package: Option<String>,
    /// The binary, where the package has several.
    pub bin: Option<String>,
    /// An example in place of a binary.
    pub example: Option<String>,
    /// The manifest, where it is not the folder's.
    pub manifest_path: Option<PathBuf>,
    /// What else cargo is to be told: `--release`, `--features ..`, `--profile ..`.
    pub options: Vec<OsString>,
}

impl CargoProgram {
    /// Finds out which program is meant in a folder, as `cargo run` does there.
    ///
    /// # Errors
    ///
    /// [`DevelopmentError`]: there is no cargo, no package, or more than one program that could be
    /// meant.
    pub async fn find(folder: impl AsRef<Path>, choice: &Choice) -> Result<Self, DevelopmentError> {
        let folder = std::path::absolute(folder.as_ref()).map_err(DevelopmentError::Folder)?;
        let metadata = metadata(&folder, choice.manifest_path.as_deref()).await?;
        let manifest = match &choice.manifest_path {
            Some(path) => Some(folder.join(path)),
            None => folder.ancestors().map(|folder| folder.join("Cargo.toml")).find(|path| path.exists()),
        };
        let (package, target) = choose(&metadata, manifest.as_deref(), choice)?;
        Ok(Self::new(&metadata, package, target, choice.options.clone()))
    }

    pub(super) fn new(metadata: &Metadata, package: &Package, target: &Target, extra: Vec<OsString>) -> Self {
        let kind = if target.is("example") { "--example" } else { "--bin" };
        let mut options: Vec<OsString> = vec!["--manifest-path".into(), package.manifest_path.clone().into()];
        options.extend(["--package".into(), package.name.clone().into(), kind.into(), target.name.clone().into()]);
        options.extend(extra);
        Self {
            name: target.name.clone(),
            folder: package.folder().to_owned(),
            options,
            watched: metadata.watched().sources(target.src_path.parent().unwrap_or(package.folder())),
        }
    }

    /// The target's name, which is the executable's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What decides how the program is built, as far as that is known before it was: manifests, the
    /// lock file, the sources of all packages that are on this machine.
    pub fn watched(&self) -> &WatchSet {
        &self.watched
    }

    /// `cargo build` for this program, its messages as JSON that keeps the colours.
    pub(super) fn build_command(&self) -> Command {
        let mut command = cargo();
        command.current_dir(&self.folder).arg("build").arg("--message-format=json-diagnostic-rendered-ansi");
        command.args(&self.options).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// The cargo that runs this program, or that of the path.
///
/// What `cargo run` tells a program about itself is kept from it: as its own environment it would make
/// build scripts run again.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_BIN_NAME" {
            command.env_remove(&name);
        }
    }
    command.kill_on_drop(true);
    command
}

/// What `cargo metadata` says of a workspace.
///
/// Of what other machines alone depend on it is not asked: cargo would download it all, and fail offline.
pub(super) async fn metadata(folder: &Path, manifest: Option<&Path>) -> Result<Metadata, DevelopmentError> {
    let mut command = cargo();
    command.current_dir(folder).args(["metadata", "--format-version", "1"]).stdin(Stdio::null());
    if let Some(host) = host(folder).await? {
        command.arg("--filter-platform").arg(host);
    }
    if let Some(manifest) = manifest {
        command.arg("--manifest-path").arg(manifest);
    }
    let output = command.output().await.map_err(DevelopmentError::NoCargo)?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(DevelopmentError::Metadata(text.trim_end().to_owned()));
    }
    serde_json::from_slice(&output.stdout)
        .map(|text| Metadata::read(&text))
        .map_err(|error| DevelopmentError::NoCargo(io::Error::new(io::ErrorKind::InvalidData, error)))
}

/// The platform that cargo itself runs on, if it says so.
async fn host(folder: &Path) -> Result<Option<String>, DevelopmentError> {
    let mut command = cargo();
    // In the folder, which may have a toolchain of its own.
    command.current_dir(folder).args(["--version", "--verbose"]).stdin(Stdio::null());
    let output = command.output().await.map_err(DevelopmentError::NoCargo)?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned))
}

/// As much of `cargo metadata` as is of use here.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) packages: Vec<Package>,
    workspace_root: PathBuf,
    pub(super) workspace_default_members: Vec<String>,
    pub(super) workspace_members: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Package {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) manifest_path: PathBuf,
    pub(super) targets: Vec<Target>,
    pub(super) default_run: Option<String>,
    /// Whether it is on this machine alone, and not from a registry or a repository.
    is_here: bool,
}

#[derive(Debug)]
pub(super) struct Target {
    pub(super) name: String,
    kind: Vec<String>,
    pub(super) src_path: PathBuf,
}

impl Metadata {
    pub(super) fn read(text: &Value) -> Self {
        Self {
            packages: each(&text["packages"]).map(Package::read).collect(),
            workspace_root: path(&text["workspace_root"]),
            workspace_default_members: each(&text["workspace_default_members"]).map(word).collect(),
            workspace_members: each(&text["workspace_members"]).map(word).collect(),
        }
    }
}

impl Package {
    fn read(text: &Value) -> Self {
        Self {
            id: word(&text["id"]),
            name: word(&text["name"]),
            manifest_path: path(&text["manifest_path"]),
            targets: each(&text["targets"]).map(Target::read).collect(),
            default_run: text["default_run"].as_str().map(str::to_owned),
            is_here: text["source"].is_null(),
        }
    }
}

impl Target {
    fn read(text: &Value) -> Self {
        Self {
            name: word(&text["name"]),
            kind: each(&text["kind"]).map(word).collect(),
            src_path: path(&text["src_path"]),
        }
    }
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn word(text: &Value) -> String {
    text.as_str().unwrap_or_default().to_owned()
}

fn path(text: &Value) -> PathBuf {
    text.as_str().unwrap_or_default().into()
}

impl Target {
    pub(super) fn is(&self, kind: &str) -> bool {
        self.kind.iter().any(|own| own == kind)
    }
}

impl Package {
    pub(super) fn folder(&self) -> &Path {
        self.manifest_path.parent().unwrap_or(Path::new("/"))
    }
}

impl Metadata {
    /// What of the workspace, and of packages beside it, a build may depend on.
    fn watched(&self) -> WatchSet {
        let mut set = WatchSet::default();
        for name in ["Cargo.toml", "Cargo.lock", ".cargo/config.toml", "rust-toolchain.toml", "rust-toolchain"] {
            set = set.file(self.workspace_root.join(name));
        }
        for package in self.packages.iter().filter(|package| package.is_here) {
            set = set.file(&package.manifest_path).sources(package.folder().join("src"));
            for target in package.targets.iter().filter(|target| target.is("custom-build")) {
                set = set.file(&target.src_path);
            }
        }
        set
    }
}
