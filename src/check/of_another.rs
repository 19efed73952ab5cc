//! Bars of somebody else, who had the symbol before: a person accepted the new one, and the old rows are still there.

use super::{Facts, Finding, Kind};
use crate::model::time;

pub(super) fn find(facts: &Facts) -> Option<Finding> {
    let first = facts.first_of_another?;
    let start = time::midnight(first)?;
    let mut earlier = facts.bars.times().filter(|stamp| *stamp < start);
    let from = earlier.next()?;
    Some(Finding {
        kind: Kind::OfAnother,
        from,
        to: earlier.next_back().unwrap_or(from),
        factor: None,
        reason: format!(
            "who has the symbol now was first traded on {first}, and another had it before"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::super::made;
    use super::*;
    use crate::check::{Scope, look};
    use crate::model::time::DAY;

    #[test]
    fn bars_before_the_first_trade_of_a_new_company_are_named_and_without_an_old_one_none_are() {
        let mut facts = made::facts(&[10.0, 10.1, 10.2]);
        let stamps: Vec<i64> = facts.bars.times().collect();
        assert_eq!(find(&facts), None);

        for (first, told) in [
            (stamps[2], Some((stamps[0], stamps[1]))),
            (stamps[1], Some((stamps[0], stamps[0]))),
            (stamps[0], None),
            (stamps[2] + DAY, Some((stamps[0], stamps[2]))),
        ] {
            facts.first_of_another = Some(time::day(first));

            let found = look(&facts, Scope::All);

            let span = found.iter().find(|one| one.kind == Kind::OfAnother);
            assert_eq!(span.map(|one| (one.from, one.to)), told);
        }
        assert_eq!(look(&facts, Scope::Basis), []);
    }
}
