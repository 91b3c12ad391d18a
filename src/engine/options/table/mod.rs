//! Every option of the engine, chapter by chapter: names, forms, releases, and what a change of it takes.
//!
//! Names, forms and defaults are dockerd's own (`dockerd --help` of 20.10 and 26.1, and its reference since); which are read
//! again on SIGHUP is from the engine's source (`daemon/reload.go`, `daemon/reload_unix.go`); which release brought or dropped one is from
//! its release notes. What the engine ignores (`api-cors-header` and the like) is here as long as a release took it.

mod containers;
mod daemon;
mod images;
mod network;

use super::spec::OptionSpec;

/// Options that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Chapter {
    /// Its name.
    pub title: &'static str,
    /// Its options.
    pub options: &'static [OptionSpec],
}

/// All chapters.
pub const CHAPTERS: &[Chapter] = &[
    Chapter { title: "Network", options: network::OPTIONS },
    Chapter { title: "Containers", options: containers::OPTIONS },
    Chapter { title: "Images and registries", options: images::OPTIONS },
    Chapter { title: "The engine itself", options: daemon::OPTIONS },
];

/// All options.
pub fn all() -> impl Iterator<Item = &'static OptionSpec> {
    CHAPTERS.iter().flat_map(|chapter| chapter.options)
}
