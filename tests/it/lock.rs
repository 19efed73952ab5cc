//! The run lock: who is held to be alive, who is taken over from, and who is asked.

mod broken;

use crate::support::host::ScriptedHost;
use crate::support::sim::SimFs;
use crate::support::workspace::TestWorkspace;
use barkeep::lock::{GlobalRunLock, LockError, LockGuard, NetworkDisks, Owner, Proof, Verdict};
use barkeep::sys::{Clock, Fs, Shutdown, Signal};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use rstest::rstest;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const OWNER: &str = "/w/.run_lock/owner.json";
const BOOTED_AT: i64 = 1_000;
const A_TOKEN: &str = "00112233445566778899aabbccddeeff";

/// The first digits of the SHA-256 of nothing.
const KEY_OF_NOTHING: &str = "e3b0c44298fc1c14";

/// A clock that stands still and adds up how long it was asked to wait.
#[derive(Debug, Default)]
struct CountingClock {
    slept_millis: AtomicUsize,
    /// Raises this flag once that many milliseconds were slept.
    raise_after: Option<usize>,
}

impl CountingClock {
    fn slept(&self) -> usize {
        self.slept_millis.load(Ordering::Relaxed)
    }
}

impl Clock for CountingClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_767_319_207, 0).unwrap()
    }

    fn sleep(&self, wait: Duration, stop: &Shutdown) {
        let millis = usize::try_from(wait.as_millis()).unwrap();
        let slept = self.slept_millis.fetch_add(millis, Ordering::Relaxed) + millis;
        if self.raise_after.is_some_and(|limit| slept >= limit) {
            stop.raise(Signal::Terminate);
        }
    }
}

/// One host with one disk.
struct Machine {
    fs: SimFs,
    host: ScriptedHost,
    clock: CountingClock,
    stop: Shutdown,
    network: NetworkDisks,
}

impl Machine {
    fn new() -> Self {
        let fs = SimFs::new();
        fs.plant("/w/tickers.json", b"{}");
        Self {
            fs,
            host: ScriptedHost::named("nas-2", BOOTED_AT).with_process(77),
            clock: CountingClock::default(),
            stop: Shutdown::default(),
            network: NetworkDisks::Refused,
        }
    }

    fn with_owner(owner: &[u8]) -> Self {
        let machine = Self::new();
        machine.fs.plant(OWNER, owner);
        machine
    }

    fn lock(&self) -> GlobalRunLock<'_> {
        GlobalRunLock {
            fs: &self.fs,
            clock: &self.clock,
            host: &self.host,
            stop: &self.stop,
            workspace: Path::new("/w"),
            network: self.network,
        }
    }

    fn acquire(&self) -> Result<LockGuard<'_>, LockError> {
        self.lock().acquire("update")
    }
}

fn of_predecessor(pid: u32, host: &str, ts: f64) -> Vec<u8> {
    format!(r#"{{"pid": {pid}, "host": "{host}", "ts": {ts:?}, "cwd": "/srv/yf"}}"#).into_bytes()
}

fn of_barkeep(pid: u32, host: &str) -> Vec<u8> {
    format!(r#"{{"pid":{pid},"host":"{host}","ts":5000.0,"token":"{A_TOKEN}"}}"#).into_bytes()
}

#[rstest]
#[case::predecessor_with_a_dead_process(
    of_predecessor(4711, "nas-2", 5_000.25),
    Proof::ProcessIsGone
)]
#[case::predecessor_from_before_the_boot_with_a_reused_pid(
    of_predecessor(77, "nas-2", 999.0),
    Proof::OlderThanBoot
)]
#[case::barkeep_with_a_dead_process(of_barkeep(4711, "nas-2"), Proof::GuardWasFree)]
#[case::barkeep_with_a_reused_pid(of_barkeep(77, "nas-2"), Proof::GuardWasFree)]
#[case::barkeep_in_another_container(of_barkeep(1, "3f2a9c"), Proof::GuardWasFree)]
fn a_dead_runs_lock_is_taken_over_at_once(#[case] owner: Vec<u8>, #[case] because: Proof) {
    let machine = Machine::with_owner(&owner);

    let guard = machine.acquire().unwrap();

    let dead = guard.took_over().unwrap();
    assert_eq!(dead.because, Some(because));
    assert_eq!(dead.owner, Owner::parse(&owner));
    assert_eq!(machine.clock.slept(), 0);
    guard.confirm().unwrap();
}

