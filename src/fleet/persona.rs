//! Personas: what a class of agents is for, what it leaves to others, and how it behaves. Reads and checks the text of
//! one; never opens a file.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;

use serde::Deserialize;

use super::roster::{Document, Problem, meant};
use crate::plain::quoted;

/// Sections of a persona, in their order.
pub const SECTIONS: [&str; 3] = ["Mandate", "Boundaries", "Persona"];

/// How many duties a mandate has: fewer say too little, more are two classes.
pub const DUTIES: RangeInclusive<usize> = 3..=5;

/// What a class works in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Domain {
    /// Goals become merged changes.
    Engineering,
    /// Direction, money, execution.
    Executive,
    /// What is built, and for whom.
    Product,
    /// How people learn of it.
    Marketing,
    /// How it is sold.
    Sales,
    /// What runs every day.
    Operations,
    /// Questions and evidence.
    Research,
    /// One person's days.
    Assistant,
    /// Those who use it.
    Customer,
    /// Pictures, films, language.
    Creative,
}

impl Domain {
    /// All of them, in the order of the library.
    pub const ALL: [Self; 10] = [
        Self::Engineering,
        Self::Executive,
        Self::Product,
        Self::Marketing,
        Self::Sales,
        Self::Operations,
        Self::Research,
        Self::Assistant,
        Self::Customer,
        Self::Creative,
    ];

    /// The word in the front matter.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Engineering => "engineering",
            Self::Executive => "executive",
            Self::Product => "product",
            Self::Marketing => "marketing",
            Self::Sales => "sales",
            Self::Operations => "operations",
            Self::Research => "research",
            Self::Assistant => "assistant",
            Self::Customer => "customer",
            Self::Creative => "creative",
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What stands between the two lines of `---`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct FrontMatter {
    class: String,
    title: String,
    domain: Domain,
    persistent: bool,
    summary: String,
}

/// What a class of agents is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// The class, which rosters and profiles name.
    pub class: String,
    /// For people.
    pub title: String,
    /// What it works in.
    pub domain: Domain,
    /// Whether it keeps its seat between tasks.
    pub persistent: bool,
    /// One sentence.
    pub summary: String,
    /// Everything below the front matter.
    pub body: String,
    /// Numbered duties of the mandate.
    pub duties: usize,
    /// Classes to which its boundaries point.
    pub others: BTreeSet<String>,
}

/// Notes what is wrong with the name that a file of the framework gives itself, which has to be the file's own, and with
/// texts that must say something.
pub fn check_name(document: &mut Document, path: &Path, id: &str, texts: &[(&str, &str)]) {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if !is_class(id) {
        document.problem("id", format!("is {}; expected small letters, digits and hyphens", quoted(id)));
    } else if id != stem {
        document.problem("id", format!("is {}; expected {stem}, the file's name", quoted(id)));
    }
    for (key, text) in texts {
        if text.trim().is_empty() {
            document.problem(key, "is empty");
        }
    }
}

/// Whether a text can be a class: small letters, digits and single hyphens.
#[must_use]
pub fn is_class(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    // As long as an agent's name, since agents are named by their class.
    text.len() <= 64 && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.split('-').all(part)
}

/// Reads a persona's text. `known` says whether there is a persona of a class, its own aside.
///
/// # Errors
/// Every problem, with file, line and key; a front matter that cannot be decoded is the only one.
pub fn parse(text: &str, path: &Path, known: &BTreeSet<&str>) -> Result<Persona, Vec<Problem>> {
    let (front, body_line) = match front_matter(text) {
        Ok(found) => found,
        Err((line, message)) => {
            let problem = Problem { path: path.to_owned(), line, column: 1, key: String::new(), message };
            return Err(vec![problem]);
        }
    };
    let (front, mut document): (FrontMatter, Document) = Document::decode(&front, path)?;
    check_front(&front, path, &mut document);
    let sections = sections(text, body_line, &mut document);
    let lines = |at: usize| sections.get(at).map(|section| section.lines.as_slice());
    let duties = lines(0).map_or(0, |lines| duties(lines, &mut document));
    let others = lines(1).map(|lines| others(lines, &front.class, known, &mut document)).unwrap_or_default();
    let FrontMatter { class, title, domain, persistent, summary } = front;
    let body = text.lines().skip(body_line).collect::<Vec<_>>().join("\n").trim().to_owned();
    document.finish(Persona { class, title, domain, persistent, summary, body, duties, others })
}

/// The front matter on the lines on which it stands, and how many lines it takes; else line and message.
fn front_matter(text: &str) -> Result<(String, usize), (usize, String)> {
    const WANTED: &str = "expected class, title, domain, persistent and summary between two lines of `---`";
    let mut lines = text.lines();
    if lines.next().map(str::trim_end) != Some("---") {
        return Err((1, format!("the front matter is missing; {WANTED}")));
    }
    let Some(end) = lines.position(|line| line.trim_end() == "---") else {
        return Err((1, format!("the front matter has no end; {WANTED}")));
    };
    let front: Vec<&str> = text.lines().skip(1).take(end).collect();
    if front.iter().all(|line| line.trim().is_empty()) {
        return Err((1, format!("the front matter is empty; {WANTED}")));
    }
    // An empty line for the `---`, so that the decoder's line numbers are those of the file.
    Ok((format!("\n{}\n", front.join("\n")), end + 2))
}

