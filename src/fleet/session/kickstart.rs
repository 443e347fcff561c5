//! The first message of an agent after its runtime was started: sent once the runtime takes messages, and verified.

use std::convert::Infallible;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::Instant;

use crate::fleet::activity::{self, Behind, Door};
use crate::fleet::comms::KEEPER;
use crate::fleet::error::Failure;
use crate::fleet::home::Site;
use crate::fleet::message::{Delivery, Envelope, Messenger, Options, Receipt};
use crate::fleet::model::ServerName;
use crate::fleet::roster::Agent;
use crate::plain;

/// Time for a runtime to draw its composer. One that asks for a login meanwhile takes as long as its operator does.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(600);

/// Between two tries. A runtime that is still starting refuses each of them before anything is typed.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Time for one look at what became of the message.
const LOOK: Duration = Duration::from_secs(10);

/// Most bytes of a file that holds the message.
const MAX_BYTES: usize = 256 << 10;

/// Sends the message, if the agent has one, and then waits for ever.
pub(super) async fn after_start(site: &Site, agent: &Agent) -> Infallible {
    if let Some(template) = &agent.kickstart {
        match text(site, agent, template) {
            Ok(text) => say(site, agent, &text).await,
            // The runtime runs already, and without its first message it is of more use than ended.
            Err(why) => not_sent(site, agent, template, why),
        }
    }
    std::future::pending().await
}

fn envelope(agent: &Agent) -> Envelope {
    Envelope {
        source: format!("{}:{KEEPER}", agent.host),
        via: None,
        target: format!("{}:{}", agent.host, agent.session.0),
        class: Some("kickstart".to_owned()),
    }
}

/// Keeps in the history that the message was not sent, and why: nobody waits for its receipt.
fn not_sent(site: &Site, agent: &Agent, text: &str, why: String) {
    tracing::error!(agent = %agent.name, %why, "the kickstart is not sent");
    let next = format!("`mosaic-tui fleet restart {}` sends it again once that is mended", agent.name);
    let receipt = Receipt::not_tried(agent, &Failure::failed("its first message", why, next));
    let envelope = envelope(agent);
    let behind = Behind { sender: &envelope.source, door: Door::Keeper };
    activity::note_by_keeper(site, &activity::sent(site, behind, &envelope, &receipt, text));
}

async fn say(site: &Site, agent: &Agent, text: &str) {
    let server = ServerName { ssh: None, socket: agent.socket };
    let envelope = envelope(agent);
    let options = Options { force: false, only_well: false, verify: true, timeout: LOOK };
    let until = Instant::now() + GIVEN_UP_AFTER;
    loop {
        let messenger = Messenger::new(site);
        // A command of the runtime is one only without a frame.
        let sent = match text.strip_prefix('/').filter(|rest| !rest.contains(char::is_whitespace)) {
            Some(_) => messenger.command((agent, &server), text, options).await,
            None => messenger.send((agent, &server), &envelope, text, options).await,
        };
        let told = match sent {
            Ok(receipt) => {
                // What may have been typed is not typed twice.
                let untouched = matches!(receipt.delivery, Delivery::Refused | Delivery::Blank | Delivery::Dead);
                if receipt.typed || !untouched || Instant::now() >= until {
                    let behind = Behind { sender: &envelope.source, door: Door::Keeper };
                    activity::note_by_keeper(site, &activity::sent(site, behind, &envelope, &receipt, text));
                    tracing::info!(agent = %agent.name, delivery = receipt.delivery.word(), reason = receipt.reason, "kickstart");
                    return;
                }
                receipt.reason
            }
            Err(failure) => failure.to_string(),
        };
        if Instant::now() >= until {
            not_sent(site, agent, text, told);
            return;
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

/// Returns the message: the template's words, or those of the file that it names, with the agent's own names in them.
///
/// # Errors
/// Why the file cannot be read.
pub fn text(site: &Site, agent: &Agent, template: &str) -> Result<String, String> {
    let text = match file(site, template) {
        Some(path) => plain::read(&path, MAX_BYTES).map_err(|why| format!("{}: {why}", path.display()))?,
        None => template.to_owned(),
    };
    let directory = agent.working_directory.to_string_lossy();
    let words = [("{{name}}", agent.name.as_str()), ("{{class}}", &agent.class), ("{{working_directory}}", &directory)];
    Ok(words.iter().fold(text, |text, (mark, word)| text.replace(mark, word)))
}

/// The file that a template names: one word with a slash in it, or that ends in `.md`. Relative ones lie in the Mosaic home.
fn file(site: &Site, template: &str) -> Option<PathBuf> {
    // `/compact` is a command of a runtime.
    let has_folder = template.strip_prefix('/').unwrap_or(template).contains('/');
    let is_path = !template.contains(char::is_whitespace) && (has_folder || template.ends_with(".md"));
    is_path.then(|| match template.strip_prefix("~/") {
        Some(rest) => site.user_home.join(rest),
        None => site.home.join(template),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::roster;

    #[test]
    fn a_template_is_a_text_or_a_file_with_the_agents_names() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let roster = "version: 1\nagents: [{name: a, runtime: stub, class: code, working_directory: /w}]\n";
        let agent = roster::parse(roster, std::path::Path::new("r"), &site).unwrap().agents.remove(0);
        let said = |template: &str| text(&site, &agent, template);
        assert_eq!(said("you are {{name}}, a {{class}} in {{working_directory}}").unwrap(), "you are a, a code in /w");
        assert_eq!(said("/compact").unwrap(), "/compact");
        assert_eq!(said("go on: and/or stop").unwrap(), "go on: and/or stop");
        assert!(said("templates/none.md").unwrap_err().contains("templates/none.md"));
        std::fs::create_dir_all(site.home.join("templates")).unwrap();
        std::fs::write(site.home.join("templates/first.md"), "hello {{name}}").unwrap();
        assert_eq!(said("templates/first.md").unwrap(), "hello a");
        let absolute = site.home.join("templates/first.md").display().to_string();
        assert_eq!(said(&absolute).unwrap(), "hello a");
    }
}
