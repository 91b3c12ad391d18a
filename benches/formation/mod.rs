//! A swarm of new machines against the same machines made alone, in turns.

use std::time::Duration;

use super::{median, show, support::User, timed};

/// How often each is measured; the median is shown.
const ROUNDS: usize = 3;

/// 3 managers and 4 workers, formed and verified, against 7 machines.
pub fn measure() {
    // The image is made before.
    let user = User::new();
    user.rmachine(&["create", "-d", "nspawn", "warm-up"]).ok();
    user.rmachine(&["rm", "-y", "warm-up"]).ok();
    let (mut alone, mut formed) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(machines(&user));
        formed.push(swarm(&user));
    }
    let (alone, formed) = (median(alone), median(formed));
    println!(
        "a swarm of 3 managers and 4 workers, new machines included: {} against {} for 7 machines alone = {:.2}x (median of {ROUNDS})",
        show(formed),
        show(alone),
        formed.as_secs_f64() / alone.as_secs_f64(),
    );
}

fn machines(user: &User) -> Duration {
    let names = ["n1", "n2", "n3", "n4", "n5", "n6", "n7"];
    let (took, _) = timed(|| user.rmachine(&[&["create", "-d", "nspawn"], &names[..]].concat()).ok());
    user.rmachine(&[&["rm", "-y"], &names[..]].concat()).ok();
    took
}

fn swarm(user: &User) -> Duration {
    let create = ["swarm", "create", "--managers", "3", "--workers", "4", "-d", "nspawn", "web"];
    let (took, _) = timed(|| user.rmachine(&create).ok());
    // Every node in its role, and nobody else.
    user.rmachine(&["swarm", "status", "web"]).ok();
    user.rmachine(&["swarm", "rm", "web", "--machines", "-y"]).ok();
    took
}
