//! What speaks to the kernel: processes and their deaths, children, file locks.

pub mod death;
pub mod exec;
pub mod lockfile;
pub mod process;
