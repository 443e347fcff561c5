//! From named inputs to a request. Pure.

use std::time::Duration;

use super::{LifecycleAction, Targets};
use crate::app::action::Action;
use crate::app::action::inputs::Inputs;
use crate::fleet::framework::PROFILES;
use crate::fleet::lifecycle::Supervisor;
use crate::fleet::model::AgentName;
use crate::fleet::roster::Field;
use crate::fleet::runtime;

/// Longest pause between two agents: an hour.
const MAX_STAGGER: f64 = 3600.0;

type Built = Result<Action, String>;

fn done(action: LifecycleAction) -> Built {
    Ok(Action::Lifecycle(action))
}

/// Which agents, from names, `--class`, `--stagger` and `--supervisor`.
pub(in crate::app) fn build_targets(inputs: &Inputs, make: fn(Targets) -> LifecycleAction) -> Built {
    let stagger = match inputs.one("stagger") {
        None => Duration::ZERO,
        Some(text) => text
            .parse::<f64>()
            .ok()
            .filter(|seconds| (0.0..=MAX_STAGGER).contains(seconds))
            .map(Duration::from_secs_f64)
            .ok_or_else(|| format!("--stagger takes seconds, from 0 to {MAX_STAGGER}"))?,
    };
    let supervisor = match inputs.one("supervisor").as_deref() {
        Some("systemd") => Some(Supervisor::Systemd),
        Some("direct") => Some(Supervisor::Direct),
        _ => None,
    };
    done(make(Targets { agents: inputs.many("agents"), class: inputs.one("class"), stagger, supervisor }))
}

/// Words that name a profile, for the option's list of values.
pub(in crate::app) fn build_init(inputs: &Inputs) -> Built {
    let profile = inputs.one("profile").unwrap_or_else(|| "general".to_owned());
    if !PROFILES.iter().any(|(name, _)| *name == profile) {
        let all: Vec<&str> = PROFILES.iter().map(|(name, _)| *name).collect();
        return Err(format!("--profile takes one of {}", all.join(", ")));
    }
    let runtime = inputs.one("runtime");
    if let Some(name) = runtime.as_deref().filter(|name| !runtime::is_known(name)) {
        return Err(format!("--runtime takes one of {}, not {}", runtime::known_list(), crate::plain::quoted(name)));
    }
    let (write, force) = (inputs.flag("write"), inputs.flag("force"));
    if force && !write {
        return Err("--force needs --write".to_owned());
    }
    done(LifecycleAction::Init { profile, runtime, write, force })
}

pub(in crate::app) fn build_install(inputs: &Inputs) -> Built {
    done(LifecycleAction::Install { dry_run: inputs.flag("dry-run") })
}

pub(in crate::app) fn build_uninstall(inputs: &Inputs) -> Built {
    done(LifecycleAction::Uninstall { dry_run: inputs.flag("dry-run") })
}

pub(in crate::app) fn build_recover(inputs: &Inputs) -> Built {
    done(LifecycleAction::Recover { apply: inputs.flag("apply") })
}

pub(in crate::app) fn build_add(inputs: &Inputs) -> Built {
    let fields = fields(inputs)?;
    if let Some(field) = fields.iter().find(|field| field.value.is_none()) {
        return Err(format!("{} has no value", field.key));
    }
    done(LifecycleAction::Add { name: name(inputs)?, fields })
}

pub(in crate::app) fn build_edit(inputs: &Inputs) -> Built {
    let fields = fields(inputs)?;
    if fields.is_empty() {
        return Err("what to change is needed, as field=value".to_owned());
    }
    done(LifecycleAction::Edit { name: name(inputs)?, fields })
}

pub(in crate::app) fn build_remove(inputs: &Inputs) -> Built {
    done(LifecycleAction::Remove(name(inputs)?))
}

fn name(inputs: &Inputs) -> Result<AgentName, String> {
    AgentName::parse(&inputs.required("name")?)
}

fn fields(inputs: &Inputs) -> Result<Vec<Field>, String> {
    inputs.many("fields").iter().map(|text| Field::parse(text)).collect()
}
