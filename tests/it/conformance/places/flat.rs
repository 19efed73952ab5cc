//! The two places of legacy files: `data/legacy` and the flat tree of older workspaces.

use super::*;

fn flat(bench: &TestWorkspace, name: &str) -> PathBuf {
    bench
        .places
        .root
        .join("stocks_1d")
        .join(format!("{name}.parquet"))
}

#[test]
fn a_flat_legacy_tree_is_updated_in_place_and_takes_in_new_tickers() {
    let bench = TestWorkspace::on_disk();
    bench.write(flat(&bench, "A"), daily("A", &[(JANUARY, 7.0)]));

    let known = prepare_for(&bench, LegacyBars, &LegacyBars.request(), FEBRUARY).unwrap();
    let new = prepare_for(&bench, LegacyBars, &LegacyBars.request_of("B"), FEBRUARY).unwrap();

    assert_eq!(known.files[0].target, flat(&bench, "A"));
    assert_eq!(new.files[0].target, flat(&bench, "B"));
    bench.commit(&known).unwrap();
    assert_eq!(read(&bench, LegacyBars).frame.len(), 2);
}

#[test]
fn data_legacy_comes_before_a_flat_tree_but_a_flat_file_is_not_forgotten() {
    let bench = TestWorkspace::on_disk();
    let settled = LegacyBars.file(&bench.places, &LegacyBars.request(), JANUARY);
    bench.write(&settled, daily("A", &[(JANUARY, 7.0)]));
    bench.write(flat(&bench, "A"), daily("A", &[(JANUARY, 1.0)]));
    bench.write(flat(&bench, "B"), daily("B", &[(JANUARY, 2.0)]));
    let close = |name: &str| {
        let both_layouts = bench.stores();
        let stored = LegacyBars
            .store(&both_layouts)
            .read(&LegacyBars.request_of(name))
            .unwrap()
            .unwrap();
        barkeep::frame::bars_of(&stored.frame).next().unwrap().close
    };

    assert_eq!(close("A"), Some(7.0));
    assert_eq!(close("B"), Some(2.0));
    let new = prepare_for(&bench, LegacyBars, &LegacyBars.request_of("C"), JANUARY).unwrap();
    assert_eq!(
        new.files[0].target,
        LegacyBars.file(&bench.places, &LegacyBars.request_of("C"), JANUARY)
    );
}

#[test]
fn a_flat_file_beside_a_settled_one_is_read_with_it_and_the_settled_rows_win() {
    let bench = TestWorkspace::on_disk();
    let request = LegacyBars.request();
    let settled = LegacyBars.file(&bench.places, &request, JANUARY);
    let put = |path: &PathBuf, all: &[(&str, f64)]| {
        bench.write(path, daily("A", all));
    };
    put(&settled, &[(JANUARY, 7.0), (FEBRUARY, 8.0)]);
    put(&flat(&bench, "A"), &[("2023-12-01", 5.0), (JANUARY, 1.0)]);

    let stored = read(&bench, LegacyBars);

    let closes: Vec<_> = barkeep::frame::bars_of(&stored.frame)
        .map(|bar| bar.close)
        .collect();
    assert_eq!(closes, [Some(5.0), Some(7.0), Some(8.0)]);
}

#[test]
fn both_legacy_trees_are_listed_once() {
    let bench = TestWorkspace::on_disk();
    let settled = LegacyBars.file(&bench.places, &LegacyBars.request(), JANUARY);
    bench.write(&settled, b"");
    bench.write(flat(&bench, "A"), b"");
    bench.write(flat(&bench, "B"), b"");
    let stores = bench.stores();

    let tickers = LegacyBars
        .store(&stores)
        .tickers(None, barkeep::model::Dataset::Stocks, Some(Interval::D1))
        .unwrap();

    assert_eq!(
        tickers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["A", "B"]
    );
}
