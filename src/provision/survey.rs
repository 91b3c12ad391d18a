//! How the engine that is there was installed, and what could take its place: asked only before an upgrade.

use super::{
    ProvisionError, Wishes,
    facts::{Facts, Offers},
    offers::{self, SURVEY},
    os::{Family, OsRelease, PackageTool, Supply},
    plan,
};
use crate::{
    event::Events,
    remote::{Document, Line, Remote},
    retry::Deadline,
};

/// What an upgrade needs to know beside the facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The tool whose packages the host is made of, where we know how to go back with it.
    pub tool: Option<PackageTool>,
    /// The package that the engine belongs to.
    pub owner: Option<String>,
    /// The packages that make the engine, with their versions.
    pub packages: Vec<(String, String)>,
    /// The same, as the last upgrade found and kept them.
    pub kept: Vec<(String, String)>,
    /// Versions out of archives that lie on the host.
    pub unpacked: Vec<String>,
    /// What is on offer.
    pub offers: Offers,
}

/// Asks.
pub async fn survey(
    remote: &dyn Remote,
    facts: &Facts,
    wishes: &Wishes,
    deadline: Deadline,
    events: &Events,
) -> Result<Survey, ProvisionError> {
    events.step("looking which engines are on offer");
    let mut survey = Survey { tool: tool(&facts.os), ..Survey::default() };
    survey.offers.source = facts.os.name().to_owned();
    let document = question(facts, wishes, &mut survey);
    let mut take = |line: Line| match line {
        Line::Out(line) => survey.take(&line),
        Line::Err(line) => events.output(line),
    };
    let exit = remote.run(SURVEY, &document, deadline, &mut take).await?;
    if !exit.is_success() && survey.offers.versions.is_empty() && survey.offers.trouble.is_none() {
        survey.offers.trouble = Some(exit.to_string());
    }
    Ok(survey)
}

/// Debian's tool alone lets us build what is installed anew, so that there is a way back whatever the mirrors have.
pub(super) fn tool(os: &OsRelease) -> Option<PackageTool> {
    match &Family::of(os)?.supply {
        Supply::Packages { tool: PackageTool::Apt, .. } => Some(PackageTool::Apt),
        Supply::Packages { .. } | Supply::BuiltIn => None,
    }
}

fn question(facts: &Facts, wishes: &Wishes, survey: &mut Survey) -> Document {
    let mut document = offers::variables(wishes);
    let is_ours = facts.state.as_ref().is_some_and(|state| state.engine.is_some());
    if is_ours {
        let location = plan::location(facts, wishes);
        if wishes.archive_file().is_none() && location.ends_with('/') {
            survey.offers.source.clone_from(&location);
            document = document.with("index", location);
        }
    } else if let (Some(tool), Some(engine)) = (survey.tool, &facts.engine) {
        document = document.with("tool", tool.name()).with("dockerd", engine.path.as_str());
    }
    if document.is_empty() { document.with("index", "") } else { document }
}

impl Survey {
    fn take(&mut self, line: &str) {
        let pair =
            |rest: &str| rest.split_once(' ').map(|(name, version)| (name.to_owned(), version.to_owned()));
        match line.split_once(' ') {
            Some(("owner", name)) if !name.is_empty() => self.owner = Some(name.to_owned()),
            Some(("has", rest)) => self.packages.extend(pair(rest)),
            Some(("kept", rest)) => self.kept.extend(pair(rest)),
            Some(("there", version)) => self.unpacked.push(version.to_owned()),
            Some(("offer", version)) => self.offers.versions.push(version.to_owned()),
            Some(("trouble", reason)) => self.offers.trouble = Some(reason.to_owned()),
            Some(_) | None => {}
        }
    }
}
