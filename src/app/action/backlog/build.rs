//! From named inputs to a request. Pure: nothing is read here.

use std::path::PathBuf;
use std::str::FromStr;

use super::{BacklogAction, Fields, Text};
use crate::app::action::Action;
use crate::app::action::inputs::Inputs;
use crate::backlog::model::{CardId, Column, Status};
use crate::backlog::rules::DEFAULT_TTL_SECONDS;
use crate::backlog::store::{ClaimRequest, ListQuery, Sort};

/// Cards listed when no limit is given.
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
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(CardId::parse).collect()
}

fn fields(inputs: &Inputs) -> Result<Fields, String> {
    let body = match (inputs.one("body"), inputs.one("body-file")) {
        (Some(_), Some(_)) => return Err("--body and --body-file exclude each other".to_owned()),
        (Some(text), None) => Some(Text::Given(text)),
        (None, Some(file)) => Some(Text::File(PathBuf::from(file))),
        (None, None) => None,
    };
    Ok(Fields {
        title: inputs.one("title"),
        body,
        phase: inputs.one("phase"),
        priority: number(inputs, "priority")?,
        priority_by: number(inputs, "priority-by")?,
        depends_on: inputs.one("depends-on").map(|text| ids(&text)).transpose()?,
        assignee: inputs.one("assignee"),
        acceptance: inputs.one("acceptance"),
        spend_projected: number(inputs, "spend-projected")?,
        spend_actual: number(inputs, "spend-actual")?,
    })
}

pub(in crate::app) fn create(inputs: &Inputs) -> Built {
    inputs.required("title")?;
    done(BacklogAction::Create {
        id: id(inputs, "id")?,
        fields: Box::new(fields(inputs)?),
        idempotency_key: inputs.one("idempotency-key"),
        blocked: inputs.flag("blocked"),
    })
}

pub(in crate::app) fn list(inputs: &Inputs) -> Built {
    let status = inputs.one("status");
    let status = status.map(|word| Status::parse(&word).ok_or(format!("{word} is no status"))).transpose()?;
    done(BacklogAction::List(ListQuery {
        status,
        column: inputs.flag("ready-only").then_some(Column::Ready),
        phase: inputs.one("phase"),
        assignee: inputs.one("assignee"),
        search: inputs.one("search"),
        sort: match inputs.one("sort").as_deref() {
            Some("created") => Sort::Created,
            Some("updated") => Sort::Updated,
            Some("id") => Sort::Id,
            _ => Sort::Priority,
        },
        limit: number::<u32>(inputs, "limit")?.map_or(LISTED, u64::from),
    }))
}

pub(in crate::app) fn show(inputs: &Inputs) -> Built {
    done(BacklogAction::Show(id(inputs, "id")?))
}

pub(in crate::app) fn edit(inputs: &Inputs) -> Built {
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

pub(in crate::app) fn claim(inputs: &Inputs) -> Built {
    done(BacklogAction::Claim(ClaimRequest {
        owner: inputs.required("owner").map_err(|_| "--owner NAME is needed".to_owned())?,
        ttl_seconds: number(inputs, "ttl")?.unwrap_or(DEFAULT_TTL_SECONDS),
        id: inputs.one("id").map(|text| CardId::parse(&text)).transpose()?,
        phase: inputs.one("phase"),
        assignee: inputs.one("assignee"),
    }))
}

pub(in crate::app) fn renew(inputs: &Inputs) -> Built {
    done(BacklogAction::Renew {
        id: id(inputs, "id")?,
        owner: inputs.required("owner")?,
        token: number(inputs, "token")?.ok_or("--token N is needed: the claim_token that `claim` returned")?,
        ttl_seconds: number(inputs, "ttl")?,
    })
}

pub(in crate::app) fn reclaim(inputs: &Inputs) -> Built {
    done(BacklogAction::Reclaim(inputs.one("id").map(|text| CardId::parse(&text)).transpose()?))
}

pub(in crate::app) fn link(inputs: &Inputs) -> Built {
    done(BacklogAction::Link {
        from: id(inputs, "from")?,
        to: id(inputs, "to")?,
        if_version: number(inputs, "if-version")?,
    })
}

pub(in crate::app) fn unlink(inputs: &Inputs) -> Built {
    done(BacklogAction::Unlink {
        from: id(inputs, "from")?,
        to: id(inputs, "to")?,
        if_version: number(inputs, "if-version")?,
    })
}

pub(in crate::app) fn block(inputs: &Inputs) -> Built {
    done(BacklogAction::Block {
        id: id(inputs, "id")?,
        token: number(inputs, "token")?,
        reason: inputs.one("reason").unwrap_or_default(),
        if_version: number(inputs, "if-version")?,
    })
}

pub(in crate::app) fn unblock(inputs: &Inputs) -> Built {
    done(BacklogAction::Unblock { id: id(inputs, "id")?, if_version: number(inputs, "if-version")? })
}

pub(in crate::app) fn complete(inputs: &Inputs) -> Built {
    done(BacklogAction::Complete { id: id(inputs, "id")?, token: number(inputs, "token")? })
}

pub(in crate::app) fn stats(_: &Inputs) -> Built {
    done(BacklogAction::Stats)
}

pub(in crate::app) fn graph(inputs: &Inputs) -> Built {
    done(BacklogAction::Graph { dot: inputs.flag("dot") })
}

pub(in crate::app) fn export(inputs: &Inputs) -> Built {
    done(BacklogAction::Export(inputs.one("file").filter(|file| file != "-").map(PathBuf::from)))
}

pub(in crate::app) fn import(inputs: &Inputs) -> Built {
    done(BacklogAction::Import(PathBuf::from(inputs.required("file")?)))
}

pub(in crate::app) fn migrate(_: &Inputs) -> Built {
    done(BacklogAction::Migrate)
}

pub(in crate::app) fn doctor(_: &Inputs) -> Built {
    done(BacklogAction::Doctor)
}
