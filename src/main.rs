//! The `mosaic-tui` program; everything is in the library.

use std::process::ExitCode;

/// In place of musl's own, which gives memory back to the kernel with each piece, and takes it anew.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mosaic_tui::app::main()
}
