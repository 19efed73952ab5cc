//! Series of every dataset, with rows of a test's choosing.

use std::path::PathBuf;

use barkeep::frame::{Column, Frame, KindOf, Profile, Values};
use barkeep::layout::{LegacyPathBuilder, PartitionPathBuilder, Places};
use barkeep::model::{
    Interval, PartitionKey, PriceBasis, Provenance, Series, StorageRequest, time,
};
use barkeep::storage::{StorageInterface, Stores};

use super::workspace::TestWorkspace;

/// What is stored, and in which layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    LegacyBars,
    PartitionedBars,
    Prepost,
    Events,
    Trades,
}

pub(crate) fn stamp(day: &str) -> i64 {
    time::parse(day).unwrap()
}

pub(crate) fn provenance() -> Provenance {
    Provenance {
        timezone: Some("America/New_York".to_owned()),
        basis: PriceBasis::SplitAdjusted,
        source: Some("us:demo".parse().unwrap()),
    }
}

/// Returns rows of a series, one for each moment; every number in them is `value`.
pub(crate) fn rows(request: &StorageRequest, moments: &[&str], value: f64) -> Frame {
    let profile = Profile::of(request.series.dataset());
    let owner = request
        .series
        .ticker()
        .map_or("t", |ticker| ticker.as_str());
    let text = |at: usize, moment: &str| {
        let is_key = profile.key.contains(&at) && profile.owner != Some(at);
        let text = if is_key {
            format!("key of {moment}")
        } else {
            owner.to_owned()
        };
        Some(text.into())
    };
    let column = |(at, spec): (usize, &barkeep::frame::ColumnSpec)| match spec.kind {
        KindOf::Text => Column::Text(moments.iter().map(|moment| text(at, moment)).collect()),
        KindOf::Time => Column::Time(moments.iter().map(|moment| Some(stamp(moment))).collect()),
        KindOf::Float => Column::Float(Values::whole(vec![value; moments.len()])),
        KindOf::Int => Column::Int(Values::nulls(moments.len())),
        KindOf::Flag => Column::Flag(Values::whole(vec![true; moments.len()])),
    };
    let columns = profile.columns.iter().enumerate().map(column).collect();
    let ordered = Frame::ordered(profile, columns);
    assert!(ordered.displaced.is_empty(), "rows of a test have a place");
    ordered.frame
}

impl Shape {
    pub(crate) fn request(self) -> StorageRequest {
        self.request_of("A")
    }

    pub(crate) fn request_of(self, name: &str) -> StorageRequest {
        let series = match self {
            Self::LegacyBars | Self::PartitionedBars => Series::Bars {
                ticker: name.parse().unwrap(),
                interval: Interval::D1,
            },
            Self::Prepost => Series::Prepost {
                ticker: name.parse().unwrap(),
                interval: Interval::M1,
            },
            Self::Events => Series::Events {
                ticker: name.parse().unwrap(),
            },
            Self::Trades => Series::Trades {
                feed: "DETR".parse().unwrap(),
            },
        };
        StorageRequest {
            venue: Some("us:demo".parse().unwrap()),
            series,
        }
    }

    pub(crate) fn store(self, stores: &Stores) -> &dyn StorageInterface {
        match self {
            Self::LegacyBars => &stores.legacy,
            Self::PartitionedBars | Self::Prepost | Self::Events | Self::Trades => {
                &stores.partitioned
            }
        }
    }

    /// Returns where the file stands that holds a row of `day`.
    pub(crate) fn file(self, places: &Places, request: &StorageRequest, day: &str) -> PathBuf {
        if self == Self::LegacyBars {
            let paths = LegacyPathBuilder::new(&places.root);
            let ticker = request.series.ticker().unwrap();
            return paths.file_in(&paths.tree(Interval::D1), ticker).unwrap();
        }
        let granularity = request.series.dataset().granularity();
        let key = PartitionKey::of(granularity, stamp(day));
        PartitionPathBuilder::new(&places.data).file(request.partitioned().unwrap(), key)
    }
}

/// Series of a workspace.
impl TestWorkspace {
    /// Stores rows, and returns the files that were written.
    pub(crate) fn store(&self, shape: Shape, rows: &Frame) -> Vec<PathBuf> {
        let stores = self.stores();
        let prepared = shape
            .store(&stores)
            .prepare(&shape.request(), rows, &provenance())
            .unwrap();
        self.commit(&prepared).unwrap();
        prepared.files.into_iter().map(|file| file.target).collect()
    }
}
