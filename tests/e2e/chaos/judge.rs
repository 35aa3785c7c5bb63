//! What an answer says of its request.

use serde_json::Value;

use crate::ledger::Expect;
use crate::wire::Answer;

/// Codes of answers after which the request may have been carried out. All other answers of the proxy's
/// own say that it was not.
const DOUBTFUL: [&str; 2] = [
    "patchwright.upstream.broken",
    "patchwright.upstream.timeout",
];
/// What hyper answers by itself, without a body.
const BARE: [u16; 5] = [400, 408, 413, 417, 431];

#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) expect: Expect,
    /// How it is counted.
    pub(crate) told: String,
    /// The number of the upstream's request, 0 if the proxy answered.
    pub(crate) answered_by: u64,
}

/// `Err` says why the answer cannot be true.
pub(crate) fn judge(answer: &Answer) -> Result<Verdict, String> {
    let status = answer.status;
    if !(200..600).contains(&status) || answer.header("x-chaos").is_some() {
        return Err("an answer that belongs to no request".to_owned());
    }
    if let Some(context) = answer.header("inin-correlation-id") {
        let answered_by = context.strip_prefix("51a00000-0000-4000-8000-");
        let answered_by = answered_by.and_then(|seq| u64::from_str_radix(seq, 16).ok());
        let answered_by = answered_by.ok_or("a correlation id that the upstream never gives")?;
        if status >= 400 {
            let body: Value =
                serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
            if body["contextId"] != context || body["status"] != status {
                return Err("head and body of an answer do not belong together".to_owned());
            }
        }
        let expect = if status < 300 {
            Expect::One
        } else {
            Expect::Zero
        };
        return Ok(Verdict {
            expect,
            told: format!("{status} from the API"),
            answered_by,
        });
    }
    if answer.body.is_empty() && BARE.contains(&status) {
        return Ok(Verdict {
            expect: Expect::Zero,
            told: format!("{status} without a body"),
            answered_by: 0,
        });
    }
    let body: Value = serde_json::from_slice(&answer.body)
        .map_err(|error| format!("an answer from nowhere: {error}"))?;
    let code = body["code"]
        .as_str()
        .filter(|code| code.starts_with("patchwright."));
    let code = code.ok_or("an answer from nowhere")?;
    if status < 400 || body["status"] != status {
        return Err(format!("{code} with status {status}"));
    }
    let expect = if DOUBTFUL.contains(&code) {
        Expect::AtMostOne
    } else {
        Expect::Zero
    };
    Ok(Verdict {
        expect,
        told: format!("{status} {code}"),
        answered_by: 0,
    })
}

/// Whether the outcome header says that something was filled.
pub(crate) fn is_repaired(answer: &Answer) -> bool {
    answer
        .header("patchwright")
        .is_some_and(|told| told.contains("filled="))
}
