//! Who a ticker is, so that a symbol that is given to another company never continues the old one's history.

use chrono::NaiveDate;

/// Who a ticker is, in the source's words. A field that the source leaves out is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The exchange, for example `NMS`.
    pub exchange: Option<String>,
    /// The currency of the prices, for example `USD` or `GBp`.
    pub currency: Option<String>,
    /// The type of the instrument, for example `EQUITY`.
    pub instrument_type: Option<String>,
    /// The IANA name of the exchange's zone.
    pub timezone: Option<String>,
    /// The first day of trading.
    pub first_trade: Option<NaiveDate>,
}

/// The names of the fields, in their order.
const FIELDS: [&str; 5] = ["exchange", "currency", "type", "timezone", "first_trade"];

impl Identity {
    /// Returns every field as text, with its name.
    pub fn fields(&self) -> [(&'static str, Option<String>); 5] {
        let [exchange, currency, kind, timezone, first_trade] = FIELDS;
        [
            (exchange, self.exchange.clone()),
            (currency, self.currency.clone()),
            (kind, self.instrument_type.clone()),
            (timezone, self.timezone.clone()),
            (first_trade, self.first_trade.map(|day| day.to_string())),
        ]
    }

    /// Reads the fields back; what `text` does not know is `None`.
    pub fn from_fields(text: impl Fn(&str) -> Option<String>) -> Self {
        let [exchange, currency, kind, timezone, first_trade] = FIELDS.map(text);
        Self {
            exchange,
            currency,
            instrument_type: kind,
            timezone,
            first_trade: first_trade.and_then(|day| day.parse().ok()),
        }
    }

    /// Returns the fields of both, those of `self` where it has them.
    #[must_use]
    pub fn completed_by(&self, newer: &Self) -> Self {
        let newer = newer.clone();
        Self {
            exchange: self.exchange.clone().or(newer.exchange),
            currency: self.currency.clone().or(newer.currency),
            instrument_type: self.instrument_type.clone().or(newer.instrument_type),
            timezone: self.timezone.clone().or(newer.timezone),
            first_trade: self.first_trade.or(newer.first_trade),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apple() -> Identity {
        Identity {
            exchange: Some("NMS".to_owned()),
            currency: Some("USD".to_owned()),
            instrument_type: Some("EQUITY".to_owned()),
            timezone: Some("America/New_York".to_owned()),
            first_trade: NaiveDate::from_ymd_opt(1980, 12, 12),
        }
    }

    #[test]
    fn what_one_side_does_not_know_the_other_completes() {
        let bare = Identity {
            currency: None,
            ..apple()
        };

        assert_eq!(bare.completed_by(&apple()), apple());
    }

    #[test]
    fn fields_are_read_back_as_they_were() {
        let fields = apple().fields();
        let text = |name: &str| fields.iter().find(|f| f.0 == name)?.1.clone();

        assert_eq!(Identity::from_fields(text), apple());
    }
}
