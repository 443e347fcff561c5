//! tmux's control-mode protocol: lines in, replies and notifications out. Pure.
//!
//! See CONTROL MODE in tmux(1): a reply is the lines between `%begin` and `%end` or `%error`, whose
//! numbers agree; everything else that starts with `%` is a notification and never interrupts a
//! reply.

/// Most bytes kept of one reply; more means that the stream is out of step.
const MAX_REPLY_BYTES: usize = 16 << 20;

/// One thing that a control client says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spoken {
    /// The answer to a command of ours.
    Reply {
        /// Whether the command succeeded.
        ok: bool,
        /// Its output, or its error.
        text: String,
    },
    /// The client is attached: from now on commands have a client to speak for.
    Attached,
    /// Something about the server changed.
    Changed,
    /// The client is going away.
    Exit(String),
}

/// Reads lines and remembers the reply that is open.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Whether a reply has begun: before that it may be any program.
    speaks: bool,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    /// Time and number, repeated on the closing line.
    tag: String,
    /// Whether the command came from this client's input.
    ours: bool,
    text: String,
}

impl Reader {
    /// Takes one line without its newline.
    ///
    /// # Errors
    /// When the stream cannot be a control client's.
    pub(super) fn line(&mut self, line: &str) -> Result<Option<Spoken>, String> {
        if let Some(open) = &mut self.open {
            for (word, ok) in [("%end ", true), ("%error ", false)] {
                if line.strip_prefix(word).is_some_and(|rest| rest == open.tag) {
                    let Some(done) = self.open.take() else { return Ok(None) };
                    // The first block that is not ours is the attach command's own.
                    return Ok(Some(if done.ours { Spoken::Reply { ok, text: done.text } } else { Spoken::Attached }));
                }
            }
            if open.text.len() + line.len() > MAX_REPLY_BYTES {
                return Err("a reply that never ends".to_owned());
            }
            if !open.text.is_empty() {
                open.text.push('\n');
            }
            open.text.push_str(line);
            return Ok(None);
        }
        let Some(rest) = line.strip_prefix('%') else {
            if self.speaks {
                // A hook of the user's prints to whoever ran the command that it hangs on.
                tracing::debug!(line = %crate::fleet::model::Label::new(line), "not an answer of tmux");
                return Ok(None);
            }
            return Err(format!("text outside a reply: {}", crate::plain::quoted(line)));
        };
        let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        self.speaks |= word == "begin";
        Ok(match word {
            "begin" => {
                let ours =
                    rest.rsplit(' ').next().and_then(|flags| flags.parse::<u32>().ok()).is_some_and(|f| f & 1 == 1);
                self.open = Some(Open { tag: rest.to_owned(), ours, text: String::new() });
                None
            }
            "exit" => Some(Spoken::Exit(rest.to_owned())),
            "session-changed" => Some(Spoken::Attached),
            // Pane output is switched off for our client; pause notices belong to it.
            "output" | "extended-output" | "pause" | "continue" | "client-session-changed" | "client-detached" => None,
            _ => Some(Spoken::Changed),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<Spoken> {
        let mut reader = Reader::default();
        lines.iter().filter_map(|line| reader.line(line).unwrap()).collect()
    }

    #[test]
    fn replies_and_notifications_are_told_apart() {
        let spoken = read(&[
            "%begin 1 10 0",
            "%end 1 10 0",
            "%session-changed $0 _holder",
            "%begin 2 11 1",
            "%0\t$0",
            "%end of the world",
            "",
            "%end 2 11 1",
            "%begin 2 12 1",
            "parse error",
            "%error 2 12 1",
            "%output %1 noise",
            "a hook's own words",
            "%exit server exited",
        ]);
        assert_eq!(
            spoken,
            [
                Spoken::Attached,
                Spoken::Attached,
                Spoken::Reply { ok: true, text: "%0\t$0\n%end of the world\n".into() },
                Spoken::Reply { ok: false, text: "parse error".into() },
                Spoken::Exit("server exited".into()),
            ]
        );
    }

    #[test]
    fn a_stream_that_is_no_control_client_is_refused() {
        assert!(Reader::default().line("bash: tmux: not found").is_err());
    }
}
