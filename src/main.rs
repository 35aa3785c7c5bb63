//! The `patchwright` program. Everything is in the library, so that tests and other programs reach it.

use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    patchwright::cli::main()
}
