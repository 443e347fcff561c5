//! The panes of a server and the screens of its agents by one client, for whoever has seen nothing of it yet.

use super::command::Query;
use super::mark::mark;
use super::peek::{Peek, Peeks};
use super::reader::{ANSWER_LIMIT, Look, Reader};
use super::refusal::Refusal;
use crate::fleet::error::Result;
use crate::fleet::os::exec::{ExecError, Output, Running};

/// Stands, behind the mark, between the list of panes and the screens.
const SCREENS: &str = "screens";

/// Screens that a server is handing over.
#[derive(Debug)]
pub struct Screens {
    client: Box<Running>,
    /// Where they begin in what its client prints.
    at: usize,
    /// None of them yet.
    peeks: Peeks,
}

impl Reader {
    /// Looks at all panes, and begins with the screens of those that keepers marked: the list is there long before the
    /// screens are. No screens come from a server of another host, from an older tmux, and where there is no server.
    ///
    /// # Errors
    /// When tmux is missing, hangs, or may not be asked.
    pub async fn survey(&self) -> (Result<Look>, Option<Screens>) {
        let queries = [Query::ListPanes.words(), Query::MarkedScreens(SCREENS).words()];
        let peeks = Peeks::from_now_on();
        let ran = match self.begin(&queries) {
            None => return (self.look().await, None),
            Some(Ok(client)) => list_of(client, peeks).await.map_err(Refusal::Exec),
            Some(Err(refusal)) => Err(refusal),
        };
        let refused = match ran {
            Ok(Listed::Before { list, screens }) => return (self.looked(Ok(list)), Some(screens)),
            Ok(Listed::Ended(output)) => Refusal::in_answer(&output),
            Err(refusal) => Err(refusal),
        };
        match self.told_from_lost(refused).await {
            // One that does not know the second query answers neither.
            Err(Refusal::Tmux(_)) => (self.look().await, None),
            ran => (self.looked(ran), None),
        }
    }
}

/// What a client has printed when its list is whole.
enum Listed {
    /// The list, in front of screens.
    Before { list: String, screens: Screens },
    /// It has ended, and nothing comes behind.
    Ended(Output),
}

async fn list_of(mut client: Running, peeks: Peeks) -> Result<Listed, ExecError> {
    let between = format!("{}{SCREENS}\n", mark());
    let list = client.until(between.as_bytes(), ANSWER_LIMIT).await?;
    let Some((list, at)) = list.map(|list| (String::from_utf8_lossy(list).into_owned(), list.len())) else {
        return client.end(ANSWER_LIMIT).await.map(Listed::Ended);
    };
    Ok(Listed::Before { list, screens: Screens { client: Box::new(client), at: at + between.len(), peeks } })
}

impl Screens {
    /// Waits for them. None where they are not told in time, or where something else stands between them: they are to be
    /// asked for one by one.
    pub async fn read(self) -> Peeks {
        let Self { client, at, mut peeks } = self;
        if let Ok(output) = client.end(ANSWER_LIMIT).await {
            let text = String::from_utf8_lossy(&output.stdout[at..]);
            peeks.screens = Peek::parse_many(&text, mark()).unwrap_or_default();
        }
        peeks
    }
}
