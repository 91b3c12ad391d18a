//! SIGKILL at every checkpoint of `create`, then `create` again, or `rm`: a working machine or a clean slate, never a third thing.

use rmachine::checkpoint::{Checkpoint, KILL_AT};

use crate::{
    host,
    support::{Host, Kind, User},
};

/// What an adopted host's create does not pass: it makes no host.
fn is_met_by_adoption(point: Checkpoint) -> bool {
    !matches!(point, Checkpoint::HostBegun | Checkpoint::HostHalfMade)
}

fn killed_at(user: User, point: Checkpoint, create: impl Fn(&User) -> i32) -> User {
    let user = user.with(KILL_AT, point.name());
    assert_eq!(create(&user), -1, "{point} was not met");
    user.without(KILL_AT)
}

fn adopt(host: &Host) -> impl Fn(&User) -> i32 {
    move |user| user.adopt(host, "n1", &[]).status
}

#[test]
fn an_adoption_killed_anywhere_is_finished_by_create_or_undone_by_rm() {
    let host = host!(Kind::Debian12Engine);
    let points: Vec<Checkpoint> =
        Checkpoint::ALL.into_iter().filter(|point| is_met_by_adoption(*point)).collect();
    for &point in &points {
        let user = killed_at(User::new(), point, adopt(&host));
        let again = user.adopt(&host, "n1", &[]);
        let finished = again.status == 0 || again.stderr.contains("already exists");
        assert!(finished, "create after a kill at {point}: {again:?}");
        assert!(!user.docker("n1", "version --format '{{.Server.Version}}'").ok().is_empty(), "{point}");
        user.rmachine(&["release", "n1", "-y"]).ok();

        let user = killed_at(User::new(), point, adopt(&host));
        let gone = user.rmachine(&["rm", "-y", "n1"]);
        assert!(
            gone.status == 0 || gone.stderr.contains("does not exist"),
            "rm after a kill at {point}: {gone:?}"
        );
        assert!(user.rmachine(&["ls", "-q"]).ok().is_empty(), "{point}");
    }
    println!("{} checkpoints of adoption, each followed by create and by rm", points.len());
}

#[test]
fn a_host_that_is_made_survives_a_kill_anywhere_or_leaves_nothing() {
    let _host_is_possible = host!(Kind::Debian12Engine);
    let create = |user: &User| user.rmachine(&["create", "--driver", "nspawn", "n1"]).status;
    for point in Checkpoint::ALL {
        let user = killed_at(User::new(), point, create);
        user.rmachine(&["create", "--driver", "nspawn", "n1"]);
        assert!(!user.docker("n1", "version --format '{{.Server.Version}}'").ok().is_empty(), "{point}");
        user.rmachine(&["rm", "-y", "n1"]).ok();

        let user = killed_at(User::new(), point, create);
        let gone = user.rmachine(&["rm", "-y", "n1"]);
        assert!(
            gone.status == 0 || gone.stderr.contains("does not exist"),
            "rm after a kill at {point}: {gone:?}"
        );
        assert_eq!(super::made::traces(&user), "0 mounts, 0 processes", "{point}");
    }
    println!("{} checkpoints of a made host, each followed by create and by rm", Checkpoint::ALL.len());
}
