//! Runs a piece of work into every crash and judges what is found afterwards.
//!
//! Crashes: after every changing call, in every legal state; again in every recovery, `depth` deep; killed at every
//! call and recovered, the power going at each call of that recovery; killed twice. Faults: every changing call
//! failing with EIO and ENOSPC, once and for ever, every reading call failing with EIO, and then the power going.
//! The work runs once for all crashes: the disk is recorded before each call, and that copy is what the crash leaves.
//! Relies on: `recover` and `judge` being functions of the disk (and its marks), so that a disk that was judged
//! once need not be judged again.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use super::disk::Disk;
use super::fault::{EIO, Fault};
use super::simfs::SimFs;
use super::tree::mix;

const ENOSPC: i32 = 28;
const RANDOM_AT_FIRST: usize = 24;
const RANDOM_DEEPER: usize = 6;
const VIOLATIONS_KEPT: usize = 40;

/// Does the work; `Ok(true)` when it was acknowledged, that is, must survive.
pub(crate) type Run<'a> = dyn Fn(&SimFs) -> Result<bool, String> + 'a;
/// Does what the next start does.
pub(crate) type Recover<'a> = dyn Fn(&SimFs) -> Result<(), String> + 'a;
/// Says what is wrong; told whether the work was acknowledged.
pub(crate) type Judge<'a> = dyn Fn(&SimFs, bool) -> Result<(), String> + 'a;

/// What a sweep went through.
#[derive(Debug, Default)]
pub(crate) struct SweepReport {
    /// What was swept.
    pub(crate) name: String,
    /// Changing calls of the undisturbed run.
    pub(crate) calls: usize,
    /// States found after one crash.
    pub(crate) states: usize,
    /// States found after a crash during recovery from a crash.
    pub(crate) double_crash_states: usize,
    /// States found after a kill and a power cut during the recovery from it.
    pub(crate) kill_then_cut_states: usize,
    /// Runs with an injected fault, and states found after a power cut that followed one.
    pub(crate) fault_states: usize,
    /// Different disks that were recovered and judged; the others looked like one of these.
    pub(crate) distinct: usize,
    /// How many times something was wrong.
    pub(crate) violation_count: usize,
    /// What was wrong, the first few.
    pub(crate) violations: Vec<String>,
    /// How long it took.
    pub(crate) took: Duration,
}

impl SweepReport {
    /// Returns how many states there were in all.
    pub(crate) fn total(&self) -> usize {
        self.states + self.double_crash_states + self.kill_then_cut_states + self.fault_states
    }

    /// Prints the figures, for whoever runs the tests with `--nocapture`.
    pub(crate) fn print(&self) {
        println!("{self}");
    }

    /// Ends the test when anything was wrong.
    #[track_caller]
    pub(crate) fn assert_clean(&self) {
        assert!(
            self.violations.is_empty(),
            "{self}\n{}",
            self.violations.join("\n")
        );
    }

    /// Ends the test when nothing was wrong, which means that the sweep is blind to this mistake.
    #[track_caller]
    pub(crate) fn assert_caught(&self) {
        assert!(!self.violations.is_empty(), "not caught: {self}");
    }
}

impl fmt::Display for SweepReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = self.total() as u128 * 1_000_000 / self.took.as_micros().max(1);
        write!(
            f,
            "{}: {} calls, {} states ({} after one crash, {} in recovery, {} kill then cut, {} faults; {} distinct), \
             {} violations, {:.2?}, {rate} states/s",
            self.name,
            self.calls,
            self.total(),
            self.states,
            self.double_crash_states,
            self.kill_then_cut_states,
            self.fault_states,
            self.distinct,
            self.violation_count,
            self.took,
        )
    }
}

/// Sweeps `run` over `initial`; see the module. `depth` 1 crashes once, 2 crashes the recovery too, and so on; 0 crashes once
/// and leaves out kills and faults, for a work that is swept many times over.
pub(crate) fn sweep(
    name: &str,
    initial: &SimFs,
    run: &Run<'_>,
    recover: &Recover<'_>,
    judge: &Judge<'_>,
    depth: usize,
) -> SweepReport {
    let began = Instant::now();
    let mut sweeper = Sweeper {
        recover,
        judge,
        judged: HashMap::new(),
        report: SweepReport {
            name: name.to_owned(),
            ..SweepReport::default()
        },
    };
    let undisturbed = initial.again().recorded();
    let outcome = run(&undisturbed);
    sweeper.report.calls = undisturbed.calls();
    let reads = undisturbed.reads();
    if let Err(error) = &outcome {
        sweeper.violation(&Trail::start(&"undisturbed"), error);
    }
    for (call, disk) in undisturbed.take_tape().iter().enumerate() {
        sweeper.crash(disk, call, false, depth);
    }
    let is_acked = outcome == Ok(true);
    sweeper.crash(&undisturbed.disk(), undisturbed.calls(), is_acked, depth);
    let (calls, reads) = if depth == 0 {
        (0, 0)
    } else {
        (sweeper.report.calls, reads)
    };
    for call in 1..=calls {
        for errno in [EIO, ENOSPC] {
            for fault in [Fault::Once, Fault::Forever] {
                let fs = initial.again().fail_call(call, errno, fault);
                let cause = || format!("errno {errno} at call {call} {fault:?}");
                sweeper.fault(&fs, run, &cause);
            }
        }
    }
    for call in 1..=reads {
        let fs = initial.again().fail_read(call, EIO, Fault::Once);
        sweeper.fault(&fs, run, &|| format!("errno {EIO} at read {call}"));
    }
    let mut report = sweeper.report;
    report.distinct = sweeper.judged.len();
    report.took = began.elapsed();
    report
}

