//! Conditions of lists and of the board as SQL text with numbered parameters; values never enter the text.

use super::model::{BoardQuery, CardLine, Column, Lane, TermField, Terms};
use super::store::{ListQuery, Sort};

/// How an engine writes what both mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    /// In front of a parameter's number.
    pub mark: char,
    /// Matches a pattern whatever the case.
    pub like: &'static str,
    /// The function that writes a text in small letters, where `like` knows the case of ASCII's letters only.
    pub fold: Option<&'static str>,
    /// How the cards of a column of the board are found.
    pub columns: Columns,
}

/// How an engine finds the cards of a column of the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Columns {
    /// By the column's name.
    Named,
    /// By an index for each, with the condition that puts a card there.
    Indexed,
}

impl Dialect {
    /// Returns the condition of a column, word for word as in the indexes. The cards of a goal or a stage are found by that
    /// and the column's name.
    fn column(self, column: Column, of_few: bool) -> String {
        let named = format!("board_column = '{}'", column.word());
        if self.columns == Columns::Named {
            return named;
        }
        let own = match column {
            Column::Waiting => "status = 'ready' AND open_dependencies > 0",
            Column::Ready => "status = 'ready' AND open_dependencies = 0",
            Column::Claimed => "status = 'claimed'",
            Column::Blocked => "status = 'blocked'",
            Column::Done => "status = 'done'",
        };
        if of_few { format!("{named} AND {own}") } else { own.to_owned() }
    }
}

/// The columns in which a search looks.
const TEXTS: [&str; 3] = ["id", "title", "body"];

/// Conditions joined with AND, and their values in order.
#[derive(Debug)]
pub(super) struct Conditions {
    dialect: Dialect,
    parts: Vec<String>,
    /// The values of the parameters.
    pub values: Vec<String>,
}

impl Conditions {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, parts: Vec::new(), values: Vec::new() }
    }

    /// Conditions of a list.
    pub(super) fn of_list(dialect: Dialect, query: &ListQuery) -> Self {
        let mut all = Self::new(dialect);
        if let Some(column) = query.column {
            // Written out as in the partial indexes, to which no parameter would lead.
            let of_few = [&query.goal, &query.stage].into_iter().flatten().any(|value| !value.is_empty());
            all.fixed(&dialect.column(column, of_few));
        }
        if let Some(status) = query.status {
            all.fixed(&format!("status = '{}'", status.word()));
        }
        for (name, value) in
            [("phase", &query.phase), ("assignee", &query.assignee), ("goal", &query.goal), ("stage", &query.stage)]
        {
            if let Some(value) = value {
                all.equal(name, value);
            }
        }
        if query.goals {
            all.fixed("substr(idempotency_key, 1, 5) = 'goal:'");
        }
        if let Some(text) = &query.search {
            all.text(text, false);
        }
        all
    }

    /// Adds the board's terms.
    pub(super) fn terms(mut self, terms: &Terms) -> Self {
        for term in &terms.0 {
            let name = match term.field {
                TermField::Text => {
                    self.text(&term.text, term.inverted);
                    continue;
                }
                TermField::Phase => "phase",
                TermField::Assignee => "assignee",
                // A card that nobody holds has to pass `!owner:x`, and NOT of a NULL is no yes.
                TermField::Owner => "coalesce(claim_owner, '')",
                TermField::Goal => "goal",
                TermField::Stage => "stage",
            };
            self.equal(name, &term.text);
            if term.inverted
                && let Some(last) = self.parts.last_mut()
            {
                *last = format!("NOT ({last})");
            }
        }
        self
    }

    /// Adds a condition without a value.
    pub(super) fn fixed(&mut self, part: &str) {
        self.parts.push(part.to_owned());
    }

    fn parameter(&mut self, value: String) -> String {
        self.values.push(value);
        format!("{}{}", self.dialect.mark, self.values.len())
    }

    fn equal(&mut self, name: &str, value: &str) {
        let parameter = self.parameter(value.to_owned());
        // Word for word as in the partial indexes.
        let few = matches!(name, "goal" | "stage") && !value.is_empty();
        let kept = if few { format!(" AND {name} <> ''") } else { String::new() };
        self.parts.push(format!("{name} = {parameter}{kept}"));
    }

    fn text(&mut self, text: &str, inverted: bool) {
        let part = match self.dialect.fold.filter(|_| !text.is_ascii()) {
            Some(fold) => {
                let parameter = self.parameter(text.to_lowercase());
                TEXTS.map(|name| format!("instr({fold}({name}), {parameter}) > 0")).join(" OR ")
            }
            None => self.like(text),
        };
        self.parts.push(if inverted { format!("NOT ({part})") } else { format!("({part})") });
    }

    fn like(&mut self, text: &str) -> String {
        let mut pattern = String::from("%");
        for c in text.chars() {
            if matches!(c, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('%');
        let (parameter, like) = (self.parameter(pattern), self.dialect.like);
        TEXTS.map(|name| format!("{name} {like} {parameter} ESCAPE '\\'")).join(" OR ")
    }

    /// Returns the whole clause; empty without conditions.
    pub(super) fn clause(&self) -> String {
        if self.parts.is_empty() { String::new() } else { format!("WHERE {}", self.parts.join(" AND ")) }
    }
}

/// Returns the ORDER BY of a list.
pub(super) fn order(sort: Sort) -> &'static str {
    match sort {
        Sort::Priority => "ORDER BY priority DESC, created_at, id",
        Sort::Created => "ORDER BY created_at DESC, id",
        Sort::Updated => "ORDER BY updated_at DESC, id",
        Sort::Id => "ORDER BY id",
    }
}

