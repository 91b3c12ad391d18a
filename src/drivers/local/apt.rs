//! Where packages come from on this machine, read out of apt's own configuration: sources.list(5) in both its forms.
//!
//! Only the distribution's own archives are of interest for an image; repositories of other vendors are left out. Reading is pure;
//! [`configured`] is the one function here that looks at files.

use std::{fs, path::Path};

/// One source, such as a mirror with its suites.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::drivers) struct Source {
    uris: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    keys: Vec<Key>,
    /// Further options in the words of the one-line form, such as `trusted=yes`.
    options: Vec<String>,
}

/// What a source is signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::drivers) enum Key {
    /// A keyring file, or a fingerprint in apt's trusted keyrings.
    Named(String),
    /// A key that stands in the source itself, in armour.
    Inline(String),
}

/// Pockets of a suite that an image takes, by what follows the suite's name.
const POCKETS: [&str; 4] = ["", "-updates", "-security", "/updates"];
/// Components of Debian and Ubuntu that an image takes.
const COMPONENTS: [&str; 2] = ["main", "universe"];
/// Names that archives give to the suite of a machine besides its code name.
const ALIASES: [&str; 3] = ["stable", "oldstable", "testing"];
/// Options of deb822 sources that matter for fetching, which the one-line form writes in lower case.
const OPTIONS: [&str; 5] = ["Trusted", "Check-Valid-Until", "Check-Date", "Snapshot", "By-Hash"];

/// All sources of this machine.
pub(in crate::drivers) fn configured(folder: &Path) -> Vec<Source> {
    let read = |path: &Path| fs::read_to_string(path).unwrap_or_default();
    let mut sources = parse_list(&read(&folder.join("sources.list")));
    let parts = fs::read_dir(folder.join("sources.list.d")).into_iter().flatten().flatten();
    let mut paths: Vec<_> = parts.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("list") => sources.extend(parse_list(&read(&path))),
            Some("sources") => sources.extend(parse_deb822(&read(&path))),
            Some(_) | None => {}
        }
    }
    sources
}

/// The distribution's sources for a suite, given this machine's own: other vendors left out, suites replaced where the wanted one is not
/// this machine's, only the components and pockets that an image needs.
pub(in crate::drivers) fn for_suite(sources: &[Source], own: &str, wanted: &str) -> Vec<Source> {
    let fitting: Vec<Source> = sources.iter().filter_map(|source| source.narrowed(own, wanted)).collect();
    let (of_distribution, signed_by_others): (Vec<_>, Vec<_>) =
        fitting.into_iter().partition(Source::has_distribution_key);
    // A mirror that is signed anew by its company has a key of its own; it counts only where there is nothing else.
    if of_distribution.is_empty() { signed_by_others } else { of_distribution }
}

impl Source {
    /// The keys.
    pub(in crate::drivers) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Each address with each suite.
    pub(in crate::drivers) fn places(&self) -> impl Iterator<Item = (String, String)> {
        self.uris.iter().flat_map(|uri| self.suites.iter().map(move |suite| (uri.clone(), suite.clone())))
    }

    /// One-line entries for sources.list; `name_of` says which file holds an inline key.
    pub(in crate::drivers) fn lines(&self, mut name_of: impl FnMut(&str) -> String) -> Vec<String> {
        let mut options = self.options.clone();
        if !self.keys.is_empty() {
            let names: Vec<String> = self
                .keys
                .iter()
                .map(|key| match key {
                    Key::Named(name) => name.clone(),
                    Key::Inline(text) => name_of(text),
                })
                .collect();
            options.push(format!("signed-by={}", names.join(",")));
        }
        let options = if options.is_empty() { String::new() } else { format!("[{}] ", options.join(" ")) };
        let components = self.components.join(" ");
        let pairs = self.uris.iter().flat_map(|uri| self.suites.iter().map(move |suite| (uri, suite)));
        pairs.map(|(uri, suite)| format!("deb {options}{uri} {suite} {components}")).collect()
    }

