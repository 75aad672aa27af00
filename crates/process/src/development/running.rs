//! The program that runs, as cargo would build it again: found from where its executable lies.
//!
//! `target/x86_64-unknown-linux-gnu/release/examples/shop` tells the folder of the build, the platform,
//! the profile, that it is an example, and its name; the dep-info beside it tells the sources, which lead to
//! the manifest; and what cargo keeps about its builds tells the features.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::cargo::{Metadata, metadata};
use super::dep_info::sources_of;
use super::{CargoProgram, DevelopmentError};

/// More options for cargo, separated by spaces, where the ones that are found do not do.
const OPTIONS_VARIABLE: &str = "FIREWHIRL_CARGO_OPTIONS";

/// Where an executable lies in cargo's build folder.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    name: String,
    target_folder: PathBuf,
    /// The platform, where it was given.
    platform: Option<String>,
    profile: String,
    is_example: bool,
    profile_folder: PathBuf,
}

impl CargoProgram {
    /// The program of an executable that cargo built, with the profile, the platform and the features
    /// with which it was built.
    ///
    /// Cargo keeps the features where no interface promises to find them; should they not be found,
    /// the default ones are taken. The environment's `FIREWHIRL_CARGO_OPTIONS`, such as
    /// `--features demo`, is what cargo is told in place of them.
    ///
    /// # Errors
    ///
    /// [`DevelopmentError::NotOfCargo`] if it is none of cargo's, its sources are not here, or it is a test;
    /// else as [`find`](Self::find).
    pub async fn of_executable(executable: &Path) -> Result<Self, DevelopmentError> {
        let not_of_cargo = || DevelopmentError::NotOfCargo { executable: executable.to_owned() };
        let place = Place::of(executable).ok_or_else(not_of_cargo)?;
        let sources = sources_of(executable);
        let mut options = place.options();
        match std::env::var(OPTIONS_VARIABLE) {
            Ok(own) => options.extend(own.split_whitespace().map(OsString::from)),
            Err(_) => options.extend(place.feature_options(executable)),
        }
        for manifest in manifests(&sources) {
            let folder = manifest.parent().unwrap_or(Path::new("/"));
            let metadata = metadata(folder, Some(&manifest)).await?;
            if let Some(program) = program(&metadata, &place, &sources, &options) {
                return Ok(program);
            }
        }
        Err(not_of_cargo())
    }
}

/// The manifests of the packages that the sources belong to, each once.
fn manifests(sources: &[PathBuf]) -> Vec<PathBuf> {
    let mut manifests = Vec::new();
    for source in sources {
        let manifest = source.ancestors().map(|folder| folder.join("Cargo.toml")).find(|manifest| manifest.exists());
        if let Some(manifest) = manifest
            && !manifests.contains(&manifest)
        {
            manifests.push(manifest);
        }
    }
    manifests
}

/// The target whose name, kind and source are those of the executable.
fn program(metadata: &Metadata, place: &Place, sources: &[PathBuf], options: &[OsString]) -> Option<CargoProgram> {
    let kind = if place.is_example { "example" } else { "bin" };
    metadata.packages.iter().find_map(|package| {
        let target = package
            .targets
            .iter()
            .find(|target| target.is(kind) && target.name == place.name && sources.contains(&target.src_path))?;
        Some(CargoProgram::new(metadata, package, target, options.to_vec()))
    })
}

impl Place {
    fn of(executable: &Path) -> Option<Self> {
        let name = executable.file_name()?.to_str()?.to_owned();
        let mut profile_folder = executable.parent()?;
        let is_example = profile_folder.file_name()? == "examples";
        if is_example {
            profile_folder = profile_folder.parent()?;
        }
        let above = profile_folder.parent()?;
        let is_target =
            |folder: &Path| folder.join("CACHEDIR.TAG").exists() || folder.join(".rustc_info.json").exists();
        let (target_folder, platform) = match is_target(above) {
            true => (above, None),
            false => {
                (above.parent().filter(|folder| is_target(folder))?, Some(above.file_name()?.to_str()?.to_owned()))
            }
        };
        Some(Self {
            name,
            target_folder: target_folder.to_owned(),
            platform,
            profile: profile_folder.file_name()?.to_str()?.to_owned(),
            is_example,
            profile_folder: profile_folder.to_owned(),
        })
    }

    fn options(&self) -> Vec<OsString> {
        // The folder of the profile `dev` is the one that is not called by its name.
        let profile = if self.profile == "debug" { "dev" } else { &self.profile };
        let mut options: Vec<OsString> = vec!["--profile".into(), profile.into()];
        options.extend(["--target-dir".into(), self.target_folder.clone().into()]);
        if let Some(platform) = &self.platform {
            options.extend(["--target".into(), platform.into()]);
        }
        options
    }

    fn feature_options(&self, executable: &Path) -> Vec<OsString> {
        match self.features(executable) {
            Some(features) => vec!["--no-default-features".into(), "--features".into(), features.join(",").into()],
            None => Vec::new(),
        }
    }

    /// The features with which the executable was built.
    ///
    /// It is the same file as one whose name ends with a hash, and in the folder of that hash lies a JSON
    /// text whose `features` are the text of a list.
    fn features(&self, executable: &Path) -> Option<Vec<String>> {
        let folder = if self.is_example { "examples" } else { "deps" };
        let own = fs::metadata(executable).ok()?;
        let prefix = format!("{}-", self.name.replace('-', "_"));
        let hash = fs::read_dir(self.profile_folder.join(folder)).ok()?.flatten().find_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let hash = name.strip_prefix(&prefix)?;
            let found = entry.metadata().ok()?;
            ((found.dev(), found.ino()) == (own.dev(), own.ino())).then(|| hash.to_owned())
        })?;
        let ending = format!("-{hash}");
        let kept = fs::read_dir(self.profile_folder.join(".fingerprint")).ok()?.flatten();
        let kept = kept.map(|entry| entry.path()).find(|path| path.to_string_lossy().ends_with(&ending))?;
        let kind = if self.is_example { "example" } else { "bin" };
        let text = fs::read(kept.join(format!("{kind}-{}.json", self.name))).ok()?;
        let kept: serde_json::Value = serde_json::from_slice(&text).ok()?;
        serde_json::from_str(kept.get("features")?.as_str()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_executables_place_tells_how_it_was_built() {
        let folder = std::env::temp_dir().join(format!("firewhirl-places-{}", std::process::id()));
        let target = folder.join("target");
        fs::create_dir_all(&target).unwrap();
        fs::write(target.join("CACHEDIR.TAG"), "").unwrap();
        let t = target.display();
        #[rustfmt::skip]
        let cases = [
            ("debug/shop",                  Some(format!("--profile dev --target-dir {t}"))),
            ("release/shop",                Some(format!("--profile release --target-dir {t}"))),
            ("bench-ish/shop",              Some(format!("--profile bench-ish --target-dir {t}"))),
            ("debug/examples/shop",         Some(format!("--profile dev --target-dir {t}"))),
            ("armv7-linux/release/shop",    Some(format!("--profile release --target-dir {t} --target armv7-linux"))),
            ("a/b/c/shop",                  None),
        ];
        for (path, expected) in cases {
            let options = Place::of(&target.join(path)).map(|place| {
                let options: Vec<String> =
                    place.options().into_iter().map(|option| option.into_string().unwrap()).collect();
                options.join(" ")
            });
            assert_eq!(options, expected, "{path}");
        }
        assert_eq!(Place::of(Path::new("/usr/bin/shop")), None);
        fs::remove_dir_all(&folder).unwrap();
    }
}
