//! What a feed really published, read whole.

use super::*;

/// The trades of a file that must be whole and without a bad line.
fn trades(bytes: &[u8]) -> Vec<Trade> {
    let mut trades = Vec::new();
    let read = lines(bytes, Limits::default(), &mut |line| match line {
        Line::Trade(trade) => trades.push(trade),
        Line::Bad(bad) => panic!("{bad:?}"),
    });
    assert_eq!(read.unwrap().trades, trades.len() as u64);
    trades
}

#[test]
fn the_recorded_minute_is_read_whole() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let bytes = recorded(&folder, "xetra/DETR-posttrade-2025-10-31T13_54.json.gz");
    let name: FileName = "DETR-posttrade-2025-10-31T13_54.json.gz".parse().unwrap();
    let Span::Minute(minute) = name.span else {
        panic!("{name}");
    };

    let trades = trades(&bytes);

    assert_eq!(trades.len(), 719);
    let mut venues: BTreeMap<&str, usize> = BTreeMap::new();
    for trade in &trades {
        *venues
            .entry(trade.execution_venue.as_deref().unwrap())
            .or_default() += 1;
    }
    assert_eq!(
        venues,
        BTreeMap::from([("XETA", 635), ("XETB", 83), ("XETS", 1)])
    );
    let dollars = trades
        .iter()
        .filter(|trade| trade.currency.as_deref() == Some("USD"));
    assert_eq!(dollars.count(), 3);
    let robots = trades
        .iter()
        .filter(|trade| trade.algo_indicator == Some(true));
    assert_eq!(robots.count(), 694);
    assert!(
        trades
            .iter()
            .all(|trade| trade.extra.is_none() && trade.trans_id.len() == 52)
    );
    let mut witness = MinuteTrades::of(minute);
    for trade in &trades {
        witness.add(trade);
    }
    let is_within = |trade: &&Trade| {
        let second = trade.trade_time.div_euclid(60_000_000_000);
        second == minute.and_utc().timestamp() / 60
    };
    assert_eq!(
        trades.iter().filter(is_within).count(),
        719,
        "all were traded in it"
    );
    assert!(witness.within() > 700, "{}", witness.within());
}

#[test]
fn the_recorded_lines_of_2026_are_read_whole() {
    let Some(folder) = recorded_data() else {
        return;
    };
    for (name, count, venues) in [
        (
            "xetra/DETR-posttrade-daily-2026-09-18.sample3.ndjson",
            3,
            "XETA XETA XEMA",
        ),
        (
            "xetra/xetr_posttrade_sanitised_2026-09.ndjson",
            2,
            "XETA XETB",
        ),
        (
            "tradegate/DGAT-posttrade-daily-2026-09-18.sample1.ndjson",
            1,
            "XGAT",
        ),
        (
            "tradegate/xgat_posttrade_sanitised_2026-09.ndjson",
            2,
            "XGAT XGRM",
        ),
    ] {
        let trades = trades(&recorded(&folder, name));

        assert_eq!(trades.len(), count, "{name}");
        let seen: Vec<&str> = trades
            .iter()
            .filter_map(|trade| trade.execution_venue.as_deref())
            .collect();
        assert_eq!(seen.join(" "), venues);
        assert!(trades.iter().all(|trade| trade.extra.is_none()), "{name}");
    }
}

#[test]
fn the_recorded_listing_is_a_friday_that_is_still_there_on_sunday() {
    let Some(folder) = recorded_data() else {
        return;
    };
    let body = recorded(&folder, "xetra/api_listing_root_2025-11-02.json");

    let listing = Listing::parse(&body, &"DETR".parse().unwrap()).unwrap();

    assert_eq!(listing.files.len(), 1_321);
    assert_eq!((listing.unknown.len(), listing.counted), (0, None));
    assert_eq!(listing.days_kept, Some(1));
    let friday = "2025-10-31".parse().unwrap();
    assert!(listing.files.iter().all(|name| name.span.day() == friday));
    let calendar = Calendar::of("XETR").unwrap();
    let forgotten = barkeep::source::posttrade::deadline(friday, listing.days_kept, &calendar);
    assert!(forgotten > listing.generated.unwrap().and_utc());
}

/// One real day has 400,000 trades. Here they are as many lines of 2025 as fit into the time of a test.
#[test]
fn a_large_file_is_read_at_a_pace_that_a_day_bears() {
    let count = 20_000;
    let text: String = (0..count)
        .map(|at| {
            LINE.replace(
                r#"Code":"1""#,
                &format!(r#"Code":"10000000000000250507601761918840042457058{at:012}""#),
            ) + "\n"
        })
        .collect();
    let bytes = gzip(&text);
    let watch = Stopwatch::start();

    let trades = trades(&bytes);

    let mut daily = TradesOfDaily::default();
    for trade in &trades {
        daily.add(trade);
    }
    assert_eq!(daily.len(), count);
    // Without optimisation and beside other tests; a release build is some twenty times as fast.
    assert!(watch.seconds() < 20.0, "{} s", watch.seconds());
    let Span::Minute(minute) = MINUTE.parse::<FileName>().unwrap().span else {
        panic!("{MINUTE}");
    };
    let mut witness = MinuteTrades::of(minute);
    for trade in trades.iter().step_by(7) {
        witness.add(trade);
    }
    assert!(is_covered(&daily, &witness));
    let held = barkeep::source::posttrade::HeldDay::default();
    let on = (minute.date(), &Calendar::of("XETR").unwrap());
    assert!(witnesses(&daily, on, &held, &Listing::default(), 1).is_empty());
}
