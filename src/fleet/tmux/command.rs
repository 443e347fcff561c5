//! tmux commands as values, their words, and the one function that quotes them.

use std::borrow::Cow;
use std::path::Path;

use crate::fleet::model::{PaneId, SessionName, Size};

use super::mark::mark;
use super::panes::LIST_FORMAT;

/// A command that changes nothing in the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// Every pane of the server, one record each.
    ListPanes,
    /// Text and colours of a pane, with this many lines of history above the screen.
    Capture {
        /// The pane.
        pane: PaneId,
        /// Lines of scrollback.
        history: u32,
    },
    /// The text of a pane's screen and how it is drawn, without blanks at the ends of its rows.
    Text(PaneId),
    /// [`Self::ListPanes`], and behind it the screens of all live panes that a keeper marked, each as [`Self::Text`] gives
    /// it; all of one moment, unless a hook of the user's comes in between. Between the two stands the mark with the first
    /// word and the pids of these panes, in the order of their screens, and behind all of it the mark with the other word and
    /// the pid, height and cursor that each of them has then.
    Survey([&'static str; 2]),
    /// Token of the sender that may type into a pane.
    LeaseToken(PaneId),
    /// Name of the program that reads a pane's keys.
    Foreground(PaneId),
    /// Pid of the server.
    ServerPid,
    /// Path of the server's socket.
    SocketPath,
    /// State of one pane on one line: see [`super::Peek`].
    PaneState(PaneId),
    /// Whether a pane's process has ended, and the sizes of its history and of its screen: see [`super::Glance`].
    Scrolled(PaneId),
}

/// A variable of a pane's environment, and its value.
pub type Variable<'a> = (Cow<'a, str>, Cow<'a, str>);

/// A command that changes the server; only the keeper and the lifecycle send these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<'a> {
    /// A detached session with one window running one command.
    NewSession {
        /// Its name.
        session: &'a SessionName,
        /// Size asked for.
        size: Size,
        /// Folder its command starts in.
        directory: &'a Path,
        /// Environment of its command.
        env: Vec<Variable<'a>>,
        /// The command, as an argument vector.
        argv: Vec<String>,
    },
    /// The command of a pane whose process ended, in that pane: its neighbours stay.
    RespawnPane {
        /// The pane.
        pane: PaneId,
        /// Folder its command starts in.
        directory: &'a Path,
        /// Environment of its command.
        env: Vec<Variable<'a>>,
        /// The command, as an argument vector.
        argv: Vec<String>,
    },
    /// A window option of a session's window.
    WindowOption(&'a SessionName, &'static str, &'static str),
    /// A user option of a pane, the agent's mark.
    PaneMark(PaneId, String),
    /// Forces a window to a size.
    ResizeWindow(&'a SessionName, Size),
    /// A server or global session option.
    GlobalOption(&'static str, &'static str),
    /// Ends one session.
    KillSession(&'a SessionName),
    /// Leaves copy mode, or any other.
    LeaveMode(PaneId),
    /// Pastes a buffer as one block, and deletes it.
    PasteBuffer {
        /// The buffer.
        buffer: String,
        /// The pane.
        pane: PaneId,
    },
    /// Deletes a buffer.
    DeleteBuffer(String),
    /// Presses keys, by tmux's names for them.
    Keys(PaneId, &'a [String]),
    /// Says by its token which sender may type into a pane; empty is nobody's.
    LeaseToken(PaneId, String),
    /// Runs nothing: makes the server look at its children, which fills in exit statuses.
    Nudge,
}

/// User option that marks an agent's own pane, so that a split window does not hide it.
pub(super) const MARK_OPTION: &str = "@mosaic_agent";

/// User option of a pane: the token of the sender that may type into it. All versions of this program that share a
/// pane have to agree on its name.
pub(super) const LEASE_OPTION: &str = "@mosaic_turn";

/// What one line says of a pane: see [`super::Peek`].
const PANE_STATE: &str = "#{pane_id} #{pane_dead} #{pane_in_mode} #{cursor_x} #{cursor_y} #{pane_width} #{pane_height} \
                          #{pane_title}";

/// What tells that a pane is still as the list has it, where screens are cut by its heights.
const STATE_OF_MANY: &str = " #{pane_pid}.#{pane_height}.#{cursor_x}.#{cursor_y}";

/// A format within another that is to be expanded later than that: by the command that the other makes.
fn later(format: &str) -> String {
    format.replace('#', "##").replace('}', "#}").replace(',', "#,")
}

/// `=NAME:`, which matches that session and no other.
fn exact_target(session: &SessionName) -> String {
    // The colon makes it a session's name where tmux would also take a window's.
    format!("={}:", session.0)
}

impl Query {
    /// Whether its answer is the one line that begins with the [`mark`].
    pub(super) fn is_marked(&self) -> bool {
        match self {
            Self::LeaseToken(_) | Self::Foreground(_) | Self::Scrolled(_) | Self::PaneState(_) => true,
            Self::ServerPid | Self::SocketPath => true,
            Self::ListPanes | Self::Capture { .. } | Self::Text(_) | Self::Survey(_) => false,
        }
    }

    /// The command's words.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::ListPanes => words(&["list-panes", "-a", "-F", LIST_FORMAT]),
            Self::PaneState(pane) => {
                words(&["display-message", "-p", "-t", &pane.to_string(), &format!("{}{PANE_STATE}", mark())])
            }
            Self::Survey([screens, whole]) => {
                let mark = mark();
                // The server itself walks over its sessions (S), their windows (W) and the panes of those (P): what it
                // makes of this is one command for each screen, which hold ids and nothing that others chose. It runs one
                // behind the other before it does anything else: the list tells the states of these screens.
                let of_each = |made: &str| format!("#{{S:#{{W:#{{P:#{{?pane_dead,,#{{?{MARK_OPTION},{made},}}}}}}}}}}");
                let list = later(LIST_FORMAT);
                // Not their ids: a message with a `%` is a format of time as well, and of those tmux prints 8 kB or nothing.
                let pids = of_each(" #{pane_pid}");
                let captures = of_each("capture-pane -p -e -t #{pane_id} ;");
                let states = later(&of_each(STATE_OF_MANY));
                let all = [
                    format!("list-panes -a -F \"{list}\" ; display-message -p \"{mark}{screens}{pids}\" ; "),
                    format!("{captures} display-message -p \"{mark}{whole}{states}\""),
                ];
                words(&["run-shell", "-C", &all.concat()])
            }
            Self::Text(pane) => words(&["capture-pane", "-p", "-e", "-t", &pane.to_string()]),
            Self::LeaseToken(pane) => {
                words(&["display-message", "-p", "-t", &pane.to_string(), &format!("{}#{{{LEASE_OPTION}}}", mark())])
            }
            Self::Foreground(pane) => {
                let format = format!("{}#{{pane_current_command}}", mark());
                words(&["display-message", "-p", "-t", &pane.to_string(), &format])
            }
            Self::Scrolled(pane) => {
                let of_pane = "#{pane_id} #{pane_dead} #{history_size} #{history_limit} #{alternate_on} #{pane_height}";
                words(&["display-message", "-p", "-t", &pane.to_string(), &format!("{}{of_pane}", mark())])
            }
            Self::ServerPid => words(&["display-message", "-p", &format!("{}#{{pid}}", mark())]),
            Self::SocketPath => words(&["display-message", "-p", &format!("{}#{{socket_path}}", mark())]),
            Self::Capture { pane, history } => {
                // `-N` keeps the blanks at the ends of rows, which may have a colour.
                let mut all = words(&["capture-pane", "-p", "-e", "-N", "-t"]);
                all.push(pane.to_string());
                if *history > 0 {
                    all.push("-S".to_owned());
                    all.push(format!("-{history}"));
                }
                all
            }
        }
    }
}

impl Change<'_> {
    /// Whether the command carries an agent's environment, which is nobody else's to read.
    #[must_use]
    pub(super) fn holds_secrets(&self) -> bool {
        matches!(self, Self::NewSession { env, .. } | Self::RespawnPane { env, .. } if !env.is_empty())
    }

    /// The command's words.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::NewSession { session, size, directory, env, argv } => {
                let mut all = words(&["new-session", "-d", "-s", &session.0]);
                all.extend(words(&["-x", &size.width.to_string(), "-y", &size.height.to_string()]));
                all.extend(words(&["-c", &literal(&directory.to_string_lossy())]));
                all.extend(variables(env));
                all.push("--".to_owned());
                // tmux executes several words itself; it would hand a single one to a shell.
                all.extend_from_slice(argv);
                all
            }
            Self::RespawnPane { pane, directory, env, argv } => {
                let directory = literal(&directory.to_string_lossy());
                // Without `-k`: a pane whose process lives is left alone.
                let mut all = words(&["respawn-pane", "-t", &pane.to_string(), "-c", &directory]);
                all.extend(variables(env));
                all.push("--".to_owned());
                all.extend_from_slice(argv);
                all
            }
            Self::WindowOption(session, option, value) => {
                words(&["set-option", "-w", "-t", &exact_target(session), option, value])
            }
            Self::PaneMark(pane, mark) => words(&["set-option", "-p", "-t", &pane.to_string(), MARK_OPTION, mark]),
            Self::ResizeWindow(session, size) => words(&[
                "resize-window",
                "-t",
                &exact_target(session),
                "-x",
                &size.width.to_string(),
                "-y",
                &size.height.to_string(),
            ]),
            Self::GlobalOption(option, value) => words(&["set-option", "-g", option, value]),
            Self::KillSession(session) => words(&["kill-session", "-t", &exact_target(session)]),
            Self::LeaveMode(pane) => words(&["copy-mode", "-q", "-t", &pane.to_string()]),
            // With `-p` a program that knows pastes takes it for one; else some runtimes send each line as a
            // message.
            Self::PasteBuffer { buffer, pane } => {
                words(&["paste-buffer", "-p", "-d", "-b", buffer, "-t", &pane.to_string()])
            }
            Self::DeleteBuffer(buffer) => words(&["delete-buffer", "-b", buffer]),
            Self::Keys(pane, keys) => {
                let mut all = words(&["send-keys", "-t", &pane.to_string()]);
                all.extend_from_slice(keys);
                all
            }
            Self::LeaseToken(pane, token) => words(&["set-option", "-p", "-t", &pane.to_string(), LEASE_OPTION, token]),
            Self::Nudge => words(&["run-shell", "true"]),
        }
    }
}

