//! What the gate's commands print.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::gate_card::Became;
use crate::app::action::error::DONE;
use crate::app::action::report::Report;
use crate::fleet::gate::{Checked, Condition, Done, Refusal, Repository, Review, Ticket, Verdict, short};
use crate::fleet::model::Label;

/// Exit code of what a condition forbids.
const REFUSED: u8 = 4;

/// What a condition asks, for people.
fn asks(condition: Condition) -> &'static str {
    match condition {
        Condition::NotPaused => "not paused",
        Condition::Reviewed => "reviewed",
        Condition::Merges => "merges",
        Condition::Clean => "clean",
        Condition::Ci => "CI",
        Condition::Taken => "taken",
    }
}

/// The conditions of a branch.
pub(super) fn checked(branch: &str, repository: &Repository, checked: &Checked) -> Report {
    let tip = checked.tip.as_ref().map(|tip| tip.commit.as_str());
    let mut lines = vec![format!(
        "{} at {}, onto {} at {}",
        Label::new(branch),
        tip.map_or("an unknown commit", short),
        Label::new(&checked.main.branch),
        short(&checked.main.commit)
    )];
    let mut rows = Vec::new();
    for (condition, verdict) in &checked.conditions {
        let (mark, said, next) = match verdict {
            Verdict::Met(evidence) => ("ok", Cow::Borrowed(evidence), String::new()),
            Verdict::Open(what) => ("open", Cow::Borrowed(what), String::new()),
            Verdict::Not(refusal) => ("no", Cow::Owned(refusal.why()), refusal.next(branch)),
        };
        lines.push(format!("{mark:<5} {:<11} {said}", asks(*condition)));
        if !next.is_empty() {
            lines.push(format!("{:<17} {next}", ""));
        }
        let met = match verdict {
            Verdict::Met(_) => json!(true),
            Verdict::Open(_) => Value::Null,
            Verdict::Not(_) => json!(false),
        };
        rows.push(json!({ "condition": condition.word(), "met": met, "evidence": said, "next": next }));
    }
    let ok = checked.is_met();
    let json = json!({
        "branch": branch, "commit": tip, "main": checked.main.branch, "main_commit": checked.main.commit,
        "repository": repository.common.display().to_string(), "ok": ok, "conditions": rows,
    });
    Report::done(lines.join("\n"), &json).with_code(if ok { DONE } else { REFUSED })
}

/// A review that was recorded.
pub(super) fn reviewed(review: &Review, warnings: Vec<String>) -> Report {
    let text = format!(
        "{}: {} {} by {}",
        Label::new(&review.branch),
        short(&review.commit),
        review.verdict.done(),
        Label::new(&review.by)
    );
    let mut report = Report::done(text, review);
    report.errors.extend(warnings);
    report
}

/// A merge, and what became of its card where that is known.
pub(super) fn merged(done: &Done, card: Option<(&str, Option<&Became>)>) -> Report {
    let branch = Label::new(&done.tip.branch);
    let main = Label::new(&done.main.branch);
    let mut text = match &done.review {
        None => format!("{branch}: {main} has {} already, as {}", short(&done.tip.commit), short(&done.commit)),
        Some(review) => format!(
            "{branch}: merged into {main} as {}, approved by {}, CI good on {}",
            short(&done.commit),
            Label::new(&review.by),
            match done.tested {
                1 => "what it became".to_owned(),
                times => format!("what it became, at the {times}th test"),
            }
        ),
    };
    if let Some((card, Some(became))) = card {
        let words = match became {
            Became::Done => "done".to_owned(),
            Became::WasDone => "is done already".to_owned(),
            Became::In(stage) => format!("is in stage {}", Label::new(stage)),
        };
        text.push_str(&format!("\n{card}: {words}"));
    }
    let completed = card.and_then(|(_, became)| became).map(|became| *became == Became::Done);
    let json = json!({
        "branch": done.tip.branch, "commit": done.tip.commit, "main": done.main.branch, "merged": done.commit,
        "onto": done.main.commit, "reviewed_by": done.review.as_ref().map(|review| &review.by), "tested": done.tested,
        "card": card.map(|(card, _)| card), "completed": completed,
    });
    Report::done(text, &json)
}

/// The line of a gate.
pub(super) fn queue(repository: &Repository, purpose: &str, waited: &Result<(), Refusal>, line: &[Ticket]) -> Report {
    let mut lines = vec![match waited {
        Ok(()) => format!("the turn to {purpose} has come"),
        Err(refusal) => refusal.why(),
    }];
    lines.extend(line.iter().map(|ticket| {
        let branch = Label::new(&ticket.branch);
        format!("{:<8} {:<16} {} {branch}", ticket.pid, Label::new(&ticket.who), Label::new(&ticket.purpose))
    }));
    let json = json!({
        "repository": repository.common.display().to_string(), "purpose": purpose, "free": waited.is_ok(), "line": line,
    });
    let code = if waited.is_ok() { DONE } else { REFUSED };
    Report::done(lines.join("\n").trim_end(), &json).with_code(code)
}
