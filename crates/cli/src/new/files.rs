//! The files of a new project. They lie in `template/`, those for its deployment in `deploy/`, which the
//! demo is deployed with.

use super::name::Name;
use super::source::Source;

/// What the files of `deploy/` call their program.
const DEPLOYED: &str = "firewhirl-demo";

/// The files as they are in the template, each under its path in the project.
macro_rules! template {
    ($($path:literal: $file:literal,)*) => {
        &[$(($path, include_str!(concat!("../../template/", $file))),)*]
    };
}

const FILES: &[(&str, &str)] = template! {
    "Cargo.toml": "Cargo.toml.template",
    ".gitignore": "gitignore",
    "README.md": "README.md",
    "config.toml": "config.toml",
    "src/main.rs": "src/main.rs",
    "src/lib.rs": "src/lib.rs",
    "src/greeting.rs": "src/greeting.rs",
    "src/pages.rs": "src/pages.rs",
    "src/index.html": "src/index.html",
    "tests/service.rs": "tests/service.rs",
    "deploy/nginx.conf": "deploy/nginx.conf",
    "deploy/supervisord.conf": "deploy/supervisord.conf",
    "deploy/firewhirl-demo.service": "deploy/firewhirl-demo.service",
    "deploy/firewhirl-demo.socket": "deploy/firewhirl-demo.socket",
    "deploy/Dockerfile": "deploy/Dockerfile",
    "deploy/Dockerfile.dockerignore": "deploy/Dockerfile.dockerignore",
    "deploy/static/robots.txt": "deploy/static/robots.txt",
};

/// What keeps cargo from taking the project for a part of the workspace that it lies in.
const OWN_WORKSPACE: &str = "
# A workspace of its own, not a part of the one around it.
[workspace]
";

/// Every file of a project: its path and its text.
pub(super) fn of(name: &Name, firewhirl: &Source, in_a_workspace: bool) -> Vec<(String, String)> {
    let workspace = if in_a_workspace { OWN_WORKSPACE } else { "" };
    let fill = |text: &str| {
        text.replace("{{name}}", name.as_str())
            .replace("{{crate}}", &name.of_crate())
            .replace("{{firewhirl}}", &firewhirl.dependency("firewhirl"))
            .replace("{{firewhirl-testing}}", &firewhirl.dependency("testing"))
            .replace("{{workspace}}\n", workspace)
            .replace("The Firewhirl demo", name.as_str())
            .replace("the Firewhirl demo", name.as_str())
            .replace(DEPLOYED, name.as_str())
    };
    FILES.iter().map(|(path, text)| (path.replace(DEPLOYED, name.as_str()), fill(text))).collect()
}
