//! What looks at a swarm and what keeps it so, each verb once, on the swarm of the scene.

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::Stdio,
};

use serde_json::Value;

use super::scene::Scene;

/// Everything that only looks.
pub fn look(scene: &Scene) {
    let user = &scene.user;
    let listed = user.rmachine(&["swarm", "ls"]).ok();
    let row: Vec<&str> = listed.lines().nth(1).expect("a row").split_whitespace().collect();
    assert_eq!(row[..5], ["web", "Healthy", "3/3", "1", "1"], "{listed}");
    let listed: Value = serde_json::from_str(&user.rmachine(&["swarm", "ls", "--json"]).ok()).expect("JSON");
    assert_eq!((listed[0]["name"].as_str(), listed[0]["reachable"].as_u64()), (Some("web"), Some(3)));

    let tree = user.rmachine(&["swarm", "ps", "web"]).ok();
    assert!(tree.contains(" (leader, ready, active)\n") && tree.contains("─ shop_call running\n"), "{tree}");
    user.rmachine(&["swarm", "graph", "web", "-o", "web.svg"]).ok();
    let drawn = std::fs::read_to_string(user.home().join("web.svg")).expect("a picture");
    for words in ["<svg ", ">web-m1<", ">web-w1<", ">shop_call<", "</svg>"] {
        assert!(drawn.contains(words), "{words}: {drawn}");
    }
    watch(scene);
    wait(scene);
}

/// It shows the swarm again and again until it is interrupted.
fn watch(scene: &Scene) {
    let mut watch = scene.user.command(env!("CARGO_BIN_EXE_rmachine"));
    let watch = watch.args(["swarm", "status", "--watch", "web"]).stdout(Stdio::piped());
    let mut watch = watch.spawn().expect("it runs");
    let lines =
        BufReader::new(watch.stdout.take().expect("stdout")).lines().map(|line| line.expect("a line"));
    let heads =
        lines.filter(|line| line.starts_with("\x1b[H\x1b[2Jswarm web (") && line.ends_with(": healthy"));
    assert_eq!(heads.take(2).count(), 2);
    watch.kill().expect("killed");
    watch.wait().expect("it ends");
}

/// Tasks that find no node, and those whose image is nowhere, are told with the engine's own words; the swarm is well.
fn wait(scene: &Scene) {
    let create = "docker service create -d -q --no-resolve-image";
    let no_node = format!("{create} --name stuck --replicas 2 --constraint node.labels.no==where busybox");
    let no_image = format!("{create} --name missing --restart-delay 1h no/such:image");
    scene.user.in_env_of_swarm(&format!("{no_node} && {no_image}")).ok();
    scene.until("words on why tasks wait", || {
        let shown = scene.user.rmachine(&["swarm", "status", "web"]).ok();
        let has = |words: &str| shown.contains(words);
        let is_told = has("missing: 1 task waits: No such image: no/such:image\n")
            && has(
                "stuck: 2 tasks wait: no suitable node (scheduling constraints not satisfied on 4 nodes)\n",
            )
            && has("): healthy\n");
        is_told.then_some(())
    });
    let waiting = scene.status()["waiting"].clone();
    assert_eq!((waiting[1]["service"].as_str(), waiting[1]["tasks"].as_u64()), (Some("stuck"), Some(2)));
    scene.user.in_env_of_swarm("docker service rm stuck missing").ok();
}

/// Everything that changes nodes or the swarm as a whole.
pub fn keep(scene: &Scene) {
    let user = &scene.user;
    let swarm = |words: &[&str]| user.rmachine(&[&["swarm"], words].concat()).ok();
    swarm(&["promote", "web", "web-w1"]);
    assert_eq!(scene.node("web-w1")["reachability"], "reachable");
    swarm(&["demote", "web", "web-w1"]);
    assert_eq!(scene.node("web-w1")["role"], "worker");
    for (verb, availability) in [("pause", "pause"), ("activate", "active")] {
        swarm(&[verb, "web", "web-w1"]);
        assert_eq!(scene.node("web-w1")["availability"], availability);
    }
    swarm(&["label", "web", "web-w1", "disk=ssd"]);
    assert_eq!(scene.node("web-w1")["labels"]["disk"], "ssd");

    let token = || user.docker("web-m1", "swarm join-token -q worker").ok();
    let digest = |token: &str| token.split('-').nth(2).expect("a digest").to_owned();
    let first = token();
    swarm(&["rotate-tokens", "web"]);
    let second = token();
    assert!(first != second && digest(&first) == digest(&second), "{first} {second}");
    swarm(&["rotate-ca", "web"]);
    assert_ne!(digest(&second), digest(&token()));
    scene.until_healthy();
    lock(scene);
}

/// Two of three managers come up locked; both get the key of the store.
fn lock(scene: &Scene) {
    let user = &scene.user;
    user.rmachine(&["swarm", "autolock", "web", "on"]).ok();
    let record = user.store().join(".rmachine/swarms/web.json");
    let text = std::fs::read_to_string(&record).expect("a record");
    let mode = std::fs::metadata(&record).expect("a record").permissions().mode() & 0o777;
    assert!(text.contains("SWMKEY-1-") && mode == 0o600, "{mode:o}");
    let restart = || {
        for machine in ["web-m2", "web-m3"] {
            user.rmachine(&["ssh", machine, "--", "systemctl restart docker"]).ok();
        }
    };
    restart();
    scene.until("words on two that are locked", || {
        let shown = user.rmachine(&["swarm", "status", "web"]);
        let hint = "hint: unlock all that are locked: rmachine swarm unlock web\n";
        let is_told = shown.stdout.matches("it is locked").count() == 2 && shown.stdout.ends_with(hint);
        (shown.status != 0 && is_told).then_some(())
    });
    let unlocked = user.rmachine(&["swarm", "unlock", "web"]);
    assert!(unlocked.stderr.contains("unlocked web-m2, web-m3"), "{unlocked:?}");
    scene.until_healthy();
    let none = user.rmachine(&["swarm", "unlock", "web"]);
    assert!(none.stderr.contains("no manager is locked"), "{none:?}");
    // Forming it goes on from there, too.
    restart();
    user.rmachine(&["swarm", "create", "web"]).ok();
    scene.until_healthy();
    user.rmachine(&["swarm", "autolock", "web", "off"]).ok();
    assert!(!std::fs::read_to_string(&record).expect("a record").contains("SWMKEY-1-"));
    restart();
    scene.until_healthy();
}
