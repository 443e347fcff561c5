//! The files that a change touches, and what is wrong with them.

use super::change::{self, Finding, Touched};
use super::commit::Merged;
use super::repository::Repository;
use super::settings::Settings;
use crate::fleet::error::{Failure, Result};

/// Bytes of files that are read at once; a file of the largest kind that is allowed is one such.
const BATCH_BYTES: u64 = 8 << 20;

impl Repository {
    /// Files that differ between the main branch and what it would become.
    ///
    /// # Errors
    /// What git says.
    pub async fn touched(&self, merged: &Merged) -> Result<Vec<Touched>> {
        let args = [
            "diff-tree",
            "-r",
            "-z",
            "--raw",
            // With renames a line has two paths, and only one of them would be held against the card's.
            "--no-renames",
            "--no-ext-diff",
            "--abbrev=64",
            &merged.onto,
            &merged.tree,
        ];
        let bytes = self.git.bytes(&args, &[]).await?;
        change::read_raw(&bytes).map_err(|why| Failure::failed("git diff-tree", why, "report this"))
    }

    /// What is wrong with the files themselves: too large, or with lines that may not be in them.
    ///
    /// # Errors
    /// What git says.
    pub async fn file_faults(&self, touched: &[Touched], settings: &Settings) -> Result<Vec<Finding>> {
        let mut found = Vec::new();
        let all: Vec<(&Touched, &str)> = touched.iter().filter_map(|one| Some((one, file(&one.new)?))).collect();
        let sizes = self.sizes(all.iter().map(|(_, oid)| *oid)).await?;
        // All at once: one process for each file is minutes where a change touches thousands.
        let was: Vec<Option<&str>> = all.iter().map(|(one, _)| file(&one.old)).collect();
        let mut old_sizes = self.sizes(was.iter().flatten().copied()).await?.into_iter();
        let (mut batch, mut bytes, mut old_bytes) = (Vec::new(), 0, 0);
        for (((one, oid), size), old) in all.into_iter().zip(sizes).zip(was) {
            let old_size = if old.is_some() { old_sizes.next().unwrap_or_default() } else { 0 };
            if size > settings.max_file_bytes {
                found.push(Finding { path: one.path.clone(), line: None, fault: change::Fault::TooLarge });
                continue;
            }
            // What it was may have been larger than is allowed now; its lines are old ones all the same.
            let old = old.filter(|_| old_size <= BATCH_BYTES);
            let old_size = if old.is_some() { old_size } else { 0 };
            // Before the one that does not fit any more: each side is read by one command, of whose output no more
            // than twice a batch is kept.
            if bytes + size > BATCH_BYTES || old_bytes + old_size > BATCH_BYTES {
                found.extend(self.faults_of(&std::mem::take(&mut batch), settings).await?);
                (bytes, old_bytes) = (0, 0);
            }
            (bytes, old_bytes) = (bytes + size, old_bytes + old_size);
            batch.push((one.path.as_str(), oid, old));
        }
        found.extend(self.faults_of(&batch, settings).await?);
        Ok(found)
    }

    async fn sizes(&self, oids: impl Iterator<Item = &str>) -> Result<Vec<u64>> {
        let asked: String = oids.map(|oid| format!("{oid}\n")).collect();
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let bytes = self.git.bytes(&["cat-file", "--batch-check=%(objectsize)"], asked.as_bytes()).await?;
        let broken = |line: &str| {
            Failure::failed("git cat-file", format!("says {}", crate::plain::quoted(line)), "run `git fsck`")
        };
        String::from_utf8_lossy(&bytes).lines().map(|line| line.parse().map_err(|_| broken(line))).collect()
    }

    async fn faults_of(&self, batch: &[(&str, &str, Option<&str>)], settings: &Settings) -> Result<Vec<Finding>> {
        let new: Vec<&str> = batch.iter().map(|(_, new, _)| *new).collect();
        let old: Vec<&str> = batch.iter().filter_map(|(.., old)| *old).collect();
        // Apart, as both sides of a file of the largest kind are together more than is kept of an output.
        let (new, old) = (self.blobs(&new).await?, self.blobs(&old).await?);
        let (mut new, mut was) = (new.into_iter(), old.into_iter());
        let mut found = Vec::new();
        for (path, _, old) in batch {
            let new = new.next().unwrap_or_default();
            let old = if old.is_some() { was.next().unwrap_or_default() } else { Vec::new() };
            found.extend(change::text_faults(path, &old, &new, &settings.digests));
        }
        Ok(found)
    }

    /// The bytes of objects, in their order.
    async fn blobs(&self, oids: &[&str]) -> Result<Vec<Vec<u8>>> {
        if oids.is_empty() {
            return Ok(Vec::new());
        }
        let asked: String = oids.iter().map(|oid| format!("{oid}\n")).collect();
        let bytes = self.git.bytes(&["cat-file", "--batch=%(objectsize)"], asked.as_bytes()).await?;
        let mut rest = bytes.as_slice();
        let mut blobs = Vec::new();
        for oid in oids {
            let blob = (|| {
                let end = rest.iter().position(|byte| *byte == b'\n')?;
                let size: usize = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
                let blob = rest.get(end + 1..end + 1 + size)?;
                rest = rest.get(end + 2 + size..)?;
                Some(blob.to_vec())
            })();
            blobs.push(
                blob.ok_or_else(|| Failure::failed("git cat-file", format!("does not give {oid}"), "run `git fsck`"))?,
            );
        }
        Ok(blobs)
    }
}

/// The object of a side of a change, where that is a file.
fn file(side: &Option<change::Blob>) -> Option<&str> {
    side.as_ref().filter(|blob| blob.is_file()).map(|blob| blob.oid.as_str())
}