fn check_front(front: &FrontMatter, path: &Path, document: &mut Document) {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if !is_class(&front.class) {
        let message = format!("is {}; expected small letters, digits and hyphens", quoted(&front.class));
        document.problem("class", message);
    } else if front.class != stem {
        document.problem("class", format!("is {}; expected {stem}, the file's name", quoted(&front.class)));
    }
    for (key, text) in [("title", &front.title), ("summary", &front.summary)] {
        if text.trim().is_empty() {
            document.problem(key, "is empty");
        } else if text.contains('\n') || text.contains('|') {
            // Both become cells of the library's table.
            document.problem(key, "expected one line without `|`");
        }
    }
}

/// A section: where its heading stands, its title, and its lines with their numbers.
struct Section<'a> {
    line: usize,
    title: &'a str,
    lines: Vec<(usize, &'a str)>,
}

/// The sections, if all are there in their order.
fn sections<'a>(text: &'a str, skip: usize, document: &mut Document) -> Vec<Section<'a>> {
    let mut found: Vec<Section<'_>> = Vec::new();
    for (at, line) in text.lines().enumerate().skip(skip) {
        if let Some(title) = line.strip_prefix("## ") {
            found.push(Section { line: at + 1, title: title.trim(), lines: Vec::new() });
        } else if let Some(section) = found.last_mut() {
            section.lines.push((at + 1, line));
        } else if !line.trim().is_empty() {
            document.problem_at(at + 1, "", format!("stands above the first section; expected `## {}`", SECTIONS[0]));
            // Everything below is found by its section, so further problems would be noise.
            return Vec::new();
        }
    }
    if !found.iter().map(|section| section.title).eq(SECTIONS) {
        // The first that differs, else the first too many, else the end, where one is missing.
        let differs = found.iter().zip(SECTIONS).find(|(section, wanted)| section.title != *wanted);
        let too_many = found.get(SECTIONS.len());
        let line = differs.map(|(section, _)| section).or(too_many).map(|section| section.line);
        let line = line.unwrap_or_else(|| text.lines().count().max(1));
        let all = SECTIONS.map(|title| format!("`## {title}`")).join(", ");
        document.problem_at(line, "", format!("expected the sections {all}, each once"));
        return Vec::new();
    }
    for section in &found {
        if section.lines.iter().all(|(_, line)| line.trim().is_empty()) {
            document.problem_at(section.line, section.title, "is empty");
        }
    }
    found
}

/// Counts the numbered duties, which have to run from 1 on.
fn duties(lines: &[(usize, &str)], document: &mut Document) -> usize {
    let mut count = 0;
    for (at, line) in lines {
        let Some((number, duty)) = line.split_once(". ").filter(|(number, _)| number.parse::<usize>().is_ok()) else {
            continue;
        };
        count += 1;
        if number != count.to_string() {
            document.problem_at(*at, SECTIONS[0], format!("duty {number} stands where {count} is expected"));
        }
        if duty.trim().is_empty() {
            document.problem_at(*at, SECTIONS[0], format!("duty {number} is empty"));
        }
    }
    if !DUTIES.contains(&count) {
        let line = lines.first().map_or(1, |(at, _)| at.saturating_sub(1));
        let (least, most) = DUTIES.into_inner();
        document.problem_at(line, SECTIONS[0], format!("has {count} numbered duties; expected {least} to {most}"));
    }
    count
}

/// Classes between backquotes; each has to have a persona.
fn others(lines: &[(usize, &str)], own: &str, known: &BTreeSet<&str>, document: &mut Document) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, line) in lines {
        // Every second part stands between backquotes; one that is no class, such as a command, is left alone.
        for name in line.split('`').skip(1).step_by(2).filter(|name| is_class(name)) {
            // A persona that is being added is not known yet.
            if name != own && !known.contains(name) {
                let hint = meant(name, known.iter().copied());
                document.problem_at(*at, SECTIONS[1], format!("names the class {name}, which has no persona; {hint}"));
            }
            found.insert(name.to_owned());
        }
    }
    found
}

/// The index of personas as Markdown, by domain.
#[must_use]
pub fn library(personas: &[Persona]) -> String {
    let mut text = "# Persona library\n\n\
        One line for each class, by domain. Generated from the front matter of the files beside it; a test holds them together. A file\n\
        of the same name in `fleet/roles.local/` wins over the one here. *Persistent* says whether a class has lists and recurring\n\
        duties that go on from one card to the next.\n"
        .to_owned();
    for domain in Domain::ALL {
        let mut rows: Vec<&Persona> = personas.iter().filter(|persona| persona.domain == domain).collect();
        rows.sort_by_key(|persona| &persona.class);
        let word = domain.word();
        let (first, rest) = word.split_at(1);
        text.push_str(&format!(
            "\n## {}{rest}\n\n| class | title | persistent | what it does |\n| --- | --- | --- | --- |\n",
            first.to_uppercase()
        ));
        for Persona { class, title, persistent, summary, .. } in rows {
            let persistent = if *persistent { "yes" } else { "no" };
            text.push_str(&format!("| [{class}]({class}.md) | {title} | {persistent} | {summary} |\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests;
