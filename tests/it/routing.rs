//! Which layout serves a series: the code, the table in `docs/routing.md` and the disk agree in every case.

use std::collections::BTreeMap;

use barkeep::layout::LegacyPathBuilder;
use barkeep::model::{Interval, StorageRequest, Venue};
use barkeep::storage::{Claims, Layout, RouteReason, Router, RoutingFacts, StorageInterface};

use crate::support::foreign::daily;
use crate::support::series::Shape::{self, Events, LegacyBars, PartitionedBars, Prepost, Trades};
use crate::support::series::rows;
use crate::support::workspace::TestWorkspace;

const DOCUMENT: &str = include_str!("../../docs/routing.md");

/// One row of the table: layout, reason, whether the toggle asks for the other layout.
type Answer = (String, String, String);

fn cases() -> Vec<Router> {
    let layout = |bit: bool| {
        if bit {
            Layout::Partitioned
        } else {
            Layout::Legacy
        }
    };
    (0..32)
        .map(|number: u32| {
            let bit = |at: u32| number >> at & 1 == 1;
            Router {
                toggle: layout(bit(0)),
                is_eligible: bit(1),
                has_block: bit(2),
                in_legacy: bit(3),
                in_partitions: bit(4),
            }
        })
        .collect()
}

fn yes_or_no(claim: bool) -> &'static str {
    if claim { "yes" } else { "no" }
}

fn question(case: Router) -> Vec<String> {
    let Router {
        toggle,
        is_eligible,
        has_block,
        in_legacy,
        in_partitions,
    } = case;
    let claims = [is_eligible, in_legacy, in_partitions, has_block].map(yes_or_no);
    let words = [toggle.to_string()]
        .into_iter()
        .chain(claims.map(str::to_owned));
    words.collect()
}

fn answer(case: Router) -> Answer {
    let route = case.route();
    let because = match route.because {
        RouteReason::RowsAreThere => "the rows are there",
        RouteReason::StorageBlock => "the storage block says so",
        RouteReason::Toggle => "the toggle says so",
        RouteReason::WideInterval => "the interval is too wide",
        RouteReason::Dataset => "only partitions hold this dataset",
        RouteReason::Unanswered => "the disk does not say",
    };
    (
        route.layout.to_string(),
        because.to_owned(),
        yes_or_no(route.is_against_toggle).to_owned(),
    )
}

/// Returns the rows of the table in the document, by what is asked.
fn documented() -> BTreeMap<Vec<String>, Answer> {
    let mut table = BTreeMap::new();
    for line in DOCUMENT
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
    {
        let cells: Vec<String> = line
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect();
        let [question @ .., layout, because, against] = cells.as_slice() else {
            panic!("a row of the table is too short: {line}")
        };
        let answer = (layout.clone(), because.clone(), against.clone());
        let twice = table.insert(question.to_vec(), answer);
        assert!(twice.is_none(), "the table has this row twice: {line}");
    }
    table
}

#[test]
fn the_table_in_the_document_is_what_the_code_does() {
    let coded: BTreeMap<_, _> = cases()
        .into_iter()
        .map(|case| (question(case), answer(case)))
        .collect();

    assert_eq!(coded.len(), 32);
    assert_eq!(documented(), coded);
}

#[test]
fn a_series_with_rows_in_one_layout_is_never_written_in_the_other() {
    for case in cases() {
        let layout = case.route().layout;
        if case.in_legacy != case.in_partitions {
            assert_eq!(layout == Layout::Legacy, case.in_legacy, "{case:?}");
        }
        if !case.in_legacy && !case.in_partitions && !case.is_eligible {
            assert_eq!(layout, Layout::Legacy, "{case:?}");
        }
    }
}

#[test]
fn every_case_on_a_disk_is_routed_as_the_table_says() {
    for case in cases() {
        let bench = TestWorkspace::on_disk();
        let request = PartitionedBars.request();
        let new = rows(&request, &["2024-01-30"], 7.0);
        for (shape, is_there) in [
            (LegacyBars, case.in_legacy),
            (PartitionedBars, case.in_partitions),
        ] {
            if is_there {
                bench.store(shape, &new);
            }
        }
        let Router {
            toggle,
            is_eligible,
            has_block,
            ..
        } = case;

        let routed = bench
            .stores()
            .route(
                &request,
                RoutingFacts {
                    toggle,
                    is_eligible,
                    has_block,
                },
            )
            .unwrap();

        assert_eq!(routed.route, case.route(), "{case:?}");
        let has_rows = match routed.route.layout {
            Layout::Legacy => case.in_legacy,
            Layout::Partitioned => case.in_partitions,
        };
        assert_eq!(routed.has_rows, has_rows, "{case:?}");
    }
}

