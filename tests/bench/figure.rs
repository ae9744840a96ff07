//! A line of the table: a value, what it is beside others of the same run, and its goal.

/// The middle of several measurements and how far they lie apart.
#[derive(Clone, Copy)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Summary {
    /// Returns the summary of measurements, if there are any.
    pub(crate) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let upper = sorted.len() / 2;
        let lower = (sorted.len() - 1) / 2;
        Some(Self { median: f64::midpoint(sorted[lower], sorted[upper]), least, most })
    }
}

/// Returns the value below which so many of a hundred lie.
pub(crate) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or(0.0)
}

/// What values are counted in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Milliseconds,
    Megabytes,
    PerSecond,
}

impl Unit {
    fn text(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Megabytes => "MB",
            Self::PerSecond => "/s",
        }
    }
}

/// A column of comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Limit,
    Burst,
    Chatty,
    Pool,
    Seq,
}

impl Column {
    pub(crate) const ALL: [Self; 5] =
        [Self::Limit, Self::Burst, Self::Chatty, Self::Pool, Self::Seq];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Limit => "÷ limit",
            Self::Burst => "÷ burst",
            Self::Chatty => "÷ chatty",
            Self::Pool => "÷ pool10",
            Self::Seq => "÷ seq",
        }
    }
}

/// A value of the same run to compare with.
#[derive(Clone, Copy)]
pub(crate) struct Beside {
    pub(crate) column: Column,
    pub(crate) value: f64,
    /// Whether it was extrapolated from fewer containers instead of measured.
    pub(crate) derived: bool,
}

/// What a figure should be.
#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtMost(f64),
    /// At most so many times the limit of the same run.
    TimesLimit(f64),
}

/// A line of the table.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) value: String,
    /// One cell for each [`Column`].
    pub(crate) beside: [String; 5],
    pub(crate) goal: String,
    pub(crate) met: &'static str,
}

const NONE: &str = "–";

impl Line {
    /// Returns a line without value that says why.
    pub(crate) fn skipped(name: &str, why: &str) -> Self {
        let value = format!("not measured: {why}");
        Self { name: name.to_owned(), value, beside: nothing(), goal: NONE.to_owned(), met: NONE }
    }

    /// Returns the line as it stands if something is wrong with what the value was measured of.
    pub(crate) fn void(mut self, wrong: &[String]) -> Self {
        if !wrong.is_empty() {
            self.met = "void (gate)";
        }
        self
    }

    /// Returns a line of exact counts; it is met if nothing is wrong with them.
    pub(crate) fn gate(name: &str, value: String, goal: &str, wrong: &[String]) -> Self {
        let met = if wrong.is_empty() { "yes" } else { "NO (gate)" };
        Self { name: name.to_owned(), value, beside: nothing(), goal: goal.to_owned(), met }
    }
}

/// A measured value on its way into the table.
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) values: Vec<f64>,
    pub(crate) beside: Vec<Beside>,
    pub(crate) goal: Option<Goal>,
}

impl Figure {
    /// Returns a figure without anything beside it.
    pub(crate) fn new(name: impl Into<String>, unit: Unit, values: Vec<f64>) -> Self {
        Self { name: name.into(), unit, values, beside: Vec::new(), goal: None }
    }

    pub(crate) fn beside(mut self, column: Column, value: f64) -> Self {
        self.beside.push(Beside { column, value, derived: false });
        self
    }

    pub(crate) fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// Returns the line of the table.
    pub(crate) fn line(self) -> Line {
        let Some(summary) = Summary::of(&self.values) else {
            return Line::skipped(&self.name, "no run succeeded");
        };
        let unit = self.unit.text();
        let mut value = format!("{} {unit}", digits(summary.median));
        if summary.most > summary.least {
            value = format!("{value} ({}–{})", digits(summary.least), digits(summary.most));
        }
        let beside = Column::ALL.map(|column| self.cell(column, summary.median));
        let (goal, met) = self.judged(summary.median);
        Line { name: self.name, value, beside, goal, met }
    }

    fn of(&self, column: Column) -> Option<Beside> {
        self.beside.iter().find(|beside| beside.column == column).copied()
    }

    fn cell(&self, column: Column, median: f64) -> String {
        match self.of(column) {
            Some(beside) if beside.value > 0.0 => {
                let about = if beside.derived { "~" } else { "" };
                format!("×{} ({about}{})", digits(median / beside.value), digits(beside.value))
            }
            Some(beside) => format!("({})", digits(beside.value)),
            None => NONE.to_owned(),
        }
    }

    fn judged(&self, median: f64) -> (String, &'static str) {
        let verdict = |most: f64| if median <= most { "yes" } else { "no" };
        match self.goal {
            None => (NONE.to_owned(), NONE),
            Some(Goal::AtMost(most)) => {
                (format!("≤ {} {}", digits(most), self.unit.text()), verdict(most))
            }
            Some(Goal::TimesLimit(times)) => {
                let limit = self.of(Column::Limit).map_or(f64::NAN, |beside| beside.value);
                (format!("≤ {times} × limit"), verdict(limit * times))
            }
        }
    }
}

/// Returns a number with about three digits.
pub(crate) fn digits(value: f64) -> String {
    match value.abs() {
        small if small == 0.0 || small >= 100.0 => format!("{value:.0}"),
        small if small >= 10.0 => format!("{value:.1}"),
        small if small >= 0.1 => format!("{value:.2}"),
        small if small >= 0.001 => format!("{value:.3}"),
        _ => "0.000…".to_owned(),
    }
}

/// Returns a count as a number to calculate with.
pub(crate) fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn nothing() -> [String; 5] {
    Column::ALL.map(|_| NONE.to_owned())
}
