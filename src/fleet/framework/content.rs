//! The texts that agents work by, compiled in: contract, guides, personas, profiles, templates, skills. Pure data.

macro_rules! shipped {
    ($($path:literal),* $(,)?) => { &[$(($path, include_str!(concat!("../../../framework/", $path)))),*] };
}

/// Path below the Mosaic home and text, in order of the paths, top-level files first.
#[rustfmt::skip]
pub const CONTENT: &[(&str, &str)] = shipped![
    "AGENTS.md",
    "CONSTITUTION.md",
    "STANDARDS.md",
    "examples/README.md",
    "examples/SOUL.md",
    "examples/STANDARDS.local.md",
    "examples/roles/data-engineer.md",
    "fleet/pipelines/software-delivery.yaml",
    "fleet/profiles/business.yaml",
    "fleet/profiles/marketing.yaml",
    "fleet/profiles/personal-assistant.yaml",
    "fleet/profiles/research.yaml",
    "fleet/profiles/software-delivery.yaml",
    "fleet/roles/LIBRARY.md",
    "fleet/roles/account-executive.md",
    "fleet/roles/board.md",
    "fleet/roles/brand-strategist.md",
    "fleet/roles/business-analyst.md",
    "fleet/roles/ceo.md",
    "fleet/roles/cfo.md",
    "fleet/roles/chief-of-staff.md",
    "fleet/roles/code.md",
    "fleet/roles/content-strategist.md",
    "fleet/roles/coo.md",
    "fleet/roles/copywriter.md",
    "fleet/roles/cto.md",
    "fleet/roles/customer-success-manager.md",
    "fleet/roles/data-analyst.md",
    "fleet/roles/data-scientist.md",
    "fleet/roles/decomposition.md",
    "fleet/roles/documentation.md",
    "fleet/roles/editor.md",
    "fleet/roles/enhancer.md",
    "fleet/roles/executive-assistant.md",
    "fleet/roles/finance-analyst.md",
    "fleet/roles/graphic-designer.md",
    "fleet/roles/growth-marketer.md",
    "fleet/roles/hr-generalist.md",
    "fleet/roles/inbox-manager.md",
    "fleet/roles/lead-researcher.md",
    "fleet/roles/legal-counsel.md",
    "fleet/roles/market-analyst.md",
    "fleet/roles/marketing-lead.md",
    "fleet/roles/merge-gate.md",
    "fleet/roles/operations-manager.md",
    "fleet/roles/operator.md",
    "fleet/roles/orchestrator.md",
    "fleet/roles/personal-assistant.md",
    "fleet/roles/planner.md",
    "fleet/roles/product-manager.md",
    "fleet/roles/project-manager.md",
    "fleet/roles/rebase.md",
    "fleet/roles/recruiter.md",
    "fleet/roles/researcher.md",
    "fleet/roles/review.md",
    "fleet/roles/sales-development-rep.md",
    "fleet/roles/sales-lead.md",
    "fleet/roles/scheduler.md",
    "fleet/roles/security-review.md",
    "fleet/roles/seo-specialist.md",
    "fleet/roles/session-review.md",
    "fleet/roles/site-tester.md",
    "fleet/roles/social-media-manager.md",
    "fleet/roles/support-agent.md",
    "fleet/roles/user-researcher.md",
    "fleet/roles/ux-designer.md",
    "fleet/roles/video-producer.md",
    "guides/bootstrap.md",
    "guides/delivery.md",
    "guides/documentation.md",
    "guides/incident.md",
    "guides/infrastructure.md",
    "guides/memory.md",
    "guides/orchestration.md",
    "guides/requirements.md",
    "guides/review.md",
    "guides/secrets.md",
    "guides/testing.md",
    "skills/README.md",
    "skills/cards-from-a-plan/SKILL.md",
    "skills/resume-a-card/SKILL.md",
    "skills/triage/SKILL.md",
    "templates/SOUL.md",
    "templates/TOOLS.md",
    "templates/USER.md",
    "templates/brief.md",
    "templates/handover.md",
    "templates/incident.md",
    "templates/north-star.yaml",
    "templates/report.md",
    "templates/request.md",
    "templates/requirements.md",
    "templates/review.md",
];

/// Index of the personas, below the Mosaic home.
pub const LIBRARY: &str = "fleet/roles/LIBRARY.md";

/// The shipped personas: path and text.
pub fn personas() -> impl Iterator<Item = (&'static str, &'static str)> {
    CONTENT.iter().copied().filter(|(path, _)| path.starts_with("fleet/roles/") && *path != LIBRARY)
}

/// The shipped system types: path and text.
pub fn system_types() -> impl Iterator<Item = (&'static str, &'static str)> {
    CONTENT.iter().copied().filter(|(path, _)| path.starts_with("fleet/profiles/"))
}

/// The shipped pipelines: path and text.
pub fn pipelines() -> impl Iterator<Item = (&'static str, &'static str)> {
    CONTENT.iter().copied().filter(|(path, _)| path.starts_with("fleet/pipelines/"))
}
