//! Whether a runtime has a server for structured reasoning, by its own configuration. Only reads.

use std::path::Path;

use serde_json::{Map, Value};

use crate::fleet::home::Site;
use crate::fleet::runtime::{self, ConfigFile};
use crate::plain;

/// Most bytes of a program's own configuration that are read; claude keeps whole histories in one.
const MAX_CONFIG_BYTES: usize = 64 << 20;

/// What such a server is called, without what its words are joined with.
const NAME: &str = "sequentialthinking";

/// Why a runtime whose contract asks for structured reasoning has none in a folder; nothing when it has, or needs none.
pub(super) fn missing(site: &Site, runtime: &str, directory: &Path) -> Option<String> {
    let files = runtime::find(runtime)?.launch().reasoning();
    if files.is_empty() {
        return None;
    }
    let mut looked = Vec::new();
    for file in files {
        let path = super::config_path(site, file, directory);
        match plain::read(&path, MAX_CONFIG_BYTES) {
            Ok(text) => match parse(&path, &text) {
                Ok(all) if servers(&all, file, directory).is_some_and(has_one) => return None,
                Ok(_) => {}
                // It may well be named there: the runtime itself is more lenient, or says what is wrong.
                Err(why) => return Some(format!("{} is not understood ({why})", path.display())),
            },
            Err(why) if why.is_missing() => {}
            Err(why) => return Some(format!("{} is not readable ({why})", path.display())),
        }
        if !looked.contains(&path) {
            looked.push(path);
        }
    }
    let names: Vec<String> = looked.iter().map(|path| path.display().to_string()).collect();
    Some(format!("no sequential-thinking server is set up in {}", names.join(", ")))
}

/// A configuration as one tree, whichever of the two notations its file's name tells.
fn parse(path: &Path, text: &str) -> Result<Value, String> {
    let first_line = |why: String| why.lines().next().unwrap_or_default().trim().to_owned();
    if path.extension().is_some_and(|ending| ending == "toml") {
        return toml::from_str(text).map_err(|error| first_line(error.message().to_owned()));
    }
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&without_comments(text)).map_err(|error| first_line(error.to_string()))
}

/// The table of servers in a configuration.
fn servers<'a>(all: &'a Value, file: &ConfigFile, directory: &Path) -> Option<&'a Map<String, Value>> {
    let directory = directory.to_string_lossy();
    file.servers
        .iter()
        .try_fold(all, |at, key| at.get(if key == "{directory}" { &*directory } else { key }))?
        .as_object()
}

/// Whether one of the servers is for structured reasoning, by its name or its command, and is not switched off.
fn has_one(servers: &Map<String, Value>) -> bool {
    let is_on = |server: &Value| {
        server.get("enabled") != Some(&Value::Bool(false)) && server.get("disabled") != Some(&Value::Bool(true))
    };
    servers.iter().any(|(name, server)| server.is_object() && is_on(server) && (is_named(name) || starts_one(server)))
}

fn is_named(text: &str) -> bool {
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    letters.to_ascii_lowercase().contains(NAME)
}

/// Whether what a server is started with, or where it is reached, names it.
fn starts_one(server: &Value) -> bool {
    let words = |key| match &server[key] {
        Value::String(word) => is_named(word),
        Value::Array(words) => words.iter().filter_map(Value::as_str).any(is_named),
        _ => false,
    };
    ["command", "args", "url"].into_iter().any(words)
}

