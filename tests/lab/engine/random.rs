//! Option sets left to chance: applied, reverted, and daemon.json is as it was, byte for byte.

use super::Lab;
use crate::support::seed;

/// How many sets.
const SETS: usize = 20;

/// Options with values that an engine of the lab starts with.
const POOL: [(&str, &[&str]); 22] = [
    ("mtu", &["1450", "1400", "9000"]),
    ("bip", &["10.99.7.1/24", "172.30.0.1/20"]),
    ("icc", &["true", "false"]),
    ("ip-masq", &["true", "false"]),
    ("userland-proxy", &["true", "false"]),
    ("dns", &["10.0.0.2", "10.0.0.2,10.0.0.3"]),
    ("dns-search", &["example.org", "a.example.org,b.example.org"]),
    ("dns-opts", &["ndots:2"]),
    ("default-address-pools", &["base=10.66.0.0/16,size=28"]),
    ("debug", &["true", "false"]),
    ("live-restore", &["true", "false"]),
    ("log-driver", &["local", "json-file"]),
    ("log-opts", &["max-size=10m", "max-file=3"]),
    ("labels", &["rack=b7", "a=b"]),
    ("registry-mirrors", &["https://mirror.example.org"]),
    ("insecure-registries", &["registry.example.org:5000", "10.77.0.0/16"]),
    ("default-ulimits", &["nofile=64000:64000"]),
    ("default-shm-size", &["128M"]),
    ("no-new-privileges", &["true"]),
    ("max-concurrent-downloads", &["1", "9"]),
    ("shutdown-timeout", &["1", "60"]),
    ("metrics-addr", &["127.0.0.1:9323"]),
];

/// A small generator, so that a seed says it all.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }
}

/// Sets and takes back, twenty times; sets that only need a reload as well as those that need a restart.
pub fn sets_leave_nothing_behind(lab: &Lab) {
    let seed = seed();
    println!("seed {seed} (RMACHINE_SEED)");
    let mut chance = Chance(u64::try_from(seed).expect("a seed"));
    let before = lab.config();
    for number in 0..SETS {
        let mut chosen: Vec<(&str, &str)> = Vec::new();
        for _ in 0..=chance.below(5) {
            let (option, values) = POOL[chance.below(POOL.len())];
            if !chosen.iter().any(|(known, _)| *known == option) {
                chosen.push((option, values[chance.below(values.len())]));
            }
        }
        let words: Vec<String> = chosen.iter().map(|(option, value)| format!("{option}={value}")).collect();
        println!("set {number}: {words:?}");
        lab.set(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert_ne!(lab.config(), before, "{words:?}");
        lab.unset(&chosen.iter().map(|(option, _)| *option).collect::<Vec<_>>());
        assert_eq!(lab.config(), before, "{words:?}, seed {seed}");
    }
}
