//! The pure core: from the caller's bytes to the bytes that are sent. No I/O, clock, log or async.
//!
//! [`scan`] finds where the targets of a rule stand in a body, [`plan`] says which of them are gaps and
//! whether the body may be edited at all, and [`Plan::splice`](plan::Plan::splice) inserts what was
//! looked up. Every byte that the caller sent is kept, in order, with its spacing, number spelling,
//! escapes and duplicates:
//!
//! ```
//! use patchwright::repair::{plan::Plan, target::Targets};
//!
//! let targets = Targets::new(["/state", "/routing/queue/id"]).unwrap();
//! let body = br#"{ "attributes": {"n": 1.10} }"#;
//! let plan = Plan::new(body, &targets).unwrap();
//! let sent = plan.splice(|target| Some(["connected", "q-7"][target]));
//! assert_eq!(
//!     std::str::from_utf8(&sent).unwrap(),
//!     r#"{"state":"connected","routing":{"queue":{"id":"q-7"}}, "attributes": {"n": 1.10} }"#,
//! );
//! ```

pub mod charset;
pub mod coding;
pub mod header;
pub mod plan;
pub mod scan;
pub mod target;
