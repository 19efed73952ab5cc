//! A stretch of work of a known length: how much of it is done, and how long the rest takes.
//!
//! Promises: what is counted is done. A time is told only when enough is done to tell it from: the first files of a run say
//! nothing of the others. A function of numbers: nothing is measured here.

use std::collections::BTreeMap;

use super::Work;
use crate::model::Venue;

/// The part of the work after which an estimate is worth something.
const ENOUGH_OF: usize = 20;
/// The seconds after which it is.
const ENOUGH_SECONDS: f64 = 10.0;

/// A stretch of work.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// What is done.
    pub work: Work,
    /// How many series or files there are.
    pub of: usize,
    /// How many steps were made; each series has some.
    steps: usize,
    /// How long these took.
    seconds: f64,
}

impl Stretch {
    /// Returns a stretch of which nothing is done.
    pub fn new(work: Work, of: usize) -> Self {
        Self {
            work,
            of,
            steps: 0,
            seconds: 0.0,
        }
    }

    /// Adds series, as when a second venue has arrived.
    pub fn lengthen(&mut self, by: usize) {
        self.of += by;
    }

    /// Says how many there are after all: files tell which others are needed.
    pub fn replan(&mut self, of: usize) {
        self.of = of.max(self.done());
    }

    /// Takes one step, which took so long.
    pub fn step(&mut self, seconds: f64) {
        self.steps += 1;
        self.seconds += seconds;
    }

    /// Tells whether nothing is left to do.
    pub fn is_over(&self) -> bool {
        self.steps >= self.all()
    }

    /// Returns how many steps are made, and how many there are.
    pub fn parts(&self) -> (usize, usize) {
        (self.steps.min(self.all()), self.all())
    }

    /// Returns how many series or files are done whole.
    pub fn done(&self) -> usize {
        self.parts().0 / self.work.steps()
    }

    /// Returns how many seconds the rest takes, if that can be told.
    pub fn left(&self) -> Option<f64> {
        let is_enough = self.steps * ENOUGH_OF >= self.all() && self.seconds >= ENOUGH_SECONDS;
        #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
        let (steps, left) = (
            self.steps as f64,
            self.all().saturating_sub(self.steps) as f64,
        );
        (is_enough && self.steps > 0).then(|| self.seconds / steps * left)
    }

    fn all(&self) -> usize {
        self.of * self.work.steps()
    }
}

/// The stretches of a run: venues are fetched while others are stored, so that two kinds of work may be under way.
#[derive(Clone, Debug, Default)]
pub struct Stretches {
    under_way: BTreeMap<Work, Stretch>,
    /// Files of each feed that a run needs; they are downloaded side by side.
    files: BTreeMap<Venue, usize>,
}

impl Stretches {
    /// Begins work of one kind, or adds to what is under way of it.
    pub fn begin(&mut self, work: Work, of: usize) {
        match self.under_way.get_mut(&work) {
            Some(stretch) if !stretch.is_over() => stretch.lengthen(of),
            _ => drop(self.under_way.insert(work, Stretch::new(work, of))),
        }
    }

    /// Takes in how many files of a feed are needed; tells whether downloads begin with that.
    pub fn plan_files(&mut self, venue: Venue, files: usize) -> bool {
        self.files.insert(venue, files);
        let all: usize = self.files.values().sum();
        let under_way = self.under_way.get_mut(&Work::Download);
        let begins = under_way.is_none() && all > 0;
        match under_way {
            Some(stretch) => stretch.replan(all),
            None if begins => self.begin(Work::Download, all),
            None => {}
        }
        begins
    }

    /// Takes one step of work, which took so long, and returns how far that is; `None` where it was never begun.
    pub fn step(&mut self, work: Work, seconds: f64) -> Option<Stretch> {
        let stretch = self.under_way.get_mut(&work)?;
        stretch.step(seconds);
        Some(*stretch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(work: Work, of: usize, steps: usize, each: f64) -> Stretch {
        let mut stretch = Stretch::new(work, of);
        for _ in 0..steps {
            stretch.step(each);
        }
        stretch
    }

    #[test]
    fn a_time_is_told_when_enough_is_done_and_enough_time_is_over() {
        for (of, steps, each, expected) in [
            (400, 19, 60.0, None),
            (400, 20, 60.0, Some(380.0 * 60.0)),
            (400, 100, 0.0625, None),
            (400, 100, 0.125, Some(37.5)),
            (400, 400, 0.125, Some(0.0)),
            (0, 0, 0.1, None),
        ] {
            let left = after(Work::Fetch, of, steps, each).left();
            let is_near = |(a, b): (f64, f64)| (a - b).abs() < 1e-6;
            assert_eq!(left.is_some(), expected.is_some(), "{steps} of {of}");
            assert!(
                left.zip(expected).is_none_or(is_near),
                "{left:?} {expected:?}"
            );
        }
    }

    #[test]
    fn half_done_series_move_the_numbers_as_whole_ones_do() {
        let stretch = after(Work::Store, 60, 60, 1.0);

        assert_eq!(stretch.parts(), (60, 120));
        assert_eq!((stretch.done(), stretch.left()), (30, Some(60.0)));
    }

    #[test]
    fn a_changed_plan_changes_what_is_left_and_never_what_is_done() {
        let mut stretch = after(Work::Download, 1320, 66, 1.0);
        assert_eq!(stretch.left(), Some(1254.0));

        stretch.replan(70);
        assert_eq!(stretch.left(), Some(4.0));
        stretch.replan(10);

        assert_eq!(stretch.parts(), (66, 66));
        assert!(stretch.is_over());
    }

    #[test]
    fn work_that_is_under_way_is_lengthened_and_files_of_feeds_are_added_up() {
        let mut stretches = Stretches::default();
        let venue = |name: &str| format!("de:{name}").parse::<Venue>().unwrap();
        assert!(stretches.step(Work::Fetch, 1.0).is_none());

        stretches.begin(Work::Fetch, 1);
        stretches.begin(Work::Fetch, 2);
        let begins = [("xetra", 0), ("xetra", 2), ("tradegate", 3), ("xetra", 4)]
            .map(|(name, files)| stretches.plan_files(venue(name), files));

        assert_eq!(begins, [false, true, false, false]);
        let far = |stretch: Option<Stretch>| stretch.map(|one| (one.done(), one.of));
        assert_eq!(far(stretches.step(Work::Fetch, 1.0)), Some((1, 3)));
        assert_eq!(far(stretches.step(Work::Download, 1.0)), Some((1, 7)));
        stretches.step(Work::Fetch, 1.0);
        stretches.step(Work::Fetch, 1.0);
        stretches.begin(Work::Fetch, 5);
        assert_eq!(far(stretches.step(Work::Fetch, 1.0)), Some((1, 5)));
    }

    #[test]
    fn more_steps_than_were_planned_are_no_more_than_all() {
        let mut stretch = after(Work::Check, 2, 3, 1.0);

        assert!(stretch.is_over());
        assert_eq!(stretch.done(), 2);
        stretch.lengthen(10);
        assert!(!stretch.is_over());
    }
}
