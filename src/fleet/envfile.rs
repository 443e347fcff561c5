//! Environment files in systemd's `EnvironmentFile=` syntax (see systemd.exec(5)), read and written. Pure.
//!
//! What is generated stands between two marks; everything else in such a file is the user's.

use std::str::Chars;

/// Largest file: an environment that a process can be given is smaller.
pub(super) const MAX_BYTES: usize = 2 << 20;

const BEGIN: &str = "# >>> written by `mosaic-tui fleet install`; your own lines belong below";
const END: &str = "# <<<";

/// Variables of the file, in order.
///
/// # Errors
/// The line number, from 1, and what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, (usize, String)> {
    let mut variables = Vec::new();
    let mut text = Reading { chars: text.chars(), line: 1 };
    while let Some(c) = text.next() {
        let at = text.line;
        match c {
            ' ' | '\t' | '\n' | '\r' => continue,
            '#' | ';' => {
                text.rest_of_line();
                continue;
            }
            _ => {}
        }
        let name = text.name(c).ok_or_else(|| (at, "expected NAME=VALUE".to_owned()))?;
        if !is_name(&name) {
            return Err((at, format!("{} is no variable name", crate::plain::quoted(&name))));
        }
        let value = text.value().ok_or_else(|| (at, "a quote is not closed".to_owned()))?;
        if value.contains('\0') {
            return Err((at, "holds a NUL character".to_owned()));
        }
        variables.push((name, value));
    }
    Ok(variables)
}

/// A file that is read character by character, as systemd does it: only where a character stands tells what it means.
struct Reading<'a> {
    chars: Chars<'a>,
    /// The line that it has come to, from 1.
    line: usize,
}

impl Reading<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.chars.next();
        // Counted once it is behind us: a line's end is on its line.
        self.line += usize::from(next == Some('\n'));
        next
    }

    fn rest_of_line(&mut self) {
        while self.next().is_some_and(|c| c != '\n') {}
    }

    /// The rest of a name that begins so, up to its `=`; none where the line ends before.
    fn name(&mut self, first: char) -> Option<String> {
        let mut name = String::from(first);
        loop {
            match self.next()? {
                '=' => break,
                '\n' | '\r' => return None,
                c => name.push(c),
            }
        }
        name.truncate(name.trim_end().len());
        Some(name)
    }

    /// A value, to the end of its last line; none where the file ends in a quote.
    fn value(&mut self) -> Option<String> {
        let mut value = String::new();
        // Quotes mean something only in front of what stands without any.
        let mut bare = false;
        // Blanks behind this are not the value's.
        let mut end = 0;
        while let Some(c) = self.next() {
            match c {
                '\n' | '\r' => break,
                '\'' | '"' if !bare => {
                    self.quoted(c, &mut value)?;
                    end = value.len();
                }
                ' ' | '\t' if !bare => {}
                '\\' => {
                    bare = true;
                    // At the end of a line it continues the value.
                    value.extend(self.next().filter(|c| !matches!(c, '\n' | '\r')));
                    end = value.len();
                }
                c => {
                    bare = true;
                    value.push(c);
                    if !matches!(c, ' ' | '\t') {
                        end = value.len();
                    }
                }
            }
        }
        value.truncate(end);
        Some(value)
    }

    /// What stands up to the end of a quote, over lines if need be.
    fn quoted(&mut self, quote: char, value: &mut String) -> Option<()> {
        loop {
            match self.next()? {
                c if c == quote => return Some(()),
                '\\' if quote == '"' => match self.next()? {
                    '\n' => {}
                    escaped @ ('"' | '\\' | '`' | '$') => value.push(escaped),
                    // systemd keeps the backslash in front of every other character.
                    other => value.extend(['\\', other]),
                },
                // Within single quotes a backslash is one.
                c => value.push(c),
            }
        }
    }
}

/// The text of a file with these variables between the marks; `None` when that is nothing new.
///
/// # Errors
/// When the second mark is gone: nobody can tell any more which lines are the user's.
pub(super) fn with_generated(before: &str, variables: &[(String, String)]) -> Result<Option<String>, String> {
    let rest = without_generated(before)?;
    let mut text = format!("{BEGIN}\n");
    for (name, value) in variables {
        text.push_str(&line(name, value));
    }
    text.push_str(&format!("{END}\n{rest}"));
    Ok((text != before).then_some(text))
}

