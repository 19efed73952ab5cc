//! LEAN's archives: `equity/usa/daily/aaa.zip`, and `equity/usa/minute/ibm/20131004_trade.zip` of one day.
//!
//! Promises: only what comes out of an archive is taken for LEAN's, and prices are divided by 10000 only where all of them
//! are whole numbers, as those of shares are. Daily and hourly rows begin with `yyyyMMdd HH:mm`, minutes with the
//! milliseconds since midnight of the exchange, whose day stands in the name.

use csv::ByteRecord;

use super::dates::Dates;

use super::family::{Family, Form, Opening};
use super::header::Places;
use super::lines::Lines;
use super::number::Scale;
use super::stamp::DateStyle;

/// How many units of a price are one.
const UNITS: f64 = 10_000.0;
const MILLIS_OF_DAY: u64 = 86_400_000;

/// Recognises a text of LEAN's.
pub(super) fn recognise(opening: &Opening<'_>) -> Result<Option<Form>, String> {
    let (first, origin) = (opening.first, opening.origin);
    let is_packed = origin.entry.is_some();
    let dates = match origin.day {
        _ if first.len() != 6 => return Ok(None),
        _ if is_day_and_time(first) => Dates::Written(DateStyle::default()),
        Some(day) if is_packed && is_within_a_day(first) => Dates::SinceMidnight(day),
        _ => return Ok(None),
    };
    let scale = match opening.spec.scale {
        Some(factor) => Scale::by(factor),
        None if !has_whole_prices(opening) => Scale::One,
        None if is_packed => Scale::Over(UNITS),
        None => {
            return Err(
                "its rows are written as LEAN's are, whose prices count ten thousandths: set scale, to 0.0001 or to 1"
                    .to_owned(),
            );
        }
    };
    Ok(Some(Form {
        scale,
        dates: Some(dates),
        ..Form::new(0, Places::in_order(1, true), Family::Plain)
    }))
}

/// Tells whether a row begins as `20020522 00:00`.
fn is_day_and_time(row: &ByteRecord) -> bool {
    let cell = row.get(0).unwrap_or_default();
    cell.len() == 14
        && cell
            .iter()
            .zip(b"dddddddd dd:dd")
            .all(|(byte, form)| match form {
                b'd' => byte.is_ascii_digit(),
                other => byte == other,
            })
}

fn is_within_a_day(row: &ByteRecord) -> bool {
    let text = std::str::from_utf8(row.get(0).unwrap_or_default()).unwrap_or_default();
    text.parse().is_ok_and(|millis: u64| millis < MILLIS_OF_DAY)
}

fn has_whole_prices(opening: &Opening<'_>) -> bool {
    let is_whole = |cell: &[u8]| cell.iter().all(u8::is_ascii_digit);
    Lines::of(opening.text, opening.delimiter).all(|row| row.iter().skip(1).take(4).all(is_whole))
}

#[cfg(test)]
mod tests {
    use super::super::detect::detected;
    use super::super::spec::FilesSpec;
    use super::super::text::Origin;
    use super::*;

    fn form(text: &str, origin: &Origin, scale: Option<f64>) -> Result<(Scale, Dates), String> {
        let spec = FilesSpec {
            scale,
            ..FilesSpec::of("x".into())
        };
        let layout = detected(text.as_bytes(), &spec, origin)?;
        Ok((layout.scale, layout.dates))
    }

    fn packed(day: &str) -> Origin {
        Origin {
            entry: Some("x.csv".to_owned()),
            day: day.parse().ok(),
        }
    }

    const DAILY: &str = "20020522 00:00,545000,549000,545000,548900,83600\n";

    #[test]
    fn whole_prices_out_of_an_archive_are_ten_thousandths() {
        let written = || Dates::Written(DateStyle::default());

        assert_eq!(
            form(DAILY, &packed(""), None),
            Ok((Scale::Over(UNITS), written()))
        );
        assert_eq!(
            form(DAILY, &packed(""), Some(1.0)),
            Ok((Scale::One, written()))
        );
        let coin = "20150113 00:00,266.1,268.5,190,220.9,2123\n";
        assert_eq!(form(coin, &packed(""), None), Ok((Scale::One, written())));
    }

    #[test]
    fn minutes_count_from_the_midnight_of_the_day_in_the_name() {
        let minutes = "30480000,1838600,1838600,1838600,1838600,22956\n";
        let day = "2013-10-04".parse().unwrap();

        let found = form(minutes, &packed("2013-10-04"), None);

        assert_eq!(found, Ok((Scale::Over(UNITS), Dates::SinceMidnight(day))));
        assert!(form(minutes, &packed(""), None).is_err());
        assert!(form("86400000,1,1,1,1,1\n", &packed("2013-10-04"), None).is_err());
    }

    #[test]
    fn whole_prices_without_their_archive_are_a_question() {
        let loose = Origin::default();

        assert!(form(DAILY, &loose, None).unwrap_err().contains("set scale"));
        assert_eq!(form(DAILY, &loose, Some(1.0)).unwrap().0, Scale::One);
        assert!(form(&DAILY.replace("545000", "54.5"), &loose, None).is_ok());
    }
}
