//! What speaks to the kernel: processes and their deaths, children, file locks, bells, private folders, threads, the heap, the clock.

pub mod bell;
pub mod clock;
pub mod death;
pub mod exec;
pub mod folder;
pub mod heap;
pub mod lockfile;
pub mod process;
pub mod readable;
pub mod thread;
