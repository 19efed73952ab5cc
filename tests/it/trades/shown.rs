//! Stored trades in the commands that read them.

use super::*;

/// A workspace with the trades of two days, of which the program knows nothing but what lies there.
fn kept() -> Barkeep {
    let bar = Barkeep::empty();
    bar.write("tickers.json", "{}");
    ingest(&bar, &[thursday(), friday()]).unwrap();
    bar
}

#[test]
fn trades_are_shown_in_the_order_of_time_with_nanoseconds_in_utc() {
    let bar = kept();
    let show = |words: &str| {
        let words: Vec<&str> = words.split(' ').collect();
        bar.run(&[&["show", "--trades"], &words[..]].concat())
    };
    let csv = |words: &str| {
        let ran = show(&format!(
            "{words} --format csv --columns trade_time,trans_id,modification_flag"
        ));
        assert_eq!(ran.exit, Exit::Ok, "{ran:?}");
        ran.stdout
    };
    let head = "trade_time,trans_id,modification_flag\n";

    assert_eq!(
        csv("DE000BASF111 --start 2025-10-31"),
        format!(
            "{head}2025-10-31T13:54:00.000000123Z,1,-\n2025-10-31T13:54:00.000000123Z,1,A\n\
             2025-10-31T13:54:00.000000124Z,2,-\n2025-10-31T23:59:59.999999999Z,3,-\n"
        )
    );
    let first = format!("{head}2025-10-30T09:00:00Z,4,-\n");
    assert_eq!(csv("all --head 1"), first);
    assert_eq!(csv("all --end 2025-10-30T09:00:00 --venue de:xetra"), first);
    assert_eq!(
        csv("all --tail 1"),
        format!("{head}2025-10-31T23:59:59.999999999Z,3,-\n")
    );
    let ran = show("DE000BASF111 --head 2");
    assert!(ran.stdout.contains("execution_venue"), "{ran:?}");
    for (words, exit) in [
        ("US0378331005", Exit::Failed),
        ("all --start 2025-11-30", Exit::Failed),
        ("BAS", Exit::Usage),
        ("all --interval 1d", Exit::Usage),
    ] {
        assert_eq!(show(words).exit, exit, "{words}");
    }
}

/// Arrow's times are in microseconds, as those of the files, and nothing of them is lost.
#[test]
fn as_arrow_each_time_of_a_trade_has_its_nanoseconds_beside_it() {
    let bar = kept();
    let show = ["show", "--trades", "DE000BASF111", "--start", "2025-10-31"];
    let batch = |more: &[&str]| {
        let bytes = bar.bytes(&[&show[..], &["--format", "arrow"], more].concat());
        let mut reader = StreamReader::try_new(Cursor::new(bytes), None).unwrap();
        reader.next().unwrap().unwrap()
    };

    let one = batch(&["--columns", "trade_time,price"]);
    let all = batch(&[]);

    let names: Vec<String> = one
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    assert_eq!(names, ["trade_time", "trade_time_ns", "price"]);
    let micros = one.column(0).as_primitive::<TimestampMicrosecondType>();
    let nanos = one.column(1).as_primitive::<Int64Type>();
    let first = time::parse("2025-10-31T13:54:00.000000123").unwrap();
    assert_eq!((micros.value(0), nanos.value(0)), (first / 1_000, first));
    let last = time::parse("2025-10-31T23:59:59.999999999").unwrap();
    assert_eq!((micros.value(3), nanos.value(3)), (last / 1_000, last));
    assert_eq!(
        all.num_columns(),
        Profile::of(Dataset::Trades).columns.len()
    );
}

#[test]
fn only_the_days_of_a_span_are_opened() {
    let bar = kept();
    bar.write(day_file("2025-10-31"), b"PAR1 no more");

    let before = bar.run(&["show", "--trades", "all", "--end", "2025-10-30"]);
    let both = bar.run(&["show", "--trades", "all"]);

    assert_eq!(before.exit, Exit::Ok, "{before:?}");
    assert_eq!(both.exit, Exit::Damaged, "{both:?}");
    assert!(both.stderr.contains("2025-10-31"), "{both:?}");
    assert!(both.stdout.contains("2025-10-30"), "{both:?}");
}

