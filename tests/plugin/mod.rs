//! Programs of `tests/fixtures` that Go builds, so that what we speak is what Go speaks: the plugin of `plugin/`, and others by their
//! folder.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// The driver's name.
pub const NAME: &str = "lab";
/// Its program.
pub const PROGRAM: &str = "docker-machine-driver-lab";
const SOURCE: &str = include_str!("../fixtures/plugin/main.go");

/// The folder with the plugin in it; `None`, and a line that says so, where there is no Go.
pub fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(|| built("plugin", PROGRAM, SOURCE)).as_deref()
}

/// The folder with this program in it, of `main.go` in a folder of `tests/fixtures`.
pub fn built(fixture: &str, name: &str, source: &str) -> Option<PathBuf> {
    let version = Command::new("go").arg("version").stderr(Stdio::null()).output();
    if !version.is_ok_and(|output| output.status.success()) {
        skip(name, "Go is not installed");
        return None;
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // What is built from another source has another place.
    let sum = source.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let folder = target.join(format!("{fixture}-{sum:x}"));
    let program = folder.join(name);
    if program.exists() {
        return Some(folder);
    }
    fs::create_dir_all(&folder).unwrap();
    let new = folder.join(format!("{name}.{}", std::process::id()));
    let mut go = Command::new("go");
    go.args(["build", "-o"]).arg(&new).arg("main.go");
    go.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture));
    go.env("GO111MODULE", "off").env("CGO_ENABLED", "0").env("GOFLAGS", "").env("GOCACHE", target.join("go"));
    let output = go.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::rename(new, program).unwrap();
    Some(folder)
}

/// Says so, and counts it where `scripts/test.sh` counts.
fn skip(program: &str, why: &str) {
    println!("SKIPPED: no {program} here: {why}");
    if let Ok(path) = std::env::var("RMACHINE_SKIPPED_FILE") {
        let mut file = fs::File::options().append(true).create(true).open(path).unwrap();
        writeln!(file, "SKIPPED: no {program} here: {why}").unwrap();
    }
}
