//! Generated histories of a series, each moment of which is asked for at the end.

use std::path::PathBuf;

use barkeep::codec::{self, Compression, Facts};
use barkeep::frame::{self, Column, Frame, Profile, RowChanges};
use barkeep::ledger::{Before, FileState, Unknown, read_history};
use barkeep::lock::LockGuard;
use barkeep::model::{PartitionKey, StorageRequest, time};
use barkeep::storage::{Prepared, Replaced, read_kept};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use crate::support::series::{Shape, provenance};
use crate::support::workspace::{TestWorkspace, held};

/// A day since 2024-01-01, and what a price is.
type Row = (i64, Option<f64>);

/// What happens to the series.
#[derive(Clone, Debug)]
enum Step {
    Merge(Vec<Row>),
    /// Every price is multiplied, as when a split becomes known.
    Rebase(f64),
    /// Some rows of one file are taken out by a person.
    Remove(usize, usize),
    /// A file is damaged, and written anew with these rows.
    Damage(usize, Vec<Row>),
    /// The series changes its layout.
    Move,
    /// A copy of it in the other layout, which nobody reads, takes in rows.
    Copy(Vec<Row>),
}

fn price() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        Just(None),
        Just(Some(f64::NAN)),
        Just(Some(-0.0)),
        (1..100_i32).prop_map(|price| Some(f64::from(price) / 8.0)),
    ]
}

/// Rows of a few months.
fn some_rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
    proptest::collection::vec((0..120_i64, price()), 1..most)
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => some_rows(30).prop_map(Step::Merge),
        1 => (2..9_i32).prop_map(|factor| Step::Rebase(f64::from(factor) / 4.0)),
        2 => (any::<usize>(), 1..4_usize).prop_map(|(file, rows)| Step::Remove(file, rows)),
        1 => (any::<usize>(), some_rows(6)).prop_map(|(file, rows)| Step::Damage(file, rows)),
        1 => Just(Step::Move),
        1 => some_rows(10).prop_map(Step::Copy),
    ]
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::LegacyBars),
        Just(Shape::PartitionedBars),
        Just(Shape::Events),
    ]
}

/// Something that makes nothing or everything of the past of a file unknown.
#[derive(Debug)]
enum Mark {
    Damaged,
    /// Its older rows are known without the newer ones.
    Known,
}

struct World {
    bench: TestWorkspace,
    held: LockGuard<'static>,
    request: StorageRequest,
    shape: Shape,
    now: DateTime<Utc>,
    marks: Vec<(DateTime<Utc>, PartitionKey, Mark)>,
}

fn frame_of(request: &StorageRequest, rows: &[Row]) -> Frame {
    let profile = Profile::of(request.series.dataset());
    let first = time::parse("2024-01-01").unwrap();
    let columns = profile.columns.iter().enumerate().map(|(at, spec)| {
        let each = rows.iter();
        match Column::empty(spec.kind) {
            Column::Text(_) if profile.owner == Some(at) => {
                Column::Text(each.map(|_| Some("A".into())).collect())
            }
            Column::Text(_) => Column::Text(
                each.map(|(day, _)| Some(if day % 2 == 0 { "split" } else { "dividend" }.into()))
                    .collect(),
            ),
            Column::Time(_) => {
                Column::Time(each.map(|(day, _)| Some(first + day * time::DAY)).collect())
            }
            Column::Float(_) => Column::Float(each.map(|(_, price)| *price).collect()),
            other => Column::nulls(other.kind(), rows.len()),
        }
    });
    Frame::ordered(profile, columns.collect()).frame
}

fn multiplied(rows: &Frame, factor: f64) -> Frame {
    let columns = rows.columns().iter().map(|column| match column {
        Column::Float(values) => {
            Column::Float(values.iter().map(|value| Some(value? * factor)).collect())
        }
        other => other.clone(),
    });
    Frame::ordered(rows.profile(), columns.collect()).frame
}

impl World {
    fn new(shape: Shape) -> Self {
        Self {
            bench: TestWorkspace::on_disk(),
            held: held(),
            request: shape.request(),
            shape,
            now: DateTime::from_timestamp(1_800_000_000, 0).unwrap(),
            marks: Vec::new(),
        }
    }

