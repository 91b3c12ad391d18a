//! `--no-proxy`: the host's address as one more element of the list that is there.

use crate::env::Env;

/// The variable in use; curl and Go read both, and `no_proxy` first.
const NAMES: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// Which variable to write.
pub fn name(env: &Env) -> &'static str {
    NAMES.into_iter().find(|name| env.var(name).is_some()).unwrap_or(NAMES[1])
}

/// Its value with this address in it, once.
pub fn value(env: &Env, ip: &str) -> String {
    let old = env.var(name(env)).unwrap_or_default();
    if old.is_empty() {
        ip.to_owned()
    } else if old.split(',').any(|element| element.trim() == ip) {
        old.to_owned()
    } else {
        format!("{old},{ip}")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn an_address_is_compared_with_whole_elements() {
        let table = [
            (None, "10.0.0.1", "NO_PROXY=10.0.0.1"),
            (Some(("no_proxy", "10.0.0.11")), "10.0.0.1", "no_proxy=10.0.0.11,10.0.0.1"),
            (Some(("NO_PROXY", "a, 10.0.0.1")), "10.0.0.1", "NO_PROXY=a, 10.0.0.1"),
            (Some(("no_proxy", "")), "10.0.0.1", "NO_PROXY=10.0.0.1"),
        ];
        for (before, ip, after) in table {
            let mut env = Env::for_tests(Path::new("/"));
            env.vars.extend(before.map(|(name, value)| (name.to_owned(), value.to_owned())));
            assert_eq!(format!("{}={}", name(&env), value(&env, ip)), after);
        }
    }
}
