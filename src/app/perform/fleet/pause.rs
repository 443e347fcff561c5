//! The pause switch: what it holds up is refused elsewhere, by whoever reads its file.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use crate::app::action::activity::Since;
use crate::app::action::report::Report;
use crate::app::perform::backlog;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::model::{Label, Pause};
use crate::fleet::pause;

/// Pauses the fleet, or says anew why and until when.
///
/// # Errors
/// When the end is over already, or the file cannot be written.
pub(super) fn begin(site: &Site, reason: Option<&str>, until: Option<&Since>) -> Result<Report> {
    let now = Timestamp::now();
    let until = until.map(|until| end_of(until, now)).transpose()?;
    let by = Label::new(&backlog::who(site).actor);
    let reason = reason.map(|reason| Label::new(reason.trim())).unwrap_or_default();
    let paused = Pause { by, reason, since: Some(now), until };
    pause::write(&site.home, &paused)?;
    let text = format!(
        "the fleet is {}: nothing is dispatched or merged, and no agent claims a card; `mosaic-tui fleet resume` ends it",
        paused.words()
    );
    Ok(Report::done(text, &json!({ "paused": true, "pause": paused })))
}

/// Ends the pause.
///
/// # Errors
/// When the file cannot be taken away.
pub(super) fn end(site: &Site) -> Result<Report> {
    // Read before it ends, as its words are told behind it.
    let before = pause::read(&site.home);
    let text = match (pause::end(&site.home)?, &before) {
        (true, Some(before)) => format!("the fleet goes on; it was {}", before.words()),
        (true, None) => "the fleet goes on; the pause was over already".to_owned(),
        (false, _) => "the fleet is not paused".to_owned(),
    };
    Ok(Report::done(text, &json!({ "paused": false, "pause": before })))
}

/// When a pause ends that begins now.
fn end_of(until: &Since, now: Timestamp) -> Result<Timestamp> {
    let invalid = |why: String| {
        Failure::new(Kind::Invalid, "--until", why, "give a time to come, such as 2h or 2026-01-31T08:00")
    };
    let at = match until {
        // A bare span is time to come here; elsewhere the same word means time that is past.
        Since::Ago(span) => now.checked_add(*span).map_err(|error| invalid(error.to_string()))?,
        Since::At(at) => *at,
        Since::Civil(time) => time
            .to_zoned(TimeZone::system())
            .map(|zoned| zoned.timestamp())
            .map_err(|error| invalid(error.to_string()))?,
    };
    if at > now { Ok(at) } else { Err(invalid(format!("{at} is over already"))) }
}
