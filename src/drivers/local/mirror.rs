//! Whether the mirrors have a suite, asked before anything is made: by apt's own helper, which goes the way that the build will go,
//! proxies and all.

use std::time::Duration;

use super::recipe::{self, Recipe};
use crate::{
    driver::{Context, DriverError, Result},
    process::{Command, ProcessError},
    retry::Deadline,
};

/// Where apt has it.
const HELPER: &str = "/usr/lib/apt/apt-helper";
/// How long one mirror may take; apt itself gives up on one that is silent before that.
const MIRROR_AT_MOST: Duration = Duration::from_secs(45);
/// Names of a suite's list, the newer one first.
const LISTS: [&str; 2] = ["InRelease", "Release"];

/// Refuses a recipe whose suite, or a pocket of it, no mirror has.
pub(in crate::drivers) async fn check(context: &Context, recipe: &Recipe) -> Result<()> {
    if !std::path::Path::new(HELPER).exists() {
        return Ok(());
    }
    context.events.step(format!("looking for {} on the mirrors", recipe.suite()));
    for (uri, suite) in recipe.places() {
        // A flat archive has no such lists, and what is no mirror of the web is known by the build.
        if !uri.starts_with("http") || suite.ends_with('/') {
            continue;
        }
        if let Some(reason) = trouble(context, &uri, &suite).await? {
            return Err(refusal(recipe, &uri, &suite, &reason));
        }
    }
    Ok(())
}

/// Why neither list can be had; the newer one's reason counts, unless it alone is missing.
async fn trouble(context: &Context, uri: &str, suite: &str) -> Result<Option<String>> {
    let failed = |error| DriverError::failed("make a folder for a list of packages", error);
    let folder = tempfile::tempdir().map_err(|error: std::io::Error| failed(error))?;
    let mut last = None;
    for list in LISTS {
        let url = format!("{}/dists/{suite}/{list}", uri.trim_end_matches('/'));
        let asked = Command::new(&context.env, HELPER)
            .args([
                "-o",
                "Acquire::Retries=1",
                "-o",
                "Acquire::http::Timeout=15",
                "-o",
                "Acquire::https::Timeout=15",
            ])
            .args(["download-file", &url])
            .arg(folder.path().join(list))
            .output(Deadline::after(MIRROR_AT_MOST))
            .await;
        match asked {
            Ok(output) if output.status.success() => return Ok(None),
            Ok(output) => last = Some(reason(&output.stderr, &url)),
            // The build has its own words for an apt that does not run.
            Err(ProcessError::Missing { .. } | ProcessError::Io { .. }) => return Ok(None),
            Err(error) => last = Some(error.to_string()),
        }
        if !last.as_deref().is_some_and(is_absence) {
            break;
        }
    }
    Ok(last)
}

/// `E: Failed to fetch URL  404  Not Found [IP: 192.0.2.1 80]`.
fn reason(stderr: &str, url: &str) -> String {
    let told = stderr.lines().find_map(|line| line.strip_prefix("E: Failed to fetch ")?.strip_prefix(url));
    told.unwrap_or("no reason is given").trim().to_owned()
}

fn is_absence(reason: &str) -> bool {
    reason.starts_with("404") || reason.starts_with("410")
}

fn refusal(recipe: &Recipe, uri: &str, suite: &str, reason: &str) -> DriverError {
    let driver = recipe.driver;
    let (message, hint) = if !is_absence(reason) {
        (
            format!("the suite {suite} cannot be fetched from {uri}: {reason}"),
            format!("another mirror: --{driver}-mirror ADDRESS"),
        )
    } else if suite == recipe.suite() {
        let own = recipe::own_suite().filter(|own| own != suite).unwrap_or_else(|| "bookworm".to_owned());
        (
            format!("the mirror {uri} has no suite {suite}"),
            format!(
                "a suite that it has: --{driver}-suite {own}; or another mirror: --{driver}-mirror ADDRESS"
            ),
        )
    } else {
        (
            format!("the mirror {uri} has no {suite}, which this machine's apt takes beside its suite"),
            format!("the suite alone: --{driver}-mirror ADDRESS"),
        )
    };
    DriverError::Preflight { message, hint: Some(hint) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apts_reason_is_what_follows_the_address() {
        let url = "http://m.example/debian/dists/nosuch/InRelease";
        let absent = format!(
            "W: unsandboxed\nE: Failed to fetch {url}  404  Not Found [IP: 192.0.2.1 80]\nE: Download Failed\n"
        );
        assert_eq!(reason(&absent, url), "404  Not Found [IP: 192.0.2.1 80]");
        assert!(is_absence(&reason(&absent, url)));
        let silent = format!("E: Failed to fetch {url}  Could not connect to m.example:80\n");
        assert_eq!(reason(&silent, url), "Could not connect to m.example:80");
        assert!(!is_absence(&reason(&silent, url)) && !is_absence(&reason("", url)));
    }
}
