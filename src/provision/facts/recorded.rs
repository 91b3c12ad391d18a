//! Answers of real hosts, recorded with `templates/facts.sh` and decoded (tests/fixtures/facts).

use super::{Facts, read, wire};

macro_rules! recorded {
    ($($name:ident $file:literal)*) => {
        $(pub(in crate::provision) fn $name() -> Facts {
            from_frames(include_bytes!(concat!("../../../tests/fixtures/facts/", $file, ".frames")))
        })*
    };
}

recorded! {
    debian12_blank "debian12-blank"
    debian12_engine "debian12-engine"
    debian12_containers "debian12-containers"
    debian12_swarm "debian12-swarm"
    debian12_adopted "debian12-adopted"
    debian12_docker_machine "debian12-docker-machine"
    debian12_taken_over "debian12-taken-over"
    debian13_blank "debian13-blank"
    debian13_containers "debian13-containers"
}

/// The facts in these frames.
pub(in crate::provision) fn from_frames(frames: &[u8]) -> Facts {
    read::facts(&wire::take_apart(frames).expect("frames")).expect("facts")
}
