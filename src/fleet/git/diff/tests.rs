//! Patches taken apart, hostile ones among them.

use super::*;
use proptest::prelude::*;

fn one(text: &str) -> FileDiff {
    let mut files = read(text, false, &[]).files;
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[test]
fn a_patch_becomes_files_and_lines() {
    let file = one("diff --git a/src/a b.rs b/src/a b.rs\nindex 1..2 100644\n--- a/src/a b.rs\t\n+++ b/src/a b.rs\t\n\
                    @@ -1,3 +1,3 @@ fn main() {\n same\n-old\n+new\n last\n\\ No newline at end of file\n");
    assert_eq!((file.path.as_str(), file.change, file.added, file.removed), ("src/a b.rs", Change::Modified, 1, 1));
    let kinds: Vec<LineKind> = file.lines.iter().map(|line| line.kind).collect();
    use LineKind::*;
    assert_eq!(kinds, [Place, Same, Removed, Added, Same, Remark]);
    assert_eq!(file.lines[3].text, "new");
}

#[test]
fn what_looks_like_a_header_inside_of_a_change_is_none() {
    let file = one(
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/other\n-diff --git a/y b/y\n+++ b/other\n+@@ -9 +9 @@\n",
    );
    assert_eq!((file.path.as_str(), file.added, file.removed), ("x", 2, 2));
    assert_eq!(file.lines[1].text, "-- a/other");
}

#[test]
fn each_kind_of_change_is_told() {
    let change = |text: &str| one(text).change;
    assert_eq!(change("diff --git a/x b/x\nnew file mode 100644\nindex 0..1\n"), Change::Added);
    assert_eq!(change("diff --git a/x b/x\ndeleted file mode 100644\n--- a/x\n+++ /dev/null\n"), Change::Deleted);
    assert_eq!(change("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n"), Change::Mode);
    assert_eq!(change("diff --git a/x b/x\nold mode 100644\nnew mode 100755\nindex 1..2\n"), Change::Modified);
    let renamed = one("diff --git a/old b/new\nsimilarity index 100%\nrename from old\nrename to new\n");
    assert_eq!((renamed.change, renamed.path.as_str()), (Change::Renamed, "new"));
    assert_eq!(renamed.was, Some(Label::new("old")));
    let binary =
        one("diff --git a/logo.png b/logo.png\nindex 1..2 100644\nBinary files a/logo.png and b/logo.png differ\n");
    assert!(binary.binary && binary.lines.is_empty());
    let both = one(
        "* Unmerged path both\ndiff --git a/both b/both\nindex 1..2\n--- a/both\n+++ b/both\n@@ -1 +1 @@\n-a\n+b\n",
    );
    assert_eq!((both.change, both.added), (Change::Unmerged, 1));
}

#[test]
fn names_in_quotes_are_read_and_shown_without_what_acts_on_a_terminal() {
    let file = one("diff --git \"a/caf\\303\\251\\033[31m\" \"b/caf\\303\\251\\033[31m\"\nindex 1..2\n");
    assert_eq!(file.path.as_str(), "caf\u{e9}\u{b7}[31m");
}

#[test]
fn every_escape_that_git_writes_is_read() {
    for (written, name) in [
        (r#""bell\a back\b tab\t line\n""#, "bell\x07 back\x08 tab\t line\n"),
        (r#""vertical\v form\f return\r""#, "vertical\x0b form\x0c return\r"),
        (r#""quote\" back\\slash""#, "quote\" back\\slash"),
        (r#""caf\303\251 \001 \177""#, "caf\u{e9} \x01 \x7f"),
        (r#"plain \a"#, r#"plain \a"#),
    ] {
        assert_eq!(unquoted(written), name);
    }
    let name = |line: &str| same_name(line.strip_prefix("diff --git ").unwrap());
    let quoted = r#"diff --git "a/it\" is\\" "b/it\" is\\""#;
    assert_eq!(name(quoted).as_deref(), Some(r#"it" is\"#), "a quote of the name ends it not");
}

#[test]
fn files_in_conflict_are_named_as_such_also_where_a_patch_does_not_show_them() {
    let long = "x".repeat(300);
    let text = format!(
        "diff --git a/b b/b\nindex 1..2\n--- a/b\n+++ b/b\n@@ -1 +1 @@\n-a\n+b\n\
         diff --git a/{long}1 b/{long}1\nindex 1..2\ndiff --git a/{long}2 b/{long}2\nindex 1..2\n"
    );
    let files = read(&text, false, &["a".to_owned(), "b".to_owned(), format!("{long}2"), "z".to_owned()]).files;
    let told: Vec<_> = files.iter().map(|file| (&file.path.as_str()[..1], file.change, file.added)).collect();
    let (modified, unmerged) = (Change::Modified, Change::Unmerged);
    let want = [("a", unmerged, 0), ("b", unmerged, 1), ("x", modified, 0), ("x", unmerged, 0), ("z", unmerged, 0)];
    assert_eq!(told, want, "of two names that look the same it is the right one");
}

#[test]
fn lines_hold_nothing_that_acts_on_a_terminal() {
    let file = one("diff --git a/x b/x\n@@ -0,0 +1,3 @@\n+\x1b[2J\x07\u{202e}evil\n+a\tb\r\n+zero\u{200b}width\n");
    let texts: Vec<&str> = file.lines[1..].iter().map(|line| line.text.as_str()).collect();
    assert_eq!(texts, ["\u{b7}[2J\u{b7}\u{b7}evil", "a   b", "zero\u{b7}width"]);
}

#[test]
fn a_huge_file_and_a_huge_line_are_bounded_and_told() {
    let mut text = "diff --git a/x b/x\n@@ -0,0 +1,5000 @@\n".to_owned();
    (0..5000).for_each(|_| text.push_str("+line\n"));
    text.push_str(&format!("diff --git a/y b/y\n@@ -0,0 +1 @@\n+{}\n", "x".repeat(100_000)));
    let diff = read(&text, true, &[]);
    let (huge, wide) = (&diff.files[0], &diff.files[1]);
    assert_eq!((huge.added, huge.lines.len(), huge.more_lines), (5000, FILE_LINES, 2001));
    assert_eq!(wide.lines[1].text.chars().count(), LINE_CHARS + 1);
    assert!(diff.cut);
    let many: String =
        (0..40).map(|at| format!("diff --git a/{at} b/{at}\n@@ -0,0 +1,1000 @@\n{}", "+l\n".repeat(1000))).collect();
    let kept: usize = read(&many, false, &[]).files.iter().map(|file| file.lines.len()).sum();
    assert_eq!(kept, ALL_LINES);
}

proptest! {
    #[test]
    fn no_patch_breaks_it(text in "(diff --git a/x b/x|@@ -[0-9],[0-9] \\+[0-9],[0-9] @@|[+ \\\\-].{0,9}|\"[\\\\0-7n]{0,4}\"|\\PC{0,20}|\n){0,40}") {
        for file in read(&text, false, &[]).files {
            for line in file.lines {
                prop_assert!(!line.text.chars().any(acts_on_terminal));
            }
        }
    }
}
