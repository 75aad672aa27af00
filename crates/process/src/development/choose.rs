//! Which program is meant where several could be: the rules of `cargo run`.

use std::path::Path;

use super::cargo::{Metadata, Package, Target};
use super::{Choice, DevelopmentError};

/// The one program that a choice leaves.
pub(super) fn choose<'metadata>(
    metadata: &'metadata Metadata,
    manifest: Option<&Path>,
    choice: &Choice,
) -> Result<(&'metadata Package, &'metadata Target), DevelopmentError> {
    let packages = packages(metadata, manifest, choice.package.as_deref())?;
    let wanted = |target: &Target| match (&choice.bin, &choice.example) {
        (_, Some(example)) => target.is("example") && target.name == *example,
        (Some(bin), None) => target.is("bin") && target.name == *bin,
        (None, None) => target.is("bin"),
    };
    let found: Vec<(&Package, &Target)> = packages
        .iter()
        .flat_map(|package| package.targets.iter().map(move |target| (*package, target)))
        .filter(|(_, target)| wanted(target))
        .collect();
    match found[..] {
        [one] => Ok(one),
        [] => Err(DevelopmentError::NoProgram {
            wanted: choice.example.as_ref().or(choice.bin.as_ref()).cloned(),
            found: names(packages.iter().flat_map(|package| &package.targets).filter(|target| target.is("bin"))),
        }),
        _ => {
            let by_default =
                |(package, target): &&(&Package, &Target)| package.default_run.as_ref() == Some(&target.name);
            let mut defaults = found.iter().filter(by_default);
            match (defaults.next(), defaults.next()) {
                (Some(one), None) => Ok(*one),
                _ => Err(DevelopmentError::SeveralPrograms(names(found.iter().map(|(_, target)| *target)))),
            }
        }
    }
}

/// The packages that come into question.
fn packages<'metadata>(
    metadata: &'metadata Metadata,
    manifest: Option<&Path>,
    name: Option<&str>,
) -> Result<Vec<&'metadata Package>, DevelopmentError> {
    let members: Vec<&Package> =
        metadata.packages.iter().filter(|package| metadata.workspace_members.contains(&package.id)).collect();
    if let Some(name) = name {
        // `name@version` is a form that cargo takes.
        let name = name.split('@').next().unwrap_or(name);
        let found: Vec<&Package> = members.iter().copied().filter(|package| package.name == name).collect();
        return match found.is_empty() {
            false => Ok(found),
            true => Err(DevelopmentError::NoPackage {
                name: name.to_owned(),
                found: members.iter().map(|package| package.name.clone()).collect(),
            }),
        };
    }
    let own = manifest.and_then(|manifest| {
        let same =
            |package: &&&Package| package.manifest_path == manifest || same_file(&package.manifest_path, manifest);
        members.iter().find(same).copied()
    });
    Ok(match own {
        Some(package) => vec![package],
        None => {
            let defaults = &metadata.workspace_default_members;
            members.into_iter().filter(|package| defaults.is_empty() || defaults.contains(&package.id)).collect()
        }
    })
}

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

fn names<'metadata>(targets: impl Iterator<Item = &'metadata Target>) -> Vec<String> {
    targets.map(|target| target.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace of two packages: `shop` with `web` and `worker`, and `tool` with one program.
    fn workspace(default_run: Option<&str>) -> Metadata {
        let target =
            |name: &str, kind: &str| format!(r#"{{"name":"{name}","kind":["{kind}"],"src_path":"/w/{name}.rs"}}"#);
        let package = |name: &str, targets: &[String], default_run: Option<&str>| {
            let default_run = default_run.map_or("null".to_owned(), |name| format!("{name:?}"));
            format!(
                r#"{{"id":"{name}","name":"{name}","manifest_path":"/w/{name}/Cargo.toml","source":null,
                    "default_run":{default_run},"targets":[{}]}}"#,
                targets.join(",")
            )
        };
        let shop = [target("web", "bin"), target("worker", "bin"), target("demo", "example"), target("shop", "lib")];
        let text = format!(
            r#"{{"packages":[{},{}],"workspace_root":"/w","workspace_members":["shop","tool"],
                "workspace_default_members":["shop","tool"]}}"#,
            package("shop", &shop, default_run),
            package("tool", &[target("tool", "bin")], None)
        );
        Metadata::read(&serde_json::from_str(&text).unwrap())
    }

    fn choice(package: Option<&str>, bin: Option<&str>, example: Option<&str>) -> Choice {
        let owned = |name: Option<&str>| name.map(str::to_owned);
        Choice { package: owned(package), bin: owned(bin), example: owned(example), ..Choice::default() }
    }

    #[test]
    fn what_is_meant_is_what_cargo_run_would_run() {
        #[rustfmt::skip]
        let cases = [
            ("by its name",             "/w/Cargo.toml",      None,        (None,         Some("web"), None),         Ok("web")),
            ("an example",              "/w/Cargo.toml",      None,        (None,         None,        Some("demo")), Ok("demo")),
            ("the only one",            "/w/tool/Cargo.toml", None,        (None,         None,        None),         Ok("tool")),
            ("the only one of a package", "/w/Cargo.toml",    None,        (Some("tool"), None,        None),         Ok("tool")),
            ("default-run",             "/w/shop/Cargo.toml", Some("web"), (None,         None,        None),         Ok("web")),
            ("one of several",          "/w/shop/Cargo.toml", None,        (None,         None,        None),
                Err("web, worker could be meant: choose one with `--bin NAME`, or set `default-run` in Cargo.toml")),
            ("none of that name",       "/w/shop/Cargo.toml", None,        (None,         Some("x"),   None),
                Err("there is no program `x`; there is: web, worker")),
            ("no package of that name", "/w/Cargo.toml",      None,        (Some("x"),    None,        None),
                Err("there is no package `x` in this workspace; there is: shop, tool")),
        ];
        for (shows, manifest, default_run, (package, bin, example), expected) in cases {
            let metadata = workspace(default_run);
            let chosen = choose(&metadata, Some(Path::new(manifest)), &choice(package, bin, example));
            let chosen = chosen.map(|(_, target)| target.name.clone()).map_err(|error| error.to_string());
            assert_eq!(chosen, expected.map(str::to_owned).map_err(str::to_owned), "{shows}");
        }
    }
}
