//! Reads an environment file in systemd's `EnvironmentFile=` syntax (see systemd.exec(5)). Pure.

/// Variables of the file, in order.
///
/// # Errors
/// The line number, from 1, and what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, (usize, String)> {
    let mut variables = Vec::new();
    let mut lines = text.lines().enumerate();
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
            return Err((at + 1, format!("{name:?} is no variable name")));
        }
        let value = unquote(value.trim()).ok_or_else(|| (at + 1, "a quote is not closed".to_owned()))?;
        if value.contains('\0') {
            return Err((at + 1, "holds a NUL character".to_owned()));
        }
        variables.push((name.to_owned(), value));
    }
    Ok(variables)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn ends_open(line: &str) -> bool {
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

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\s\\S]{0,200}") {
            let _result = parse(&text);
        }
    }
}