#[rstest]
#[case::predecessor_at_work(of_predecessor(77, "nas-2", 5_000.0))]
#[case::predecessor_on_another_host(of_predecessor(4711, "nas-3", 5_000.0))]
#[case::predecessor_on_another_host_long_ago(of_predecessor(4711, "nas-3", 1.0))]
fn a_lock_whose_owner_may_be_at_work_is_left_alone(#[case] owner: Vec<u8>) {
    let machine = Machine::with_owner(&owner);

    let error = machine.acquire().unwrap_err();

    assert!(matches!(error, LockError::Held { .. }), "{error}");
    assert_eq!(error.owner(), Owner::parse(&owner).as_ref());
    assert_eq!(
        machine.fs.snapshot()[Path::new("w/.run_lock/owner.json")],
        owner
    );
}

#[rstest]
#[case::empty(Vec::new())]
#[case::garbage(b"\xff\x00{".to_vec())]
#[case::no_object(b"[1, 2]".to_vec())]
#[case::a_token_that_barkeep_never_wrote(br#"{"pid":1,"host":"a","ts":0,"token":"x"}"#.to_vec())]
#[case::no_process_id(br#"{"pid":-1,"host":"a","ts":0}"#.to_vec())]
#[case::huge(vec![b' '; 1 << 20])]
#[case::deep(vec![b'['; 60_000])]
fn a_lock_with_an_unreadable_owner_is_waited_for_and_not_taken(#[case] owner: Vec<u8>) {
    let machine = Machine::with_owner(&owner);
    let before = machine.fs.snapshot();

    let error = machine.acquire().unwrap_err();

    assert!(matches!(error, LockError::Unknown { .. }), "{error}");
    assert_eq!(machine.clock.slept(), 2_000);
    let mut after = machine.fs.snapshot();
    after.remove(Path::new("w/.run_lock.guard"));
    assert_eq!(after, before);
}

#[test]
fn a_lock_without_an_owner_file_is_waited_for_and_not_taken() {
    let machine = Machine::new();
    machine.fs.plant("/w/.run_lock/", b"");

    let error = machine.acquire().unwrap_err();

    assert_eq!(error.key(), Some(KEY_OF_NOTHING));
    assert_eq!(machine.clock.slept(), 2_000);
    assert_eq!(
        error.to_string(),
        "/w/.run_lock names no owner and may belong to a run that is at work (key e3b0c44298fc1c14)"
    );
}

#[test]
fn a_lock_that_barkeep_was_about_to_make_is_taken_over() {
    let machine = Machine::new();
    machine.fs.plant("/w/.run_lock/", b"");
    let mark = "/w/.run_lock.making-20260101T000000Z-0000feed-1";
    machine.fs.plant(mark, b"");

    let guard = machine.acquire().unwrap();

    let dead = guard.took_over().unwrap();
    assert_eq!(dead.because, Some(Proof::NeverFinished));
    assert!(!machine.fs.names().contains(Path::new(&mark[1..])));
}

#[test]
fn a_mark_proves_nothing_for_a_lock_that_holds_a_strangers_file() {
    let machine = Machine::new();
    machine.fs.plant("/w/.run_lock/notes", b"");
    machine
        .fs
        .plant("/w/.run_lock.making-20260101T000000Z-0000feed-1", b"");

    assert!(matches!(machine.acquire(), Err(LockError::Unknown { .. })));
}

