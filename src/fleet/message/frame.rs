//! The frame around a message: from whom, to whom, of which class. Pure.

use crate::fleet::model::Label;

/// Longest message.
const MAX_BYTES: usize = 1 << 20;

/// From whom to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// `host:session` of the sender.
    pub source: String,
    /// `host:session` of the receiver.
    pub target: String,
    /// A tag that receivers sort by.
    pub class: Option<String>,
}

impl Envelope {
    /// The text as it is delivered.
    #[must_use]
    pub fn framed(&self, text: &str) -> String {
        let class = self.class.as_ref().map(|class| format!(" #{class}")).unwrap_or_default();
        format!("[{} -> {}{class}] {text}", self.source, self.target)
    }
}

/// Checks a text, and takes off the newline at its end that a file or pipe leaves.
///
/// # Errors
/// When it is empty, too long, or holds characters that would act instead of being read.
pub fn check_text(text: &str) -> Result<String, String> {
    let text = text.replace("\r\n", "\n");
    let text = text.trim_end_matches('\n');
    if text.trim().is_empty() {
        return Err("the message is empty".to_owned());
    }
    if text.len() > MAX_BYTES {
        return Err(format!("the message has {} bytes; at most {MAX_BYTES} are delivered", text.len()));
    }
    match text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
        Some(c) => Err(format!("the message holds the control character U+{:04X}", u32::from(c))),
        None => Ok(text.to_owned()),
    }
}

/// Checks the words of a frame: what stands there must not end it, nor act on a terminal.
///
/// # Errors
/// What is wrong.
pub(super) fn check_word(what: &str, word: &str) -> Result<(), String> {
    let plain =
        !word.is_empty() && word.len() <= 200 && word.chars().all(|c| c.is_ascii_graphic() && !"[]".contains(c));
    if plain {
        Ok(())
    } else {
        Err(format!("{what} {:?} may hold only visible characters without brackets", Label::new(word).as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_from_whom_to_whom() {
        let mut envelope = Envelope { source: "h:lead".into(), target: "h:code0".into(), class: None };
        assert_eq!(envelope.framed("do it\nnow"), "[h:lead -> h:code0] do it\nnow");
        envelope.class = Some("urgent".into());
        assert_eq!(envelope.framed("x"), "[h:lead -> h:code0 #urgent] x");
    }

    #[test]
    fn what_would_act_is_refused() {
        for text in ["", " \n", "a\u{1b}[31m", "a\u{0}", "a\rb", "\u{9b}x", &"x".repeat(MAX_BYTES + 1)] {
            assert!(check_text(text).is_err(), "{:?}", text.chars().take(9).collect::<String>());
        }
        assert_eq!(check_text("a\r\nb\tc\n\n").as_deref(), Ok("a\nb\tc"));
        assert_eq!(check_text("--force -x").as_deref(), Ok("--force -x"));
        assert!(check_word("source", "a]b").is_err() && check_word("source", "h:op").is_ok());
    }
}
