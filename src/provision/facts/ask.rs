//! The one script that looks, and what it answers: asked again where files change under the question.

use super::{Facts, read, wire};
use crate::{
    event::Events,
    provision::{ProvisionError, Wishes},
    remote::{Document, Exit, Line, Remote, Script},
    retry::Deadline,
};

/// How often a host is asked whose files change under the question: a change of ours that an earlier run began may be at work.
const TRIES: usize = 5;

pub(super) const FACTS: Script = Script {
    name: "facts.sh",
    text: concat!(
        include_str!("../../../templates/engine_get.sh"),
        include_str!("../../../templates/facts.sh"),
        "main\n"
    ),
};

/// The same, asked about another installer: a document costs a round trip, which the usual case need not pay.
const FACTS_ASKING: Script = Script {
    name: "facts.sh",
    text: concat!(
        include_str!("../../../templates/engine_get.sh"),
        include_str!("../../../templates/facts.sh"),
        include_str!("../../../templates/take.sh"),
        include_str!("../../../templates/ask.sh"),
        "take\nmain\n"
    ),
};

/// Looks at a host.
pub async fn gather(
    remote: &dyn Remote,
    wishes: &Wishes,
    deadline: Deadline,
    events: &Events,
) -> Result<Facts, ProvisionError> {
    events.step("looking at the host");
    let mut document = Document::new();
    if let Some(url) = &wishes.install_url {
        document = document.with("installer", url.as_bytes());
    }
    for line in wishes.installer_environment() {
        document = document.with("variable", line);
    }
    let script = if document.is_empty() { FACTS } else { FACTS_ASKING };
    let sections = ask(remote, script, &document, deadline, events).await?;
    read::facts(&sections)
        .map_err(|error| ProvisionError::Answer { host: remote.host().to_owned(), reason: error.to_string() })
}

/// Runs a script that answers in frames.
pub(in crate::provision) async fn ask(
    remote: &dyn Remote,
    script: Script,
    document: &Document,
    deadline: Deadline,
    events: &Events,
) -> Result<wire::Sections, ProvisionError> {
    let mut tries = TRIES;
    loop {
        tries -= 1;
        let (answer, exit, complaints) = ask_once(remote, script, document, deadline).await?;
        for line in &complaints {
            events.output(line);
        }
        match wire::decode(&answer) {
            Ok(sections) => return Ok(sections),
            // A file that is replaced between the look at its size and the reading of it leaves no frame whole.
            Err(_) if exit.is_success() && tries > 0 => {}
            Err(error) => {
                let reason = explain(&error, &exit, complaints.last());
                return Err(ProvisionError::Answer { host: remote.host().to_owned(), reason });
            }
        }
    }
}

async fn ask_once(
    remote: &dyn Remote,
    script: Script,
    document: &Document,
    deadline: Deadline,
) -> Result<(String, Exit, Vec<String>), ProvisionError> {
    let mut answer = String::new();
    let mut complaints = Vec::new();
    let mut take = |line: Line| match line {
        Line::Out(line) if answer.len() < wire::MOST_TEXT => answer.push_str(&line),
        Line::Out(_too_much) => {}
        Line::Err(line) => complaints.push(line),
    };
    let exit = remote.run(script, document, deadline, &mut take).await?;
    Ok((answer, exit, complaints))
}

fn explain(error: &wire::WireError, exit: &Exit, complaint: Option<&String>) -> String {
    match complaint {
        Some(complaint) if !exit.is_success() => format!("{error}; {complaint} ({exit})"),
        _ if !exit.is_success() => format!("{error} ({exit})"),
        _ => error.to_string(),
    }
}
