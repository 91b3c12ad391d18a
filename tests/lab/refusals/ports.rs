//! The engine's port is another's already: said before anything changes, with whose it is.

use super::{refused, works};
use crate::{
    host,
    support::{Kind, User},
};

/// systemd-run would take a dollar sign for its own.
const LISTEN: &[u8] =
    b"use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalPort => 2376, Listen => 1, ReuseAddr => 1) or die; sleep 1000";

#[test]
fn a_taken_port_is_refused_before_any_change_whoever_has_it() {
    let host = host!(Kind::Debian12Engine);
    let user = User::new();
    let listen = |what: &str| {
        host.sh(&format!(
            "systemd-run --quiet --collect --unit=taker {what}; \
             timeout 20 sh -c 'until ss -Hltn | grep -q :2376; do sleep 0.1; done'"
        ));
    };
    let before = host.hash_of_etc();
    let hint =
        "end that, or choose another port: --generic-engine-port PORT; or open none: --engine-access ssh";

    host.put("/root/listen.pl", LISTEN);
    listen("perl /root/listen.pl");
    refused(&user, user.adopt(&host, "n1", &[]), 3, "port 2376 is taken by perl (pid ", hint);
    host.sh("systemctl stop taker");

    // systemd holds this one for a service that is not the engine.
    listen("--socket-property=ListenStream=2376 sleep 1000");
    refused(&user, user.adopt(&host, "n1", &[]), 3, "port 2376 is taken by taker.socket", hint);
    host.sh("systemctl stop taker.socket");

    host.import_busybox();
    host.sh("docker run -d --name shop -p 2376:80 busybox sh -c 'while :; do busybox sleep 1; done'");
    refused(&user, user.adopt(&host, "n1", &[]), 3, "port 2376 is taken by the container shop", hint);
    assert_eq!(host.hash_of_etc(), before);
    host.sh("docker rm -f shop");
    works(&user, &host, &[]);

    // A machine of ours that is to have another port, which is taken, and then its own.
    user.rmachine(&["rm", "-y", "n1"]).ok();
    host.sh("sed -i s/2376/3376/ /root/listen.pl; systemd-run --quiet --collect --unit=taker perl /root/listen.pl");
    host.wait_until("ss -Hltn | grep -q :3376");
    let other = user.adopt(&host, "n1", &["--generic-engine-port", "3376"]);
    refused(&user, other, 3, "port 3376 is taken by perl (pid ", hint);
    works(&user, &host, &[]);
}
