//! SIGKILL at every checkpoint of `create`, then `create` again, or `rm`: a working machine or a clean slate, never a third thing.

use std::time::Instant;

use rmachine::checkpoint::{Checkpoint, KILL_AT};

use crate::{
    host,
    support::{Kind, Run, User, is_campaign, report},
};

/// What creates the machine `n1`, and whose.
type Create<'a> = &'a dyn Fn(&User) -> Run;

fn points(wanted: impl Fn(Checkpoint) -> bool) -> Vec<Checkpoint> {
    Checkpoint::ALL.into_iter().filter(|point| wanted(*point)).collect()
}

/// Somebody whose create was killed there.
fn killed_at(point: Checkpoint, create: Create<'_>) -> User {
    let user = User::new().with(KILL_AT, point.name());
    let killed = create(&user);
    assert_eq!(killed.status, -1, "{point} was not met: {killed:?}");
    user.without(KILL_AT)
}

/// A machine whose record was complete stays as it is; any other is completed.
fn create_again(user: &User, point: Checkpoint, create: Create<'_>) {
    let again = create(user);
    if point == Checkpoint::Provisioned {
        again.fails(3, "already exists");
    } else {
        assert_eq!(again.status, 0, "create after a kill at {point}: {}", again.stderr);
    }
    let version = user.docker("n1", "version --format '{{.Server.Version}}'");
    assert_eq!(version.status, 0, "docker after a kill at {point}: {}", version.stderr);
    assert!(user.machine_file("n1", "env.sh").exists(), "{point}");
    assert_eq!(user.rmachine(&["ls", "-q"]).ok(), "n1", "{point}");
}

/// What was recorded is removed; before that there is nothing to remove.
fn remove(user: &User, point: Checkpoint) {
    let gone = user.rmachine(&["rm", "-y", "n1"]);
    if point < Checkpoint::Recorded {
        gone.fails(1, "does not exist");
    } else {
        assert_eq!(gone.status, 0, "rm after a kill at {point}: {}", gone.stderr);
    }
    assert!(user.rmachine(&["ls", "-q"]).ok().is_empty(), "{point}");
    let folders = std::fs::read_dir(user.store().join("machines")).map_or(0, Iterator::count);
    assert_eq!(folders, 0, "folders of machines after a kill at {point} and rm");
}

#[test]
fn an_adoption_killed_anywhere_is_finished_by_create_or_undone_by_rm() {
    let host = host!(Kind::Debian12Engine);
    // A machine that was only removed still has the host.
    let create = |user: &User| user.adopt(&host, "n1", &["--take-over"]);
    // Adoption makes no host.
    let points = points(|point| !matches!(point, Checkpoint::HostBegun | Checkpoint::HostHalfMade));
    let began = Instant::now();
    for &point in &points {
        let user = killed_at(point, &create);
        create_again(&user, point, &create);
        user.rmachine(&["release", "n1", "-y"]).ok();
        remove(&killed_at(point, &create), point);
    }
    report(
        "kill -9 in an adoption, then create, and again, then rm",
        points.len(),
        points.len(),
        began.elapsed(),
    );
}

#[test]
fn a_host_that_is_made_survives_a_kill_anywhere_or_leaves_nothing() {
    drop(host!(Kind::Debian12Engine));
    let create = |user: &User| user.rmachine(&["create", "--driver", "nspawn", "n1"]);
    // From there on the story is that of adoption.
    let points = points(|point| is_campaign() || point <= Checkpoint::HostMade);
    let began = Instant::now();
    for &point in &points {
        let user = killed_at(point, &create);
        create_again(&user, point, &create);
        remove(&user, Checkpoint::Provisioned);
        assert_eq!(super::made::traces(&user), "0 mounts, 0 processes", "{point}");

        let user = killed_at(point, &create);
        remove(&user, point);
        assert_eq!(super::made::traces(&user), "0 mounts, 0 processes", "{point}");
    }
    report(
        "kill -9 while a host is made, then create, and again, then rm",
        points.len(),
        points.len(),
        began.elapsed(),
    );
}