#[test]
fn the_owner_file_is_what_the_predecessor_and_people_can_read() {
    let machine = Machine::new();

    let guard = machine.acquire().unwrap();

    let text =
        String::from_utf8(machine.fs.snapshot()[Path::new("w/.run_lock/owner.json")].clone());
    assert_eq!(
        text.unwrap(),
        format!(
            r#"{{"pid":4121,"host":"nas-2","ts":1767319207.0,"cwd":"/w","token":"{}","boot_id":"boot-1","command":"update","version":"{}"}}{}"#,
            "00000001000000000000000000000001",
            env!("CARGO_PKG_VERSION"),
            "\n"
        )
    );
    assert_eq!(guard.workspace(), Path::new("/w"));
    assert_eq!(guard.took_over(), None);
}

#[test]
fn a_held_lock_says_who_holds_it_and_offers_no_key() {
    let machine = Machine::new();
    let _guard = machine.acquire().unwrap();

    let error = machine.acquire().unwrap_err();

    assert_eq!(
        error.to_string(),
        "/w/.run_lock is held by pid 4121 on nas-2, running `update`, since 2026-01-02T02:00:07Z"
    );
    assert_eq!(error.key(), None);
}

#[test]
fn a_released_lock_leaves_nothing_but_the_guard_file() {
    let machine = Machine::new();

    machine.acquire().unwrap().release().unwrap();
    drop(machine.acquire().unwrap());

    let names: Vec<_> = machine.fs.snapshot().into_keys().collect();
    assert_eq!(
        names,
        [Path::new("w/.run_lock.guard"), Path::new("w/tickers.json")]
    );
    assert_eq!(machine.acquire().unwrap().took_over(), None);
}

#[test]
fn an_abandoned_lock_is_taken_over_by_the_next_run() {
    let machine = Machine::new();
    machine.acquire().unwrap().abandon();

    let guard = machine.acquire().unwrap();

    let owner = guard.took_over().unwrap().owner.clone().unwrap();
    assert_eq!(owner.command.as_deref(), Some("update"));
}

#[test]
fn a_run_that_panics_leaves_its_lock_to_be_taken_over() {
    let machine = Machine::new();

    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _guard = machine.acquire().unwrap();
        panic!("a bug");
    }));

    assert!(outcome.is_err());
    assert!(machine.acquire().unwrap().took_over().is_some());
}

#[rstest]
#[case::taken_by_the_predecessor(Some(of_predecessor(77, "nas-2", 5_000.0)))]
#[case::removed(None)]
fn a_lost_lock_is_noticed_and_left_alone(#[case] thief: Option<Vec<u8>>) {
    let machine = Machine::new();
    let guard = machine.acquire().unwrap();
    machine.fs.remove_file(Path::new(OWNER)).unwrap();
    machine.fs.remove_dir(Path::new("/w/.run_lock")).unwrap();
    if let Some(owner) = &thief {
        machine.fs.plant(OWNER, owner);
    }
    let before = machine.fs.snapshot();

    let confirmed = guard.confirm().unwrap_err();
    let released = guard.release().unwrap_err();

    let owner = thief.and_then(|bytes| Owner::parse(&bytes));
    assert!(matches!(confirmed, LockError::Lost { .. }), "{confirmed}");
    assert_eq!(confirmed.owner(), owner.as_ref());
    assert!(matches!(released, LockError::Lost { .. }), "{released}");
    assert_eq!(machine.fs.snapshot(), before);
}

#[test]
fn a_look_at_the_lock_changes_nothing() {
    let machine = Machine::with_owner(&of_predecessor(4711, "nas-2", 5_000.0));

    let verdict = machine.lock().examine().unwrap();

    let because = Proof::ProcessIsGone;
    assert_eq!(verdict, Some(Verdict::Stale { because }));
    assert!(machine.fs.names().contains(Path::new(&OWNER[1..])));
    assert_eq!(Machine::new().lock().examine().unwrap(), None);
}

#[test]
fn waiting_ends_after_the_time_that_was_given() {
    let machine = Machine::new();
    let _guard = machine.acquire().unwrap();

    let error = machine
        .lock()
        .acquire_waiting("update", Duration::from_secs(30))
        .unwrap_err();

    assert!(matches!(error, LockError::Held { .. }), "{error}");
    assert_eq!(machine.clock.slept(), 30_000);
}

