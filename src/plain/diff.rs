//! How two texts differ, line by line, as `diff -u` shows it.

/// Lines of agreement around a difference.
const CONTEXT: usize = 3;

/// Texts with more pairs of lines than that are not compared: all of one goes, and all of the other comes.
const MAX_PAIRS: usize = 4 << 20;

/// One line of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// The difference from one text to another in unified form, without names of files; empty when they are the same.
#[must_use]
pub fn diff(before: &str, after: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let lines = compared(&old, &new);
    let mut out = String::new();
    let (mut at, mut old_at, mut new_at) = (0, 0, 0);
    while let Some(first) = (at..lines.len()).find(|at| !matches!(lines[*at], Line::Same(_))) {
        let start = first.saturating_sub(CONTEXT).max(at);
        // A hunk goes on as long as the next difference is near.
        let (mut end, mut last) = (first + 1, first);
        // Where the lines around two differences would meet, they are one hunk, as in `diff -u`.
        while end < lines.len() && end <= last + 2 * CONTEXT {
            if !matches!(lines[end], Line::Same(_)) {
                last = end;
            }
            end += 1;
        }
        let end = (last + 1 + CONTEXT).min(lines.len());
        old_at += start - at;
        new_at += start - at;
        let hunk = &lines[start..end];
        let old_lines = hunk.iter().filter(|line| !matches!(line, Line::New(_))).count();
        let new_lines = hunk.iter().filter(|line| !matches!(line, Line::Gone(_))).count();
        out.push_str(&format!("@@ -{} +{} @@\n", place(old_at, old_lines), place(new_at, new_lines)));
        for line in hunk {
            let (sign, text) = match line {
                Line::Same(text) => (' ', text),
                Line::Gone(text) => ('-', text),
                Line::New(text) => ('+', text),
            };
            out.push_str(&format!("{sign}{text}\n"));
        }
        (at, old_at, new_at) = (end, old_at + old_lines, new_at + new_lines);
    }
    out
}

/// First line from 1, and how many; before an empty part stands the line above it.
fn place(at: usize, lines: usize) -> String {
    match lines {
        0 => format!("{at},0"),
        1 => (at + 1).to_string(),
        lines => format!("{},{lines}", at + 1),
    }
}

/// The longest common lines, and what stands between them: what goes before what comes.
fn compared<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Line<'a>> {
    // What agrees at both ends is left out first: most texts differ in few lines, and the table below
    // grows with the product of both.
    let front = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[front..], &new[front..]);
    let back = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&old_rest[..old_rest.len() - back], &new_rest[..new_rest.len() - back]);
    // common[i][j]: length of the longest common part of what follows i and j.
    let compares = a.len().saturating_mul(b.len()) <= MAX_PAIRS;
    let mut common = if compares { vec![vec![0_u32; b.len() + 1]; a.len() + 1] } else { Vec::new() };
    for i in (0..if compares { a.len() } else { 0 }).rev() {
        for j in (0..b.len()).rev() {
            let along = common[i + 1][j].max(common[i][j + 1]);
            common[i][j] = if a[i] == b[j] { common[i + 1][j + 1] + 1 } else { along };
        }
    }
    let mut lines: Vec<Line<'a>> = old[..front].iter().map(|line| Line::Same(line)).collect();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if compares && i < a.len() && j < b.len() && a[i] == b[j] {
            lines.push(Line::Same(a[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < a.len() && (!compares || j == b.len() || common[i + 1][j] >= common[i][j + 1]) {
            // Where either way is equally long, what goes comes first, as readers of `diff` expect it.
            lines.push(Line::Gone(a[i]));
            i += 1;
        } else {
            lines.push(Line::New(b[j]));
            j += 1;
        }
    }
    lines.extend(old[old.len() - back..].iter().map(|line| Line::Same(line)));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_differs_in_nothing() {
        assert_eq!(diff("a\nb\n", "a\nb\n"), "");
        assert_eq!(diff("", ""), "");
    }

    #[test]
    fn hunks_read_as_those_of_diff_do() {
        assert_eq!(diff("a\nb\nc\n", "a\nx\nc\n"), "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
        assert_eq!(diff("", "a\n"), "@@ -0,0 +1 @@\n+a\n");
        assert_eq!(diff("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
        let numbers: Vec<String> = (1..=30).map(|n| n.to_string()).collect();
        let before = numbers.join("\n");
        let after = before.replace("\n5\n", "\nfive\n").replace("\n25\n", "\n");
        let want = "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n@@ -22,7 +22,6 @@\n 22\n 23\n 24\n-25\n 26\n 27\n 28\n";
        assert_eq!(diff(&before, &after), want);
    }

    proptest::proptest! {
        /// What a difference says leads from one text to the other.
        #[test]
        fn a_difference_leads_from_one_text_to_the_other(old in "([ab]\n){0,12}", new in "([ab]\n){0,12}") {
            let lines = compared(&old.lines().collect::<Vec<_>>(), &new.lines().collect::<Vec<_>>());
            let side = |keep: fn(&Line<'_>) -> bool| -> String {
                lines.iter().filter(|line| keep(line)).map(|line| match line {
                    Line::Same(text) | Line::Gone(text) | Line::New(text) => format!("{text}\n"),
                }).collect()
            };
            proptest::prop_assert_eq!(side(|line| !matches!(line, Line::New(_))), old.clone());
            proptest::prop_assert_eq!(side(|line| !matches!(line, Line::Gone(_))), new.clone());
            // Hunks hold every line that differs, and their counts are those of their lines.
            let shown = diff(&old, &new);
            let changes = lines.iter().filter(|line| !matches!(line, Line::Same(_))).count();
            proptest::prop_assert_eq!(shown.lines().filter(|line| line.starts_with(['-', '+'])).count(), changes);
        }
    }
}
