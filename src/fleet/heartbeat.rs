//! Heartbeat files, protocol v1: written whole by rename, read with suspicion.
//!
//! `<run>/<agent>.hb` has one writer, the session keeper. A runtime's own word goes to
//! `<run>/<agent>.d/report` in the same format; the keeper carries it over, which is what makes one
//! authority at a time. Readers ignore unknown keys.

use std::fs;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::file::{self, Keep};
use super::model::{Authority, HeartbeatStatus, Label};

/// A heartbeat is a few lines; a larger file is not one.
const MAX_FILE_BYTES: u64 = 4096;

/// One heartbeat or report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heartbeat {
    /// When it was written.
    pub ts: Timestamp,
    /// The pane's process, or one below it.
    pub pid: u32,
    /// What it says.
    pub status: HeartbeatStatus,
    /// One line in the writer's words.
    pub detail: Option<Label>,
    /// Who vouches for the status.
    pub by: Authority,
    /// When the runtime said so; the keeper's stamp moves on, this does not.
    pub since: Option<Timestamp>,
    /// The runtime's promise to report again within this many seconds.
    pub next_seconds: Option<u32>,
    /// Id of the last message that the runtime took.
    pub msg: Option<Label>,
}

/// Why there is no usable heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoHeartbeat {
    /// There is no file.
    Absent,
    /// The agent lives on another host, whose heartbeats nobody tells us.
    Elsewhere,
    /// The file cannot be trusted; the reason.
    Rejected(String),
}

/// Reads a heartbeat file.
///
/// # Errors
/// Absent, or rejected with the reason: too large, unreadable, not the format, from the future.
pub fn read(path: &Path, now: Timestamp, interval: Duration) -> Result<Heartbeat, NoHeartbeat> {
    let reject = |why: &dyn std::fmt::Display| NoHeartbeat::Rejected(why.to_string());
    let file = match fs::OpenOptions::new()
        .read(true)
        // A fifo or device planted in the folder must neither block nor be followed.
        .custom_flags((rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW).bits().cast_signed())
        .open(path)
    {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(NoHeartbeat::Absent),
        Err(error) => return Err(reject(&error)),
    };
    let meta = file.metadata().map_err(|error| reject(&error))?;
    if !meta.is_file() {
        return Err(reject(&"is no regular file"));
    }
    // With room for all of it one reading is enough, and one more that finds the end.
    let mut bytes = Vec::with_capacity(usize::try_from(meta.len().min(MAX_FILE_BYTES)).unwrap_or(0) + 1);
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| reject(&error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(reject(&"is over 4 KiB"));
    }
    let heartbeat = parse(&String::from_utf8_lossy(&bytes)).map_err(|why| reject(&why))?;
    // A stamp ahead of the clock would stay fresh for as long, however dead its writer is; one interval is
    // the clock's own play after it was set.
    let lead = heartbeat.ts.duration_since(now).as_secs_f64();
    if lead > interval.as_secs_f64() {
        return Err(reject(&format!("its time lies {lead:.0} s in the future")));
    }
    Ok(heartbeat)
}

/// Reads the `key=value` lines.
fn parse(text: &str) -> Result<Heartbeat, String> {
    let lines: Vec<(&str, &str)> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let value = |key: &str| lines.iter().find(|(of, _)| *of == key).map(|(_, value)| value.trim());
    let ts = value("ts").ok_or("has no ts line")?;
    let ts = ts.parse().map_err(|_| "its ts is no ISO 8601 time with offset".to_owned())?;
    let pid = value("pid").and_then(|pid| pid.parse().ok()).filter(|pid| *pid > 0).ok_or("has no valid pid line")?;
    let status = value("status").and_then(HeartbeatStatus::parse).ok_or("has no valid status line")?;
    Ok(Heartbeat {
        ts,
        pid,
        status,
        detail: value("detail").map(Label::new).filter(|detail| !detail.is_empty()),
        // What is not said to be the runtime's own word counts as the keeper's, which claims less.
        by: if value("by") == Some("runtime") { Authority::Runtime } else { Authority::Keeper },
        // What is optional and cannot be read counts as not there: a newer version may write it in another
        // way.
        since: value("since").and_then(|ts| ts.parse().ok()),
        next_seconds: value("next").and_then(|seconds| seconds.parse().ok()),
        msg: value("msg").map(Label::new).filter(|msg| !msg.is_empty()),
    })
}

impl Heartbeat {
    fn to_text(&self) -> String {
        let by = match self.by {
            Authority::Keeper => "keeper",
            Authority::Runtime => "runtime",
        };
        let mut text = format!("ts={}\npid={}\nstatus={}\nby={by}\n", self.ts, self.pid, self.status.word());
        for (key, value) in [
            ("detail", self.detail.as_ref().map(ToString::to_string)),
            ("since", self.since.map(|since| since.to_string())),
            ("next", self.next_seconds.map(|next| next.to_string())),
            ("msg", self.msg.as_ref().map(ToString::to_string)),
        ] {
            // None of them can bring a line of its own: a `Label` is one line.
            if let Some(value) = value {
                text.push_str(&format!("{key}={value}\n"));
            }
        }
        text
    }
}

/// Writes a heartbeat whole: a reader sees the old one or the new one, never half.
///
/// # Errors
/// What the file system says.
pub fn write(path: &Path, heartbeat: &Heartbeat) -> std::io::Result<()> {
    file::write_private(path, heartbeat.to_text().as_bytes(), Keep::Fleeting)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const INTERVAL: Duration = Duration::from_secs(15);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn sample() -> Heartbeat {
        Heartbeat {
            ts: at(0),
            pid: 42,
            status: HeartbeatStatus::Waiting,
            detail: Some(Label::new("deploy?")),
            by: Authority::Runtime,
            since: Some(at(-9)),
            next_seconds: Some(15),
            msg: None,
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.hb");
        write(&path, &sample()).unwrap();
        assert_eq!(read(&path, at(1), INTERVAL), Ok(sample()));
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn an_offset_is_understood() {
        let parsed = parse("ts=2023-11-14T23:13:20+01:00\npid=1\nstatus=ok\nfuture_key=x\n").unwrap();
        assert_eq!(parsed.ts, at(0));
        assert_eq!(parsed.by, Authority::Keeper);
    }

    #[test]
    fn hostile_files_are_rejected_with_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.hb");
        assert_eq!(read(&path, at(0), INTERVAL), Err(NoHeartbeat::Absent));
        for (text, why) in [
            ("".to_owned(), "no ts"),
            ("ts=yesterday\npid=1\nstatus=ok\n".to_owned(), "ISO 8601"),
            ("ts=2023-11-14T22:13:20Z\nstatus=ok\n".to_owned(), "pid"),
            ("ts=2023-11-14T22:13:20Z\npid=0\nstatus=ok\n".to_owned(), "pid"),
            ("ts=2023-11-14T22:13:20Z\npid=1\nstatus=great\n".to_owned(), "status"),
            ("ts=2023-11-14T22:20:20Z\npid=1\nstatus=ok\n".to_owned(), "future"),
            ("x".repeat(5000), "4 KiB"),
        ] {
            fs::write(&path, &text).unwrap();
            match read(&path, at(0), INTERVAL) {
                Err(NoHeartbeat::Rejected(reason)) => assert!(reason.contains(why), "{reason} for {text:.40}"),
                other => panic!("{other:?} for {text:.40}"),
            }
        }
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", &path).unwrap();
        assert!(matches!(read(&path, at(0), INTERVAL), Err(NoHeartbeat::Rejected(_))));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[\\s\\S]{0,300}") {
            let _result = parse(&text);
        }
    }
}
