//! Cards: what can be asked of the backlog, and how.

use std::path::PathBuf;
use std::str::FromStr;

use super::spec::{ActionSpec, Argument, JSON, Place, Shape, command, flag, needed, value, word};
use crate::app::action::Action;
use crate::app::action::inputs::Inputs;
use crate::app::action::text::Text;
use crate::backlog::model::{CardId, Column, Patch, Status};
use crate::backlog::store::{ClaimRequest, ListQuery, Sort};

/// What the executor is asked to do with cards.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the commands and their options")]
pub enum BacklogAction {
    Create { id: CardId, fields: Box<Fields>, idempotency_key: Option<String>, blocked: bool },
    List(ListQuery),
    Show(CardId),
    Brief { id: CardId, owner: Option<String>, folder: Option<PathBuf> },
    Edit { id: CardId, fields: Box<Fields>, if_version: Option<i64> },
    Claim(ClaimRequest),
    Renew { id: CardId, owner: String, token: i64, ttl_seconds: Option<i64> },
    Reclaim(Option<CardId>),
    Link { from: CardId, to: CardId, if_version: Option<i64> },
    Unlink { from: CardId, to: CardId, if_version: Option<i64> },
    Block { id: CardId, token: Option<i64>, reason: String, if_version: Option<i64> },
    Unblock { id: CardId, if_version: Option<i64> },
    Complete { id: CardId, token: Option<i64> },
    Stats,
    Goals,
    Graph { dot: bool },
    Export(Option<PathBuf>),
    Import(PathBuf),
    Migrate,
    Doctor,
}

/// Fields of a card as they are typed; files are read when the action is performed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    /// All that is whole as it is typed.
    pub given: Patch,
    /// Markdown.
    pub body: Option<Text>,
    /// JSON; empty takes it away.
    pub acceptance: Option<Text>,
}

const ON_BOARD: &str = "the Board shows it";
const FOR_AGENTS: &str = "agents and scripts run it";

const CARD: Argument = word("id", "Card id");
const ID: Argument = needed("id", "Card id");
const TITLE: &str = "One line";
const BODY: Argument = value("body", "Markdown");
const BODY_FILE: Argument = value("body-file", "File with the body; - is standard input");
const PHASE: Argument = value("phase", "Board or milestone it belongs to");
const ASSIGNEE: &str = "Class or agent that should take it";
const ACCEPTANCE: Argument = value("acceptance", "Criteria: a JSON list or object, or @FILE");
const GOAL: Argument = value("goal", "Goal that it is work for");
const STAGE: Argument = value("stage", "Stage of the pipeline, such as code, review or gate");
const BRANCH: Argument = value("branch", "Branch that its work is on");
const PATHS: Argument =
    value("paths", "Files that it may touch, with commas between: src/**,docs/*.md; none means any");
const CARD_TTL: Argument = value("ttl", "Seconds that a claim of it lasts where the claimer does not say");
const PROJECTED: Argument = value("spend-projected", "Tokens expected");
const FROM: Argument = needed("from", "The card that waits");
const TO: Argument = needed("to", "The card it waits for");
const IF_VERSION: Argument = value("if-version", "Refuses when the card has another version by now");
const TOKEN: Argument = value("token", "Claim token; without one the operator acts, on any card");

/// Exit codes of what reads all cards.
const CARDS: &[u8] = &[0, 1];
/// Exit codes of what changes a card, which a rule may forbid.
const RULES: &[u8] = &[0, 1, 3, 4];