/// A day that was deleted was missing from what was printed, and nobody said so.
#[test]
fn a_day_that_is_gone_is_told_where_it_is_meant() {
    let bar = kept();
    bar.remove(day_file("2025-10-30"));
    let told = "DETR trades at de:xetra: of 6 rows that were stored 4 are there";

    for (words, exit) in [
        ("all", Exit::Partial),
        ("DE000BASF111 --end 2025-10-31", Exit::Partial),
        ("all --tail 5", Exit::Partial),
        ("all --start 2025-10-31", Exit::Ok),
        ("all --tail 4", Exit::Ok),
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let ran = bar.run(&[&["show", "--trades"], &words[..]].concat());
        assert_eq!(ran.exit, exit, "{words:?} {ran:?}");
        assert_eq!(ran.stderr.contains(told), exit != Exit::Ok, "{ran:?}");
    }
}

#[test]
fn list_check_status_and_revisions_know_trades() {
    let bar = kept();
    let amended = Trade {
        price: Some(1.0),
        ..thursday()[0].clone()
    };
    ingest(&bar, &[vec![amended]]).unwrap();

    let list = bar.run(&["list"]);
    assert!(list.stdout.contains("DETR"), "{list:?}");
    assert!(list.stdout.contains("2025-10-30T09:00:00"), "{list:?}");
    let check = bar.run(&["check"]);
    assert_eq!(check.exit, Exit::Ok, "{check:?}");
    assert!(check.stderr.contains("6 trades"), "{check:?}");
    let status = bar.run(&["status"]);
    assert!(status.stdout.contains("trades"), "{status:?}");
    let revisions = bar.run(&["revisions", "--trades", "DETR"]);
    assert!(
        revisions
            .stdout
            .contains("2025-10-30T09:00:00 4 - 2025-10-30T09:15:00"),
        "{revisions:?}"
    );
    assert!(revisions.stdout.contains("57.0"), "{revisions:?}");
}

#[test]
fn check_names_days_that_are_damaged_or_misplaced_and_the_predecessors_months() {
    let bar = kept();
    bar.write(month_file("2025-10"), older_file(&friday()));
    let check = bar.run(&["check"]);
    assert_eq!(check.exit, Exit::Ok, "{check:?}");
    assert!(check.stderr.contains("trades_monthly"), "{check:?}");

    let mut bytes = bar.read(day_file("2025-10-31"));
    let middle = bytes.len() / 3;
    bytes[middle] ^= 1;
    bar.write(day_file("2025-10-31"), &bytes);
    bar.write("data/de/xetra/trades/venue=detr/x.parquet", b"PAR1");

    let check = bar.run(&["check"]);
    assert_eq!(check.exit, Exit::Damaged, "{check:?}");
    for named in ["day=31/trades.parquet is damaged", "venue=detr/x.parquet"] {
        assert!(check.stderr.contains(named), "{named}: {check:?}");
    }
}

/// The day of the predecessor is no stranger before any update.
#[test]
fn what_the_predecessor_stored_is_shown_listed_and_checked_as_it_lies_there() {
    let bar = Barkeep::empty();
    bar.write("tickers.json", "{}");
    bar.write(day_file("2025-10-31"), older_file(&friday()));

    let shown = bar.run(&["show", "--trades", "all", "--format", "csv"]);
    assert_eq!(shown.exit, Exit::Ok, "{shown:?}");
    assert!(
        shown.stdout.contains("2025-10-31T13:54:00.000000123Z"),
        "{shown:?}"
    );
    let list = bar.run(&["list"]);
    assert!(list.stdout.contains("DETR"), "{list:?}");
    let check = bar.run(&["check"]);
    assert_eq!(check.exit, Exit::Ok, "{check:?}");
    assert_eq!(bar.read(day_file("2025-10-31")), older_file(&friday()));
}
