//! What the parts of a repair cost in time and allocations.
//!
//! ```sh
//! cargo bench --bench micro                # everything
//! cargo bench --bench micro -- splice      # what has this in its name
//! ```

#[path = "../subjects/mod.rs"]
mod subjects;

mod bodies;
mod headers;
mod lookups;
mod rules;

use divan::AllocProfiler;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}
