//! Engines from the vendor's own names and URLs, which a server of ours plays: its index of archives, its archives, its script.

use crate::{
    host,
    support::{Host, Kind, NAMES, Page, User, Vendor, bundle_26, skip},
};

/// Everything that an engine which did not come leaves behind: nothing.
const TRACES: &str = "ls -d /opt/rmachine /usr/local/bin/docker* /etc/systemd/system/docker.* /var/lib/rmachine /etc/docker \
                      /usr/sbin/dockerd 2>/dev/null; grep ^docker: /etc/group; true";

/// Where the vendor has its archives.
const FOLDER: &str = "/linux/static/stable/x86_64/";

/// A script as the vendor's is: told by variables where from and which version, it installs an engine by the host's own packages.
const SCRIPT: &str = "#!/bin/sh
set -e
echo \"DOWNLOAD_URL=$DOWNLOAD_URL CHANNEL=$CHANNEL VERSION=$VERSION\" >/run/told
apt-get -qq update >&2
DEBIAN_FRONTEND=noninteractive apt-get -y install --no-install-recommends docker.io docker-cli >&2
";

/// The page of a folder as a web server lists it.
fn index(versions: &[&str]) -> Page {
    let line = |name: String| format!("<a href=\"{name}\">{name}</a>   2026-01-01 00:00:00  70 MiB\n");
    let lines = versions.iter().flat_map(|version| {
        [line(format!("docker-{version}.tgz")), line(format!("docker-rootless-extras-{version}.tgz"))]
    });
    Page::Whole(format!("<html><pre>{}</pre></html>", lines.collect::<String>()).into_bytes())
}

struct Scene {
    host: Host,
    user: User,
    vendor: Vendor,
    before: String,
}

impl Scene {
    fn adopt(&self, more: &[&str]) -> crate::support::Run {
        self.user.adopt(&self.host, "n1", more)
    }

    /// It failed with these words, and the host is as it was.
    fn fails(&self, more: &[&str], status: i32, words: &str) {
        self.adopt(more).fails(status, words);
        self.user.rmachine(&["rm", "-f", "n1"]);
        assert_eq!(self.host.sh(TRACES), "", "after {words}");
        assert_eq!(self.host.hash_of_etc_but_for_backups(), self.before, "after {words}");
    }
}

#[test]
fn engines_come_from_the_vendors_urls_and_nothing_comes_of_broken_ones() {
    let (first, second) = match (bundle_26("26.1.5-a"), bundle_26("26.1.5-b")) {
        (Ok(first), Ok(second)) => (first, second),
        (Err(why), _) | (_, Err(why)) => return skip("engines_come_from_the_vendors_urls", &why),
    };
    let host = host!(Kind::Debian13);
    let vendor = Vendor::for_host(&host);
    let before = host.hash_of_etc_but_for_backups();
    let scene = Scene { host, user: User::new(), vendor, before };
    let archive = std::fs::read(&first).unwrap();
    scene.vendor.serve(FOLDER, index(&["20.10.24", "26.1.4", "26.1.5", "28.0.1"]));
    // What is broken need not be large.
    an_archive_that_is_broken_leaves_nothing(&scene, &archive[..1024 * 1024]);
    archives_are_fetched_and_upgraded_by_the_index(&scene, archive, std::fs::read(&second).unwrap());
    a_script_that_is_broken_leaves_nothing(&scene);
    the_script_is_told_what_was_asked_for(&scene);
}

fn an_archive_that_is_broken_leaves_nothing(scene: &Scene, archive: &[u8]) {
    let fails = |url: &str, more: &[&str], status, words: &str| {
        let words_of_all = ["--engine-install", "static", "--engine-archive", url];
        scene.fails(&[&words_of_all, more].concat(), status, words);
    };
    let at = |version: &str| scene.vendor.url(&format!("{FOLDER}docker-{version}.tgz"));
    let no_version = "has no engine 27.9; the nearest are 28.0.1, 26.1.5, 26.1.4";
    scene.fails(&["--engine-install", "static", "--engine-version", "27.9"], 3, no_version);
    fails(
        &scene.vendor.url("/nowhere/"),
        &[],
        3,
        "cannot be seen: curl: (22) The requested URL returned error: 404",
    );
    fails(&at("26.1.4"), &[], 1, "cannot be fetched: curl: (22) The requested URL returned error: 404");
    scene.vendor.serve(&format!("{FOLDER}docker-26.1.4.tgz"), Page::CutShort(archive.to_vec()));
    fails(&at("26.1.4"), &[], 1, "cannot be fetched: curl: (18)");
    scene.vendor.serve(&format!("{FOLDER}docker-26.1.4.tgz"), Page::Whole(archive.to_vec()));
    fails(&at("26.1.4"), &[], 1, "the archive cannot be unpacked");
    let wrong = "0".repeat(64);
    fails(&at("26.1.4"), &["--engine-sha256", &wrong], 1, "the checksum of the archive is wrong");
    scene
        .vendor
        .serve(&format!("{FOLDER}docker-28.0.1.tgz"), Page::Whole(b"<html>log in first</html>".to_vec()));
    fails(&at("28.0.1"), &[], 1, "is no archive");
}