/// What led to a state; written out only when something is wrong.
struct Trail<'a> {
    before: Option<&'a Trail<'a>>,
    what: &'a dyn fmt::Display,
}

impl<'a> Trail<'a> {
    fn start(what: &'a dyn fmt::Display) -> Self {
        Self { before: None, what }
    }

    fn then(&'a self, what: &'a dyn fmt::Display) -> Self {
        Self {
            before: Some(self),
            what,
        }
    }
}

impl fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(before) = self.before {
            write!(f, "{before}, ")?;
        }
        write!(f, "{}", self.what)
    }
}

struct Sweeper<'a> {
    recover: &'a Recover<'a>,
    judge: &'a Judge<'a>,
    judged: HashMap<u64, usize>,
    report: SweepReport,
}

/// A recovery that ran to its end.
struct Recovered {
    tape: Vec<Disk>,
    end: Disk,
    /// What it showed must survive: the work was acknowledged, or the recovery ended with it done.
    is_owed: bool,
}

impl Sweeper<'_> {
    fn violation(&mut self, trail: &Trail<'_>, error: &str) {
        self.report.violation_count += 1;
        if self.report.violations.len() < VIOLATIONS_KEPT {
            self.report.violations.push(format!("{trail} -> {error}"));
        }
    }

    /// The process ends at `call` of the run: by a power cut, or killed.
    fn crash(&mut self, disk: &Disk, call: usize, is_acked: bool, depth: usize) {
        let seed = call as u64 * 7919 + 1;
        let mut found = 0;
        disk.cuts(RANDOM_AT_FIRST, seed, &mut |state, lost| {
            found += 1;
            let what = fmt::from_fn(|f| write!(f, "cut after call {call} losing [{lost}]"));
            self.explore(state, is_acked, depth, &Trail::start(&what));
        });
        self.report.states += found;
        if depth > 0 {
            self.kill(disk, call, is_acked);
        }
    }

    fn kill(&mut self, disk: &Disk, call: usize, is_acked: bool) {
        let what = format!("killed after call {call}");
        let trail = Trail::start(&what);
        let recovered = self.recover_and_judge(disk.clone(), is_acked, &trail);
        let last = recovered.tape.len();
        for (step, disk) in recovered.tape.iter().enumerate() {
            let again = format!("killed again after recovery call {step}");
            self.recover_and_judge(disk.clone(), is_acked, &trail.then(&again));
        }
        let ends = recovered.tape.iter().chain([&recovered.end]);
        for (step, disk) in ends.enumerate() {
            let is_owed = is_acked || step == last && recovered.is_owed;
            let found = self.cuts_of(disk, step, is_owed, 1, &trail);
            self.report.kill_then_cut_states += found;
        }
    }

    /// Recovers and judges a state, and crashes that recovery while there is depth left.
    fn explore(&mut self, state: Disk, is_acked: bool, depth: usize, trail: &Trail<'_>) {
        let key = mix(state.digest(), u64::from(is_acked));
        if self.judged.get(&key).is_some_and(|known| *known >= depth) {
            return;
        }
        self.judged.insert(key, depth);
        if depth <= 1 {
            let fs = SimFs::on(state);
            if let Err(error) = (self.recover)(&fs).and_then(|()| (self.judge)(&fs, is_acked)) {
                self.violation(trail, &error);
            }
            return;
        }
        let recovered = self.recover_and_judge(state, is_acked, trail);
        let last = recovered.tape.len();
        let ends = recovered.tape.iter().chain([&recovered.end]);
        for (step, disk) in ends.enumerate() {
            let is_owed = is_acked || step == last && recovered.is_owed;
            let found = self.cuts_of(disk, step, is_owed, depth - 1, trail);
            self.report.double_crash_states += found;
        }
    }

    fn cuts_of(
        &mut self,
        disk: &Disk,
        step: usize,
        is_owed: bool,
        depth: usize,
        trail: &Trail<'_>,
    ) -> usize {
        disk.cuts(RANDOM_DEEPER, step as u64 + 3, &mut |state, lost| {
            let what =
                fmt::from_fn(|f| write!(f, "cut after recovery call {step} losing [{lost}]"));
            self.explore(state, is_owed, depth, &trail.then(&what));
        })
    }

    fn recover_and_judge(&mut self, disk: Disk, is_acked: bool, trail: &Trail<'_>) -> Recovered {
        let fs = SimFs::on(disk).recorded();
        let recovered = (self.recover)(&fs);
        let tape = fs.take_tape();
        let end = fs.disk();
        // Copies: what a judge does to the disk in order to see is no part of the recovery.
        let judge = |is_acked| (self.judge)(&SimFs::on(end.clone()), is_acked);
        let outcome = recovered.and_then(|()| judge(is_acked));
        // A recovery that had nothing to do has promised nothing.
        let is_owed = is_acked || outcome.is_ok() && !tape.is_empty() && judge(true).is_ok();
        if let Err(error) = outcome {
            self.violation(trail, &error);
        }
        Recovered { tape, end, is_owed }
    }

    /// The run meets a fault: it says so or is right all the same, now, after a recovery and after a power cut.
    fn fault(&mut self, fs: &SimFs, run: &Run<'_>, cause: &dyn Fn() -> String) {
        let is_acked = run(fs) == Ok(true);
        let what = cause();
        let trail = Trail::start(&what);
        let recovered = self.recover_and_judge(fs.disk(), is_acked, &trail);
        self.report.fault_states += 1;
        for disk in [fs.disk(), recovered.end] {
            let found = self.cuts_of(&disk, 0, is_acked, 1, &trail);
            self.report.fault_states += found;
        }
    }
}
