//! The pane list: one format, one parser.
//!
//! Numbers come first, tab-separated; the strings that other programs choose follow with their
//! length in front, so that no tab, newline or bracket in them can shift a field. The current command
//! is not among them: tmux reads it anew for each mention, so its length would belong to another
//! process now and then. `/proc` tells it as well.

use crate::fleet::model::{AgentName, End, Label, PaneId, PaneTarget, ServerName, SessionName, Size};

/// Number of plain fields before the strings.
const PLAIN_FIELDS: usize = 26;

/// Format of `list-panes`; the order is that of [`parse_record`].
pub(super) const LIST_FORMAT: &str = "#{pane_id}\t#{session_id}\t#{window_id}\t#{pane_pid}\t#{pane_dead}\t\
#{pane_dead_status}\t#{pane_dead_signal}\t#{pane_width}\t#{pane_height}\t#{pane_left}\t#{pane_top}\t#{window_width}\t\
#{window_height}\t#{pane_activity}\t#{window_activity}\t#{session_activity}\t#{pane_in_mode}\t\
#{status}\t#{status-position}\t#{?window_active,#{?window_zoomed_flag,#{pane_active},1},0}\t#{window-size}\t#{pid}\t#{m:*.draft,#{@mosaic_turn}}\t\
#{cursor_x}\t#{cursor_y}\t#{history_size}\t\
#{n:session_name}:#{session_name}#{n:@mosaic_agent}:#{@mosaic_agent}#{n:pane_title}:#{pane_title}";

/// Longest string field accepted; tmux keeps titles far shorter, so more means a broken stream.
const MAX_STRING_BYTES: usize = 1 << 16;

/// One pane as tmux lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneRecord {
    /// Pane id.
    pub id: PaneId,
    /// `$N`.
    pub session_id: String,
    /// `@N`.
    pub window_id: String,
    /// First process.
    pub pid: u32,
    /// Process of the server.
    pub server: u32,
    /// Whether that process ended.
    pub dead: bool,
    /// How, where tmux knows it; the signal is known to tmux 3.3 and later.
    pub end: Option<End>,
    /// Size of the pane.
    pub size: Size,
    /// Left edge in the window.
    pub left: u16,
    /// Top edge in the window.
    pub top: u16,
    /// Size of the window.
    pub window: Size,
    /// First finite positive of pane, window and session activity, in Unix seconds.
    pub activity: Option<u64>,
    /// Column and row of the cursor, shown or not.
    pub cursor: (u16, u16),
    /// Lines above the screen.
    pub history: u64,
    /// Whether it is in copy mode or another mode.
    pub in_mode: bool,
    /// Status rows of its session.
    pub status_rows: u16,
    /// Whether the status rows are on top.
    pub status_on_top: bool,
    /// Whether a client may be attached to look: its window is current, nothing is zoomed over it, and
    /// the window's size is manual.
    pub attachable: bool,
    /// Whether a delivery has pasted a text there and not pressed Enter; for longer only where it was killed.
    pub drafted: bool,
    /// Agent that the keeper marked it for.
    pub mark: Option<String>,
    /// Session, exact.
    pub session: SessionName,
    /// Title.
    pub title: Label,
}

impl PaneRecord {
    /// The pane of a session, alive and alone in its window.
    #[cfg(test)]
    pub fn for_tests(id: u32, session: &str) -> Self {
        let size = Size { width: 200, height: 50 };
        Self {
            id: PaneId(id),
            session_id: format!("${id}"),
            window_id: format!("@{id}"),
            pid: 100 + id,
            server: 1,
            dead: false,
            end: None,
            size,
            left: 0,
            top: 0,
            window: size,
            activity: Some(1_700_000_000),
            cursor: (0, 0),
            history: 0,
            in_mode: false,
            status_rows: 1,
            status_on_top: false,
            attachable: true,
            drafted: false,
            mark: None,
            session: SessionName(session.to_owned()),
            title: Label::new("t"),
        }
    }

    /// Where and how big the pane is, for a viewer.
    #[must_use]
    pub fn target(&self, server: &ServerName) -> PaneTarget {
        PaneTarget {
            server: server.clone(),
            pane: self.id,
            session_id: self.session_id.clone(),
            window: self.window,
            size: self.size,
            left: self.left,
            top: self.top,
            status_rows: self.status_rows,
            status_on_top: self.status_on_top,
            attachable: self.attachable,
        }
    }
}

/// The panes of an agent's session, its own first: the one that its keeper marked, else the oldest. An
/// operator may have split the window, so the active pane says nothing.
#[must_use]
pub fn panes_of<'a>(
    panes: impl IntoIterator<Item = &'a PaneRecord>,
    session: &SessionName,
    agent: &AgentName,
) -> Vec<&'a PaneRecord> {
    let mut own: Vec<&PaneRecord> = panes.into_iter().filter(|pane| pane.session == *session).collect();
    own.sort_by_key(|pane| (pane.mark.as_deref() != Some(agent.as_str()), pane.id));
    own
}