fn archives_are_fetched_and_upgraded_by_the_index(scene: &Scene, first: Vec<u8>, second: Vec<u8>) {
    let sum = scene.user.command("sha256sum").arg(bundle_26("26.1.5-a").unwrap()).output().unwrap().stdout;
    let sum = String::from_utf8(sum).unwrap()[..64].to_owned();
    scene.vendor.serve(&format!("{FOLDER}docker-26.1.4.tgz"), Page::Whole(first));
    scene.vendor.serve(&format!("{FOLDER}docker-26.1.5.tgz"), Page::Whole(second));
    scene.vendor.asked();
    let folder = format!("https://{}{FOLDER}", NAMES[1]);
    let checked = ["--engine-version", "26.1.4", "--engine-archive", &folder, "--engine-sha256", &sum];
    scene.adopt(&checked).ok();
    let asked = scene.vendor.asked();
    let of_vendor = |path: &str| format!("GET {}{path}", NAMES[1]);
    assert!(asked.contains(&of_vendor(FOLDER)), "{asked:?}");
    assert!(asked.contains(&of_vendor(&format!("{FOLDER}docker-26.1.4.tgz"))), "{asked:?}");
    let runs =
        || scene.host.sh("readlink /opt/rmachine/engine/current; docker version --format '{{.Server.Os}}'");
    assert_eq!(runs(), "26.1.4\nlinux");
    scene.user.rmachine(&["upgrade", "--engine-version", "26.1", "n1"]).ok();
    assert_eq!(runs(), "26.1.5\nlinux");
    scene.user.rmachine(&["release", "-y", "n1"]).ok();
    scene.user.rmachine(&["rm", "-f", "n1"]);
    assert_eq!(scene.host.sh(TRACES), "");
}

fn a_script_that_is_broken_leaves_nothing(scene: &Scene) {
    let fails = |url: &str, status, words: &str| {
        scene.fails(&["--engine-install", "script", "--engine-install-url", url], status, words);
    };
    fails(&scene.vendor.url("/nothing"), 3, "cannot be fetched from there: curl: (22)");
    scene.vendor.serve("/page", Page::Whole(b"<html>log in first</html>".to_vec()));
    fails(&scene.vendor.url("/page"), 1, "is not a script");
    scene.vendor.serve("/half", Page::CutShort(SCRIPT.into()));
    fails(&scene.vendor.url("/half"), 1, "cannot be fetched: curl: (18)");
    scene.vendor.serve("/bad", Page::Whole(b"#!/bin/sh\necho 'no such system' >&2\nexit 1\n".to_vec()));
    fails(&scene.vendor.url("/bad"), 1, "failed: no such system");
    scene.vendor.serve("/idle", Page::Whole(b"#!/bin/sh\n".to_vec()));
    fails(&scene.vendor.url("/idle"), 1, "ended well, but there is no engine");
}

/// `auto` takes the vendor's script by its own URL, and the versions that there are are those of the place it is told.
fn the_script_is_told_what_was_asked_for(scene: &Scene) {
    scene.vendor.serve("/", Page::Whole(SCRIPT.into()));
    let mirror = scene.vendor.url("/mirror");
    scene.vendor.serve("/mirror/linux/static/test/x86_64/", index(&["26.1.5"]));
    let url = format!("DOWNLOAD_URL={mirror}");
    let told = ["--engine-install-env", &url, "--engine-install-env", "CHANNEL=test"];
    let none = "has no engine 28.0; the nearest are 26.1.5";
    scene.fails(&[told.as_slice(), &["--engine-version", "28.0"]].concat(), 3, none);
    scene.vendor.asked();
    scene.adopt(&[told.as_slice(), &["--engine-version", "26.1"]].concat()).ok();
    let asked = scene.vendor.asked();
    assert!(asked.contains(&format!("GET {}/", NAMES[0])), "{asked:?}");
    assert_eq!(scene.host.sh("cat /run/told"), format!("DOWNLOAD_URL={mirror} CHANNEL=test VERSION=26.1.5"));
    let version = scene.user.docker("n1", "version --format '{{.Server.Version}}'").ok();
    assert!(version.starts_with("26.1.5"), "{version}");
}