/// The user's own lines of a file.
///
/// # Errors
/// When the second mark is gone.
pub(super) fn without_generated(text: &str) -> Result<String, String> {
    let Some(start) = text.find(BEGIN) else { return Ok(text.to_owned()) };
    // Only on a line of its own: a value may hold the same characters.
    let end = text[start..].find(&format!("\n{END}\n")).map(|at| start + at + END.len() + 2);
    let end = end.ok_or_else(|| format!("the line `{END}` is gone, which ends what is generated"))?;
    Ok(format!("{}{}", &text[..start], &text[end..]))
}

/// One assignment; an empty value is written bare.
fn line(name: &str, value: &str) -> String {
    // What systemd reads back as it stands, whatever is around it.
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+,=-".contains(c);
    if value.chars().all(plain) {
        return format!("{name}={value}\n");
    }
    let mut quoted = String::new();
    for c in value.chars() {
        // Those before which systemd takes a backslash away within double quotes.
        if matches!(c, '"' | '\\' | '`' | '$') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    format!("{name}=\"{quoted}\"\n")
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_syntax_of_systemd_is_understood() {
        let text =
            "# comment\n; too\nA=1\nEMPTY=\nQ=\"two words\"\nS='$x \"y\"'\nE=a\\ b\nC=one\\\ntwo\nD=\"q\\\"\\n\"\n";
        let want = [
            ("A", "1"),
            ("EMPTY", ""),
            ("Q", "two words"),
            ("S", "$x \"y\""),
            ("E", "a b"),
            ("C", "onetwo"),
            ("D", "q\"\\n"),
        ];
        let got = parse(text).unwrap();
        assert_eq!(got, want.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn an_open_quote_goes_on_over_lines() {
        let got = parse("A=\"one\ntwo\"\nB=x\n").unwrap();
        assert_eq!((got[0].1.as_str(), got[1].1.as_str()), ("one\ntwo", "x"));
    }

    #[test]
    fn a_backslash_continues_a_line_but_not_within_single_quotes() {
        for (text, want) in [
            ("A='one\\\ntwo'", "one\\\ntwo"),
            ("A='a\nb\\'", "a\nb\\"),
            ("A=\"a\nb\\\nc\"", "a\nbc"),
            ("A=a\\\n'b'", "a'b'"),
            ("A=one\\\nB", "oneB"),
            ("A=a \\\n", "a "),
            // Quotes in the middle are letters, and what follows a quote goes on.
            ("A=a\"b c\"d", "a\"b c\"d"),
            ("A=it's", "it's"),
            ("A=\"x \"y z  ", "x y z"),
            ("A=\"a\" 'b'", "ab"),
            ("A=x\r\n", "x"),
        ] {
            assert_eq!(parse(&format!("{text}\nB=x")).map(|all| all[0].1.clone()).as_deref(), Ok(want), "{text:?}");
        }
        assert_eq!(parse("A='x\\\ny'\nB=\n nonsense").unwrap_err().0, 4);
    }

    #[test]
    fn a_bad_line_is_named() {
        assert_eq!(parse("A=1\nnonsense\n").unwrap_err().0, 2);
        assert_eq!(parse("A=\"open\n").unwrap_err().0, 1);
        assert_eq!(parse("1A=x\n").unwrap_err().0, 1);
    }

    #[test]
    fn the_users_lines_survive_what_is_generated() {
        let own = "# mine\nTOKEN=x\n";
        let first = with_generated(own, &[("LANG".to_owned(), "C.UTF-8".to_owned()), ("E".to_owned(), String::new())])
            .unwrap()
            .unwrap();
        assert!(first.contains("\nE=\n") && first.ends_with(own), "{first}");
        let second = with_generated(&first, &[("LANG".to_owned(), "de".to_owned())]).unwrap().unwrap();
        assert_eq!(
            parse(&second).unwrap(),
            [("LANG", "de"), ("TOKEN", "x")].map(|(k, v)| (k.to_owned(), v.to_owned()))
        );
        assert_eq!(with_generated(&second, &[("LANG".to_owned(), "de".to_owned())]), Ok(None));
        assert!(with_generated(&second.replace(END, "# mine"), &[]).is_err());
        assert_eq!(without_generated(&second).as_deref(), Ok(own));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in "[^\\x00]{0,40}") {
            let text = with_generated("", &[("A".to_owned(), value.clone())]).unwrap().unwrap();
            prop_assert_eq!(parse(&text).unwrap(), vec![("A".to_owned(), value)]);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[\\s\\S]{0,200}") {
            let _result = parse(&text);
        }
    }
}