/// Commands on cards; the keys of the board that open something first are in `screen`.
pub(super) const BACKLOG: &[ActionSpec] = &[
    command("backlog.create", "new card", "Makes a card", &["backlog", "create"], create)
        .no_key(FOR_AGENTS)
        .takes(&[
            ID,
            needed("title", TITLE),
            BODY,
            BODY_FILE,
            PHASE,
            value("priority", "Higher is sooner; default 0"),
            value("depends-on", "Ids that must be done first, with commas between"),
            value("assignee", "Class or agent that should take it; default anyone"),
            GOAL,
            STAGE,
            BRANCH,
            PATHS,
            CARD_TTL,
            ACCEPTANCE,
            PROJECTED,
            value("idempotency-key", "A repeated create with it returns the existing card"),
            flag("blocked", "It begins parked"),
            JSON,
        ])
        .answers("card", RULES),
    command(
        "backlog.list",
        "list cards",
        "Lists cards, in the order in which they are claimed",
        &["backlog", "list"],
        list,
    )
    .looks()
    .no_key(ON_BOARD)
    .takes(&[
        value("status", "Only these").of(&["ready", "claimed", "blocked", "done"]),
        value("phase", "Only of this phase"),
        value("assignee", "Only for this class or agent"),
        value("goal", "Only work for this goal"),
        value("stage", "Only in this stage"),
        flag("goals", "Only the cards of goals themselves"),
        flag("ready-only", "Only what can be claimed: ready, and every dependency done"),
        value("search", "Only with this text in id, title or body"),
        value("limit", "At most so many; default 200"),
        value("sort", "Order").of(&["priority", "created", "updated", "id"]),
        JSON,
    ])
    .answers("[card]", CARDS),
    command(
        "backlog.show",
        "show card",
        "Shows a card with its dependencies, its dependents and its history",
        &["backlog", "show"],
        |inputs| done(BacklogAction::Show(id(inputs, "id")?)),
    )
    .looks()
    .no_key(ON_BOARD)
    .takes(&[CARD, JSON])
    .answers("{card, dependencies, dependents, history}", &[0, 1, 3]),
    command(
        "backlog.brief",
        "brief",
        "Prints what an agent is told of a card that it is given: the work, where, and the commands that end it",
        &["backlog", "brief"],
        |inputs| {
            let (owner, folder) = (inputs.one("owner"), inputs.one("folder").map(PathBuf::from));
            done(BacklogAction::Brief { id: id(inputs, "id")?, owner, folder })
        },
    )
    .looks()
    .no_key(FOR_AGENTS)
    .takes(&[
        CARD,
        value("owner", "Whose it is to be; default who holds it"),
        value("folder", "Where it is worked on; default the one the agent is in"),
        JSON,
    ])
    .answers("{card, text}", &[0, 1, 3]),
    command(
        "backlog.edit",
        "edit card",
        "Changes fields of a card; an empty value clears one",
        &["backlog", "edit"],
        edit,
    )
    .no_key(FOR_AGENTS)
    .takes(&[
        CARD,
        value("title", TITLE),
        BODY,
        BODY_FILE,
        PHASE,
        value("priority", "Higher is sooner"),
        value("priority-by", "Changes the priority by this much"),
        value("depends-on", "All ids that must be done first, with commas between"),
        value("assignee", ASSIGNEE),
        GOAL,
        STAGE,
        BRANCH,
        PATHS,
        CARD_TTL,
        value("rounds", "How often a review sent it back"),
        ACCEPTANCE,
        PROJECTED,
        value("spend-actual", "Tokens used"),
        IF_VERSION,
        JSON,
    ])
    .answers("card", RULES),
    command(
        "backlog.claim",
        "claim next",
        "Claims the next card for an owner: those for anyone, for the owner, or for its class; prints null when there is none",
        &["backlog", "claim"],
        claim,
    )
    .no_key(FOR_AGENTS)
    .takes(&[
        needed("owner", "Who claims, usually an agent's name"),
        value("ttl", "Seconds until the claim expires; default as the card says, else 900"),
        value("id", "Only this card, whoever it is for"),
        value("phase", "Only cards of this phase"),
        value("assignee", "Class that the owner acts as"),
        JSON,
    ])
    .answers("card, or null", RULES),
    command("backlog.renew", "renew claim", "Extends a claim from now on", &["backlog", "renew"], renew)
        .no_key(FOR_AGENTS)
        .takes(&[
            ID,
            needed("owner", "Who holds it"),
            needed("token", "The claim_token that `claim` returned"),
            value("ttl", "Seconds; default as before"),
            JSON,
        ])
        .answers("card", RULES),
    command(
        "backlog.reclaim",
        "reclaim",
        "Returns expired claims to the pool, or one card whatever its expiry",
        &["backlog", "reclaim"],
        |inputs| done(BacklogAction::Reclaim(inputs.one("id").map(|text| CardId::parse(&text)).transpose()?)),
    )
    .key(Place::Board, &["R"])
    .in_footer()
    .takes(&[value("id", "Card id"), JSON])
    .asks_first("Reclaim")
    .answers("[card]", RULES),
    command(
        "backlog.link",
        "link",
        "Makes one card depend on another; refuses what would close a cycle",
        &["backlog", "link"],
        link,
    )
    .no_key(FOR_AGENTS)
    .takes(&[FROM, TO, IF_VERSION, JSON])
    .answers("card", RULES),
    command("backlog.unlink", "unlink", "Takes a dependency away", &["backlog", "unlink"], unlink)
        .no_key(FOR_AGENTS)
        .takes(&[FROM, TO, IF_VERSION, JSON])
        .answers("card", RULES),
    command("backlog.block", "block", "Parks a card; a claim on it ends", &["backlog", "block"], block)
        .no_key(FOR_AGENTS)
        .takes(&[ID, value("reason", "Why, in one line"), TOKEN, IF_VERSION, JSON])
        .answers("card", RULES),
    command("backlog.unblock", "unblock", "Makes a parked card ready again", &["backlog", "unblock"], |inputs| {
        done(BacklogAction::Unblock { id: id(inputs, "id")?, if_version: number(inputs, "if-version")? })
    })
    .key(Place::Board, &["u"])
    .in_footer()
    .takes(&[ID, IF_VERSION, JSON])
    .answers("card", RULES),
    command("backlog.complete", "complete", "Finishes a card", &["backlog", "complete"], |inputs| {
        done(BacklogAction::Complete { id: id(inputs, "id")?, token: number(inputs, "token")? })
    })
    .key(Place::Board, &["x"])
    .in_footer()
    .takes(&[ID, TOKEN, JSON])
    .asks_first("Complete")
    .answers("card", RULES),
    command(
        "backlog.stats",
        "figures",
        "Prints counts per status, claimable cards, their oldest, expired claims and the mean time in claim",
        &["backlog", "stats"],
        |_| done(BacklogAction::Stats),
    )
    .looks()
    .no_key(ON_BOARD)
    .takes(&[JSON])
    .answers(
        "{tenant_id, host, place, now, cards, status, columns, claimable, oldest_claimable_age_seconds, expired_claims, claims_completed, mean_time_in_claim_seconds}",
        CARDS,
    ),
    command(
        "backlog.goals",
        "goals",
        "Prints how far each goal is, and the longest way that is still to go",
        &["backlog", "goals"],
        |_| done(BacklogAction::Goals),
    )
    .looks()
    .no_key("the goals of the Board show it")
    .takes(&[JSON])
    .answers(
        "{goals: [{goal, card: {id, title, phase, priority, column, owner, claim_host}, depends_on, work, critical}], critical_path}",
        CARDS,
    ),
    command(
        "backlog.graph",
        "graph",
        "Prints the dependencies as an indented tree, or as DOT",
        &["backlog", "graph"],
        |inputs| done(BacklogAction::Graph { dot: inputs.flag("dot") }),
    )
    .looks()
    .no_key(ON_BOARD)
    .takes(&[flag("dot", "Prints DOT, for Graphviz"), JSON])
    .answers("{nodes, edges}", CARDS),
    command(
        "backlog.export",
        "export",
        "Writes all cards and their history as JSON lines",
        &["backlog", "export"],
        |inputs| done(BacklogAction::Export(inputs.one("file").filter(|file| file != "-").map(PathBuf::from))),
    )
    .no_key("it writes a file")
    .takes(&[
        Argument { name: "file", shape: Shape::Optional, doc: "New file; default standard output", values: &[] },
        JSON,
    ])
    .answers("{cards, events, file}", &[0, 1, 4]),
    command(
        "backlog.import",
        "import",
        "Reads an export: all of it, or nothing",
        &["backlog", "import"],
        |inputs| done(BacklogAction::Import(PathBuf::from(inputs.required("file")?))),
    )
    .no_key("it reads a file")
    .takes(&[word("file", "File; - is standard input"), JSON])
    .answers("{cards, events, file}", RULES),
    command(
        "backlog.migrate",
        "update store",
        "Brings the store to this program's schema, as any change does; older programs cannot use it then",
        &["backlog", "migrate"],
        |_| done(BacklogAction::Migrate),
    )
    .no_key("older programs are locked out by it")
    .takes(&[JSON])
    .answers("{place}", CARDS),
    command(
        "backlog.doctor",
        "check store",
        "Checks the store: integrity, orphan edges, cycles, expired claims",
        &["backlog", "doctor"],
        |_| done(BacklogAction::Doctor),
    )
    .looks()
    .no_key("it reads everything")
    .takes(&[JSON])
    .answers("{place, problems, expired_claims, cards, edges}", CARDS),
];