    fn rows(&self) -> Frame {
        let stores = self.bench.stores();
        let stored = self.shape.store(&stores).read(&self.request).unwrap();
        let empty = Frame::empty(Profile::of(self.request.series.dataset()));
        stored.map_or(empty, |stored| {
            assert!(stored.damaged.is_empty());
            stored.frame
        })
    }

    fn prepare(&self, rows: &Frame) -> Prepared {
        let stores = self.bench.stores();
        let store = self.shape.store(&stores);
        store.prepare(&self.request, rows, &provenance()).unwrap()
    }

    fn commit(&mut self, prepared: &Prepared, replaced: Replaced) {
        self.bench
            .commit_at(&self.held, prepared, replaced, self.now)
            .unwrap();
        if replaced != Replaced::Noted {
            return;
        }
        for file in &prepared.files {
            let is_damaged = prepared
                .damaged
                .iter()
                .any(|damage| damage.partition == file.partition);
            let is_kept = prepared.factor.is_some() && !file.change.rows.replaced.is_empty();
            let mark = match file.change.old {
                _ if is_damaged => Mark::Damaged,
                None => Mark::Known,
                Some(_) if is_kept => Mark::Known,
                Some(_) => continue,
            };
            self.marks.push((self.now, file.partition, mark));
        }
    }

