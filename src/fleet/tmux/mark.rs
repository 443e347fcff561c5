//! The mark by which an answer of tmux is known.
//!
//! A user's hook may print into the answer of any command, and what failed in a hook earlier is printed by the next
//! `source-file`, to whoever runs it. So an answer is a line that begins with a mark that no hook knows; other lines
//! are logged, and decide nothing.

use std::sync::OnceLock;

/// The mark of this process: unlike any other's, and nobody's guess.
pub(super) fn mark() -> &'static str {
    static MARK: OnceLock<String> = OnceLock::new();
    MARK.get_or_init(|| {
        let mut bytes = [0u8; 8];
        // Without random bytes the pid still tells it from what hooks print by themselves.
        let _fewer = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::NONBLOCK);
        format!("mosaic-{}-{:016x}:", std::process::id(), u64::from_ne_bytes(bytes))
    })
}

/// The rest of the first line that begins with the mark; the other lines are logged.
pub(super) fn marked<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let mut found = None;
    for line in text.lines() {
        match line.strip_prefix(mark) {
            Some(rest) if found.is_none() => found = Some(rest),
            _ => tracing::debug!(line = %crate::fleet::model::Label::new(line), "not an answer of tmux"),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_marked_line_is_an_answer() {
        let text = "hello\nm:made\n(null):0: can't find session: nosuch\nmade\n";
        assert_eq!(marked(text, "m:"), Some("made"));
        assert_eq!(marked("made\n", "m:"), None);
        assert_eq!(mark(), mark());
    }
}
