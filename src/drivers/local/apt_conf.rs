//! How packages are fetched on this machine: the settings of `apt-config dump` that an image build and its hosts need, too.

use std::net::IpAddr;

/// Prefixes of settings that matter for fetching. All else is about this machine only.
const FETCHING: [&str; 9] = [
    "Acquire::http::",
    "Acquire::https::",
    "Acquire::ftp::",
    "Acquire::Check-Valid-Until",
    "Acquire::Check-Date",
    "Acquire::Max-ValidTime",
    "Acquire::Retries",
    "Acquire::ForceIPv",
    "Acquire::Allow",
];

/// Settings for building an image on this machine, one `Name "value";` each.
pub(in crate::drivers) fn for_building(dump: &str) -> Vec<String> {
    settings(dump).map(|(name, value)| format!("{name} \"{value}\";")).collect()
}

/// The same for a host: without programs of this machine, and without proxies that only this machine reaches. A proxy of the
/// environment stands in where apt has none of its own.
pub(in crate::drivers) fn for_host(dump: &str, plain_proxy: Option<&str>, tls_proxy: Option<&str>) -> String {
    let mut text = String::new();
    let mut set = |name: &str, value: &str| {
        if reaches_from_inside(name, value) {
            text.extend([name, " \"", value, "\";\n"]);
        }
    };
    let mut has_proxy = false;
    for (name, value) in settings(dump).filter(|(name, _)| !name.to_lowercase().contains("auto-detect")) {
        has_proxy |= is_proxy(name);
        set(name, value);
    }
    if !has_proxy {
        let of_environment = [("Acquire::http::Proxy", plain_proxy), ("Acquire::https::Proxy", tls_proxy)];
        for (name, value) in of_environment {
            if let Some(value) = value {
                set(name, value);
            }
        }
    }
    text
}

fn settings(dump: &str) -> impl Iterator<Item = (&str, &str)> {
    dump.lines()
        .filter_map(|line| line.trim().strip_suffix("\";")?.split_once(" \""))
        .filter(|(name, value)| !value.is_empty() && FETCHING.iter().any(|prefix| name.starts_with(prefix)))
}

fn is_proxy(name: &str) -> bool {
    name.contains("::Proxy")
}

fn reaches_from_inside(name: &str, value: &str) -> bool {
    let host = value.split_once("://").map_or(value, |(_, rest)| rest).rsplit('@').next().unwrap_or_default();
    let host = host.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    let is_loopback =
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    !(is_proxy(name) && is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DUMP: &str = "APT \"\";\nAcquire::http::Proxy \"http://me:pw@127.0.0.1:3142/\";\n\
        Acquire::http::Proxy::mirror.example \"DIRECT\";\nAcquire::http::Proxy-Auto-Detect \"/usr/bin/detect\";\n\
        Acquire::Check-Valid-Until \"false\";\nAcquire::Languages \"none\";\nAcquire::http \"\";\nDPkg::Post-Invoke:: \"x\";\n";

    #[test]
    fn building_takes_every_setting_about_fetching() {
        assert_eq!(
            for_building(DUMP),
            [
                "Acquire::http::Proxy \"http://me:pw@127.0.0.1:3142/\";",
                "Acquire::http::Proxy::mirror.example \"DIRECT\";",
                "Acquire::http::Proxy-Auto-Detect \"/usr/bin/detect\";",
                "Acquire::Check-Valid-Until \"false\";",
            ]
        );
    }

    #[test]
    fn a_host_gets_no_proxy_that_listens_on_our_loopback() {
        assert_eq!(
            for_host(DUMP, Some("http://proxy.example:3128"), None),
            "Acquire::http::Proxy::mirror.example \"DIRECT\";\nAcquire::Check-Valid-Until \"false\";\n"
        );
    }

    #[test]
    fn the_environments_proxy_stands_in_where_apt_has_none() {
        assert_eq!(
            for_host(
                "Acquire::Retries \"3\";\n",
                Some("http://proxy.example:3128"),
                Some("http://[::1]:3128")
            ),
            "Acquire::Retries \"3\";\nAcquire::http::Proxy \"http://proxy.example:3128\";\n"
        );
    }
}
