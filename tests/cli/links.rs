//! `install-links`, and the two names it makes: `docker-machine`, and `docker machine` through the real docker client.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use crate::home::{Ended, Home, put_program, put_rmachine};

/// A home whose PATH has a folder of its own first, `bin`, with the binary in it, and docker behind it.
fn home() -> (Home, PathBuf) {
    let home = Home::new();
    let bin = home.path("bin");
    fs::create_dir(&bin).unwrap();
    put_rmachine(&bin.join("rmachine"));
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bin.display());
    (home.with_var("PATH", &path), bin)
}

fn rmachine(home: &Home, words: &[&str]) -> Ended {
    home.run_program(&home.path("bin/rmachine"), words)
}

/// What answers to the name.
fn says(home: &Home, program: &Path) -> String {
    home.run_program(program, &["--version"]).with_code(0).out
}

/// A program that says it is docker-machine 0.16.2.
fn put_docker_machine(path: &Path) {
    put_program(path, "#!/bin/sh\necho docker-machine version 0.16.2, build bd45ab13\n");
}

#[test]
fn both_names_are_links_to_this_program_and_are_made_once() {
    let (home, bin) = home();
    let (program, plugin) = (bin.join("docker-machine"), home.path(".docker/cli-plugins/docker-machine"));
    let made = rmachine(&home, &["install-links"]).with_code(0).printing("");
    for link in [&program, &plugin] {
        assert!(
            made.err.contains(&format!("{} -> {}", link.display(), bin.join("rmachine").display())),
            "{}",
            made.err
        );
        assert!(says(&home, link).starts_with("docker-machine version "), "{}", link.display());
    }
    assert!(!made.err.contains("warning"), "{}", made.err);
    assert_eq!(fs::read_link(&program).unwrap(), Path::new("rmachine"), "both can be moved together");
    let again = rmachine(&home, &["install-links"]).with_code(0);
    assert_eq!(again.err.matches("(it was there already)").count(), 2, "{}", again.err);

    let removed = rmachine(&home, &["install-links", "--remove"]).with_code(0);
    assert_eq!(removed.err.matches(": removed\n").count(), 2, "{}", removed.err);
    assert!(!program.exists() && !plugin.exists());
    rmachine(&home, &["install-links", "--remove"])
        .with_code(0)
        .saying("there is no docker-machine of this program");
}

#[test]
fn another_docker_machine_is_only_moved_aside_when_asked_and_comes_back() {
    let (home, bin) = home();
    let (program, plugin) = (bin.join("docker-machine"), home.path(".docker/cli-plugins/docker-machine"));
    put_docker_machine(&program);
    rmachine(&home, &["install-links"])
        .with_code(3)
        .saying(&format!("{} is another program", program.display()))
        .saying("rmachine install-links --force\n");
    assert_eq!(says(&home, &program), "docker-machine version 0.16.2, build bd45ab13\n");
    assert!(!plugin.exists(), "nothing was changed");

    let kept = bin.join("docker-machine.0.16.2");
    let moved = rmachine(&home, &["install-links", "--force"]).with_code(0);
    assert!(moved.err.contains(&format!("what was there is {} now", kept.display())), "{}", moved.err);
    assert!(says(&home, &program).contains(env!("CARGO_PKG_VERSION")));
    assert_eq!(says(&home, &kept), "docker-machine version 0.16.2, build bd45ab13\n");

    rmachine(&home, &["install-links", "--remove"])
        .with_code(0)
        .saying("removed, and what was there before is back");
    assert_eq!(says(&home, &program), "docker-machine version 0.16.2, build bd45ab13\n");
    assert!(!kept.exists());
    // A program of somebody else is not ours to remove.
    rmachine(&home, &["install-links", "--remove"]).with_code(0);
    assert!(program.exists());
}

#[test]
fn a_program_that_does_not_say_its_version_is_kept_all_the_same() {
    let (home, bin) = home();
    for kept in ["docker-machine.old", "docker-machine.old.1"] {
        fs::write(bin.join("docker-machine"), kept).unwrap();
        rmachine(&home, &["install-links", "--force"]).with_code(0);
        assert_eq!(fs::read_to_string(bin.join(kept)).unwrap(), kept);
        fs::remove_file(bin.join("docker-machine")).unwrap();
    }
}

