//! Words for a POSIX shell. Pure.

/// A word that any POSIX shell reads back as it is, whatever it holds.
#[must_use]
pub fn shell_quote(word: &str) -> String {
    // Nothing is special within single quotes, and they cannot be escaped there: each one is put between
    // two quoted words.
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_quoted() {
        let list = ["a b", "it's", "$HOME `x` \\", "two\nlines", "", "-n", "''"].map(str::to_owned);
        let words: Vec<String> = list.iter().map(|word| shell_quote(word)).collect();
        let script = format!("printf '%s\\0' {}", words.join(" "));
        let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        let back: Vec<String> =
            String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect();
        assert_eq!(back, list);
    }
}