    /// Returns the files of the series with their partitions.
    fn files(&self) -> Vec<(PartitionKey, PathBuf, Frame)> {
        let rows = self.rows();
        if self.shape == Shape::LegacyBars {
            let path = self.shape.file(&self.bench.places, &self.request, "");
            return vec![(PartitionKey::Whole, path, rows)];
        }
        let part = |(key, rows): (PartitionKey, Frame)| {
            let (first, _) = rows.span().unwrap();
            let day = time::day(first).to_string();
            let path = self.shape.file(&self.bench.places, &self.request, &day);
            (key, path, rows)
        };
        rows.split().into_iter().map(part).collect()
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Merge(rows) => {
                let prepared = self.prepare(&frame_of(&self.request, rows));
                self.commit(&prepared, Replaced::Noted);
            }
            Step::Rebase(factor) => {
                let mut prepared = self.prepare(&multiplied(&self.rows(), *factor));
                prepared.factor = Some(*factor);
                self.commit(&prepared, Replaced::Noted);
            }
            Step::Remove(file, rows) => self.remove(*file, *rows),
            Step::Damage(file, rows) => {
                let files = self.files();
                if let Some((_, path, _)) = files.get(file % files.len().max(1)) {
                    self.bench.write(path, b"PAR1 no more");
                    // What was damaged is asked for again: that day, at least.
                    let (_, _, old) = &files[file % files.len()];
                    let newer = old.between(None, Some(old.span().unwrap().0 + 1));
                    let newer = frame::merge(&newer, &frame_of(&self.request, rows)).frame;
                    let prepared = self.prepare(&newer);
                    self.commit(&prepared, Replaced::Noted);
                }
            }
            Step::Move => self.change_layout(),
            Step::Copy(rows) => {
                let here = self.shape;
                if let Some(there) = other(here) {
                    self.shape = there;
                    let prepared = self.prepare(&frame_of(&self.request, rows));
                    self.commit(&prepared, Replaced::Copied);
                    self.shape = here;
                }
            }
        }
    }

    fn remove(&mut self, file: usize, rows: usize) {
        let files = self.files();
        let Some((partition, path, stored)) = files.get(file % files.len().max(1)) else {
            return;
        };
        if stored.len() <= rows {
            return;
        }
        let (first, _) = stored.span().unwrap();
        let last = stored.times().nth(rows).unwrap();
        let removed = stored.between(Some(first), Some(last));
        let left = stored.between(Some(last), None);
        let facts = Facts {
            unit: barkeep::model::TimeUnit::default(),
            provenance: provenance(),
            compression: Compression::Snappy,
            row_group_rows: None,
        };
        let encoded = codec::encode(&left, &facts).unwrap();
        // Any rewrite of the file will do; its contents are put in place of those of a merge.
        let touched = multiplied(&stored.between(None, Some(first + 1)), 3.0);
        let added = frame_of(
            &self.request,
            &[(
                (first - time::parse("2024-01-01").unwrap()) / time::DAY,
                Some(77.5),
            )],
        );
        let mut prepared = self.prepare(&frame::merge(&touched, &added).frame);
        prepared.files.retain(|file| file.partition == *partition);
        let [file] = &mut prepared.files[..] else {
            return;
        };
        assert_eq!(&file.target, path);
        (file.new, file.bytes) = (encoded.digest, encoded.bytes);
        file.change.new = FileState::new(encoded.fingerprint, file.bytes.len() as u64);
        file.change.span = left.key_span();
        file.change.rows = RowChanges {
            removed: Some((removed, "a person said so".to_owned())),
            ..RowChanges::default()
        };
        self.commit(&prepared, Replaced::Noted);
    }

    /// Brings the rows to the other layout, as a migration or a rollback does, and removes the files that they were in.
    fn change_layout(&mut self) {
        let Some(there) = other(self.shape) else {
            return;
        };
        let rows = self.rows();
        let old: Vec<PathBuf> = self.files().into_iter().map(|(_, path, _)| path).collect();
        let replaced = match there {
            Shape::LegacyBars => Replaced::Known,
            _ => Replaced::Copied,
        };
        self.shape = there;
        // A copy that is in the way is no concern of this test.
        for (_, path, _) in self.files() {
            self.bench.fs().remove_file(&path).unwrap();
        }
        if rows.is_empty() {
            return;
        }
        let prepared = self.prepare(&rows);
        self.commit(&prepared, replaced);
        for path in old {
            self.bench.fs().remove_file(&path).unwrap();
        }
    }

    fn as_of(&self, at: DateTime<Utc>) -> Result<Before, Unknown> {
        let (fs, places) = (self.bench.fs(), &self.bench.places);
        let limit = self.bench.stores().limit();
        let kept = |name: &str| read_kept(fs, places, &self.request, name, limit);
        let history = read_history(fs, places, &self.request).unwrap();
        history.as_of(&self.rows(), at, &kept)
    }

    /// Tells whether the damage of a file makes a moment unknown.
    fn is_lost(&self, at: DateTime<Utc>) -> bool {
        let later = self.marks.iter().filter(|(moment, _, _)| *moment > at);
        later.clone().any(|(damaged, partition, mark)| {
            let is_between = |(moment, of, mark): &&(DateTime<Utc>, PartitionKey, Mark)| {
                let is_part = *of == PartitionKey::Whole || of == partition;
                moment < damaged && is_part && matches!(mark, Mark::Known)
            };
            matches!(mark, Mark::Damaged) && !later.clone().any(|other| is_between(&other))
        })
    }
}

fn other(shape: Shape) -> Option<Shape> {
    match shape {
        Shape::LegacyBars => Some(Shape::PartitionedBars),
        Shape::PartitionedBars => Some(Shape::LegacyBars),
        Shape::Prepost | Shape::Events | Shape::Trades => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_moment_comes_back_bit_for_bit_or_is_refused_for_damage(
        shape in shape(),
        first in some_rows(60),
        steps in proptest::collection::vec(step(), 1..14),
    ) {
        let mut world = World::new(shape);
        let mut remembered = Vec::new();
        for step in std::iter::once(&Step::Merge(first)).chain(&steps) {
            world.take(step);
            remembered.push((world.now, world.rows()));
            // Between two groups nothing changes.
            remembered.push((world.now + TimeDelta::milliseconds(1), world.rows()));
            world.now += TimeDelta::seconds(1);
        }

        for (at, rows) in remembered {
            match world.as_of(at) {
                Ok(before) => {
                    prop_assert!(!world.is_lost(at), "{} is lost", at);
                    prop_assert_eq!(before.rows.fingerprint(), rows.fingerprint(), "{}", at);
                }
                Err(Unknown::Damaged { .. }) => prop_assert!(world.is_lost(at), "{}", at),
                Err(other) => prop_assert!(false, "{}: {}", at, other),
            }
        }
    }
}
