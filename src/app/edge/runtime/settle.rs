//! What the terminal still has to say before another program has it.

use super::Dashboard;
use crate::app::edge::input::{Keyboard, Typed};
use crate::fleet::os::clock::at;

impl Dashboard {
    /// Waits for the answers that are on their way: the next program would take them for keys. Keys that come meanwhile were
    /// typed at a screen that is left. `patient` where that program may do harm with an answer, as an agent's pane may.
    pub(super) async fn settle(&mut self, keyboard: &mut Keyboard, patient: bool) {
        while let Some(until) = self.screen.owes(patient) {
            tokio::select! {
                typed = keyboard.next() => match typed {
                    Ok((Typed::Well, _)) => self.screen.answered(),
                    Ok(_) => {}
                    // It has nothing to say any more.
                    Err(_) => return,
                },
                () = at(Some(until.into())) => return,
            }
        }
    }
}