/// JSON without the comments and last commas that some programs allow in theirs; in strings nothing is one.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    // A comma is kept back until it is known that something comes behind it.
    let mut comma = false;
    while let Some(sign) = rest.next() {
        match (sign, rest.peek()) {
            ('/', Some('/')) => while rest.next_if(|sign| *sign != '\n').is_some() {},
            ('/', Some('*')) => {
                let mut last = ' ';
                rest.next();
                for sign in rest.by_ref() {
                    if (last, sign) == ('*', '/') {
                        break;
                    }
                    last = sign;
                }
            }
            (',', _) if !comma => comma = true,
            (sign, _) if sign.is_whitespace() => out.push(sign),
            (sign, _) => {
                if std::mem::take(&mut comma) && !matches!(sign, ']' | '}') {
                    out.push(',');
                }
                out.push(sign);
                if sign == '"' {
                    let mut escaped = false;
                    for sign in rest.by_ref() {
                        out.push(sign);
                        if sign == '"' && !escaped {
                            break;
                        }
                        escaped = sign == '\\' && !escaped;
                    }
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a runtime has one with a file of its configuration in a home, and in a folder of work.
    fn found(runtime: &str, file: &str, text: &str) -> Result<(), String> {
        let home = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&home.path().display().to_string());
        let work = home.path().join("w");
        let path = home.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text.replace("WORK", &work.display().to_string())).unwrap();
        missing(&site, runtime, &work).map_or(Ok(()), Err)
    }

    #[test]
    fn a_server_that_is_set_up_is_found_in_each_notation() {
        for (runtime, file, text) in [
            ("codex", ".codex/config.toml", "[mcp_servers.sequential-thinking]\ncommand = \"npx\"\n"),
            ("codex", ".codex/config.toml", "mcp_servers = { Sequential_Thinking = { command = 'x' } }"),
            (
                "codex",
                ".codex/config.toml",
                "[mcp_servers.think]\ncommand='npx'\nargs=['-y', \"@x/server-sequential-thinking\"]",
            ),
            ("codex", ".codex/config.toml", "[mcp_servers]\n\"sequential\\u002dthinking\".url = 'http://x'"),
            ("codex", "w/.codex/config.toml", "[mcp_servers.sequential-thinking]\ncommand = \"npx\"\n"),
            ("claude", ".claude.json", r#"{"mcpServers": {"sequential-thinking": {"command": "npx"}}}"#),
            (
                "claude",
                ".claude.json",
                r#"{"projects": {"WORK": {"mcpServers": {"s": {"args": ["sequentialthinking"]}}}}}"#,
            ),
            ("claude", "w/.mcp.json", r#"{"mcpServers": {"sequential-thinking": {"command": "npx"}}}"#),
            (
                "opencode",
                ".config/opencode/opencode.jsonc",
                "// mine\n{\"$schema\": \"https://x//y\", /* , */ \"mcp\": {\"sequential-thinking\": {\"command\": [\"a\",],},},}",
            ),
            (
                "opencode",
                "w/opencode.json",
                r#"{"mcp": {"s": {"type": "remote", "url": "https://x/sequential-thinking"}}}"#,
            ),
        ] {
            assert_eq!(found(runtime, file, text), Ok(()), "{file}: {text}");
        }
        assert_eq!(found("pi", "x", ""), Ok(()), "it needs none");
    }

    #[test]
    fn what_only_mentions_one_is_none() {
        for (runtime, file, text) in [
            ("codex", ".codex/config.toml", "# [mcp_servers.sequential-thinking]\nmodel = 'x'"),
            ("codex", ".codex/config.toml", "notes = 'add sequential-thinking'"),
            ("codex", ".codex/config.toml", "[mcp_servers.sequential-thinking]\ncommand='x'\nenabled = false"),
            ("codex", ".codex/config.toml", "[mcp_servers.other]\ncommand='x'\nenv = { A = 'sequential-thinking' }"),
            ("codex", ".codex/config.toml", "[profiles.sequential-thinking]\nmodel='x'"),
            ("claude", ".claude.json", r#"{"history": ["set up sequential-thinking"], "mcpServers": {}}"#),
            ("claude", ".claude.json", r#"{"projects": {"/other": {"mcpServers": {"sequential-thinking": {}}}}}"#),
            ("claude", ".claude/settings.json", r#"{"mcpServers": {"sequential-thinking": {}}}"#),
            ("opencode", ".config/opencode/opencode.jsonc", "{ // \"mcp\": {\"sequential-thinking\": {}}\n}"),
            ("opencode", ".config/opencode/opencode.json", r#"{"mcp": {"sequential-thinking": {"enabled": false}}}"#),
            ("opencode", ".config/opencode/opencode.json", ""),
        ] {
            let told = found(runtime, file, text).unwrap_err();
            assert!(told.contains("no sequential-thinking server is set up in "), "{file}: {text}: {told}");
        }
    }

    #[test]
    fn what_is_not_understood_is_said_with_its_place() {
        for (runtime, file, text) in [
            ("codex", ".codex/config.toml", "[mcp_servers.sequential-thinking\n"),
            ("claude", ".claude.json", "{\"mcpServers\": {\"sequential-thinking\""),
            ("opencode", ".config/opencode/opencode.json", "/* sequential-thinking"),
        ] {
            let told = found(runtime, file, text).unwrap_err();
            let begins = told.split(" is not understood (").next().unwrap();
            assert!(begins.ends_with(file) && told.lines().count() == 1, "{told}");
        }
    }
}
