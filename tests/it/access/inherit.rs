//! What is made below `data` has what the folder it lands in hands down, although it is made elsewhere.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use barkeep::cli::Exit;
use barkeep::sys::{Acl, Fs, Heritage, OsFs};
use rustix::fs::{Gid, XattrFlags, chown, setxattr};

use super::modes::below;
use super::{Barkeep, chmod, mode, month, of_files, offer};
use crate::support::barkeep::DEMO_IS_LEGACY;
use crate::support::foreign::{ForeignFile, days};

/// A folder of a group: members of it work together on what is in it.
fn share(dir: &Path) -> u32 {
    // Only root has a second group for certain; for anybody else the setgid bit still has to be handed down.
    let group = if rustix::process::geteuid().is_root() {
        50
    } else {
        rustix::process::getegid().as_raw()
    };
    chown(dir, None, Some(Gid::from_raw(group))).unwrap();
    chmod(dir, 0o2775);
    group
}

/// Lets user 4242 read and write what is made in a folder; the rest of the world may not.
fn grant(dir: &Path) {
    let entries: [(u16, u16, u32); 5] = [
        (0x01, 7, u32::MAX),
        (0x02, 7, 4242),
        (0x04, 5, u32::MAX),
        (0x10, 7, u32::MAX),
        (0x20, 0, u32::MAX),
    ];
    let mut acl = 2_u32.to_le_bytes().to_vec();
    for (tag, rights, id) in entries {
        acl.extend(tag.to_le_bytes());
        acl.extend(rights.to_le_bytes());
        acl.extend(id.to_le_bytes());
    }
    setxattr(dir, "system.posix_acl_default", &acl, XattrFlags::empty()).unwrap();
}

fn has_grant(path: &Path) -> bool {
    let acl = OsFs.acl(path, Acl::Own).unwrap().unwrap_or_default();
    acl.chunks(8)
        .any(|_| acl.windows(4).any(|id| id == 4242_u32.to_le_bytes()))
}

#[expect(clippy::disallowed_methods, reason = "looks past barkeep")]
fn group(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().gid()
}

/// A workspace whose `data` is there already, as somebody else's idea.
fn with_data(partitioned: bool, prepare: impl Fn(&Path)) -> Barkeep {
    let bar = of_files(&["A"], partitioned);
    let data = bar.path().join("data");
    if !bar.has("data") {
        OsFs.create_dir(&data).unwrap();
    }
    prepare(&data);
    bar
}

/// Updates the first month, then that one and another.
fn update_twice(bar: &Barkeep) {
    bar.run(&["update"]).expect(Exit::Ok);
    offer(bar, "A", &[("2025-10-20", 1), ("2025-11-20", 2)]);
    bar.run(&["update"]).expect(Exit::Ok);
}

/// One legacy file that is migrated.
fn migrate(bar: &Barkeep) {
    let migrate = |words: &str| {
        let words = format!("partition-migrate {words}");
        bar.run(&words.split(' ').collect::<Vec<_>>())
            .expect(Exit::Ok)
    };
    migrate("init -V us:demo --all-found");
    migrate("migrate --all");
}

fn legacy() -> Barkeep {
    let bar = Barkeep::empty();
    bar.write("barkeep.toml", DEMO_IS_LEGACY);
    let file = ForeignFile::of(days("A", &[("2024-01-30", 1.0), ("2024-02-01", 2.0)]));
    bar.write("data/legacy/stocks_1d/A.parquet", file.bytes());
    bar
}

fn partitions(bar: &Barkeep) -> Vec<(PathBuf, bool)> {
    below(&bar.path().join("data/us"))
}

/// Files had the group of whoever ran barkeep, and folders of a migration lost the setgid bit.
#[test]
fn what_is_made_below_data_has_its_group_and_setgid_bit() {
    let mut shared = Vec::new();
    for partitioned in [true, false] {
        let bar = with_data(partitioned, |data| _ = share(data));
        update_twice(&bar);
        shared.push((below(&bar.path().join("data")), bar));
    }
    let bar = legacy();
    share(&bar.path().join("data"));
    migrate(&bar);
    shared.push((partitions(&bar), bar));

    for (made, bar) in shared {
        let wanted = group(&bar.path().join("data"));
        assert!(made.len() > 2, "{made:?}");
        for (path, is_dir) in made {
            assert_eq!(group(&path), wanted, "{}", path.display());
            let has_bit = mode(&path) & 0o2000 != 0;
            assert_eq!(has_bit, is_dir, "{}", path.display());
        }
    }
}

#[test]
fn what_is_made_below_data_has_its_default_acl_and_keeps_it_when_it_is_replaced() {
    let bar = with_data(true, grant);
    update_twice(&bar);
    let migrated = legacy();
    grant(&migrated.path().join("data"));
    migrate(&migrated);

    for (path, is_dir) in partitions(&bar).into_iter().chain(partitions(&migrated)) {
        assert!(has_grant(&path), "{}", path.display());
        if is_dir {
            let heritage = Heritage::of(&OsFs, &path).unwrap().unwrap();
            assert!(heritage.acl.is_some(), "{}", path.display());
        } else {
            assert_eq!(mode(&path) & 0o007, 0, "{}", path.display());
        }
    }
}

/// A file that a person took the grants from does not get them back when it is written anew.
#[test]
fn a_file_without_the_acl_of_its_folder_stays_without_it() {
    let bar = with_data(true, grant);
    bar.run(&["update"]).expect(Exit::Ok);
    let path = month(&bar, "A");
    rustix::fs::removexattr(&path, "system.posix_acl_access").unwrap();
    chmod(&path, 0o640);
    offer(&bar, "A", &[("2025-11-20", 7)]);

    bar.run(&["update"]).expect(Exit::Ok);

    assert!(!has_grant(&path));
    assert_eq!(mode(&path), 0o640);
}

/// The workspace is shared and `data` is not, or the other way round: each file is as the folder it lands in.
#[test]
fn what_the_workspace_hands_down_is_not_handed_down_below_data() {
    let bar = with_data(true, |_| ());
    let data = bar.path().join("data");
    share(bar.path());
    grant(bar.path());

    update_twice(&bar);

    let own = rustix::process::getegid().as_raw();
    for (path, is_dir) in below(&data) {
        assert_eq!(group(&path), own, "{}", path.display());
        assert!(!has_grant(&path), "{}", path.display());
        assert!(!is_dir || mode(&path) & 0o2000 == 0, "{}", path.display());
    }
}

/// Whom a private legacy file keeps out, the group of the new folder does not let in.
#[test]
fn a_private_series_stays_private_in_a_shared_folder() {
    for (prepare, wanted) in [
        ((|data: &Path| _ = share(data)) as fn(&Path), [0o640, 0o600]),
        (grant as fn(&Path), [0o600, 0o600]),
    ] {
        let bar = legacy();
        chmod(bar.path().join("data/legacy/stocks_1d/A.parquet"), 0o640);
        prepare(&bar.path().join("data"));
        migrate(&bar);

        for (path, is_dir) in partitions(&bar) {
            let found = mode(&path);
            assert!(
                is_dir || wanted.contains(&found),
                "{found:o} {}",
                path.display()
            );
            let is_own = group(&path) == rustix::process::getegid().as_raw();
            assert!(is_dir || is_own || found == 0o600, "{}", path.display());
        }
    }
}
