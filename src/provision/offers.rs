//! What the source of a pinned engine has on offer: asked on the host, before anything is changed there.

use super::{
    InstallFrom, ProvisionError, Wishes,
    facts::{Facts, Installer, Offers},
    os::{Family, Supply},
    plan,
};
use crate::{
    event::Events,
    remote::{Document, Line, Remote, Script},
    retry::Deadline,
};

const OFFERS: Script = Script {
    name: "offers.sh",
    text: concat!(
        include_str!("../../templates/install/apt.sh"),
        include_str!("../../templates/install/dnf.sh"),
        include_str!("../../templates/install/zypper.sh"),
        include_str!("../../templates/install/pacman.sh"),
        include_str!("../../templates/install/apk.sh"),
        include_str!("../../templates/take.sh"),
        include_str!("../../templates/offers.sh"),
        "offers\n"
    ),
};

/// The same script, asked about the engine that is there.
pub(super) const SURVEY: Script = Script {
    name: "survey.sh",
    text: concat!(
        include_str!("../../templates/install/apt.sh"),
        include_str!("../../templates/install/dnf.sh"),
        include_str!("../../templates/take.sh"),
        include_str!("../../templates/offers.sh"),
        include_str!("../../templates/survey.sh"),
        "survey\n"
    ),
};

/// Asks where a version has to be chosen: one is pinned, or the archive is in a folder of many.
pub(super) async fn ask(
    remote: &dyn Remote,
    facts: &Facts,
    wishes: &Wishes,
    deadline: Deadline,
    events: &Events,
) -> Result<Option<Offers>, ProvisionError> {
    let Some(question) = question(facts, wishes) else { return Ok(None) };
    events.step("looking which engines are on offer");
    let mut offers = Offers { source: question.source, ..Offers::default() };
    let mut take = |line: Line| match line {
        Line::Out(line) => match line.split_once(' ') {
            Some(("offer", version)) => offers.versions.push(version.to_owned()),
            Some(("trouble", reason)) => offers.trouble = Some(reason.to_owned()),
            Some(_) | None => {}
        },
        Line::Err(line) => events.output(line),
    };
    let exit = remote.run(OFFERS, &question.document, deadline, &mut take).await?;
    if !exit.is_success() && offers.versions.is_empty() && offers.trouble.is_none() {
        offers.trouble = Some(exit.to_string());
    }
    Ok(Some(offers))
}

/// Whom to ask, in words and for the script.
struct Question {
    source: String,
    document: Document,
}

fn question(facts: &Facts, wishes: &Wishes) -> Option<Question> {
    let document = variables(wishes);
    let packages = |document: Document| of_packages(facts, document);
    let index = |document: Document, url: String| {
        let source = url.clone();
        Some(Question { source, document: document.with("index", url) })
    };
    match wishes.install {
        InstallFrom::Static if wishes.archive_file().is_none() => {
            let url = plan::location(facts, wishes);
            if url.ends_with('/') { index(document, url) } else { None }
        }
        InstallFrom::Static | InstallFrom::Bundle | InstallFrom::None => None,
        _ if wishes.version.is_none() => None,
        InstallFrom::Script => index(document, script_index(facts, wishes)),
        InstallFrom::Auto if facts.installer == Installer::Answers => {
            index(document, script_index(facts, wishes))
        }
        InstallFrom::Auto | InstallFrom::Distro => packages(document),
    }
}

/// The variables of the installation, which asking gets too.
pub(super) fn variables(wishes: &Wishes) -> Document {
    let lines = wishes.installer_environment().into_iter();
    lines.fold(Document::new(), |document, line| document.with("variable", line))
}

fn of_packages(facts: &Facts, document: Document) -> Option<Question> {
    let Supply::Packages { tool, engine, repository, .. } = &Family::of(&facts.os)?.supply else {
        return None;
    };
    let mut document = document.with("tool", tool.name()).with("package", engine[0]);
    if let Some(repository) = repository {
        let index = format!("{}/linux/static/stable/{}/", plan::DOWNLOADS, plan::vendors_name(&facts.arch));
        document = document.with("repository", repository(&facts.os)).with("index", index);
    }
    Some(Question { source: facts.os.name().to_owned(), document })
}

/// The vendor's script installs packages from where its archives are too, and every version is among both.
fn script_index(facts: &Facts, wishes: &Wishes) -> String {
    let variable = |name: &str| {
        wishes
            .install_env
            .iter()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .map(str::to_owned)
    };
    let downloads = variable("DOWNLOAD_URL").unwrap_or_else(|| plan::DOWNLOADS.to_owned());
    let channel = variable("CHANNEL").unwrap_or_else(|| "stable".to_owned());
    let arch = plan::vendors_name(&facts.arch);
    format!("{}/linux/static/{channel}/{arch}/", downloads.trim_end_matches('/'))
}
