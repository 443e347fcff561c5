//! The `mosaic-tui` program; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    mosaic_tui::app::main()
}
