//! A model server on loopback that answers claude, codex, opencode and pi, and remembers what they asked.
//!
//! The last user message drives it: `SLOW n` answers for n seconds, `HANG n` stops for n seconds in the middle of an
//! answer, `RUN cmd` asks for the runtime's shell tool (`ASKRUN cmd` for more rights than it has), `TOOL name {...}` for
//! any tool; the brief of a card is worked on by its own commands, one behind the other; `FAIL`, `AUTH`, `LIMIT` and `OVER` are errors, `DROPNOW` closes the connection; anything else is answered at
//! once. Who offers no tools wants words about a conversation, and gets others than those of an answer in it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

/// Texts of the user's messages, one list for each request.
type Asked = Arc<Mutex<Vec<Vec<String>>>>;

/// Whole requests, in the order of their arrival.
type Requests = Arc<Mutex<Vec<Request>>>;

/// A request, with what the runtime says beside the user's messages.
#[derive(Clone)]
pub(super) struct Request {
    /// All of it.
    pub(super) text: String,
    /// Whether it is a turn of the conversation. opencode asks for a title of it as well, seconds before the first turn while
    /// it is still loading its tools, and tells nothing of the contract there.
    is_turn: bool,
}

/// Messages so far, which are told apart by their number.
static MESSAGES: AtomicU64 = AtomicU64::new(1);

/// The server; it ends with the test.
pub(super) struct Model {
    pub(super) port: u16,
    asked: Asked,
    requests: Requests,
}

impl Model {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Asked::default();
        let requests = Requests::default();
        let of_server = (Arc::clone(&asked), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (asked, requests) = of_server.clone();
                // A client that went away is no fault of the server.
                std::thread::spawn(move || drop(serve(&stream, &asked, &requests)));
            }
        });
        Self { port, asked, requests }
    }

    /// How often a word stands among the messages of one conversation, at most.
    pub(super) fn copies(&self, word: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|messages| messages.iter().map(|text| text.matches(word).count()).sum()).max().unwrap_or(0)
    }

    /// All requests that hold a word.
    pub(super) fn requests(&self, word: &str) -> Vec<Request> {
        self.requests.lock().unwrap().iter().filter(|request| request.text.contains(word)).cloned().collect()
    }

    /// The first turn that holds a word, whole.
    pub(super) fn first_turn(&self, word: &str) -> Option<String> {
        self.requests(word).into_iter().find(|request| request.is_turn).map(|request| request.text)
    }

    /// All messages that hold a word: some runtimes ask for a title of a session as well, with the beginning of a message
    /// behind words of their own.
    pub(super) fn messages(&self, word: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().flatten().filter(|text| text.contains(word)).cloned().collect()
    }
}

fn serve(stream: &TcpStream, asked: &Asked, requests: &Requests) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let (method, path) = {
        let mut words = line.split_whitespace();
        (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned())
    };
    let mut length = 0;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    if method == "GET" || method == "HEAD" {
        return plain(
            stream,
            200,
            &json!({ "object": "list", "data": [{ "id": "fake-model", "object": "model" }], "models": [] }),
        );
    }
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_turn = request["tools"].as_array().is_some_and(|tools| !tools.is_empty());
    requests.lock().unwrap().push(Request { text: request.to_string(), is_turn });
    let path = path.split('?').next().unwrap_or_default();
    let (responses, messages) = (path.ends_with("/responses"), path.ends_with("/messages"));
    if path.ends_with("/count_tokens") {
        return plain(stream, 200, &json!({ "input_tokens": 10 }));
    }
    let items = match &request[if responses { "input" } else { "messages" }] {
        Value::Array(items) => items.clone(),
        Value::String(text) => vec![json!({ "role": "user", "content": text })],
        _ => Vec::new(),
    };
    let users: Vec<String> =
        items.iter().filter(|item| item["role"] == "user").map(|item| text(&item["content"])).collect();
    let last =
        items.iter().rfind(|item| item["role"] == "user").map(|item| last_text(&item["content"])).unwrap_or_default();
    asked.lock().unwrap().push(users);
    let error = |code: u16, kind: &str, words: &str| {
        plain(stream, code, &json!({ "type": "error", "error": { "message": words, "type": kind } }))
    };
    for word in last.split_whitespace() {
        match word {
            "FAIL" => return error(500, "server_error", "fake failure"),
            "AUTH" => return error(401, "authentication_error", "invalid x-api-key"),
            "LIMIT" => return error(429, "rate_limit_exceeded", "rate limit"),
            "OVER" => return error(if messages { 529 } else { 503 }, "overloaded_error", "Overloaded"),
            "DROPNOW" => return Ok(()),
            _ => {}
        }
    }
    let answer = match is_turn {
        true => Answer::to(&items, &last, &request["tools"]),
        // It may stand on the screen beside the conversation, where it would be taken for an answer.
        false => Answer::Text("A title".to_owned(), 0),
    };
    match (responses, request["stream"].as_bool().unwrap_or(false)) {
        _ if messages => answer.as_message(stream),
        (true, _) => answer.as_response(stream),
        (false, true) => answer.as_chunks(stream),
        (false, false) => plain(
            stream,
            200,
            &json!({ "id": "c1", "object": "chat.completion", "model": "fake-model", "usage": usage(),
                "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": answer.text() } }] }),
        ),
    }
}