#[test]
fn a_folder_can_be_named_and_what_the_shell_will_find_is_told() {
    let (home, bin) = home();
    let other = home.path("other");
    rmachine(&home, &["install-links", "--dir", "other"]).with_code(1).saying("cannot find the folder");
    fs::create_dir(&other).unwrap();
    let made = rmachine(&home, &["install-links", "--dir", "other"]).with_code(0);
    made.saying(&format!("warning: {} is not on PATH", other.display()));
    assert_eq!(fs::read_link(other.join("docker-machine")).unwrap(), bin.join("rmachine"));
    put_docker_machine(&bin.join("docker-machine"));
    let made = rmachine(&home, &["install-links", "--dir", "other"]).with_code(0);
    made.saying("warning: PATH has another docker-machine first: ");
    // A link to a copy that is gone is made anew.
    fs::remove_file(other.join("docker-machine")).unwrap();
    symlink("/nonexistent/rmachine", other.join("docker-machine")).unwrap();
    rmachine(&home, &["install-links", "--dir", "other"]).with_code(0);
    assert!(says(&home, &other.join("docker-machine")).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn without_a_place_beside_the_program_the_first_folder_of_path_takes_it() {
    let (home, bin) = home();
    let (open, mine) = (home.path("open"), home.path("mine"));
    for (folder, mode) in [(&open, 0o777), (&mine, 0o755)] {
        fs::create_dir(folder).unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
    }
    // One that everybody writes to is passed over.
    let path = format!("relative:{}:{}:/usr/bin:/bin", open.display(), mine.display());
    let home = home.with_var("PATH", &path);
    home.run_program(&bin.join("rmachine"), &["install-links"]).with_code(0);
    assert_eq!(fs::read_link(mine.join("docker-machine")).unwrap(), bin.join("rmachine"));
}

/// The real client, or `None` where there is none.
fn docker() -> Option<PathBuf> {
    let found = ["/usr/local/bin/docker", "/usr/bin/docker"]
        .into_iter()
        .map(PathBuf::from)
        .find(|path| path.exists());
    if found.is_none() {
        println!("SKIPPED: docker is not installed");
    }
    found
}

#[test]
fn docker_machine_speaks_through_the_real_docker_client() {
    let Some(docker) = docker() else { return };
    let (home, _bin) = home();
    let home = home.with_machine("n1", "tcp://192.0.2.9:2376").with_var("DOCKER_CONFIG", "a config");
    rmachine(&home, &["install-links"]).with_code(0);
    let run = |words: &[&str]| home.run_program(&docker, words);

    let help = run(&["--help"]).with_code(0).out;
    assert!(help.lines().any(|line| line.trim_start().starts_with("machine*")), "{help}");
    let table = run(&["machine", "ls", "--timeout", "1"]).with_code(0).out;
    assert!(table.starts_with("NAME   ACTIVE   DRIVER   STATE "), "{table}");
    assert!(table.contains("\nn1     -        none "), "{table}");
    // docker's own options before the name, also one that has the name as its value.
    for before in [
        &["--log-level", "error"][..],
        &["-l=error"],
        &["--context", "machine"],
        &["--tls", "--config", "a config"],
    ] {
        run(&[before, &["machine", "url", "n1"]].concat()).with_code(0).printing("tcp://192.0.2.9:2376\n");
    }
    let debug = run(&["-D", "machine", "url", "n1"]).with_code(0);
    assert!(debug.err.contains("Docker Machine Version:"), "{}", debug.err);

    run(&["machine", "url", "n2"]).with_code(1).saying("Use \"docker machine ls\" to list machines.");
    run(&["machine", "bogus"])
        .with_code(1)
        .saying("docker machine: 'bogus' is not a docker machine command. See 'docker machine --help'.");
    let unset = run(&["machine", "env", "-u", "--shell", "bash"]).with_code(0).out;
    assert!(unset.ends_with("# eval $(docker machine env -u --shell bash)\n"), "{unset}");
    for words in [&["machine", "--help"][..], &["help", "machine"], &["machine"]] {
        let help = run(words).with_code(0).out;
        assert!(help.starts_with("Usage: docker machine [OPTIONS] COMMAND [arg...]\n"), "{words:?}: {help}");
    }
    for words in [&["machine", "ls", "--help"][..], &["help", "machine", "ls"], &["machine", "help", "ls"]] {
        let help = run(words).with_code(0).out;
        assert!(help.starts_with("Usage: docker machine ls [OPTIONS] [arg...]\n"), "{words:?}: {help}");
    }
}