    fn narrowed(&self, own: &str, wanted: &str) -> Option<Self> {
        let suites: Vec<String> =
            self.suites.iter().filter_map(|suite| translated(suite, own, wanted)).collect();
        let components: Vec<String> =
            self.components.iter().filter(|name| COMPONENTS.contains(&name.as_str())).cloned().collect();
        let uris: Vec<String> = self.uris.iter().filter(|uri| !uri.starts_with("cdrom:")).cloned().collect();
        let is_useful =
            !suites.is_empty() && !uris.is_empty() && components.iter().any(|name| name == "main");
        is_useful.then(|| Self { uris, suites, components, ..self.clone() })
    }

    /// Debian's and Ubuntu's own keyrings are called `debian-archive-...` and `ubuntu-archive-...`; without Signed-By apt takes
    /// what it trusts anyway.
    fn has_distribution_key(&self) -> bool {
        let is_archive = |key: &Key| match key {
            Key::Named(name) => {
                let file = name.rsplit('/').next().unwrap_or(name);
                file.starts_with("debian-archive-") || file.starts_with("ubuntu-archive-")
            }
            Key::Inline(_) => false,
        };
        self.keys.is_empty() || self.keys.iter().any(is_archive)
    }
}

/// The wanted suite's pocket for a pocket of our own suite; `None` for what is another suite or a pocket that is not taken.
fn translated(suite: &str, own: &str, wanted: &str) -> Option<String> {
    std::iter::once(own).chain(ALIASES).find_map(|name| {
        let pocket = suite.strip_prefix(name)?;
        POCKETS.contains(&pocket).then(|| format!("{wanted}{pocket}"))
    })
}

/// The one-line form: `deb [option=value ...] URI SUITE COMPONENT...`.
pub(in crate::drivers) fn parse_list(text: &str) -> Vec<Source> {
    text.lines().filter_map(|line| parse_line(line.split('#').next().unwrap_or_default())).collect()
}

fn parse_line(line: &str) -> Option<Source> {
    let rest = line.trim().strip_prefix("deb")?;
    if !rest.starts_with([' ', '\t', '[']) {
        return None; // deb-src
    }
    let rest = rest.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace().map(str::to_owned);
    let (uri, suite) = (words.next()?, words.next()?);
    let mut source =
        Source { uris: vec![uri], suites: vec![suite], components: words.collect(), ..Source::default() };
    for option in options.split_whitespace() {
        match option.split_once('=') {
            Some(("signed-by", names)) => {
                source.keys.extend(names.split(',').map(|name| Key::Named(name.into())));
            }
            Some((name, _)) if OPTIONS.iter().any(|known| known.eq_ignore_ascii_case(name)) => {
                source.options.push(option.to_owned());
            }
            Some(_) | None => {}
        }
    }
    Some(source)
}

/// The deb822 form: stanzas of `Field: values`, continued on indented lines.
pub(in crate::drivers) fn parse_deb822(text: &str) -> Vec<Source> {
    let mut stanzas: Vec<Vec<(String, String)>> = vec![Vec::new()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some(stanza) = stanzas.last_mut() else { break };
        if line.trim().is_empty() {
            stanzas.push(Vec::new());
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = stanza.last_mut() {
                value.push('\n');
                value.push_str(line.trim());
            }
        } else if let Some((field, value)) = line.split_once(':') {
            stanza.push((field.trim().to_owned(), value.trim().to_owned()));
        }
    }
    stanzas.iter().filter_map(|stanza| parse_stanza(stanza)).collect()
}

fn parse_stanza(stanza: &[(String, String)]) -> Option<Source> {
    let field = |name: &str| {
        stanza
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map_or("", |(_, value)| value.as_str())
    };
    let words = |name: &str| field(name).split_whitespace().map(str::to_owned).collect::<Vec<String>>();
    let is_off =
        ["no", "false", "without", "off", "disable"].contains(&field("Enabled").to_lowercase().as_str());
    if is_off || !words("Types").iter().any(|kind| kind == "deb") {
        return None;
    }
    let options = OPTIONS.iter().filter(|name| !field(name).is_empty());
    Some(Source {
        uris: words("URIs"),
        suites: words("Suites"),
        components: words("Components"),
        keys: parse_keys(field("Signed-By")),
        options: options.map(|name| format!("{}={}", name.to_lowercase(), field(name))).collect(),
    })
}