#[test]
fn waiting_ends_when_a_stop_is_asked_for() {
    let mut machine = Machine::new();
    machine.clock.raise_after = Some(1_000);
    let _guard = machine.acquire().unwrap();

    let error = machine
        .lock()
        .acquire_waiting("update", Duration::from_hours(1))
        .unwrap_err();

    assert!(matches!(error, LockError::Stopped { .. }), "{error}");
    assert!(machine.clock.slept() < 3_000);
}

#[test]
fn an_unreadable_lock_is_an_error_and_not_a_free_one() {
    use crate::support::sim::Fault;
    let owner = of_predecessor(77, "nas-2", 5_000.0);
    let reads = {
        let machine = Machine::with_owner(&owner);
        let _refused = machine.acquire();
        machine.fs.reads()
    };
    for read in 1..=reads {
        let mut machine = Machine::with_owner(&owner);
        machine.fs = machine.fs.clone().fail_read(read, 5, Fault::Once);

        let error = machine.acquire().unwrap_err();

        assert!(matches!(error, LockError::File(_)), "read {read}: {error}");
    }
}

#[test]
fn two_guards_of_one_workspace_never_exist_at_once() {
    const THREADS: usize = 8;
    const ACQUISITIONS: usize = 400;
    let workspace = TestWorkspace::on_disk();
    let inside = AtomicUsize::new(0);
    let taken = AtomicUsize::new(0);
    let taken_over = AtomicUsize::new(0);
    let lock = workspace.lock();

    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while taken.load(Ordering::SeqCst) < ACQUISITIONS {
                    let guard = match lock.acquire("update") {
                        Ok(guard) => guard,
                        Err(LockError::Held { key: None, .. }) => {
                            std::thread::yield_now();
                            continue;
                        }
                        Err(error) => panic!("{error}"),
                    };
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    let count = taken.fetch_add(1, Ordering::SeqCst);
                    taken_over
                        .fetch_add(usize::from(guard.took_over().is_some()), Ordering::SeqCst);
                    guard.confirm().unwrap();
                    inside.fetch_sub(1, Ordering::SeqCst);
                    // Every third run ends without releasing its lock, as a killed one does.
                    if count.is_multiple_of(3) {
                        guard.abandon();
                    } else {
                        guard.release().unwrap();
                    }
                }
            });
        }
    });

    assert!(taken.into_inner() >= ACQUISITIONS);
    assert!(taken_over.into_inner() >= ACQUISITIONS / 4);
}

#[test]
fn an_owner_file_of_64_kib_is_read_and_a_longer_one_is_not() {
    let frame = r#"{"pid":1,"host":"a","ts":0,"cwd":""}"#.len();
    let padded = |size: usize| {
        let cwd = "x".repeat(size - frame);
        format!(r#"{{"pid":1,"host":"a","ts":0,"cwd":"{cwd}"}}"#).into_bytes()
    };

    assert!(Owner::parse(&padded(64 * 1024)).is_some());
    assert_eq!(Owner::parse(&padded(64 * 1024 + 1)), None);
}

proptest! {
    #[test]
    fn no_bytes_in_an_owner_file_end_in_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        if let Some(owner) = Owner::parse(&bytes) {
            prop_assert!(!owner.to_string().is_empty());
        }
    }

    #[test]
    fn no_values_in_an_owner_file_end_in_a_panic(
        pid in any::<u32>(),
        host in any::<String>(),
        ts in any::<f64>(),
        command in any::<String>(),
    ) {
        let value = serde_json::json!({"pid": pid, "host": host, "ts": ts, "command": command});
        let bytes = serde_json::to_vec(&value).unwrap();

        let owner = Owner::parse(&bytes);

        // JSON has no infinity and no NaN: they are written as null, which is no time.
        prop_assert_eq!(owner.is_some(), ts.is_finite());
        let is_clean = |owner: Owner| !owner.to_string().chars().any(char::is_control);
        prop_assert!(owner.is_none_or(is_clean));
    }
}
