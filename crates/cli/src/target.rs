//! Which program of a package a subcommand is about, in cargo's own words.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use firewhirl_process::development::Choice;

/// The program, and how it is built: the options of `cargo run`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Target {
    /// The package, where the workspace has several
    #[arg(short, long, value_name = "SPEC")]
    package: Option<String>,
    /// The binary, where the package has several
    #[arg(long, value_name = "NAME", conflicts_with = "example")]
    bin: Option<String>,
    /// An example in place of a binary
    #[arg(long, value_name = "NAME")]
    example: Option<String>,
    /// Builds with optimizations
    #[arg(short, long, conflicts_with = "profile")]
    release: bool,
    /// Builds with this profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Features to switch on, separated by commas or spaces
    #[arg(short = 'F', long, value_name = "FEATURES")]
    features: Vec<String>,
    /// Switches all features on
    #[arg(long)]
    all_features: bool,
    /// Leaves the default features out
    #[arg(long)]
    no_default_features: bool,
    /// The manifest, where it is not the one of this folder
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
}

impl Target {
    /// The same in the words of the process layer.
    pub(crate) fn choice(&self) -> Choice {
        Choice {
            package: self.package.clone(),
            bin: self.bin.clone(),
            example: self.example.clone(),
            manifest_path: self.manifest_path.clone(),
            options: self.build_options(),
        }
    }

    /// The options for `cargo build` and `cargo run`.
    pub(crate) fn cargo_options(&self) -> Vec<OsString> {
        let mut options: Vec<OsString> = Vec::new();
        for (name, value) in [("--package", &self.package), ("--bin", &self.bin), ("--example", &self.example)] {
            if let Some(value) = value {
                options.extend([name.into(), value.into()]);
            }
        }
        if let Some(path) = &self.manifest_path {
            options.extend(["--manifest-path".into(), path.into()]);
        }
        options.extend(self.build_options());
        options
    }

    /// Those of them that say how it is built.
    fn build_options(&self) -> Vec<OsString> {
        let mut options: Vec<OsString> = Vec::new();
        if let Some(profile) = &self.profile {
            options.extend(["--profile".into(), profile.into()]);
        }
        for features in &self.features {
            options.extend(["--features".into(), features.into()]);
        }
        let flags = [
            ("--release", self.release),
            ("--all-features", self.all_features),
            ("--no-default-features", self.no_default_features),
        ];
        options.extend(flags.iter().filter(|(_, on)| *on).map(|(name, _)| OsString::from(name)));
        options
    }
}