/// The columns of a line of the board, in the order in which both engines read them. The end of a lease is reckoned here: its
/// generated column stands in no index of SQLite's as what it is, and the indexes hold all that a line shows.
const LINE: &str = "id, title, priority, phase, assignee, open_dependencies, claim_owner, claim_since, \
                    claimed_at + claim_ttl_seconds * 1000, \
                    block_reason, updated_at, version, goal, stage, branch, claim_host";

/// The columns of a card on its way, in the order in which both engines read them.
const ON_ITS_WAY: &str = "id, stage, assignee, status, branch, rounds, version";

/// Writes the query of the cards of a list as lines of their ways. Both engines know numbers up to that limit.
pub(super) fn staged(table: &str, all: &Conditions, query: &ListQuery) -> String {
    let limit = query.limit.min(i64::MAX.unsigned_abs());
    format!("SELECT {ON_ITS_WAY} FROM {table} {} {} LIMIT {limit}", all.clause(), order(query.sort))
}

/// Maximum number of matching cards counted for a column under conditions; without any the count is kept.
pub(super) const COUNTED: u64 = 1000;

/// One column of the board: the query of its cards, the query that counts them, and their values.
pub(super) struct LaneSql {
    /// Cards, to be reversed when `reversed`.
    pub cards: String,
    /// Bounded count; `None` when the kept count is right.
    pub count: Option<String>,
    /// Values of both.
    pub values: Vec<String>,
    /// Whether the cards come from the column's end.
    pub reversed: bool,
}

/// Writes the queries of a column. `kept` is its number of cards, for which nothing is counted.
pub(super) fn lane(dialect: Dialect, table: &str, column: Column, query: &BoardQuery, kept: u64) -> LaneSql {
    let mut all = Conditions::new(dialect);
    // Word for word as in the partial indexes.
    if column == Column::Done {
        all.fixed("status = 'done'");
    } else {
        let of_few = query.terms.0.iter().any(|term| {
            matches!(term.field, TermField::Goal | TermField::Stage) && !term.inverted && !term.text.is_empty()
        });
        all.fixed(&dialect.column(column, of_few));
    }
    let all = all.terms(&query.terms);
    let (mut offset, limit) = (query.offsets[column.index()], query.limit);
    let narrowed = !query.terms.0.is_empty();
    // From the nearer end: a jump to the last of a million walks over none of them.
    // Under conditions nobody knows where the end lies.
    let reversed = !narrowed && offset > kept / 2;
    let mut limit = limit;
    if reversed {
        let end = offset.saturating_add(limit).min(kept);
        limit = end.saturating_sub(offset);
        offset = kept - end;
    }
    let order = match (column == Column::Done, reversed) {
        (true, false) => "updated_at DESC, id",
        (true, true) => "updated_at, id DESC",
        (false, false) => "priority DESC, created_at, id",
        (false, true) => "priority, created_at DESC, id DESC",
    };
    let clause = all.clause();
    LaneSql {
        cards: format!("SELECT {LINE} FROM {table} {clause} ORDER BY {order} LIMIT {limit} OFFSET {offset}"),
        count: narrowed.then(|| {
            // One more than is told, which shows that there are more.
            format!("SELECT count(*) FROM (SELECT 1 FROM {table} {clause} LIMIT {}) AS matching", COUNTED + 1)
        }),
        values: all.values,
        reversed,
    }
}

/// Assembles a column from the answers of an engine.
pub(super) fn assembled(mut cards: Vec<CardLine>, sql: &LaneSql, counted: u64, offset: u64) -> Lane {
    if sql.reversed {
        cards.reverse();
    }
    let more = sql.count.is_some() && counted > COUNTED;
    Lane { count: if more { COUNTED } else { counted }, more, offset, cards }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_out_of_the_text() {
        let terms = Terms::parse("100%_x !phase:a'b owner:me");
        let all =
            Conditions::new(Dialect { mark: '$', like: "ILIKE", fold: None, columns: Columns::Named }).terms(&terms);
        assert_eq!(all.values, ["%100\\%\\_x%", "a'b", "me"]);
        let clause = all.clause();
        assert!(clause.contains("title ILIKE $1") && clause.contains("NOT (phase = $2)"), "{clause}");
        assert!(!clause.contains("a'b"));
    }
}
