//! Breaking a lock by hand, and disks on which nobody can prove that an owner is dead.

use super::*;

#[rstest]
#[case::predecessor_on_another_host(of_predecessor(1, "nas-3", 5_000.0))]
#[case::empty(Vec::new())]
fn a_broken_lock_is_taken_over_by_the_next_run(#[case] owner: Vec<u8>) {
    let machine = Machine::with_owner(&owner);
    let refused = machine.acquire().unwrap_err();
    let key = refused.key().unwrap();

    let broken = machine.lock().break_lock(key).unwrap();

    assert_eq!(key.len(), 16);
    assert_eq!(broken, Owner::parse(&owner));
    let guard = machine.acquire().unwrap();
    assert_eq!(guard.took_over().unwrap().owner, Owner::parse(&owner));
}

#[test]
fn a_lock_is_not_broken_with_a_wrong_key() {
    let machine = Machine::with_owner(&of_predecessor(1, "nas-3", 5_000.0));
    let before = machine.fs.snapshot().len();

    let error = machine.lock().break_lock(KEY_OF_NOTHING).unwrap_err();

    assert!(matches!(error, LockError::WrongKey { .. }), "{error}");
    assert_eq!(machine.fs.snapshot().len(), before + 1, "the guard file");
    assert!(matches!(machine.acquire(), Err(LockError::Held { .. })));
}

#[test]
fn the_lock_of_a_live_run_is_not_broken_even_with_its_token() {
    let machine = Machine::new();
    let guard = machine.acquire().unwrap();
    let token = "00000001000000000000000000000001";

    let error = machine.lock().break_lock(token).unwrap_err();

    assert!(
        matches!(error, LockError::Held { key: None, .. }),
        "{error}"
    );
    guard.confirm().unwrap();
}

#[test]
fn there_is_nothing_to_break_without_a_lock() {
    let machine = Machine::new();

    let error = machine.lock().break_lock(KEY_OF_NOTHING).unwrap_err();

    assert!(matches!(error, LockError::Absent { .. }), "{error}");
}

#[test]
fn a_network_disk_is_refused_unless_allowed() {
    let mut machine = Machine::new();
    machine.fs = machine.fs.clone().on_network();

    assert!(matches!(
        machine.acquire(),
        Err(LockError::NetworkDisk { .. })
    ));
    machine.network = NetworkDisks::Allowed;
    machine.acquire().unwrap().release().unwrap();
}

#[test]
fn on_a_network_disk_a_lock_is_never_taken_over_but_can_be_broken_with_its_token() {
    let mut machine = Machine::with_owner(&of_barkeep(1, "nas-3"));
    machine.fs = machine.fs.clone().on_network();
    machine.network = NetworkDisks::Allowed;

    let error = machine.acquire().unwrap_err();

    assert_eq!(error.key(), Some(A_TOKEN));
    machine.lock().break_lock(A_TOKEN).unwrap();
    machine.acquire().unwrap().release().unwrap();
}
