//! Units of money: which names are of one unit, and how many minor units a major one has.
//!
//! Promises: only what is fixed by law is converted, such as pence and pounds; between currencies there is no factor.

/// Names of a minor unit, that of the major one, and how many of the one are one of the other. Some prices are quoted in
/// minor units, under names of their own that are no ISO 4217 codes.
const MINOR: [(&[&str], &str, u32); 4] = [
    (&["GBp", "GBX"], "GBP", 100),
    (&["ILA"], "ILS", 100),
    (&["ZAc", "ZAC"], "ZAR", 100),
    (&["KWF"], "KWD", 1000),
];

/// Returns what an amount in one unit is multiplied by to be one in another; `None` between currencies.
pub fn unit_factor(from: &str, to: &str) -> Option<f64> {
    if from == to {
        return Some(1.0);
    }
    let (_, major, count) = MINOR.iter().find(|(minor, major, _)| {
        let is_one = |name: &str| minor.contains(&name) || *major == name;
        is_one(from) && is_one(to)
    })?;
    Some(match (from == *major, to == *major) {
        (true, _) => f64::from(*count),
        (_, true) => f64::from(*count).recip(),
        _ => 1.0,
    })
}

/// Returns how many minor units the major one of a currency has.
pub fn minor_units(currency: Option<&str>) -> u32 {
    let of = |name: &str| {
        let is_of =
            |(minor, major, _): &&(&[&str], &str, u32)| minor.contains(&name) || *major == name;
        MINOR.iter().find(is_of).map(|(.., count)| *count)
    };
    currency.and_then(of).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pence_have_two_names_and_are_hundredths_and_other_currencies_have_no_factor() {
        assert_eq!(unit_factor("GBp", "GBX"), Some(1.0));
        assert_eq!(unit_factor("GBP", "GBp"), Some(100.0));
        assert_eq!(unit_factor("GBX", "GBP"), Some(0.01));
        assert_eq!(unit_factor("KWD", "KWF"), Some(1000.0));
        assert_eq!(unit_factor("USD", "USD"), Some(1.0));
        assert_eq!(unit_factor("USD", "GBp"), None);
        assert_eq!(unit_factor("ILS", "ZAc"), None);
    }

    #[test]
    fn fils_are_thousandths_and_nearly_all_others_hundredths() {
        assert_eq!(minor_units(Some("KWF")), 1000);
        assert_eq!(minor_units(Some("USD")), 100);
        assert_eq!(minor_units(None), 100);
    }
}
