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

use crate::words::words;

pub mod charset;
pub mod coding;
pub mod diagnosis;
pub mod header;
pub mod plan;
pub mod reshape;
pub mod scan;
pub mod target;

words! {
    /// A kind of edit.
    Repair {
        /// Members were filled.
        Fill = "fill",
        /// `Content-Type` was set.
        ContentType = "content-type",
        /// A byte-order mark was dropped.
        Bom = "bom",
        /// The body was decoded.
        Coding = "coding",
        /// The method was set to the one that the resource has.
        Method = "method",
        /// A path that the API doesn't have became the one that it has.
        Path = "path",
        /// The object was taken out of an object or list around it.
        Unwrap = "unwrap",
        /// A member got the name, or the place, that the API has for it.
        Rename = "rename",
        /// A member or header field that nobody can want went.
        Drop = "drop",
        /// A flat map was put under the member that it belongs to.
        Wrap = "wrap",
        /// Numbers and booleans in a map of strings got quotes.
        Stringify = "stringify",
        /// A word got the spelling that the API has.
        Case = "case",
        /// A member was sent to the resource that it belongs to.
        Reroute = "reroute",
        /// The body was sent in two requests.
        Split = "split",
    }
}