#[test]
fn a_damaged_file_keeps_its_series_where_it_is() {
    let bench = TestWorkspace::on_disk();
    let request = LegacyBars.request();
    bench.write(
        LegacyBars.file(&bench.places, &request, "2024-01-30"),
        b"damaged",
    );
    let facts = RoutingFacts {
        toggle: Layout::Partitioned,
        is_eligible: true,
        has_block: true,
    };

    let routed = bench.stores().route(&request, facts).unwrap();

    assert_eq!(routed.route.layout, Layout::Legacy);
    assert!(routed.has_rows && routed.route.is_against_toggle);
}

#[test]
fn what_only_partitions_hold_goes_there_whatever_the_toggle_says() {
    for shape in [Prepost, Events, Trades] {
        for toggle in [Layout::Legacy, Layout::Partitioned] {
            let bench = TestWorkspace::on_disk();
            let facts = RoutingFacts {
                toggle,
                is_eligible: false,
                has_block: false,
            };

            let before = bench.stores().route(&shape.request(), facts).unwrap();
            bench.store(shape, &rows(&shape.request(), &["2024-01-30"], 7.0));
            let after = bench.stores().route(&shape.request(), facts).unwrap();

            assert_eq!(before.route.layout, Layout::Partitioned);
            assert_eq!(after.route, before.route);
            assert_eq!(after.route.because, RouteReason::Dataset);
            assert!(!before.has_rows && after.has_rows);
        }
    }
}

#[test]
fn a_symbol_that_legacy_cannot_spell_goes_where_the_toggle_says() {
    let bench = TestWorkspace::on_disk();
    let facts = RoutingFacts {
        toggle: Layout::Partitioned,
        is_eligible: true,
        has_block: false,
    };

    let routed = bench
        .stores()
        .route(&Shape::PartitionedBars.request_of("A/B"), facts)
        .unwrap();

    assert_eq!(routed.route.layout, Layout::Partitioned);
}

/// What registry and plan say where the shared folders are us:yahoo's.
fn claims(home: Option<&Venue>, planned: Option<&Venue>) -> Claims {
    let homes = home.map(|home| ("A".parse().unwrap(), home.clone()));
    let planned = planned.map(|venue| (Interval::D1, venue.clone()));
    let beside = homes
        .iter()
        .filter(|(_, home)| home.to_string() != "us:yahoo");
    Claims {
        kept_beside: beside.map(|(ticker, _)| ticker).cloned().collect(),
        homes: homes.into_iter().collect(),
        planned: planned.into_iter().collect(),
    }
}

/// What the file names comes before the home of its ticker, this before a plan, and the legacy venue is the last resort.
#[test]
fn a_file_in_a_shared_folder_is_one_venues_and_nobody_elses() {
    let [yahoo, demo, xetra, tradegate]: [Venue; 4] =
        ["us:yahoo", "us:demo", "de:xetra", "de:tradegate"].map(|name| name.parse().unwrap());
    let facts = RoutingFacts {
        toggle: Layout::Partitioned,
        is_eligible: true,
        has_block: false,
    };
    let named_file = TestWorkspace::on_disk();
    named_file.store(
        LegacyBars,
        &rows(&LegacyBars.request(), &["2024-01-30"], 7.0),
    );
    let named_file =
        named_file.read(LegacyBars.file(&named_file.places, &LegacyBars.request(), "2024-01-30"));
    let plain_file = daily("A", &[("2024-01-30", 7.0)]);
    for (named, bytes) in [(None, &plain_file), (Some(&demo), &named_file)] {
        for home in [None, Some(&xetra), Some(&yahoo)] {
            for planned in [None, Some(&tradegate)] {
                for is_flat in [false, true] {
                    let bench = TestWorkspace::on_disk();
                    let paths = LegacyPathBuilder::new(&bench.places.root);
                    let tree = if is_flat {
                        paths.flat_tree(Interval::D1)
                    } else {
                        paths.tree(Interval::D1)
                    };
                    bench.write(tree.join("A.parquet"), bytes);
                    let stores = bench.open_for("us:yahoo").unwrap().stores;
                    stores
                        .legacy
                        .places()
                        .owners()
                        .learn(|_| claims(home, planned));
                    let owner = named.or(home).or(planned).unwrap_or(&yahoo);
                    for venue in [&yahoo, &demo, &xetra, &tradegate] {
                        let ticker = "A".parse().unwrap();
                        let request = StorageRequest::bars(venue.clone(), ticker, Interval::D1);
                        let routed = stores.route(&request, facts).unwrap();
                        let read = stores.legacy.read(&request).unwrap();

                        let what = format!("{named:?} {home:?} {planned:?} at {venue}");
                        assert_eq!(read.is_some(), venue == owner, "{what}");
                        // Without a reason to ask, no file of the legacy venue is looked into to find out where it is.
                        let is_asked = home == Some(&xetra) || planned.is_some();
                        if venue != &yahoo || is_asked {
                            assert_eq!(routed.has_rows, venue == owner, "{what}");
                            let is_legacy = routed.route.layout == Layout::Legacy;
                            assert_eq!(is_legacy, venue == owner, "{what}");
                        }
                    }
                }
            }
        }
    }
}
