//! A Rust that is too old is told by name, by the Makefile and by README.

use std::{fs, process::Command};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn text(file: &str) -> String {
    fs::read_to_string(format!("{ROOT}/{file}")).expect(file)
}

/// Whether this cargo will do, and what is said.
fn judged(cargo: &str) -> (bool, String) {
    let script =
        Command::new("scripts/rust.sh").env("CARGO", cargo).current_dir(ROOT).output().expect("runs");
    (script.status.success(), String::from_utf8_lossy(&script.stderr).into_owned())
}

/// Debian 12's cargo stops at a word of Cargo.toml before it comes to the version.
#[test]
fn a_rust_that_is_too_old_is_told_by_name() {
    let manifest = text("Cargo.toml");
    let needed = manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'));
    let needed = needed.expect("a rust-version");
    assert_eq!(judged(env!("CARGO")), (true, String::new()));
    assert!(judged("echo cargo 1.100.0").0 && !judged("no-such-cargo").0);
    let (will_do, said) = judged("echo cargo 1.65.0");
    assert!(
        !will_do && said.starts_with(&format!("rmachine needs Rust {needed} or newer, and this is 1.65.0")),
        "{said}"
    );
    for target in ["build", "lint", "demo", "bench", "campaign", "pictures"] {
        assert!(text("Makefile").contains(&format!("\n{target}: rust")), "make {target} does not look");
    }
    assert!(text("README.md").contains(&format!("With Rust {needed} or newer")));
}
