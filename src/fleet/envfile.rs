//! Environment files in systemd's `EnvironmentFile=` syntax (see systemd.exec(5)), read and written. Pure.
//!
//! What is generated stands between two marks; everything else in such a file is the user's.

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
    // Not `lines`, which would take the carriage return out of a quoted value.
    let mut lines = text.split('\n').enumerate();
    while let Some((at, line)) = lines.next() {
        let mut line = line.trim_start().to_owned();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        // A backslash at the end of a line, outside of single quotes, continues it.
        while ends_open(&line) {
            line.pop();
            match lines.next() {
                Some((_, next)) => line.push_str(next),
                None => break,
            }
        }
        // So does a quote that is still open.
        while unquote(line.split_once('=').map_or("", |(_, value)| value.trim())).is_none() {
            let Some((_, next)) = lines.next() else { break };
            line.push('\n');
            line.push_str(next);
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err((at + 1, "expected NAME=VALUE".to_owned()));
        };
        let name = name.trim();
        if !is_name(name) {
            return Err((at + 1, format!("{} is no variable name", crate::plain::quoted(name))));
        }
        let value = unquote(value.trim()).ok_or_else(|| (at + 1, "a quote is not closed".to_owned()))?;
        if value.contains('\0') {
            return Err((at + 1, "holds a NUL character".to_owned()));
        }
        variables.push((name.to_owned(), value));
    }
    Ok(variables)
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

fn ends_open(line: &str) -> bool {
    // An even number is escaped backslashes.
    line.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

fn unquote(value: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = value.chars();
    let mut quote = None;
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => out.push(c),
            (Some(_), '\\') => match chars.next()? {
                escaped @ ('"' | '\\' | '`' | '$') => out.push(escaped),
                // systemd keeps the backslash in front of every other character.
                other => out.extend(['\\', other]),
            },
            (None, '\\') => out.extend(chars.next()),
            (_, c) => out.push(c),
        }
    }
    quote.is_none().then_some(out)
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
