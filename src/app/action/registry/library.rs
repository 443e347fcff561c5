//! Personas and system types: what can be asked of them, and how.

use std::path::PathBuf;

use super::spec::{ActionSpec, Argument, JSON, Shape, command, needed, value, word};
use crate::app::action::inputs::Inputs;
use crate::app::action::{Action, TerminalAction};
use crate::fleet::persona::{Domain, is_class};

/// What the executor is asked to do with personas and system types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LibraryAction {
    /// Lists the personas.
    Personas {
        /// Of this domain only.
        domain: Option<Domain>,
    },
    /// Prints a persona.
    Persona(String),
    /// Takes a text as the user's own persona of a class.
    Save {
        /// The class.
        class: String,
        /// Where the text is.
        file: PathBuf,
    },
    /// Makes a class of the user's own.
    Add {
        /// The new class.
        class: String,
        /// Whose persona it begins with.
        from: String,
    },
    /// Shows what the user's own persona changes.
    Diff(String),
    /// Goes back to the framework's persona.
    Reset(String),
    /// Lists the system types.
    Profiles,
    /// Prints a system type with its org chart.
    Profile(String),
    /// Checks a system type's file, else all of them.
    Validate(Option<PathBuf>),
}

const CLASS: Argument = word("class", "The class, such as code");
const ID: Argument = word("type", "The system type, such as research");
const BY_PALETTE: &str = "the palette runs it";

type Built = Result<Action, String>;

fn done(action: LibraryAction) -> Built {
    Ok(Action::Library(action))
}

fn class(inputs: &Inputs) -> Result<String, String> {
    inputs.required("class")
}

/// A class that is to be written, so its name has to be one.
fn new_class(inputs: &Inputs) -> Result<String, String> {
    let class = class(inputs)?;
    let expected = "expected small letters, digits and hyphens";
    if is_class(&class) { Ok(class) } else { Err(format!("{} is no class; {expected}", crate::plain::quoted(&class))) }
}

fn build_list(inputs: &Inputs) -> Built {
    let domain = match inputs.one("domain") {
        None => None,
        Some(word) => Some(Domain::ALL.into_iter().find(|domain| domain.word() == word).ok_or_else(|| {
            let all: Vec<&str> = Domain::ALL.iter().map(|domain| domain.word()).collect();
            format!("--domain takes one of {}", all.join(", "))
        })?),
    };
    done(LibraryAction::Personas { domain })
}

fn build_edit(inputs: &Inputs) -> Built {
    let class = new_class(inputs)?;
    Ok(match inputs.one("file") {
        Some(file) => Action::Library(LibraryAction::Save { class, file: file.into() }),
        // An editor needs the terminal, which the executor has not; what was edited elsewhere needs none.
        None => Action::Terminal(TerminalAction::EditPersona(class)),
    })
}

/// Entries of personas and system types.
pub(super) const LIBRARY: &[ActionSpec] = &[
    command(
        "persona.list",
        "personas",
        "Lists the personas by domain, with whose each is",
        &["persona", "list"],
        build_list,
    )
    .looks()
    .takes(&[
        value("domain", "Of this domain only").of(&[
            "engineering",
            "executive",
            "product",
            "marketing",
            "sales",
            "operations",
            "research",
            "assistant",
            "customer",
            "creative",
        ]),
        JSON,
    ])
    .no_key(BY_PALETTE)
    .answers("[{class, title, domain, persistent, summary, layer, overrides, file, problems}]", &[0, 1]),
    command("persona.show", "persona", "Prints a persona, and whose it is", &["persona", "show"], |inputs| {
        done(LibraryAction::Persona(class(inputs)?))
    })
    .looks()
    .takes(&[CLASS, JSON])
    .no_key("the key of an agent's persona shows it")
    .answers("{class, layer, overrides, file, text, problems}", &[0, 1, 3]),
    command(
        "persona.edit",
        "edit persona",
        "Opens your own copy of a persona in $VISUAL or $EDITOR, and keeps it once it is valid; no update changes it",
        &["persona", "edit"],
        build_edit,
    )
    .takes(&[CLASS, value("file", "Takes the text from this file instead of an editor"), JSON])
    .no_key(BY_PALETTE)
    .answers("{class, outcome, file, problems}", &[0, 1, 3]),
    command(
        "persona.add",
        "add persona",
        "Makes a class of your own from another one's persona",
        &["persona", "add"],
        |inputs| done(LibraryAction::Add { class: new_class(inputs)?, from: inputs.required("from")? }),
    )
    .takes(&[CLASS, needed("from", "The class whose persona it begins with"), JSON])
    .no_key(BY_PALETTE)
    .answers("{class, outcome, file, problems}", &[0, 1, 3, 4]),
    command(
        "persona.diff",
        "diff persona",
        "Shows what your own persona changes of the framework's",
        &["persona", "diff"],
        |inputs| done(LibraryAction::Diff(class(inputs)?)),
    )
    .looks()
    .takes(&[CLASS, JSON])
    .no_key(BY_PALETTE)
    .answers("{class, differs, diff}", &[0, 1, 3]),
    command(
        "persona.reset",
        "reset persona",
        "Goes back to the framework's persona; yours is kept as a backup",
        &["persona", "reset"],
        |inputs| done(LibraryAction::Reset(class(inputs)?)),
    )
    .takes(&[CLASS, JSON])
    .asks_first("Take back your persona of")
    .no_key(BY_PALETTE)
    .answers("{class, outcome, backup}", &[0, 1, 3, 4]),
    command("profile.list", "system types", "Lists the system types: kinds of fleet", &["profile", "list"], |_| {
        done(LibraryAction::Profiles)
    })
    .looks()
    .takes(&[JSON])
    .no_key(BY_PALETTE)
    .answers("[{id, title, description, lead, agents, layer, overrides, file, problems}]", &[0, 1]),
    command(
        "profile.show",
        "system type",
        "Prints a system type with its org chart: who reports to whom",
        &["profile", "show"],
        |inputs| done(LibraryAction::Profile(inputs.required("type")?)),
    )
    .looks()
    .takes(&[ID, JSON])
    .no_key(BY_PALETTE)
    .answers("{id, title, description, lead, floor, layer, file, seats}", &[0, 1, 3]),
    command(
        "profile.validate",
        "check system type",
        "Checks a system type's file, else all of them, and lists every problem with its place",
        &["profile", "validate"],
        |inputs| done(LibraryAction::Validate(inputs.one("file").map(Into::into))),
    )
    .looks()
    .takes(&[
        Argument {
            name: "file",
            shape: Shape::Optional,
            doc: "The file; default every one in the Mosaic home",
            values: &[],
        },
        JSON,
    ])
    .no_key(BY_PALETTE)
    .answers("[{file, valid, problems}]", &[0, 3]),
];