/// A text where tmux expects a format (FORMATS in tmux(1)): `#(...)` in it would run a shell.
fn literal(text: &str) -> String {
    text.replace('#', "##")
}

fn variables(env: &[Variable<'_>]) -> impl Iterator<Item = String> {
    env.iter().flat_map(|(name, value)| ["-e".to_owned(), format!("{name}={value}")])
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

/// One line for `source-file`: every word in single quotes, so that tmux expands nothing.
///
/// tmux's parser ends a command at a newline, and a single-quoted string cannot hold a quote; both
/// are spliced in from double quotes (see COMMAND PARSING in tmux(1)).
pub(super) fn quote(words: &[String]) -> String {
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push('\'');
        for c in word.chars() {
            match c {
                '\'' => line.push_str("'\"'\"'"),
                '\n' => line.push_str("'\"\\n\"'"),
                c => line.push(c),
            }
        }
        line.push('\'');
    }
    line
}

/// Words of a process argument list: a lone trailing `;` would end the command, so it is escaped.
pub(super) fn as_argument(word: &str) -> String {
    match word.strip_suffix(';') {
        Some(rest) => format!("{rest}\\;"),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_leaves_nothing_to_expand() {
        let words = ["a b", "it's", "$HOME;#{x}", "two\nlines", ""].map(str::to_owned);
        assert_eq!(quote(&words), r#"'a b' 'it'"'"'s' '$HOME;#{x}' 'two'"\n"'lines' ''"#);
    }

    #[test]
    fn a_trailing_semicolon_stays_part_of_its_word() {
        assert_eq!(as_argument("x;"), "x\\;");
        assert_eq!(as_argument("x;y"), "x;y");
    }

    #[test]
    fn a_folder_is_no_format() {
        let words = Change::NewSession {
            session: &SessionName("a".into()),
            size: Size { width: 80, height: 24 },
            directory: Path::new("/x/C#Sharp/#(touch y)"),
            env: Vec::new(),
            argv: vec!["cat".into()],
        }
        .words();
        assert!(words.contains(&"/x/C##Sharp/##(touch y)".to_owned()), "{words:?}");
    }

    #[test]
    fn what_a_program_chose_is_expanded_by_no_command_line() {
        let words = Query::Survey(["screens", "whole"]).words();
        assert_eq!(words[..2], ["run-shell", "-C"]);
        for chosen in ["pane_title", "session_name", "@mosaic_agent"] {
            let (later, now) = (format!(":##{{{chosen}#}}"), format!("#{{{chosen}}}"));
            assert!(words[2].contains(&later) && !words[2].replace("##", "").contains(&now), "{chosen}: {words:?}");
        }
        assert_eq!(later("#{?a,b,#{c}}"), "##{?a#,b#,##{c#}#}");
    }

    #[test]
    fn sessions_are_matched_exactly() {
        assert_eq!(exact_target(&SessionName("a".into())), "=a:");
    }
}
