//! What a view asks for and the observer does not hold: read on a thread of its own, told as an event.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::reactor::block_on;
use crate::app::perform::{agent, setup};
use crate::app::tui::event::Event;
use crate::fleet::git::Against;
use crate::fleet::home::Site;
use crate::fleet::library::{self, Shelf};

/// Reads what differs in an agent's work tree.
pub(super) fn read_diff(site: &Site, name: String, against: Against, number: u64, done: &mpsc::Sender<Event>) {
    let site = site.clone();
    apart(done, move || {
        let read = block_on(agent::read_diff(&site, &name, against)).and_then(|read| read);
        Event::Diff(number, read.map(Arc::new).map_err(|failure| failure.to_string()))
    });
}

/// Reads the text of a persona.
pub(super) fn read_persona(site: &Site, name: String, done: &mpsc::Sender<Event>) {
    let site = site.clone();
    apart(done, move || {
        let read = library::find(&site, Shelf::Personas, &name).map(|found| found.text);
        Event::Persona(name, read.map_err(|failure| failure.to_string()))
    });
}

/// Reads what a first fleet could be made of here.
pub(super) fn read_offer(site: &Site, done: &mpsc::Sender<Event>) {
    let site = site.clone();
    apart(done, move || Event::Offer(setup::offer(&site).map(Box::new)));
}

/// Reads how an agent is launched.
pub(super) fn read_launch(site: &Site, name: String, done: &mpsc::Sender<Event>) {
    let site = site.clone();
    apart(done, move || {
        let settings = setup::launch(&site, &name).map(Box::new);
        Event::Launch(name, settings)
    });
}

/// Reads on a thread of its own: a folder or a file that does not answer must hold up no key.
fn apart(done: &mpsc::Sender<Event>, read: impl FnOnce() -> Event + Send + 'static) {
    let untold = done.clone();
    let done = done.clone();
    let told = move || {
        // The dashboard may have ended meanwhile.
        let _left = done.blocking_send(read());
    };
    if let Err(error) = std::thread::Builder::new().name("facts".to_owned()).spawn(told) {
        tracing::warn!(%error, "a thread to read facts cannot be started");
        let text = format!("this cannot be read, as no thread can be started: {error}; try again");
        // A full queue holds newer things to say.
        let _full = untold.try_send(Event::Told { text, failed: true });
    }
}