/// Keyring files and fingerprints, or a whole key whose empty lines are written as dots.
fn parse_keys(text: &str) -> Vec<Key> {
    if text.contains("-----BEGIN PGP") {
        let lines: Vec<&str> = text.trim().lines().map(|line| if line == "." { "" } else { line }).collect();
        return vec![Key::Inline(lines.join("\n") + "\n")];
    }
    let names = text.split(|c: char| c == ',' || c.is_whitespace()).filter(|name| !name.is_empty());
    names.map(|name| Key::Named(name.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\
# deb http://old.example/debian buster main
deb http://mirror.example/debian bookworm main contrib non-free-firmware # ours
deb-src http://mirror.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg check-valid-until=no] http://mirror.example/debian-security bookworm-security main
deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian bookworm stable
deb [signed-by=/etc/apt/keyrings/vendor.gpg] https://packages.vendor.example/debian/12/prod bookworm main
deb http://mirror.example/debian bookworm-backports main
deb cdrom:[Debian]/ bookworm main
";

    const DEB822: &str = "\
Types: deb deb-src
# http://snapshot.example/archive
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Trusted: yes
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEYCQjIxYJ
 -----END PGP PUBLIC KEY BLOCK-----
";

    fn lines(sources: &[Source]) -> Vec<String> {
        sources.iter().flat_map(|source| source.lines(|_| "/keys/1.asc".to_owned())).collect()
    }

    #[test]
    fn the_list_form_gives_the_distribution_and_leaves_other_vendors_out() {
        let sources = for_suite(&parse_list(LIST), "bookworm", "bookworm");
        assert_eq!(
            lines(&sources),
            [
                "deb http://mirror.example/debian bookworm main",
                "deb [check-valid-until=no signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \
                 http://mirror.example/debian-security bookworm-security main",
            ]
        );
    }

    #[test]
    fn the_deb822_form_gives_one_line_per_address_and_suite() {
        let sources = for_suite(&parse_deb822(DEB822), "bookworm", "bookworm");
        let keyring = "signed-by=/usr/share/keyrings/debian-archive-keyring.gpg";
        assert_eq!(
            lines(&sources),
            [
                format!("deb [{keyring}] http://mirror.example/debian bookworm main"),
                format!("deb [{keyring}] http://mirror.example/debian bookworm-updates main"),
            ]
        );
    }

    #[test]
    fn a_key_inside_a_source_becomes_a_file() {
        let sources = parse_deb822(DEB822);
        let Key::Inline(text) = &sources[1].keys()[0] else { panic!("the key is inline") };
        assert_eq!(
            text,
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEYCQjIxYJ\n-----END PGP PUBLIC KEY BLOCK-----\n"
        );
        assert_eq!(
            lines(&sources[1..]),
            [
                "deb [trusted=yes signed-by=/keys/1.asc] http://mirror.example/debian-security bookworm-security main"
            ]
        );
    }

    #[test]
    fn another_suite_comes_from_the_same_mirrors_with_the_same_pockets() {
        let sources = for_suite(&parse_deb822(DEB822), "bookworm", "trixie");
        let lines = lines(&sources);
        assert!(lines[0].ends_with("http://mirror.example/debian trixie main"), "{lines:?}");
        assert!(lines[1].ends_with("http://mirror.example/debian trixie-updates main"), "{lines:?}");
    }

    #[test]
    fn sources_that_name_the_suite_stable_are_understood() {
        let sources = for_suite(&parse_list("deb http://m.example/debian stable main"), "trixie", "trixie");
        assert_eq!(lines(&sources), ["deb http://m.example/debian trixie main"]);
    }

    #[test]
    fn a_mirror_signed_anew_counts_only_where_there_is_nothing_else() {
        let own =
            "deb [signed-by=/etc/apt/keyrings/company.gpg] http://mirror.corp.example/debian bookworm main";
        let sources = for_suite(&parse_list(own), "bookworm", "bookworm");
        assert_eq!(lines(&sources), [own]);
    }
}
