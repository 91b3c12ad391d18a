//! mmdebstrap at work: its stages are steps for the user, and of a failure the cause is told.

use std::time::Duration;

use crate::{
    driver::{Context, DriverError, Result},
    process::{Command, ProcessError},
    retry::Deadline,
};

/// How many causes are told.
const CAUSES_SHOWN: usize = 3;

/// Runs mmdebstrap to its end, for an image of this suite.
pub(in crate::drivers) async fn run(
    context: &Context,
    command: Command,
    suite: &str,
    at_most: Duration,
) -> Result<()> {
    let events = &context.events;
    events.step(format!("building the {suite} image (once)"));
    let mut said = Vec::new();
    let built = command.run_telling(Deadline::after(at_most), |line| {
        if let Some(stage) = stage(line) {
            events.step(format!("building the {suite} image: {stage}"));
        }
        said.push(line.to_owned());
    });
    let built = built.await;
    let doing = format!("build the {suite} image");
    match built {
        Ok(_) => Ok(()),
        Err(error @ ProcessError::Failed { .. }) => match causes(&said).as_slice() {
            [] => {
                for line in said {
                    events.output(line);
                }
                Err(DriverError::failed(doing, error))
            }
            causes => Err(DriverError::failed(doing, causes.join("; "))),
        },
        Err(error) => Err(DriverError::failed(doing, error)),
    }
}

/// `I: extracting archives...`.
fn stage(line: &str) -> Option<&str> {
    line.strip_prefix("I: ")?
        .strip_suffix("...")
        .filter(|stage| !stage.contains("signed-by") && !stage.starts_with("main()"))
}

/// What programs complained about; that they failed is no cause.
fn causes(said: &[String]) -> Vec<&str> {
    let is_cause = |text: &&str| {
        let is_ending =
            ["setup failed", "mmdebstrap failed", "Sub-process"].iter().any(|start| text.starts_with(start));
        !(is_ending || text.starts_with("apt-get ") && text.ends_with(" failed"))
    };
    said.iter().filter_map(|line| line.strip_prefix("E: ")).filter(is_cause).take(CAUSES_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What mmdebstrap 1.3 said where a package is in no suite.
    const SAID: &str = "\
I: chroot architecture amd64 is equal to the host's architecture
I: finding correct signed-by value...
I: running apt-get update...
I: installing remaining packages inside the chroot...
Reading package lists...
E: Unable to locate package nosuch
E: setup failed: E: apt-get -o Dir::Bin::dpkg=env --yes install nosuch failed
I: main() received signal PIPE: waiting for setup...
E: mmdebstrap failed to run";

    #[test]
    fn stages_and_the_cause_are_found_in_what_mmdebstrap_says() {
        let said: Vec<String> = SAID.lines().map(str::to_owned).collect();
        let stages: Vec<&str> = SAID.lines().filter_map(stage).collect();
        assert_eq!(stages, ["running apt-get update", "installing remaining packages inside the chroot"]);
        assert_eq!(causes(&said), ["Unable to locate package nosuch"]);
        assert!(causes(&said[..5]).is_empty());
    }
}