/// Reads a whole listing. A record that cannot be read costs its own row only; a listing without any
/// that can is an error that quotes it.
pub(super) fn parse_list(mut text: &str) -> Result<Vec<PaneRecord>, String> {
    let mut records = Vec::new();
    let mut unreadable = None;
    while !text.is_empty() {
        text = match parse_record(text) {
            Some((record, rest)) => {
                records.push(record);
                rest.strip_prefix('\n').unwrap_or(rest)
            }
            None => {
                unreadable.get_or_insert(text);
                // Each record begins with the id of its pane, so the next one is found although this one has no end.
                text.find("\n%").map_or("", |next| &text[next + 1..])
            }
        };
    }
    match unreadable {
        Some(record) if records.is_empty() => Err(format!("unreadable pane record {}", crate::plain::quoted(record))),
        _ => Ok(records),
    }
}

fn parse_record(text: &str) -> Option<(PaneRecord, &str)> {
    let mut rest = text;
    let mut fields = [""; PLAIN_FIELDS];
    for field in &mut fields {
        (*field, rest) = rest.split_once('\t')?;
    }
    let (session, rest) = sized(rest)?;
    let (mark, rest) = sized(rest)?;
    let (title, rest) = sized(rest)?;
    let number = |at: usize| fields[at].parse::<u16>().ok();
    let record = PaneRecord {
        id: PaneId::parse(fields[0])?,
        session_id: fields[1].to_owned(),
        window_id: fields[2].to_owned(),
        pid: fields[3].parse().ok()?,
        server: fields[21].parse().ok()?,
        dead: fields[4] == "1",
        end: End::of(fields[5].parse().ok(), fields[6].parse().ok()),
        size: Size { width: number(7)?, height: number(8)? },
        left: number(9)?,
        top: number(10)?,
        window: Size { width: number(11)?, height: number(12)? },
        // tmux 3.3a leaves the pane's own empty, and that of the session counts no output.
        activity: fields[13..16].iter().find_map(|field| field.parse().ok().filter(|seconds| *seconds > 0)),
        // tmux counts the modes that lie on each other.
        in_mode: fields[16] != "0" && !fields[16].is_empty(),
        status_rows: match fields[17] {
            "off" => 0,
            "on" => 1,
            rows => rows.parse().unwrap_or(1),
        },
        status_on_top: fields[18] == "top",
        // tmux honours a client's ignore-size only beside another client, so a window whose size
        // follows its clients is looked at without one.
        attachable: fields[19] == "1" && fields[20] == "manual",
        drafted: fields[22] == "1",
        cursor: (number(23)?, number(24)?),
        history: fields[25].parse().ok()?,
        mark: Some(mark.to_owned()).filter(|mark| !mark.is_empty()),
        session: SessionName(session.to_owned()),
        title: Label::new(title),
    };
    Some((record, rest))
}

/// Reads `LENGTH:BYTES`.
fn sized(text: &str) -> Option<(&str, &str)> {
    let (length, rest) = text.split_once(':')?;
    let length = length.parse().ok().filter(|length| *length <= MAX_STRING_BYTES)?;
    // Bytes, as tmux counts; an end within a character is a broken record.
    Some((rest.get(..length)?, rest.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(session: &str, title: &str) -> String {
        let mark = "a.b";
        format!(
            "%3\t$1\t@2\t4242\t1\t7\t\t100\t49\t101\t0\t201\t49\t\t1700\t1600\t0\ton\tbottom\t1\tmanual\t17\t1\t4\t5\t66\t{}:{session}{}:{mark}{}:{title}\n",
            session.len(),
            mark.len(),
            title.len()
        )
    }

    #[test]
    fn a_record_is_read_whole() {
        let records = parse_list(&line("a_b", "Title")).unwrap();
        let pane = &records[0];
        assert_eq!((pane.id, pane.pid, pane.dead, pane.end), (PaneId(3), 4242, true, Some(End::Exited(7))));
        let killed = line("a", "").replace("\t7\t\t", "\t\t9\t");
        assert_eq!(parse_list(&killed).unwrap()[0].end, Some(End::Killed(9)));
        assert!(pane.server == 17 && pane.drafted);
        assert_eq!((pane.activity, pane.status_rows, pane.mark.as_deref()), (Some(1700), 1, Some("a.b")));
        assert_eq!((pane.left, pane.window.width), (101, 201));
        assert_eq!((pane.session.0.as_str(), pane.title.as_str()), ("a_b", "Title"));
    }

    proptest! {
        #[test]
        fn no_text_shifts_a_field(session in ".{0,40}", title in "[\\s\\S]{0,80}") {
            let text = line(&session, &title) + &line("next", "t");
            let records = parse_list(&text).unwrap();
            prop_assert_eq!(records.len(), 2);
            prop_assert_eq!(&records[0].session.0, &session);
            prop_assert_eq!(&records[1].session.0, "next");
        }

        #[test]
        fn a_bad_record_costs_its_own_row_only(noise in "[a-z\t]{0,40}") {
            let text = line("first", "t") + "%9\t" + &noise + "\n" + &line("last", "t");
            let records = parse_list(&text).unwrap();
            prop_assert_eq!(records.len(), 2);
            prop_assert_eq!(&records[1].session.0, "last");
        }

        #[test]
        fn garbage_is_refused_without_a_panic(text in "[\\s\\S]{0,200}") {
            let _result = parse_list(&text);
        }
    }
}
