//! The files in which gaps are remembered: whole or none, as long as what is new, and short at full size.

use std::collections::BTreeMap;

use barkeep::gaps::{Cause, GapBook, Noted, SeriesGaps};
use barkeep::model::{Interval, RunId, Ticker, Venue};
use barkeep::sys::atomic::TempNames;
use chrono::{DateTime, Days, NaiveDate};

use crate::support::workspace::{TestWorkspace, held};

const INTERVAL: Interval = Interval::M1;

fn venue() -> Venue {
    "us:yahoo".parse().unwrap()
}

fn day(at: u64) -> NaiveDate {
    let first = NaiveDate::from_ymd_opt(2021, 1, 4).unwrap();
    first.checked_add_days(Days::new(at)).unwrap()
}

fn read(bench: &TestWorkspace) -> GapBook {
    GapBook::read(bench.fs(), &bench.places, &venue(), INTERVAL).unwrap()
}

fn write(bench: &TestWorkspace, book: &mut GapBook) {
    let temps = TempNames::of(RunId::new(DateTime::UNIX_EPOCH, 1, 1));
    let of = (&venue(), INTERVAL);
    book.write(bench.fs(), &held(), &bench.places, &temps, of)
        .unwrap();
}

fn told(days: u64) -> SeriesGaps {
    let mut gaps = SeriesGaps::default();
    gaps.note(day(0), day(days), Noted::Told);
    gaps
}

fn files(bench: &TestWorkspace) -> BTreeMap<String, u64> {
    let folder = bench.places.state.join("gaps/us/yahoo/1m");
    let entries = bench.fs().list(&folder).unwrap().unwrap();
    let length = |name: &str| {
        bench
            .fs()
            .metadata(&folder.join(name))
            .unwrap()
            .unwrap()
            .len
    };
    let lengths = entries
        .into_iter()
        .map(|entry| (length(&entry.name), entry.name));
    lengths.map(|(length, name)| (name, length)).collect()
}

#[test]
fn a_run_writes_what_is_new_and_all_becomes_one_when_that_has_grown_to_its_size() {
    let bench = TestWorkspace::on_disk();
    let tickers: Vec<Ticker> = (0..100)
        .map(|at| format!("T{at}").parse().unwrap())
        .collect();
    let mut book = read(&bench);
    for ticker in &tickers {
        book.put(ticker, &told(5));
    }
    write(&bench, &mut book);
    let whole = files(&bench);

    let mut book = read(&bench);
    book.put(&tickers[7], &told(9));
    write(&bench, &mut book);
    let with_news = files(&bench);
    let mut book = read(&bench);
    book.put(&tickers[7], &told(9));
    write(&bench, &mut book);

    assert_eq!(whole.keys().collect::<Vec<_>>(), ["00000001.whole"]);
    assert_eq!(with_news.len(), 2);
    let news = with_news["00000002.news"];
    assert!(news * 10 < with_news["00000001.whole"], "{with_news:?}");
    assert_eq!(files(&bench), with_news, "nothing was new");
    assert_eq!(read(&bench).of(&tickers[7]), told(9));
    assert_eq!(read(&bench).of(&tickers[8]), told(5));

    for days in 10..14 {
        let mut book = read(&bench);
        for ticker in &tickers {
            book.put(ticker, &told(days));
        }
        write(&bench, &mut book);
    }
    let names: Vec<String> = files(&bench).into_keys().collect();
    assert!(names.len() <= 2, "{names:?}");
    assert_eq!(read(&bench).of(&tickers[99]), told(13));
}

#[test]
fn of_a_book_with_a_damaged_file_nothing_is_believed() {
    let bench = TestWorkspace::on_disk();
    let ticker: Ticker = "AAPL".parse().unwrap();
    let mut book = read(&bench);
    book.put(&ticker, &told(500));
    book.put(&"MSFT".parse().unwrap(), &told(500));
    write(&bench, &mut book);
    book.put(&ticker, &told(501));
    write(&bench, &mut book);
    let news = "state/gaps/us/yahoo/1m/00000002.news";
    let text = bench.text(news);

    for cut in 0..text.len() {
        bench.write(news, &text[..cut]);
        let book = read(&bench);

        assert_eq!(book.of(&ticker), SeriesGaps::default(), "cut to {cut}");
        assert_eq!(book.damaged().len(), 1, "cut to {cut}");
    }
    let mut book = read(&bench);
    book.put(&ticker, &told(3));
    write(&bench, &mut book);
    assert_eq!(
        files(&bench).into_keys().collect::<Vec<_>>(),
        ["00000003.whole"]
    );
    assert_eq!(read(&bench).of(&ticker), told(3));
}

/// 9,276 tickers, 250 sessions in each of five years, and every session in a state of its own: what no market does. Each
/// state is as likely as any other, and so is each reason and day of a loss.
#[test]
fn at_full_size_and_in_full_disorder_gaps_take_less_than_50_mib_on_disk_and_in_memory() {
    const MOST: usize = 50 << 20;
    let bench = TestWorkspace::on_disk();
    let mut state: u64 = 0x2545_F491_4F6C_DD1D;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut book = read(&bench);
    for at in 0..9276 {
        // The text is made as `Display` makes it: a note for each of 11.6 million sessions takes minutes.
        let mut text = format!("{} ", day(0));
        for session in 0..1250_u64 {
            let loss =
                |cause: char, noticed: u64| format!("{cause}+{}", session * 7 / 5 + 30 + noticed);
            let noted = match random(5) {
                0 => "h".to_owned(),
                1 => "n".to_owned(),
                2 => "s".to_owned(),
                3 => "t".to_owned(),
                _ => loss(
                    ['U', 'T', 'F'][usize::try_from(random(3)).unwrap()],
                    random(3),
                ),
            };
            text.push_str(&noted);
        }
        let gaps = SeriesGaps::parse(&text).unwrap();
        book.put(&format!("TICK{at}").parse().unwrap(), &gaps);
    }
    write(&bench, &mut book);

    let (on_disk, in_memory) = read(&bench).bytes();
    let lying: u64 = files(&bench).values().sum();
    println!("{on_disk} bytes on disk, {in_memory} in memory");
    assert_eq!(u64::try_from(on_disk).unwrap(), lying);
    assert!(on_disk > 20 << 20, "disorder is not free: {on_disk}");
    assert!(
        on_disk < MOST && in_memory < MOST,
        "{on_disk} and {in_memory}"
    );
}

/// The same tickers as they are: told from the first day to the last, but for a loss of two days in a hundred of them.
#[test]
fn of_series_that_are_in_order_next_to_nothing_is_remembered() {
    let bench = TestWorkspace::on_disk();
    let mut book = read(&bench);
    for at in 0..9276 {
        let mut gaps = told(1825);
        if at % 100 == 0 {
            let (cause, noticed) = (Cause::Throttled, day(1000));
            gaps.note(day(900), day(901), Noted::Lost { cause, noticed });
        }
        book.put(&format!("TICK{at}").parse().unwrap(), &gaps);
    }
    write(&bench, &mut book);

    let (on_disk, _) = read(&bench).bytes();

    assert!(on_disk < 400 << 10, "{on_disk}");
}