fn text(content: &Value) -> String {
    texts(content).join(" ")
}

/// What was said last: a message that got no answer stands in one with the next.
fn last_text(content: &Value) -> String {
    texts(content).last().copied().unwrap_or_default().to_owned()
}

/// The texts of a message; what a program adds to it for the model is none.
fn texts(content: &Value) -> Vec<&str> {
    match content {
        Value::String(text) => vec![text],
        Value::Array(parts) => parts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .filter(|text| !text.trim_start().starts_with("<system-reminder>"))
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether a message is the result of a tool and nothing else.
fn is_result(message: &Value) -> bool {
    let holds_result =
        message["content"].as_array().is_some_and(|parts| parts.iter().any(|part| part["type"] == "tool_result"));
    let says = |text: &&str| !text.trim().is_empty() && !text.trim().starts_with("[Request interrupted");
    holds_result && !texts(&message["content"]).iter().any(says)
}

fn usage() -> Value {
    json!({ "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15 })
}

fn plain(mut stream: &TcpStream, code: u16, body: &Value) -> std::io::Result<()> {
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {code} Fake\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// What is answered.
enum Answer {
    /// Text, and seconds in which it comes piece by piece.
    Text(String, u64),
    /// Text that stops for so many seconds in its middle.
    Hangs(String, u64),
    Tool {
        name: String,
        arguments: String,
    },
}

impl Answer {
    fn to(items: &[Value], last: &str, tools: &Value) -> Self {
        let newest = items.last().unwrap_or(&Value::Null);
        let of_tool = newest["role"] == "tool"
            || newest["type"].as_str().is_some_and(|kind| kind.ends_with("_call_output"))
            || is_result(newest);
        if let Some((command, done)) = next_of_brief(items) {
            return match command.and_then(|command| tool(tools, &command, false)) {
                Some(tool) => tool,
                None => Self::Text(format!("CARD-DONE after {done} commands"), 0),
            };
        }
        if of_tool {
            return Self::Text("TOOL-DONE".to_owned(), 0);
        }
        if let Some((before, command)) = last.split_once("RUN ")
            && let Some(tool) = tool(tools, command.lines().next().unwrap_or_default(), before.ends_with("ASK"))
        {
            return tool;
        }
        if let Some((name, arguments)) = last.split_once("TOOL ").and_then(|(_, rest)| rest.split_once(' ')) {
            return Self::Tool { name: name.to_owned(), arguments: arguments.trim().to_owned() };
        }
        if let Some(seconds) =
            last.split_once("HANG ").and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok())
        {
            return Self::Hangs(format!("FAKE-REPLY {}", last.trim()), seconds);
        }
        let slow = last.split_once("SLOW ").and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
        let end: Vec<char> = last.trim().chars().rev().take(60).collect();
        Self::Text(format!("FAKE-REPLY {}", end.into_iter().rev().collect::<String>()), slow.unwrap_or(0))
    }

    fn text(&self) -> &str {
        match self {
            Self::Text(text, _) | Self::Hangs(text, _) => text,
            Self::Tool { .. } => "",
        }
    }

    /// Pieces, with a pause before each while it is slow.
    fn pieces(&self) -> Vec<(Duration, String)> {
        let (text, slow) = match self {
            Self::Text(text, slow) => (text, slow),
            Self::Hangs(text, seconds) => {
                let pause = Duration::from_secs(*seconds);
                return vec![(Duration::ZERO, "a part ".to_owned()), (pause, text.clone())];
            }
            Self::Tool { .. } => return Vec::new(),
        };
        let wait = (0..slow * 4).map(|n| (Duration::from_millis(250), format!("{n} ")));
        wait.chain([(Duration::ZERO, text.clone())]).collect()
    }

    /// As the chat API streams it.
    fn as_chunks(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut events = Events::begin(stream)?;
        let chunk = |delta: Value, finish: Value| {
            json!({ "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "fake-model", "usage": usage(),
                "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] })
        };
        events.send(None, &chunk(json!({ "role": "assistant", "content": "" }), Value::Null))?;
        if let Self::Tool { name, arguments } = self {
            let call = json!([{ "index": 0, "id": "call1", "type": "function", "function": { "name": name, "arguments": arguments } }]);
            events.send(None, &chunk(json!({ "tool_calls": call }), Value::Null))?;
            events.send(None, &chunk(json!({}), json!("tool_calls")))?;
        } else {
            for (pause, piece) in self.pieces() {
                std::thread::sleep(pause);
                events.send(None, &chunk(json!({ "content": piece }), Value::Null))?;
            }
            events.send(None, &chunk(json!({}), json!("stop")))?;
        }
        events.raw("data: [DONE]\n\n")
    }

    /// As the messages API streams it.
    fn as_message(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut events = Events::begin(stream)?;
        let mut send = |kind: &str, mut data: Value| {
            data["type"] = json!(kind);
            events.send(Some(kind), &data)
        };
        let usage = json!({ "input_tokens": 10, "output_tokens": 5, "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0 });
        // claude takes two messages of one name for one.
        let number = MESSAGES.fetch_add(1, Ordering::Relaxed);
        send(
            "message_start",
            json!({ "message": { "id": format!("msg_{number}"), "type": "message", "role": "assistant",
            "model": "fake-model", "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage } }),
        )?;
        let ends = if let Self::Tool { name, arguments } = self {
            let block = json!({ "type": "tool_use", "id": format!("toolu_{number}"), "name": name, "input": {} });
            send("content_block_start", json!({ "index": 0, "content_block": block }))?;
            let delta = json!({ "type": "input_json_delta", "partial_json": arguments });
            send("content_block_delta", json!({ "index": 0, "delta": delta }))?;
            "tool_use"
        } else {
            send("content_block_start", json!({ "index": 0, "content_block": { "type": "text", "text": "" } }))?;
            for (pause, piece) in self.pieces() {
                std::thread::sleep(pause);
                let delta = json!({ "type": "text_delta", "text": piece });
                send("content_block_delta", json!({ "index": 0, "delta": delta }))?;
            }
            "end_turn"
        };
        send("content_block_stop", json!({ "index": 0 }))?;
        let delta = json!({ "stop_reason": ends, "stop_sequence": null });
        send("message_delta", json!({ "delta": delta, "usage": { "output_tokens": 5 } }))?;
        send("message_stop", json!({}))
    }

    /// As the responses API streams it.
    fn as_response(&self, stream: &TcpStream) -> std::io::Result<()> {
        let mut events = Events::begin(stream)?;
        let whole = |status: &str, output: Value| {
            json!({ "id": "r1", "object": "response", "status": status, "model": "fake-model", "output": output,
                "usage": { "input_tokens": 10, "input_tokens_details": { "cached_tokens": 0 }, "output_tokens": 5,
                    "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": 15 } })
        };
        events.send(
            Some("response.created"),
            &json!({ "type": "response.created", "response": whole("in_progress", json!([])) }),
        )?;
        let item = match self {
            Self::Tool { name, arguments } => {
                let item = json!({ "type": "function_call", "id": "f1", "call_id": "call1", "name": name,
                    "arguments": arguments, "status": "completed" });
                let added = json!({ "type": "response.output_item.added", "output_index": 0, "item": item });
                events.send(Some("response.output_item.added"), &added)?;
                item
            }
            Self::Text(..) | Self::Hangs(..) => {
                let item = |status: &str, content: Value| json!({ "type": "message", "id": "m1", "role": "assistant", "status": status, "content": content });
                let added = json!({ "type": "response.output_item.added", "output_index": 0, "item": item("in_progress", json!([])) });
                events.send(Some("response.output_item.added"), &added)?;
                let mut text = String::new();
                for (pause, piece) in self.pieces() {
                    std::thread::sleep(pause);
                    text.push_str(&piece);
                    let delta = json!({ "type": "response.output_text.delta", "item_id": "m1", "output_index": 0,
                        "content_index": 0, "delta": piece });
                    events.send(Some("response.output_text.delta"), &delta)?;
                }
                item("completed", json!([{ "type": "output_text", "text": text, "annotations": [] }]))
            }
        };
        let done = json!({ "type": "response.output_item.done", "output_index": 0, "item": item });
        events.send(Some("response.output_item.done"), &done)?;
        let completed = json!({ "type": "response.completed", "response": whole("completed", json!([item])) });
        events.send(Some("response.completed"), &completed)
    }
}

/// The next command of the brief that was said last, and how many were run; no command behind the last of them, and none
/// behind one that did not answer.
fn next_of_brief(items: &[Value]) -> Option<(Option<String>, usize)> {
    let at = items
        .iter()
        .rposition(|item| item["role"] == "user" && !is_result(item) && !texts(&item["content"]).is_empty())?;
    let brief = last_text(&items[at]["content"]);
    let line = |start: &str| brief.lines().map(str::trim).find(|line| line.starts_with(start)).map(str::to_owned);
    let (renew, complete) = (line("mosaic-tui backlog renew --id")?, line("mosaic-tui backlog complete --id")?);
    let folder = brief.split_once("folder `")?.1.split_once('`')?.0;
    let write = format!(
        "echo 'written by the model' > {folder}/note.md && git -C {folder} add note.md && \
         git -C {folder} -c user.name=a -c user.email=a@agents.example commit --quiet -m 'Write a note'"
    );
    let is_answer = |item: &&Value| {
        item["role"] == "tool"
            || item["type"].as_str().is_some_and(|kind| kind.ends_with("_call_output"))
            || is_result(item)
    };
    let done = items[at + 1..].iter().filter(is_answer).count();
    Some(([write, renew, complete].get(done).cloned(), done))
}

/// The runtime's shell tool, called with a command.
fn tool(tools: &Value, command: &str, asks: bool) -> Option<Answer> {
    const SHELLS: [&str; 6] = ["bash", "Bash", "shell", "shell_command", "exec_command", "local_shell"];
    let all = tools.as_array()?;
    let shell = all
        .iter()
        .map(|tool| tool.get("function").unwrap_or(tool))
        .find(|tool| tool["name"].as_str().is_some_and(|name| SHELLS.contains(&name)))?;
    let schema = shell.get("parameters").unwrap_or(&shell["input_schema"]);
    let properties = &schema["properties"];
    let key = if properties.get("cmd").is_some() { "cmd" } else { "command" };
    let mut arguments = json!({});
    arguments[key] = match properties[key]["type"].as_str() {
        Some("array") => json!(["bash", "-lc", command]),
        _ => json!(command),
    };
    if properties.get("description").is_some() {
        arguments["description"] = json!("fake");
    }
    if asks && properties.get("sandbox_permissions").is_some() {
        arguments["sandbox_permissions"] = json!("require_escalated");
        arguments["justification"] = json!("fake wants to");
    }
    Some(Answer::Tool { name: shell["name"].as_str()?.to_owned(), arguments: arguments.to_string() })
}

/// An event stream.
struct Events<'a>(&'a TcpStream);

impl<'a> Events<'a> {
    fn begin(mut stream: &'a TcpStream) -> std::io::Result<Self> {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")?;
        Ok(Self(stream))
    }

    fn send(&mut self, name: Option<&str>, data: &Value) -> std::io::Result<()> {
        let name = name.map(|name| format!("event: {name}\n")).unwrap_or_default();
        self.raw(&format!("{name}data: {data}\n\n"))
    }

    fn raw(&mut self, text: &str) -> std::io::Result<()> {
        self.0.write_all(text.as_bytes())?;
        self.0.flush()
    }
}
