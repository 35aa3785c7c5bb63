//! What every Prometheus client says of its process, by the names that all of them use.

use std::fs;
use std::time::{Duration, SystemTime};

use rustix::process::{Resource, getrlimit};

use super::names::{PROCESS_CPU, PROCESS_FDS, PROCESS_MAX_FDS, PROCESS_MEMORY, PROCESS_START};
use super::page::{Kind, Page};

/// Shows what the system tells; what it does not is left out (`/proc` is Linux').
pub(super) fn show(page: &mut Page, started: SystemTime) {
    let since = started.duration_since(SystemTime::UNIX_EPOCH);
    let text = "When the process began, in seconds since 1970.";
    let seconds = since.unwrap_or_default().as_secs_f64();
    page.single(PROCESS_START, Kind::Gauge, text, seconds);
    if let Some(time) = cpu_time() {
        let text = "CPU time that the process has used, its own and the system's for it.";
        page.single(PROCESS_CPU, Kind::Counter, text, time.as_secs_f64());
    }
    let status = fs::read_to_string("/proc/self/status");
    if let Some(bytes) = status.ok().as_deref().and_then(resident) {
        let text = "Memory of the process that is in RAM.";
        page.single(PROCESS_MEMORY, Kind::Gauge, text, bytes);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is the one that this is read by.
        let open = open.count().saturating_sub(1);
        page.single(PROCESS_FDS, Kind::Gauge, "Open file descriptors.", open);
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        let text = "File descriptors that may be open.";
        page.single(PROCESS_MAX_FDS, Kind::Gauge, text, most);
    }
}

/// To the nanosecond, where the two figures of `/proc/self/stat` are ticks.
fn cpu_time() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(time).ok()
}

/// The bytes of `VmRSS` in proc(5)'s `status`.
fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_what_proc_says() {
        let status = "Name:\tpatchwright\nVmHWM:\t  9 kB\nVmRSS:\t    1234 kB\nThreads:\t3\n";
        assert_eq!(resident(status), Some(1234 * 1024));
        for wrong in ["", "VmRSS:\t12 MB\n", "VmRSS:\t kB\n"] {
            assert_eq!(resident(wrong), None, "{wrong:?}");
        }
    }
}
