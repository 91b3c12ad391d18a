//! What may stand after `--generic-ip-address`: a host name, an address, or an alias of the user's ssh_config.

use std::net::Ipv6Addr;

/// Checks an address; the error says what to type instead.
pub(super) fn parse(given: &str) -> Result<String, String> {
    let flag = "--generic-ip-address (or --ip)";
    if given.is_empty() {
        return Err(format!("the generic driver needs the address of a host: {flag} HOST"));
    }
    if given.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!("{given:?} is not a host: spaces are not allowed in {flag}"));
    }
    if let Some((scheme, rest)) = given.split_once("://") {
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        return Err(format!("{given:?} is a URL: leave {scheme}:// out and type {flag} {host}"));
    }
    if let Some((user, host)) = given.rsplit_once('@') {
        return Err(format!("{given:?} holds a user: type {flag} {host} --generic-ssh-user {user}"));
    }
    let unbracketed = given.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(given);
    if is_ipv6(unbracketed) {
        return Ok(unbracketed.to_owned());
    }
    if let Some((host, port)) = given.rsplit_once(':') {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        return Err(format!("{given:?} holds a port: type {flag} {host} --generic-ssh-port {port}"));
    }
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    if given.starts_with(['-', '.']) || !given.chars().all(is_plain) {
        return Err(format!("{given:?} is not a host: only letters, digits and . - _ are allowed in {flag}"));
    }
    Ok(given.to_owned())
}

/// Whether this is an IPv6 address, perhaps with a zone such as `%eth0`.
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    let is_zone =
        |zone: &str| !zone.is_empty() && zone.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
    address.parse::<Ipv6Addr>().is_ok() && zone.is_none_or(is_zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_addresses_and_aliases_are_taken() {
        for (given, taken) in [
            ("10.0.0.5", "10.0.0.5"),
            ("n1.example.org", "n1.example.org"),
            ("my_alias-2", "my_alias-2"),
            ("fd00::5", "fd00::5"),
            ("[fd00::5]", "fd00::5"),
            ("fe80::1%eth0", "fe80::1%eth0"),
        ] {
            assert_eq!(parse(given).as_deref(), Ok(taken));
        }
    }

    #[test]
    fn what_belongs_into_other_flags_is_told_with_what_to_type() {
        for (given, advice) in [
            ("", "HOST"),
            ("10.0.0.5 ", "spaces"),
            ("ssh://10.0.0.5:22/", "type --generic-ip-address (or --ip) 10.0.0.5"),
            ("admin@10.0.0.5", "--generic-ssh-user admin"),
            ("10.0.0.5:2222", "--generic-ssh-port 2222"),
            ("[fd00::5]:2222", "fd00::5 --generic-ssh-port 2222"),
            ("-oProxyCommand=x", "only letters"),
            ("a/b", "only letters"),
            ("$(id)", "only letters"),
        ] {
            let error = parse(given).unwrap_err();
            assert!(error.contains(advice), "{given:?}: {error}");
        }
    }
}