/// Cards listed when no limit is given.
// More than anybody reads, and little enough for a pipe; `--limit` asks for all.
const LISTED: u64 = 200;

type Built = Result<Action, String>;

fn done(action: BacklogAction) -> Built {
    Ok(Action::Backlog(action))
}

fn id(inputs: &Inputs, name: &str) -> Result<CardId, String> {
    CardId::parse(&inputs.required(name)?)
}

fn number<T: FromStr>(inputs: &Inputs, name: &str) -> Result<Option<T>, String> {
    let Some(text) = inputs.one(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| format!("--{name} takes a whole number"))
}

fn ids(text: &str) -> Result<Vec<CardId>, String> {
    list_of(text).iter().map(|word| CardId::parse(word)).collect()
}

/// Words with commas between.
fn list_of(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn fields(inputs: &Inputs) -> Result<Fields, String> {
    let body = match (inputs.one("body"), inputs.one("body-file")) {
        // Neither goes before the other: one of them would be dropped without a word.
        (Some(_), Some(_)) => return Err("--body and --body-file exclude each other".to_owned()),
        (Some(text), None) => Some(Text::Given(text)),
        (None, Some(file)) => Some(Text::at(file)),
        (None, None) => None,
    };
    let given = Patch {
        title: inputs.one("title"),
        body: None,
        phase: inputs.one("phase"),
        priority: number(inputs, "priority")?,
        priority_by: number(inputs, "priority-by")?,
        depends_on: inputs.one("depends-on").map(|text| ids(&text)).transpose()?,
        assignee: inputs.one("assignee"),
        goal: inputs.one("goal"),
        stage: inputs.one("stage"),
        branch: inputs.one("branch"),
        paths: inputs.one("paths").map(|text| list_of(&text)),
        ttl_seconds: match inputs.one("ttl").as_deref() {
            // An empty value takes the card's own lease away, as it does for every field of an edit.
            Some("") => Some(None),
            _ => number(inputs, "ttl")?.map(Some),
        },
        rounds: number(inputs, "rounds")?,
        acceptance: None,
        spend_projected: number(inputs, "spend-projected")?,
        spend_actual: number(inputs, "spend-actual")?,
    };
    Ok(Fields { given, body, acceptance: inputs.one("acceptance").map(Text::given_or_at) })
}

fn create(inputs: &Inputs) -> Built {
    // What may be edited may be left out, and a card cannot be made without this.
    inputs.required("title")?;
    done(BacklogAction::Create {
        id: id(inputs, "id")?,
        fields: Box::new(fields(inputs)?),
        idempotency_key: inputs.one("idempotency-key"),
        blocked: inputs.flag("blocked"),
    })
}

fn list(inputs: &Inputs) -> Built {
    let status = inputs.one("status");
    let status = status.map(|word| Status::parse(&word).ok_or(format!("{word} is no status"))).transpose()?;
    done(BacklogAction::List(ListQuery {
        status,
        column: inputs.flag("ready-only").then_some(Column::Ready),
        phase: inputs.one("phase"),
        assignee: inputs.one("assignee"),
        goal: inputs.one("goal"),
        stage: inputs.one("stage"),
        goals: inputs.flag("goals"),
        search: inputs.one("search"),
        sort: match inputs.one("sort").as_deref() {
            Some("created") => Sort::Created,
            Some("updated") => Sort::Updated,
            Some("id") => Sort::Id,
            // Other words were refused by the values that the table allows.
            _ => Sort::Priority,
        },
        limit: number::<u32>(inputs, "limit")?.map_or(LISTED, u64::from),
    }))
}

fn edit(inputs: &Inputs) -> Built {
    let fields = fields(inputs)?;
    if fields == Fields::default() {
        return Err("nothing to change is given".to_owned());
    }
    done(BacklogAction::Edit {
        id: id(inputs, "id")?,
        fields: Box::new(fields),
        if_version: number(inputs, "if-version")?,
    })
}

fn claim(inputs: &Inputs) -> Built {
    done(BacklogAction::Claim(ClaimRequest {
        owner: inputs.required("owner").map_err(|_| "--owner NAME is needed".to_owned())?,
        ttl_seconds: number(inputs, "ttl")?,
        id: inputs.one("id").map(|text| CardId::parse(&text)).transpose()?,
        phase: inputs.one("phase"),
        assignee: inputs.one("assignee"),
    }))
}

fn renew(inputs: &Inputs) -> Built {
    done(BacklogAction::Renew {
        id: id(inputs, "id")?,
        owner: inputs.required("owner")?,
        token: number(inputs, "token")?.ok_or("--token N is needed: the claim_token that `claim` returned")?,
        ttl_seconds: number(inputs, "ttl")?,
    })
}

fn link(inputs: &Inputs) -> Built {
    done(BacklogAction::Link {
        from: id(inputs, "from")?,
        to: id(inputs, "to")?,
        if_version: number(inputs, "if-version")?,
    })
}

fn unlink(inputs: &Inputs) -> Built {
    done(BacklogAction::Unlink {
        from: id(inputs, "from")?,
        to: id(inputs, "to")?,
        if_version: number(inputs, "if-version")?,
    })
}

fn block(inputs: &Inputs) -> Built {
    done(BacklogAction::Block {
        id: id(inputs, "id")?,
        token: number(inputs, "token")?,
        reason: inputs.one("reason").unwrap_or_default(),
        if_version: number(inputs, "if-version")?,
    })
}
